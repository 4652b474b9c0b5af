#include "adapters/kafka/throttle.h"

#include <algorithm>

namespace rapport::kafka {
namespace {

constexpr double kBurstSeconds = 0.1;  // what may be saved up, and what new events may take in advance

}  // namespace

void Throttle::refill(Clock::time_point now) {
  const std::chrono::duration<double> passed = filled_at_ == Clock::time_point() ? Clock::duration(0) : now - filled_at_;
  left_ = std::min(left_ + std::max(passed.count(), 0.0) * rate_, std::max(rate_ * kBurstSeconds, 1.0));
  filled_at_ = now;
}

void Throttle::sent(Clock::time_point now) {
  if (rate_ == 0) return;
  std::lock_guard lock(mutex_);
  refill(now);
  left_ -= 1;
}

std::chrono::milliseconds Throttle::wait(bool behind, Clock::time_point now) {
  if (rate_ == 0) return {};
  std::lock_guard lock(mutex_);
  refill(now);
  const double floor = behind ? 1.0 : -rate_ * kBurstSeconds;
  if (left_ >= floor) return {};
  return std::chrono::milliseconds(1 + static_cast<std::int64_t>((floor - left_) / rate_ * 1'000));
}

}  // namespace rapport::kafka
