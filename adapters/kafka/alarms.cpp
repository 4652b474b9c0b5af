#include "adapters/kafka/alarms.h"

#include <algorithm>

#include "adapters/kafka/log.h"
#include "eventstore/clock.h"

namespace rapport::kafka {

void Alarms::raise(const Notice& what) {
  const auto now = SystemClock().now();
  std::lock_guard lock(mutex_);
  auto known = std::ranges::find(kept_, what, &Alarm::what);
  if (known == kept_.end()) {
    warn(what.code + ": " + what.message);
    if (kept_.size() == kKeptMax) kept_.erase(kept_.begin());
    kept_.push_back({.what = what, .first = now, .last = now});
    return;
  }
  known->last = now;
  ++known->times;
  std::rotate(known, known + 1, kept_.end());
}

std::vector<Alarm> Alarms::latest() const {
  std::lock_guard lock(mutex_);
  return kept_;
}

}  // namespace rapport::kafka
