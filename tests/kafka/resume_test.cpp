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

// Everything up to here is in every topic.
Position whole(const ResumePlan& plan) {
  std::set<std::string> all;
  for (const auto& [topic, complete] : plan.complete) all.insert(topic);
  return plan.complete_of(all);
}

TEST(Resume, BeginsAtTheBeginningOnAnEmptyCluster) {
  auto plan = plan_resume(facts({{kCases, {empty(), empty()}}, {kLog, {empty()}}}));
  ASSERT_TRUE(plan);
  EXPECT_EQ(whole(*plan), Position{0});
  EXPECT_EQ(plan->sequences[kCases], (std::vector<std::uint64_t>{0, 0}));
}

TEST(Resume, ReadsTheWholeLogWithoutAMemoryButKnowsWhatIsThere) {
  auto plan = plan_resume(facts({{kCases, {tail(7, 41), empty()}}, {kLog, {tail(3, 50)}}}));
  ASSERT_TRUE(plan);
  EXPECT_EQ(whole(*plan), Position{0});
  EXPECT_EQ(plan->sequences[kCases], (std::vector<std::uint64_t>{41, 0}));
  EXPECT_EQ(plan->sequences[kLog], (std::vector<std::uint64_t>{50}));
  EXPECT_TRUE(plan->notices.empty());
}

TEST(Resume, GoesOnAfterWhatIsRemembered) {
  auto plan = plan_resume(facts({{kCases, {tail(7, 41)}}, {kLog, {tail(3, 60)}}},
                                cursor(40, {{kCases, {{38, 5}}}, {kLog, {{40, 1}}}})));
  ASSERT_TRUE(plan);
  EXPECT_EQ(whole(*plan), Position{40});
  EXPECT_EQ(plan->sequences[kCases][0], 41u);
  EXPECT_TRUE(plan->notices.empty());
}

TEST(Resume, PublishesAgainWhatABrokerLost) {
  auto plan = plan_resume(facts({{kCases, {tail(4, 20)}}, {kLog, {tail(3, 60)}}},
                                cursor(50, {{kCases, {{48, 9}}}, {kLog, {{50, 1}}}})));
  ASSERT_TRUE(plan);
  EXPECT_EQ(whole(*plan), Position{20});
  EXPECT_EQ(plan->sequences[kCases][0], 20u);
  ASSERT_EQ(plan->notices.size(), 1u);
  EXPECT_NE(plan->notices[0].message.find("crm.case.events.v1[0] acknowledged event 48"), std::string::npos);
}

TEST(Resume, PublishesATopicAgainThatWasRemovedAndMadeAnew) {
  auto plan = plan_resume(facts({{kCases, {empty()}}, {kLog, {tail(3, 60)}}},
                                cursor(60, {{kCases, {{48, 9}}}, {kLog, {{60, 2}}}})));
  ASSERT_TRUE(plan);
  EXPECT_EQ(whole(*plan), Position{0});
  EXPECT_EQ(plan->sequences[kCases][0], 0u);
}

TEST(Resume, DoesNotTakeExpiredRecordsForLostOnes) {
  auto plan = plan_resume(facts({{kCases, {empty(10)}}, {kLog, {tail(3, 60)}}},
                                cursor(60, {{kCases, {{48, 9}}}, {kLog, {{60, 2}}}})));
  ASSERT_TRUE(plan);
  EXPECT_EQ(whole(*plan), Position{60});
  EXPECT_EQ(plan->sequences[kCases][0], 48u);
  EXPECT_TRUE(plan->notices.empty());
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
  EXPECT_EQ(whole(*plan), Position{0});
  EXPECT_EQ(plan->sequences[kCases][0], 48u);
}

TEST(Resume, NamesALossAndATopicMadeAnewDifferently) {
  auto lost = plan_resume(facts({{kCases, {tail(4, 20), empty(7)}}}, cursor(50, {{kCases, {{48, 9}, {50, 6}}}})));
  ASSERT_TRUE(lost);
  ASSERT_EQ(lost->notices.size(), 1u);
  EXPECT_EQ(lost->notices[0].code, "bus.records_lost");
  auto anew = plan_resume(facts({{kCases, {empty(), empty()}}}, cursor(50, {{kCases, {{48, 9}, {50, 6}}}})));
  ASSERT_TRUE(anew);
  ASSERT_EQ(anew->notices.size(), 1u);
  EXPECT_EQ(anew->notices[0].code, "bus.topic_recreated");
  EXPECT_EQ(anew->complete[kCases], Position{0});
  EXPECT_EQ(anew->sequences[kCases], (std::vector<std::uint64_t>{0, 0}));
}

TEST(Resume, SaysUpToWhichEventBrokersDroppedRecords) {
  auto all = facts({{kCases, {tail(10, 48), empty(10)}}}, cursor(60, {{kCases, {{48, 9}, {44, 9}}}}));
  all.heads[kCases] = {{4, FirstRecord{31, 27}}, {10, std::nullopt}};
  auto plan = plan_resume(all);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->complete[kCases], Position{60}) << "what expired is not lost";
  ASSERT_EQ(plan->notices.size(), 2u);
  EXPECT_EQ(plan->notices[0].code, "bus.events_expired");
  EXPECT_NE(plan->notices[0].message.find(kCases + "[0] no longer has its events up to 27, offsets 0 to 3"), std::string::npos)
      << plan->notices[0].message;
  EXPECT_NE(plan->notices[1].message.find("[1] no longer has its events up to 44"), std::string::npos) << plan->notices[1].message;
}

TEST(Resume, DoesNotGoOnBehindAHole) {
  // Made anew while events were on their way: event 61 came before 1 to 60 could.
  auto all = facts({{kCases, {tail(1, 61)}}}, cursor(60, {{kCases, {{60, 9}}}}));
  all.heads[kCases] = {{0, FirstRecord{61, 60}}};
  auto plan = plan_resume(all);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().reason, "bus.topic_incomplete");
  EXPECT_NE(plan.error().message.find(kCases + "[0] begins with event 61"), std::string::npos) << plan.error().message;
  // Some of the end was lost, and event 61 came before that was noticed.
  plan = plan_resume(facts({{kCases, {tail(8, 61)}}}, cursor(60, {{kCases, {{60, 9}}}})));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().reason, "bus.topic_incomplete");
}

TEST(Resume, DoesNotTakeDoublesOfAnotherRelayForALoss) {
  auto plan = plan_resume(facts({{kCases, {tail(20, 31)}}}, cursor(60, {{kCases, {{60, 9}}}})));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->sequences[kCases][0], 60u);
  ASSERT_EQ(plan->notices.size(), 1u);
  EXPECT_EQ(plan->notices[0].code, "bus.second_publisher");
}

TEST(Resume, GoesOnWhereAPassThatWasBehindStopped) {
  auto remembered = cursor(90, {{kCases, {{38, 5}}}, {kLog, {{90, 1}}}});
  remembered.behind[kCases] = {40};
  auto plan = plan_resume(facts({{kCases, {tail(6, 38)}}, {kLog, {tail(2, 90)}}}, remembered));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->complete[kCases], Position{40});
  EXPECT_EQ(plan->complete[kLog], Position{90});
  EXPECT_EQ(far_behind(plan->complete, 49), std::set<std::string>{kCases});
  EXPECT_TRUE(far_behind(plan->complete, 50).empty());
}

TEST(Partitions, AreThoseThatATopicHasAtFirst) {
  auto used = partitions_in_use({{kCases, 12}, {kLog, 1}}, std::nullopt);
  ASSERT_TRUE(used);
  EXPECT_EQ((*used)[kCases], 12);
}

TEST(Partitions, StayAsManyWhenTheTopicGetsMore) {
  std::vector<Notice> notices;
  auto used = partitions_in_use({{kCases, 12}}, cursor(1, {{kCases, {{}, {}, {}}}}), &notices);
  ASSERT_TRUE(used);
  EXPECT_EQ((*used)[kCases], 3);
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_EQ(notices[0].code, "bus.partitions_unused");
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
