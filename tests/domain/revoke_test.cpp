// What the revert of an import sends: a stream that it created is taken back as a whole, and is then
// as if it had never been.
#include "domain/account.h"
#include "domain/case.h"
#include "domain/loyalty_member.h"
#include "domain/opportunity.h"
#include "domain/order.h"
#include "domain/policy_set.h"
#include "domain/principal.h"
#include "tests/domain/spec.h"

namespace rapport {
namespace {

// Refused to a user; of a stream that is not there nothing to do; and the creation may come again.
template <class D, class Revoke, class Revoked>
void is_taken_back(const Revoke& revoke, const Revoked& revoked, const auto& created,
                   std::string_view reserved) {
  Spec<D>().given(created).when(revoke).then_rejected(reserved);
  Spec<D>().as_fact().when(revoke).then_nothing();
  Spec<D>().as_fact().given(created).when(revoke).then(revoked);
}

TEST(Revoke, AnAccountIsTakenBackByARevertOnly) {
  using namespace account;
  Created created{.kind = Kind::ORGANISATION, .industry = "it"};
  is_taken_back<account::Decider>(Revoke{}, Revoked{}, created, "account.revoked_by_revert_only");
  Spec<account::Decider>()
      .given(created, Revoked{})
      .when(Create{.kind = Kind::PERSON})
      .then_each_time(Created{.kind = Kind::PERSON});
}
TEST(Revoke, AnOpportunityIsTakenBackByARevertOnly) {
  using namespace opportunity;
  Opened opened{.pipeline_id = "p",
                .stage_id = "s",
                .probability_bp = 1000,
                .forecast_category = ForecastCategory::PIPELINE,
                .amount = Money{100, "EUR"}};
  is_taken_back<opportunity::Decider>(Revoke{}, Revoked{}, opened, "opportunity.revoked_by_revert_only");
  Spec<opportunity::Decider>()
      .given(opened, Won{.amount = {100, "EUR"}}, Revoked{})
      .when(Win{})
      .then_rejected("opportunity.not_found");
}
TEST(Revoke, ACaseIsTakenBackByARevertOnly) {
  using namespace case_;
  is_taken_back<case_::Decider>(Revoke{}, Revoked{}, Opened{.category = "x"},
                         "case.revoked_by_revert_only");
  Spec<case_::Decider>().given(Opened{}, Closed{}, Revoked{}).when(Reopen{}).then_rejected(
      "case.not_found");
}
TEST(Revoke, AnOrderIsTakenBackByARevertOnly) {
  using namespace order;
  Placed placed{.kind = Kind::SALE, .total = {0, "EUR"}};
  is_taken_back<order::Decider>(Revoke{}, Revoked{}, placed, "order.revoked_by_revert_only");
  Spec<order::Decider>().given(placed, Revoked{}).when(Fulfil{}).then_rejected("order.not_found");
}
TEST(Revoke, APrincipalIsTakenBackByARevertOnly) {
  using namespace principal;
  is_taken_back<principal::Decider>(Revoke{}, Revoked{}, Provisioned{.kind = Kind::USER},
                         "principal.revoked_by_revert_only");
}
TEST(Revoke, ARuleIsTakenBackAndItsVersionsGoOn) {
  using namespace policy_set;
  Published first{.version = 1,
                  .effective_from = {20'000},
                  .product = ProductBody{.id = "a", .list_price = {1, "EUR"}}};
  is_taken_back<policy_set::Decider>(Revoke{}, Revoked{}, first, "policy_set.revoked_by_revert_only");
  PriceListBody prices{.prices = {{"a", {2, "EUR"}}}};
  Spec<policy_set::Decider>()
      .given(first, Revoked{})
      .when(Retire{})
      .then_rejected("policy_set.not_found")
      .when(Publish{.price_list = prices})
      .then(Published{.version = 2, .effective_from = date_of(Spec<policy_set::Decider>::kNow), .price_list = prices});
}

// --- points ---
using namespace loyalty_member;
using Member = Spec<loyalty_member::Decider>;
const Enrolled kEnrolled{.program_id = "points"};
PointsEarned earned(Text txn, std::int64_t points, std::int64_t debt_paid = 0) {
  return {.txn_id = txn, .points = points, .debt_paid = debt_paid};
}
PointsReversed reversed(Text txn, std::int64_t points, std::vector<Allocation> from,
                        std::int64_t debt = 0) {
  return {.txn_id = txn, .points = points, .allocations = std::move(from), .debt = debt};
}
RevokeMovement revoke(PointsMovement kind, Text txn, std::int64_t points,
                      std::vector<Allocation> from = {}, std::int64_t debt = 0) {
  return {.kind = kind, .txn_id = txn, .points = points, .allocations = std::move(from), .debt = debt};
}
MovementRevoked revoked(const RevokeMovement& r) {
  return {.kind = r.kind, .txn_id = r.txn_id, .points = r.points, .allocations = r.allocations, .debt = r.debt};
}

TEST(Revoke, AMemberIsTakenBackOnceItsPointsAre) {
  is_taken_back<loyalty_member::Decider>(loyalty_member::Revoke{}, loyalty_member::Revoked{},
                                         kEnrolled, "loyalty_member.revoked_by_revert_only");
  auto back = revoke(PointsMovement::EARNED, "t", 40);
  Member().given(kEnrolled, earned("t", 40)).when(back).then_rejected(
      "loyalty_member.revoked_by_revert_only");
  Member member;
  member.as_fact().given(kEnrolled, earned("t", 40));
  member.when(loyalty_member::Revoke{}).then_rejected("loyalty_member.points_left");
  member.when(back).then(revoked(back));
  member.when(loyalty_member::Revoke{}).then(loyalty_member::Revoked{});
}
TEST(Revoke, EarnedPointsThatWereSpentStay) {
  Member member;
  member.as_fact().given(kEnrolled, earned("t", 40),
                         PointsRedeemed{.txn_id = "r", .points = 1, .allocations = {{"t", 1}}});
  member.when(revoke(PointsMovement::EARNED, "t", 40)).then_rejected("loyalty_member.movement_built_on");
  auto redemption = revoke(PointsMovement::REDEEMED, "r", 1, {{"t", 1}});
  member.when(redemption).then(revoked(redemption));
  EXPECT_EQ(member.state().balance(), 40);
  auto back = revoke(PointsMovement::EARNED, "t", 40);
  member.when(back).then(revoked(back));
  EXPECT_EQ(member.state().balance(), 0);
}
TEST(Revoke, AReversalGoesBackWithTheDebtThatItLeft) {
  Member member;
  member.as_fact().given(kEnrolled, earned("t", 40), reversed("c", 50, {{"t", 40}}, 10),
                         earned("u", 30, 10));
  auto reversal = revoke(PointsMovement::REVERSED, "c", 50, {{"t", 40}}, 10);
  member.when(reversal).then_rejected("loyalty_member.movement_built_on");  // "u" paid its debt
  auto later = revoke(PointsMovement::EARNED, "u", 30, {}, 10);
  member.when(later).then(revoked(later));
  EXPECT_EQ(member.state().debt, 10);
  member.when(reversal).then(revoked(reversal));
  EXPECT_EQ(member.state().balance(), 40);
  EXPECT_EQ(member.state().debt, 0);
  // The transaction may come again.
  auto again = reversed("c", 5, {{"t", 5}});
  again.earnings = {{"t", 5}};
  member.when(loyalty_member::Reverse{.txn_id = "c", .points = 5}).then(again);
}
TEST(Revoke, WhatAReversalTookBackOfEarningsCanBeTakenBackAgain) {
  Member member;
  member.as_fact().given(kEnrolled, earned("t", 40), reversed("c", 15, {{"t", 15}}));
  auto reversal = revoke(PointsMovement::REVERSED, "c", 15, {{"t", 15}});
  reversal.earnings = {{"t", 15}};
  auto gone = revoked(reversal);
  gone.earnings = reversal.earnings;
  auto before = member.state().lots[0].reversible;
  member.when(reversal).then(gone);
  EXPECT_EQ(member.state().lots[0].reversible, before + 15);
}
TEST(Revoke, AnExpiryGivesTheLotBack) {
  Member member;
  member.as_fact().given(kEnrolled, earned("t", 40), PointsExpired{.lot_id = "t", .points = 40});
  auto expiry = revoke(PointsMovement::EXPIRED, "t", 40, {{"t", 40}});
  member.when(expiry).then(revoked(expiry));
  EXPECT_EQ(member.state().balance(), 40);
}

}  // namespace
}  // namespace rapport
