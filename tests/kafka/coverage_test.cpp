#include "adapters/kafka/coverage.h"

#include <gtest/gtest.h>

namespace rapport::kafka {
namespace {

TEST(Coverage, MovesOverARunWhenAllOfItIsAcknowledged) {
  Coverage coverage({0});
  for (int i = 0; i < 3; ++i) coverage.sent();
  coverage.close_run({3});
  coverage.acknowledged(3);
  coverage.acknowledged(1);
  EXPECT_EQ(coverage.complete(), Position{0});
  coverage.acknowledged(2);
  EXPECT_EQ(coverage.complete(), Position{3});
  EXPECT_EQ(coverage.outstanding(), 0u);
}

TEST(Coverage, WaitsForAnEarlierRunOfASlowPartition) {
  Coverage coverage({10});
  coverage.sent();
  coverage.close_run({11});
  coverage.sent();
  coverage.close_run({12});
  coverage.acknowledged(12);
  EXPECT_EQ(coverage.complete(), Position{10});
  coverage.acknowledged(11);
  EXPECT_EQ(coverage.complete(), Position{12});
}

TEST(Coverage, DoesNotMoveIntoTheOpenRun) {
  Coverage coverage({0});
  coverage.sent();
  coverage.acknowledged(1);
  EXPECT_EQ(coverage.complete(), Position{0});
  coverage.close_run({5});  // events 2 to 5 were there already
  EXPECT_EQ(coverage.complete(), Position{5});
}

}  // namespace
}  // namespace rapport::kafka
