#include "domain/loyalty_member.h"

#include "tests/domain/loyalty_samples.h"

namespace rapport::loyalty_member {
namespace {

const StatusChanged kSuspended{.old = Status::ACTIVE, .new_ = Status::SUSPENDED};
const StatusChanged kLeft{.old = Status::ACTIVE, .new_ = Status::LEFT};

TEST_F(LoyaltyMemberTest, IsEnrolledOnce) {
  given().when(Enrol{.program_id = "points", .account_id = "12346"}).then_each_time(kEnrolled);
  when(Enrol{.program_id = "points"}).then_rejected("loyalty_member.exists");
  EXPECT_EQ(state().subject(), "account-12346");
}
TEST_F(LoyaltyMemberTest, IsEnrolledInAProgramThatExists) {
  when(Enrol{.program_id = ""}).then_rejected("loyalty_member.program_missing");
  when(Enrol{.program_id = "miles"}).then_rejected("loyalty_member.program_unknown");
  as_fact().when(Enrol{.program_id = "miles"}).then_each_time(Enrolled{.program_id = "miles"});
}

// --- earning ---
TEST_F(LoyaltyMemberTest, EarnsALot) {
  given(kEnrolled)
      .when(Earn{.txn_id = "t1", .points = 40, .expires_on = kToday})
      .then(earned("t1", 40, kToday));
  EXPECT_EQ(state().balance(), 40);
}
TEST_F(LoyaltyMemberTest, ATransactionAppliesOnce) {
  reason("goodwill").given(kEnrolled, earned("t1", 40, kToday));
  Redeem redeem{.txn_id = "r", .points = 7, .reward_id = "mug"};
  Reverse reverse{.txn_id = "x", .original_txn_id = "t1", .points = 2};
  Adjust give{.txn_id = "g", .points = 5, .approver_id = "p"}, take{.txn_id = "k", .points = -5, .approver_id = "p"};
  when(redeem).follow().when(reverse).follow().when(give).follow().when(take).follow();
  when(Earn{.txn_id = "t1", .points = 40, .expires_on = kToday}).then_nothing();
  when(redeem).then_nothing();
  when(reverse).then_nothing();
  when(give).then_nothing();
  when(take).then_nothing();
}
TEST_F(LoyaltyMemberTest, ATransactionWithOtherContentIsRefusedAsAFactToo) {
  given(kEnrolled, earned("t1", 40, kToday));
  reason("goodwill").when(Redeem{.txn_id = "r", .points = 7, .reward_id = "mug"}).follow();
  when(Reverse{.txn_id = "x", .original_txn_id = "t1", .points = 2}).follow();
  when(Adjust{.txn_id = "g", .points = 5, .approver_id = "p"}).follow();
  when(Adjust{.txn_id = "k", .points = -5, .approver_id = "p"}).follow();
  auto refused = [&](const auto& command) { when(command).then_rejected("loyalty_member.transaction_differs").at_field("txnId"); };
  for (bool fact : {false, true}) {
    if (fact) as_fact();
    refused(Earn{.txn_id = "t1", .points = 7});
    refused(Earn{.txn_id = "t1", .points = 40, .expires_on = Date{kToday.days + 1}});
    refused(Redeem{.txn_id = "t1", .points = 40});
    refused(Redeem{.txn_id = "r", .points = 8, .reward_id = "mug"});
    refused(Redeem{.txn_id = "r", .points = 7, .reward_id = "cup"});
    refused(Reverse{.txn_id = "x", .original_txn_id = "t1", .points = 3});
    refused(Reverse{.txn_id = "x", .points = 2});
    refused(Adjust{.txn_id = "g", .points = 6, .approver_id = "p"});
    refused(Adjust{.txn_id = "g", .points = -5, .approver_id = "p"});
    refused(Adjust{.txn_id = "k", .points = -6, .approver_id = "p"});
    refused(Earn{.txn_id = "g", .points = 5});
  }
}
TEST_F(LoyaltyMemberTest, AMovementHasATransactionAndAnAmount) {
  given(kEnrolled);
  when(Earn{.txn_id = "", .points = 1}).then_rejected("loyalty_member.transaction_missing");
  when(Adjust{.txn_id = "", .points = 1, .approver_id = "p"})
      .then_rejected("loyalty_member.transaction_missing");
  for (std::int64_t points : {std::int64_t{0}, std::int64_t{-1}}) {
    when(Earn{.txn_id = "t", .points = points}).then_rejected("loyalty_member.points_not_positive");
    when(Redeem{.txn_id = "t", .points = points})
        .then_rejected("loyalty_member.points_not_positive");
    when(Reverse{.txn_id = "t", .points = points})
        .then_rejected("loyalty_member.points_not_positive");
  }
  when(Adjust{.txn_id = "t", .points = 0, .approver_id = "p"})
      .then_rejected("loyalty_member.points_zero");
}
TEST_F(LoyaltyMemberTest, PointsStayCountable) {
  reason("goodwill").given(kEnrolled);
  when(Earn{.txn_id = "t", .points = kPointsMax + 1})
      .then_rejected("loyalty_member.points_out_of_range");
  when(Adjust{.txn_id = "t", .points = kPointsMax + 1, .approver_id = "p"})
      .then_rejected("loyalty_member.points_out_of_range");
  when(
      Adjust{.txn_id = "t", .points = std::numeric_limits<std::int64_t>::min(), .approver_id = "p"})
      .then_rejected("loyalty_member.points_out_of_range");
  given(earned("most", kPointsMax))
      .when(Earn{.txn_id = "t", .points = 1})
      .then_rejected("loyalty_member.points_out_of_range");
  when(Adjust{.txn_id = "t", .points = 1, .approver_id = "p"})
      .then_rejected("loyalty_member.points_out_of_range");
}
TEST_F(LoyaltyMemberTest, APurchaseEarnsByTheMembersProgram) {
  given(kEnrolled)
      .when(RewardPurchase{.txn_id = "o", .amount = gbp(20'99), .source = kSource})
      .then(PointsEarned{.txn_id = "o",
                         .points = 20,
                         .basis = gbp(20'99),
                         .rule_id = "points.v1",
                         .debt_paid = 0,
                         .source = kSource,
                         .rate = Rate{.points = 1, .per = gbp(100)}});
}
TEST_F(LoyaltyMemberTest, ThePointsOfAPurchaseExpireByTheVersionInForce) {
  policy("points", program(2, 3, {20'000}, 30)).policy("points", program(3, 9, {30'000}));
  given(kEnrolled)
      .when(RewardPurchase{.txn_id = "o", .amount = gbp(20'99)})
      .then(PointsEarned{.txn_id = "o",
                         .points = 60,
                         .basis = gbp(20'99),
                         .rule_id = "points.v2",
                         .expires_on = Date{kToday.days + 30},
                         .debt_paid = 0,
                         .rate = Rate{.points = 3, .per = gbp(100)}});
}
TEST_F(LoyaltyMemberTest, APurchaseThatEarnsNothingIsNoRejection) {
  given(kEnrolled).when(RewardPurchase{.txn_id = "o", .amount = gbp(99)}).then_nothing();
  when(RewardPurchase{.txn_id = "o", .amount = {500, "EUR"}}).then_nothing();
  when(RewardPurchase{.txn_id = "o", .amount = gbp(-500)}).then_nothing();
  given(kLeft).when(RewardPurchase{.txn_id = "o", .amount = gbp(500)}).then_nothing();
  when(TakeBackPurchase{.txn_id = "o", .amount = gbp(500)}).then_nothing();
}
TEST_F(LoyaltyMemberTest, AProgramWithoutAnEarnRuleLeavesPointsToItsSource) {
  policy(
      "ledger",
      {.version = 1, .effective_from = {0}, .loyalty_program = policy_set::LoyaltyProgramBody{}});
  given(Enrolled{.program_id = "ledger"}, earned("t1", 5))
      .when(RewardPurchase{.txn_id = "o", .amount = gbp(500)})
      .then_nothing();
  when(TakeBackPurchase{.txn_id = "o", .amount = gbp(500)}).then_nothing();
}
TEST_F(LoyaltyMemberTest, APurchaseBeyondCountingIsRefused) {
  policy("points", program(2, kPointsMax, {10'001}));
  given(kEnrolled)
      .when(RewardPurchase{.txn_id = "o", .amount = gbp(200)})
      .then_rejected("loyalty_member.points_out_of_range");
  when(TakeBackPurchase{.txn_id = "o", .amount = gbp(200)})
      .then_rejected("loyalty_member.points_out_of_range");
}

// --- redeeming ---
TEST_F(LoyaltyMemberTest, RedeemsWhatExpiresFirstThenTheOldest) {
  given(kEnrolled, earned("old", 10), earned("late", 10, Date{kToday.days + 9}),
        earned("soon", 10, kToday), earned("gone", 10, Date{kToday.days - 1}), earned("new", 10));
  when(Redeem{.txn_id = "r", .points = 35, .reward_id = "mug"})
      .then(PointsRedeemed{.txn_id = "r",
                           .points = 35,
                           .allocations = {{"soon", 10}, {"late", 10}, {"old", 10}, {"new", 5}},
                           .reward_id = "mug"});
  EXPECT_EQ(state().balance(), 15);
}
TEST_F(LoyaltyMemberTest, DoesNotRedeemWhatHasExpired) {
  given(kEnrolled, earned("gone", 10, Date{kToday.days - 1}))
      .when(Redeem{.txn_id = "r", .points = 1})
      .then_rejected("loyalty_member.points_insufficient");
}
TEST_F(LoyaltyMemberTest, DoesNotRedeemWhileSuspended) {
  given(kEnrolled, earned("t1", 10), kSuspended)
      .when(Redeem{.txn_id = "r", .points = 1})
      .then_rejected("loyalty_member.suspended");
  as_fact()
      .when(Redeem{.txn_id = "r", .points = 1})
      .then(PointsRedeemed{.txn_id = "r", .points = 1, .allocations = {{"t1", 1}}});
}

// --- expiring, adjusting, tiers ---
TEST_F(LoyaltyMemberTest, ALotExpiresAfterItsLastDay) {
  given(kEnrolled, earned("a", 10, kToday))
      .when(Expire{.lot_id = "a"})
      .then_rejected("loyalty_member.lot_not_expired");
  at({(kToday.days + 1) * kMicrosPerDay})
      .when(Expire{.lot_id = "a"})
      .then(PointsExpired{.lot_id = "a", .points = 10});
  EXPECT_EQ(state().balance(), 0);
}
TEST_F(LoyaltyMemberTest, ALotExpiresAtAnyTimeAsAFact) {
  given(kEnrolled, earned("a", 10))
      .when(Expire{.lot_id = "a"})
      .then_rejected("loyalty_member.lot_not_expired");
  as_fact().when(Expire{.lot_id = "a"}).then(PointsExpired{.lot_id = "a", .points = 10});
}
TEST_F(LoyaltyMemberTest, OnlyALotThatExistsExpires) {
  given(kEnrolled).when(Expire{.lot_id = "a"}).then_rejected("loyalty_member.lot_unknown");
}
TEST_F(LoyaltyMemberTest, AnAdjustmentHasAReason) {
  Adjust adjust{.txn_id = "j", .points = 1, .approver_id = "p"};
  given(kEnrolled).when(adjust).then_rejected("loyalty_member.reason_missing").at_field("reason.code");
  as_fact().when(adjust).then(PointsAdjusted{.txn_id = "j", .points = 1, .debt_paid = 0, .approver_id = "p"});
  EXPECT_EQ(recorded_reason(), "not-recorded");
}
TEST_F(LoyaltyMemberTest, AnAdjustmentTakesFromLotsButNeverBelowZero) {
  reason("goodwill").given(kEnrolled, earned("a", 10), earned("b", 10, kToday))
      .when(Adjust{.txn_id = "j", .points = -12, .approver_id = "p"})
      .then(PointsAdjusted{.txn_id = "j",
                           .points = -12,
                           .allocations = {{"b", 10}, {"a", 2}},
                           .debt_paid = 0,
                           .approver_id = "p"});
  when(Adjust{.txn_id = "k", .points = -9, .approver_id = "p"})
      .then_rejected("loyalty_member.points_insufficient");
}
TEST_F(LoyaltyMemberTest, AnAdjustmentIsApproved) {
  given(kEnrolled)
      .when(Adjust{.txn_id = "j", .points = 1, .approver_id = ""})
      .then_rejected("loyalty_member.approver_missing");
  as_fact()
      .when(Adjust{.txn_id = "j", .points = 1, .approver_id = ""})
      .then(PointsAdjusted{.txn_id = "j", .points = 1, .debt_paid = 0, .approver_id = ""});
}
TEST_F(LoyaltyMemberTest, ReachesATier) {
  given(kEnrolled)
      .when(ChangeTier{.tier = "", .qualifying_points = 0})
      .then_rejected("loyalty_member.tier_missing");
  when(ChangeTier{.tier = "gold", .qualifying_points = 900, .valid_until = Date{20'400}})
      .then(TierChanged{.new_ = "gold", .qualifying_points = 900, .valid_until = Date{20'400}});
  when(ChangeTier{.tier = "gold", .qualifying_points = 950, .valid_until = Date{20'400}})
      .then(TierChanged{
          .old = "gold", .new_ = "gold", .qualifying_points = 950, .valid_until = Date{20'400}});
  when(ChangeTier{.tier = "gold", .qualifying_points = 990, .valid_until = Date{20'800}})
      .then(TierChanged{
          .old = "gold", .new_ = "gold", .qualifying_points = 990, .valid_until = Date{20'800}});
}
TEST_F(LoyaltyMemberTest, ACorrectionHasAnApprover) {
  Correct correct{.target = kSource, .new_ = {.card_no = "c-1"}, .approver_id = ""};
  given(kEnrolled).when(correct).then_rejected("loyalty_member.approver_missing").at_field("approverId");
  EXPECT_TRUE(as_fact().when(correct).accepted());
}
TEST_F(LoyaltyMemberTest, ACorrectionRecordsOldAndNewOfTheFieldsThatDiffer) {
  given(kEnrolled)
      .when(Correct{
          .target = kSource, .new_ = {.account_id = "12346", .card_no = "c-1"}, .approver_id = "p"})
      .then(CorrectionRecorded{.target = kSource,
                               .old = {.card_no = ""},
                               .new_ = {.card_no = "c-1"},
                               .approver_id = "p"});
}

TEST_F(LoyaltyMemberTest, IsSuspendedResumedAndLeaves) {
  given(kEnrolled).when(ChangeStatus{.status = Status::SUSPENDED}).then(kSuspended);
  when(ChangeStatus{.status = Status::ACTIVE})
      .then(StatusChanged{.old = Status::SUSPENDED, .new_ = Status::ACTIVE});
  when(ChangeStatus{.status = Status::LEFT}).then(kLeft);
  as_fact()
      .when(ChangeStatus{.status = Status::ACTIVE})
      .then(StatusChanged{.old = Status::LEFT, .new_ = Status::ACTIVE});
}

}  // namespace
}  // namespace rapport::loyalty_member
