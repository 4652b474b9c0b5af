// The head that readers may see, and those who wait for it to move.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "eventstore/event_store.h"

namespace rapport {

// Safe for concurrent use.
class CommittedHead final {
 public:
  Head get() const {
    std::lock_guard lock(mutex_);
    return head_;
  }
  Position position() const { return {position_.load(std::memory_order_acquire)}; }
  void publish(const Head& head) {
    {
      std::lock_guard lock(mutex_);
      head_ = head;
    }
    position_.store(head.position.value, std::memory_order_seq_cst);
    // Nobody waiting is the common case, and a wake-up costs more than an append's hashing.
    if (waiting_.load(std::memory_order_seq_cst) == 0) return;
    std::lock_guard lock(mutex_);
    moved_.notify_all();
  }
  bool wait_past(Position position, std::chrono::milliseconds timeout_ms, std::stop_token stop) const {
    if (position_.load() > position.value) return true;
    std::unique_lock lock(mutex_);
    ++waiting_;
    auto past = moved_.wait_for(lock, stop, timeout_ms, [&] { return position_.load() > position.value; });
    --waiting_;
    return past;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable_any moved_;
  mutable std::atomic<int> waiting_{0};
  std::atomic<std::uint64_t> position_{0};
  Head head_;  // guarded by mutex_
};

}  // namespace rapport
