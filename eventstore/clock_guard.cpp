#include "eventstore/clock_guard.h"

#include <algorithm>
#include <cstdlib>

namespace rapport {
namespace {

Error suspect(std::string message, std::string hint) {
  return {ErrorCode::kUnavailable, "store.clock_suspect", std::move(message), {}, {}, std::move(hint)};
}
std::string seconds(std::int64_t micros) { return std::to_string(micros / kMicrosPerSecond) + " s"; }

}  // namespace

ClockGuard::ClockGuard(const Clock& clock)
    : clock_(clock), offset_micros_(clock.now().micros - clock.boottime_micros()) {}

Result<Timestamp> ClockGuard::now(Timestamp last) {
  auto now = clock_.now();
  auto offset = now.micros - clock_.boottime_micros();
  auto jump = offset - offset_micros_;
  if (std::abs(jump) > kJumpMicrosMax)
    return suspect("the clock jumped by " + seconds(jump), "see that the clock is right and open the store again");
  auto ahead = last.micros - std::max(now, ahead_until_).micros;
  if (ahead > kJumpMicrosMax && !ahead_accepted_)
    return suspect("the last event was recorded " + seconds(last.micros - now.micros) + " after now",
                   "set the clock right; if it is, `rapport verify --accept clock` lets the log go on from that time");
  offset_micros_ = offset;  // so that a clock that is slewed for days is not taken for one that jumps
  return now;
}

void ClockGuard::accept() {
  offset_micros_ = clock_.now().micros - clock_.boottime_micros();
  ahead_accepted_ = true;
}

}  // namespace rapport
