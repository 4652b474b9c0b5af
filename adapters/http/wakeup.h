// How a thread outside tells a coroutine that there is something to see.
#pragma once
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <utility>

namespace rapport {

// One coroutine waits, on the executor; any thread notifies. Held by both sides, so it may outlive either.
class Wakeup final : public std::enable_shared_from_this<Wakeup> {
 public:
  explicit Wakeup(boost::asio::any_io_executor executor)
      : executor_(std::move(executor)), timer_(executor_) {}

  // Never blocks. Many before the next wait are one.
  void notify() {
    if (posted_.exchange(true)) return;
    boost::asio::post(executor_, [self = shared_from_this()] {
      self->posted_ = false;
      self->notified_ = true;
      self->timer_.cancel();
    });
  }

  // True: notified since the last wait. False: the time passed.
  boost::asio::awaitable<bool> wait(std::chrono::milliseconds at_most) {
    if (!notified_) {
      timer_.expires_after(at_most);
      co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    co_return std::exchange(notified_, false);
  }

 private:
  const boost::asio::any_io_executor executor_;
  boost::asio::steady_timer timer_;
  bool notified_ = false;  // on the executor
  std::atomic<bool> posted_ = false;
};

}  // namespace rapport
