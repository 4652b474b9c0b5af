// Stands between the clock and the log: one jump to 2036 would pin every later recordedAt there, so a clock that cannot be
// right stops appends until somebody says that it is.
#pragma once
#include "domain/result.h"
#include "eventstore/clock.h"

namespace rapport {

// One thread at a time.
class ClockGuard final {
 public:
  // How far the clock may move against CLOCK_BOOTTIME between two appends, and the log be ahead of the clock.
  static constexpr std::int64_t kJumpMicrosMax = 60 * kMicrosPerSecond;

  explicit ClockGuard(const Clock& clock);  // borrowed

  // kUnavailable, "store.clock_suspect"; last = recordedAt of the log's last event.
  Result<Timestamp> now(Timestamp last);
  // The clock is right, whatever it looks like: go on with it.
  void accept();
  // The log may be ahead of the clock up to here.
  void accept_ahead(Timestamp until) { ahead_until_ = until; }

 private:
  const Clock& clock_;
  std::int64_t offset_micros_;  // wall clock minus boot time, when last looked at
  bool ahead_accepted_ = false;
  Timestamp ahead_until_{0};
};

}  // namespace rapport
