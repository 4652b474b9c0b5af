// How many records a second, and who goes first.
#include "adapters/kafka/throttle.h"

#include <gtest/gtest.h>

namespace rapport::kafka {
namespace {

using std::chrono::milliseconds;
const Throttle::Clock::time_point kStart{std::chrono::hours(1)};

// Records sent in so long by passes that send as much as they may, looking every millisecond.
struct Sent {
  int leading = 0, behind = 0;
};
Sent send_for(Throttle& throttle, milliseconds time, int leading_every_ms) {
  Sent sent;
  for (milliseconds at{0}; at < time; at += milliseconds(1)) {
    const auto now = kStart + at;
    if (leading_every_ms && at.count() % leading_every_ms == 0 && throttle.wait(false, now).count() == 0) {
      throttle.sent(now);
      ++sent.leading;
    }
    while (throttle.wait(true, now).count() == 0) {
      throttle.sent(now);
      ++sent.behind;
    }
  }
  return sent;
}

TEST(Throttle, LetsEverythingGoWithoutARate) {
  Throttle throttle(0);
  for (int i = 0; i < 1'000; ++i) throttle.sent(kStart);
  EXPECT_EQ(throttle.wait(false, kStart).count(), 0);
}

TEST(Throttle, KeepsToTheRate) {
  Throttle throttle(500);
  auto sent = send_for(throttle, milliseconds(10'000), 0);
  EXPECT_NEAR(sent.behind, 5'000, 100);
}

TEST(Throttle, NewEventsGoFirstAndTheRestIsForWhatIsBehind) {
  Throttle throttle(500);
  auto sent = send_for(throttle, milliseconds(10'000), 5);  // 200 new events a second
  EXPECT_EQ(sent.leading, 2'000) << "none waited";
  EXPECT_NEAR(sent.behind, 3'000, 150);
}

TEST(Throttle, NewEventsKeepToTheRateToo) {
  Throttle throttle(500);
  auto sent = send_for(throttle, milliseconds(10'000), 1);  // 1,000 a second want to go
  EXPECT_NEAR(sent.leading, 5'000, 150);
  EXPECT_LT(sent.behind, 150);
}

}  // namespace
}  // namespace rapport::kafka
