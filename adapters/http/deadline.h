// A limit on the time of whatever a socket is doing.
#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

namespace rapport {

// Cancels what the socket does when time is up, and again until it is disarmed: an operation made of several
// may be just between two of them. On the socket's executor only.
class Deadline final {
 public:
  explicit Deadline(boost::asio::ip::tcp::socket& socket) : socket_(socket), timer_(socket.get_executor()) {}
  ~Deadline() { disarm(); }

  void arm(std::chrono::milliseconds after) {
    passed_ = false;
    ++*generation_;
    wait(after);
  }
  void disarm() {
    ++*generation_;
    timer_.cancel();
  }
  bool passed() const { return passed_; }

 private:
  static constexpr std::chrono::milliseconds kAgain{20};

  void wait(std::chrono::milliseconds after) {
    timer_.expires_after(after);
    // The handler may be under way when it is disarmed, or when all this is gone: only the generation is safe
    // to ask.
    timer_.async_wait([this, now = generation_, armed = *generation_](boost::system::error_code error) {
      if (error || armed != *now) return;
      passed_ = true;
      boost::system::error_code ignored;
      socket_.cancel(ignored);
      wait(kAgain);
    });
  }

  boost::asio::ip::tcp::socket& socket_;
  boost::asio::steady_timer timer_;
  const std::shared_ptr<unsigned> generation_ = std::make_shared<unsigned>(0);
  bool passed_ = false;
};

}  // namespace rapport
