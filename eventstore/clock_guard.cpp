#include "eventstore/clock_guard.h"

#include <cstdlib>

namespace rapport {
namespace {

Error suspect(std::string message) {
  return {ErrorCode::kUnavailable, "store.clock_suspect", std::move(message), {}, {},
          "set the clock right and open the store again"};
}
std::string seconds(std::int64_t micros) { return std::to_string(micros / kMicrosPerSecond) + " s"; }

}  // namespace

ClockGuard::ClockGuard(const Clock& clock)
    : clock_(clock), offset_micros_(clock.now().micros - clock.boottime_micros()) {}

Result<Timestamp> ClockGuard::now(Timestamp last) {
  auto now = clock_.now();
  auto offset = now.micros - clock_.boottime_micros();
  auto jump = offset - offset_micros_;
  if (std::abs(jump) > kJumpMicrosMax) return suspect("the clock jumped by " + seconds(jump));
  auto ahead = last.micros - now.micros;
  if (ahead > kJumpMicrosMax && !ahead_accepted_)
    return suspect("the last event was recorded " + seconds(ahead) + " after now");
  offset_micros_ = offset;  // so that a clock that is slewed for days is not taken for one that jumps
  return now;
}

void ClockGuard::accept() {
  offset_micros_ = clock_.now().micros - clock_.boottime_micros();
  ahead_accepted_ = true;
}

}  // namespace rapport
