// What a relay noticed, kept within bounds.
#include "adapters/kafka/alarms.h"

#include <gtest/gtest.h>

namespace rapport::kafka {
namespace {

TEST(Alarms, CountWhatIsSaidAgainAndPutItLast) {
  Alarms alarms;
  alarms.raise({"bus.stalled", "a"});
  alarms.raise({"bus.records_lost", "b"});
  alarms.raise({"bus.stalled", "a"});
  auto latest = alarms.latest();
  ASSERT_EQ(latest.size(), 2u);
  EXPECT_EQ(latest[0].what.code, "bus.records_lost");
  EXPECT_EQ(latest[1].what.code, "bus.stalled");
  EXPECT_EQ(latest[1].times, 2u);
  EXPECT_LE(latest[1].first, latest[1].last);
}

TEST(Alarms, ForgetTheOldestWhenThereAreTooMany) {
  Alarms alarms;
  for (std::size_t i = 0; i < Alarms::kKeptMax + 5; ++i) alarms.raise({"bus.stalled", std::to_string(i)});
  auto latest = alarms.latest();
  ASSERT_EQ(latest.size(), Alarms::kKeptMax);
  EXPECT_EQ(latest.front().what.message, "5");
}

}  // namespace
}  // namespace rapport::kafka
