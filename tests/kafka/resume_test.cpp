// Where a relay goes on, computed from what it remembers and what the topics have.
#include "adapters/kafka/resume.h"

#include <gtest/gtest.h>

namespace rapport::kafka {
namespace {

const std::string kCases = "crm.case.events.v1";
const std::string kLog = "crm.log.v1";

PartitionTail tail(std::int64_t end, std::uint64_t sequence) {
  return {end, LastRecord{sequence, "id"}};
}
PartitionTail empty(std::int64_t end = 0) { return {end, std::nullopt}; }

ResumeFacts facts(Tails tails, std::optional<Cursor> cursor = std::nullopt,
                  std::uint64_t head = 100) {
  return {.head = {head}, .tails = std::move(tails), .cursor = std::move(cursor)};
}
Cursor cursor(std::uint64_t position, std::map<std::string, std::vector<Acknowledged>> topics) {
  return {.cluster = "c",
          .brokers = "b",
          .position = {position},
          .tree_edge = {},
          .topics = std::move(topics)};
}

TEST(Resume, BeginsAtTheBeginningOnAnEmptyCluster) {
  auto plan = plan_resume(facts({{kCases, {empty(), empty()}}, {kLog, {empty()}}}));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->complete, Position{0});
  EXPECT_EQ(plan->sequences[kCases], (std::vector<std::uint64_t>{0, 0}));
}

TEST(Resume, ReadsTheWholeLogWithoutAMemoryButKnowsWhatIsThere) {
  auto plan = plan_resume(facts({{kCases, {tail(7, 41), empty()}}, {kLog, {tail(3, 50)}}}));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->complete, Position{0});
  EXPECT_EQ(plan->sequences[kCases], (std::vector<std::uint64_t>{41, 0}));
  EXPECT_EQ(plan->sequences[kLog], (std::vector<std::uint64_t>{50}));
  EXPECT_TRUE(plan->lost.empty());
}

TEST(Resume, GoesOnAfterWhatIsRemembered) {
  auto plan = plan_resume(facts({{kCases, {tail(7, 41)}}, {kLog, {tail(3, 60)}}},
                                cursor(40, {{kCases, {{38, 5}}}, {kLog, {{40, 1}}}})));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->complete, Position{40});
  EXPECT_EQ(plan->sequences[kCases][0], 41u);
  EXPECT_TRUE(plan->lost.empty());
}

TEST(Resume, PublishesAgainWhatABrokerLost) {
  auto plan = plan_resume(facts({{kCases, {tail(4, 20)}}, {kLog, {tail(3, 60)}}},
                                cursor(50, {{kCases, {{48, 9}}}, {kLog, {{50, 1}}}})));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->complete, Position{20});
  EXPECT_EQ(plan->sequences[kCases][0], 20u);
  ASSERT_EQ(plan->lost.size(), 1u);
  EXPECT_NE(plan->lost[0].find("crm.case.events.v1[0] acknowledged event 48"), std::string::npos);
}

TEST(Resume, PublishesATopicAgainThatWasRemovedAndMadeAnew) {
  auto plan = plan_resume(facts({{kCases, {empty()}}, {kLog, {tail(3, 60)}}},
                                cursor(60, {{kCases, {{48, 9}}}, {kLog, {{60, 2}}}})));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->complete, Position{0});
  EXPECT_EQ(plan->sequences[kCases][0], 0u);
}

TEST(Resume, DoesNotTakeExpiredRecordsForLostOnes) {
  auto plan = plan_resume(facts({{kCases, {empty(10)}}, {kLog, {tail(3, 60)}}},
                                cursor(60, {{kCases, {{48, 9}}}, {kLog, {{60, 2}}}})));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->complete, Position{60});
  EXPECT_EQ(plan->sequences[kCases][0], 48u);
  EXPECT_TRUE(plan->lost.empty());
}

TEST(Resume, StopsWhenATopicIsAheadOfTheLog) {
  auto plan = plan_resume(facts({{kCases, {tail(7, 101)}}, {kLog, {tail(3, 60)}}}));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().reason, "bus.ahead_of_log");
  EXPECT_NE(plan.error().hint.find("--accept older-copy"), std::string::npos);
}

TEST(Resume, StopsWhenTheMemoryIsAheadOfTheLog) {
  auto plan = plan_resume(facts({{kCases, {empty()}}}, cursor(101, {{kCases, {{101, 9}}}})));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().reason, "bus.ahead_of_log");
  EXPECT_NE(plan.error().hint.find("--accept older-copy"), std::string::npos);
}

TEST(Resume, ReadsTheWholeLogForATopicThatIsNew) {
  auto plan = plan_resume(facts({{kCases, {tail(10, 48)}}, {"crm.quote.events.v1", {empty()}}},
                                cursor(60, {{kCases, {{48, 9}}}})));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->complete, Position{0});
  EXPECT_EQ(plan->sequences[kCases][0], 48u);
}

TEST(Partitions, AreThoseThatATopicHasAtFirst) {
  auto used = partitions_in_use({{kCases, 12}, {kLog, 1}}, std::nullopt);
  ASSERT_TRUE(used);
  EXPECT_EQ((*used)[kCases], 12);
}

TEST(Partitions, StayAsManyWhenTheTopicGetsMore) {
  auto used = partitions_in_use({{kCases, 12}}, cursor(1, {{kCases, {{}, {}, {}}}}));
  ASSERT_TRUE(used);
  EXPECT_EQ((*used)[kCases], 3);
}

TEST(Partitions, AreRefusedWhenTheTopicHasFewerThanBefore) {
  auto used = partitions_in_use({{kCases, 2}}, cursor(1, {{kCases, {{}, {}, {}}}}));
  ASSERT_FALSE(used);
  EXPECT_EQ(used.error().reason, "bus.partitions");
}

TEST(Partitions, OfTheLogAreRefusedWhenThereIsMoreThanOne) {
  auto used = partitions_in_use({{kLog, 2}}, std::nullopt);
  ASSERT_FALSE(used);
  EXPECT_EQ(used.error().reason, "bus.partitions");
}

}  // namespace
}  // namespace rapport::kafka
