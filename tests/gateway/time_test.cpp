// When things happened: in the past as far as the house allows, in order, never in the future.
#include "tests/gateway/gateway_fixture.h"

namespace rapport {
namespace {

struct TimeTest : CommandGatewayTest {
  TimeTest() {
    policy_set::PipelineBody body{.stages = {{"new", "New", 1'000, ForecastCategory::PIPELINE}, {"late", "Late", 8'000, ForecastCategory::COMMIT}}};
    RAPPORT_ASSERT(send("policySet", "default", policy_set::Publish{.effective_from = Date{1}, .pipeline = body},
                        [](Command& c) { c.as_fact = true; }));
  }
  static Timestamp days_ago(int days) { return {kNow.micros - days * kMicrosPerDay}; }
  static auto at(Timestamp time, Precision precision = Precision::INSTANT) {
    return [=](Command& c) {
      c.occurred_at = time;
      c.precision = precision;
    };
  }
  Result<Receipt> move(std::string_view stage, auto&& with) {
    return send("opportunity", "1", opportunity::MoveStage{.stage_id = stage}, with);
  }
};

TEST_F(TimeTest, ACommandIsDatedBackThirtyDaysUnlessTheHouseSaysOtherwise) {
  EXPECT_EQ(code_of(send("opportunity", "1", kOpen, at(days_ago(30)))), "accepted");
  auto refused = send("opportunity", "2", kOpen, at({days_ago(30).micros - 1}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "command.backdated_too_far");
  EXPECT_EQ(refused.error().code, ErrorCode::kRejected);
  EXPECT_EQ(refused.error().field, "/occurredAt");
  EXPECT_NE(refused.error().hint.find("--reason backdate"), std::string::npos);

  ASSERT_TRUE(send("policySet", "house", policy_set::Publish{.house = policy_set::HouseBody{.backdate_days_max = 2}}));
  EXPECT_EQ(code_of(send("opportunity", "3", kOpen, at(days_ago(3)))), "command.backdated_too_far");
  EXPECT_EQ(code_of(send("opportunity", "3", kOpen, at(days_ago(2)))), "accepted");
}
TEST_F(TimeTest, ADayCountsByItsLastMoment) {
  clock.advance(kMicrosPerDay / 2);
  EXPECT_EQ(code_of(send("opportunity", "1", kOpen, at(days_ago(30), Precision::DATE))), "accepted");
  EXPECT_EQ(code_of(send("opportunity", "2", kOpen, at(days_ago(31), Precision::DATE))), "command.backdated_too_far");
}
TEST_F(TimeTest, FurtherBackItSaysSo) {
  auto receipt = send("opportunity", "1", kOpen, [](Command& c) {
    c.occurred_at = days_ago(400);
    c.reason_code = "backdate";
  });
  EXPECT_EQ(code_of(receipt), "accepted");
  EXPECT_EQ(code_of(send("opportunity", "2", kOpen, [](Command& c) {
              c.occurred_at = days_ago(400);
              c.reason_code = "typing-error";
            })),
            "command.backdated_too_far");
}
TEST_F(TimeTest, AFactIsAsOldAsItIs) {
  EXPECT_EQ(code_of(send("opportunity", "1", kOpen, [](Command& c) {
              c.occurred_at = days_ago(9'000);
              c.as_fact = true;
            })),
            "accepted");
}
TEST_F(TimeTest, NothingHappensInTheFutureNotEvenAFact) {
  Timestamp tomorrow{kNow.micros + kMicrosPerDay};
  auto refused = send("opportunity", "1", kOpen, at(tomorrow));
  EXPECT_EQ(code_of(refused), "command.occurred_in_future");
  EXPECT_EQ(refused.error().field, "/occurredAt");
  EXPECT_EQ(code_of(send("opportunity", "1", kOpen, [&](Command& c) {
              c.occurred_at = tomorrow;
              c.as_fact = true;
            })),
            "command.occurred_in_future");
  EXPECT_EQ(code_of(send("opportunity", "1", kOpen, at({kNow.micros + 60 * kMicrosPerSecond}))), "accepted");  // clocks differ
}

// --- Order ---

TEST_F(TimeTest, ACommandIsNotDatedBeforeTheLastEventOfItsKind) {
  ASSERT_TRUE(send("opportunity", "1", kOpen, at(days_ago(20))));
  ASSERT_TRUE(move("late", at(days_ago(5))));
  auto refused = move("new", at(days_ago(6)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "command.occurred_before_last");
  EXPECT_EQ(refused.error().code, ErrorCode::kRejected);
  EXPECT_EQ(refused.error().field, "/occurredAt");
  EXPECT_EQ(code_of(move("new", at(days_ago(5)))), "accepted");
  // Of another kind nothing happened yet.
  EXPECT_EQ(code_of(send("opportunity", "1", opportunity::ChangeCloseDate{.close_date = {20'100}}, at(days_ago(9)))), "accepted");
}
TEST_F(TimeTest, TheOrderHoldsAfterTheStateWasReadFromTheLog) {
  ASSERT_TRUE(send("opportunity", "1", kOpen, at(days_ago(20))));
  ASSERT_TRUE(move("late", at(days_ago(5))));
  auto reopened = CommandGateway::open(aggregates, store, keys, clock);
  ASSERT_TRUE(reopened);
  gateway = std::move(*reopened);
  EXPECT_EQ(code_of(move("new", at(days_ago(6)))), "command.occurred_before_last");
}
TEST_F(TimeTest, ADayIsNotBeforeWhatHappenedOnIt) {
  ASSERT_TRUE(send("opportunity", "1", kOpen, at(days_ago(20))));
  ASSERT_TRUE(move("late", at({days_ago(5).micros + 9 * 3'600 * kMicrosPerSecond})));
  EXPECT_EQ(code_of(move("new", at(days_ago(5), Precision::DATE))), "accepted");
}
TEST_F(TimeTest, AFactMayComeOutOfOrder) {
  ASSERT_TRUE(send("opportunity", "1", kOpen, at(days_ago(20))));
  ASSERT_TRUE(move("late", at(days_ago(5))));
  EXPECT_EQ(code_of(move("new", [](Command& c) {
              c.occurred_at = days_ago(6);
              c.as_fact = true;
            })),
            "accepted");
}
TEST_F(TimeTest, WhatHappenedAtAnUnknownTimeIsBeforeNothing) {
  auto whenever = [](Command& c) {
    c.precision = Precision::UNKNOWN;
    c.as_fact = true;
  };
  ASSERT_TRUE(send("opportunity", "1", kOpen, whenever));
  ASSERT_TRUE(move("late", whenever));
  EXPECT_EQ(code_of(move("new", at(days_ago(6)))), "accepted");
}
TEST_F(TimeTest, AClockThatWasSetBackStopsNobodyWhoNamesNoTime) {
  ASSERT_TRUE(send("opportunity", "1", kOpen));
  ASSERT_TRUE(move("late", at({kNow.micros + 60 * kMicrosPerSecond})));
  EXPECT_EQ(code_of(move("new", [](Command&) {})), "accepted");
}
// An order that is fulfilled late has earned its points, whatever its member earned since.
TEST_F(RewardTest, AReactionTakesItsCausesTime) {
  clock.advance(60 * kMicrosPerSecond);
  ASSERT_TRUE(send("loyaltyMember", "4711", loyalty_member::Enrol{.program_id = "points"}));
  ASSERT_TRUE(send("order", "o2", place("4711")));
  ASSERT_TRUE(send("order", "o2", order::Fulfil{}, [](Command& c) { c.occurred_at = Timestamp{kNow.micros + 2 * kMicrosPerSecond}; }));
  auto late = send("order", "o1", order::Fulfil{}, [](Command& c) { c.occurred_at = Timestamp{kNow.micros + kMicrosPerSecond}; });
  ASSERT_EQ(code_of(late), "accepted");
  EXPECT_EQ(late->outcome.events.size(), 2u);
}

// --- Rules ---

TEST_F(TimeTest, ARuleBindsNobodysYesterdayHoweverItsCommandIsDated) {
  policy_set::PipelineBody body{.stages = {{"new", "New", 1, ForecastCategory::PIPELINE}}};
  EXPECT_EQ(code_of(send("policySet", "other", policy_set::Publish{.effective_from = date_of(days_ago(2)), .pipeline = body}, at(days_ago(2)))),
            "policy_set.effective_in_past");
}
TEST_F(TimeTest, ARuleThatIsNotYetInForceIsNamedWithItsFirstDay) {
  policy_set::PipelineBody body{.stages = {{"new", "New", 1, ForecastCategory::PIPELINE}}};
  ASSERT_TRUE(send("policySet", "next", policy_set::Publish{.effective_from = Date{20'120}, .pipeline = body}));
  auto refused = send("opportunity", "1", opportunity::Open{.pipeline_id = "next", .stage_id = "new"});
  EXPECT_EQ(code_of(refused), "opportunity.stage_unknown");
  EXPECT_EQ(refused.error().hint, "policySet-next is in force from 2025-02-01 on");
}

}  // namespace
}  // namespace rapport
