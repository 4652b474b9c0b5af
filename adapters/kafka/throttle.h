// How many records a second a relay sends, over both of its passes, so that publishing years does not drown a cluster that others
// use, too. New events go first: what the pass that is behind may send is what they leave.
#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>

namespace rapport::kafka {

// Safe for concurrent use.
class Throttle final {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Throttle(std::uint64_t records_a_second) : rate_(static_cast<double>(records_a_second)) {}  // 0: as many as go

  // One record was sent.
  void sent(Clock::time_point now = Clock::now());
  // How long to wait before the next one; 0: not at all.
  std::chrono::milliseconds wait(bool behind, Clock::time_point now = Clock::now());

 private:
  void refill(Clock::time_point now);

  const double rate_;
  std::mutex mutex_;
  double left_ = 0;  // records; below zero while new events use what comes next. Guarded by mutex_, as is filled_at_
  Clock::time_point filled_at_ = {};
};

}  // namespace rapport::kafka
