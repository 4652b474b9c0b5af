#include "eventstore/clock.h"

#include <time.h>

namespace rapport {
namespace {

std::int64_t read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time.tv_sec * kMicrosPerSecond + time.tv_nsec / 1000;
}

}  // namespace

Timestamp SystemClock::now() const { return {read(CLOCK_REALTIME)}; }
std::int64_t SystemClock::boottime_micros() const { return read(CLOCK_BOOTTIME); }

}  // namespace rapport
