// A limit on the time of whatever a socket is doing.
#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>

namespace rapport {

// Cancels what the socket does when time is up, and again until it is disarmed: an operation made of several
// may be just between two of them. On the socket's executor only.
class Deadline final {
 public:
  explicit Deadline(boost::asio::ip::tcp::socket& socket) : socket_(socket), timer_(socket.get_executor()) {}
  ~Deadline() {
    ++*generation_;
    timer_.cancel();
  }

  void arm(std::chrono::milliseconds after) {
    passed_ = false;
    due_ = Clock::now() + after;
    // A timer that goes off earlier is left to: it sees then that there is time. Three limits a request would set three.
    if (!rings_at_ || *rings_at_ > due_) wait(due_);
    armed_ = true;
  }
  void disarm() { armed_ = false; }
  bool passed() const { return passed_; }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kAgain{20};

  void wait(Clock::time_point at) {
    rings_at_ = at;
    timer_.expires_at(at);
    // The handler may be under way when another one is set, or when all this is gone: only the generation is safe to ask.
    timer_.async_wait([this, now = generation_, set = ++*generation_](boost::system::error_code error) {
      if (!error && set == *now) gone_off();
    });
  }
  void gone_off() {
    rings_at_.reset();
    if (!armed_) return;
    if (Clock::now() < due_) return wait(due_);
    passed_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
    wait(Clock::now() + kAgain);
  }

  boost::asio::ip::tcp::socket& socket_;
  boost::asio::steady_timer timer_;
  Clock::time_point due_;                     // of what is limited now
  std::optional<Clock::time_point> rings_at_;  // of the timer, if it runs
  bool armed_ = false, passed_ = false;
  const std::shared_ptr<unsigned> generation_ = std::make_shared<unsigned>(0);
};

}  // namespace rapport
