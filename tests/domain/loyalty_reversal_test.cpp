// What is taken back: reversals, credit notes, returns in any split.
#include <rapidcheck.h>

#include "tests/domain/loyalty_samples.h"

namespace rapport::loyalty_member {
namespace {

// --- reversing ---
TEST_F(LoyaltyMemberTest, AReversalTakesItsOriginalsLotThenTheNewestThenOwesTheRest) {
  given(kEnrolled, earned("a", 10), earned("b", 10), earned("c", 3),
        PointsRedeemed{.txn_id = "r", .points = 14, .allocations = {{"a", 8}, {"b", 6}}});
  when(Reverse{.txn_id = "x", .original_txn_id = "a", .points = 10})
      .then(PointsReversed{.txn_id = "x",
                           .original_txn_id = "a",
                           .points = 10,
                           .allocations = {{"a", 2}, {"c", 3}, {"b", 4}},
                           .debt = 1});
  EXPECT_EQ(state().balance(), -1);
}
TEST_F(LoyaltyMemberTest, AReversalWithoutAnOriginalTakesTheNewestLots) {
  given(kEnrolled, earned("a", 10), earned("b", 10),
        PointsRedeemed{.txn_id = "r", .points = 5, .allocations = {{"a", 5}}})
      .when(Reverse{.txn_id = "x", .points = 18, .basis = gbp(18'00)})
      .then(PointsReversed{.txn_id = "x",
                           .points = 18,
                           .allocations = {{"b", 10}, {"a", 5}},
                           .debt = 3,
                           .basis = gbp(18'00),
                           .earnings = {{"b", 10}, {"a", 8}}});
}
TEST_F(LoyaltyMemberTest, MoreThanWasEverEarnedIsReversedAsAFactOnly) {
  Reverse all_and_more{.txn_id = "x", .points = 25, .basis = gbp(25'00)};
  given(kEnrolled, earned("a", 10), earned("b", 10)).when(all_and_more);
  then_rejected("loyalty_member.reversal_exceeds_original").at_field("points");
  as_fact().when(all_and_more).then(PointsReversed{.txn_id = "x",
                                                   .points = 25,
                                                   .allocations = {{"b", 10}, {"a", 10}},
                                                   .debt = 5,
                                                   .basis = gbp(25'00),
                                                   .earnings = {{"b", 10}, {"a", 10}}});
}
TEST_F(LoyaltyMemberTest, LaterEarningsPayTheDebtFirst) {
  reason("goodwill").given(kEnrolled, PointsReversed{.txn_id = "x", .points = 5, .debt = 5})
      .when(Earn{.txn_id = "t1", .points = 3})
      .then(earned("t1", 3, {}, 3));
  when(Adjust{.txn_id = "j", .points = 4, .approver_id = "p"})
      .then(PointsAdjusted{.txn_id = "j", .points = 4, .debt_paid = 2, .approver_id = "p"});
  EXPECT_EQ(state().balance(), 2);
}
TEST_F(LoyaltyMemberTest, NoMoreIsReversedThanWasEarned) {
  given(kEnrolled, earned("a", 10),
        PointsReversed{.txn_id = "x",
                       .original_txn_id = "a",
                       .points = 4,
                       .allocations = {{"a", 4}},
                       .debt = 0});
  when(Reverse{.txn_id = "y", .original_txn_id = "a", .points = 7})
      .then_rejected("loyalty_member.reversal_exceeds_original");
  as_fact()
      .when(Reverse{.txn_id = "y", .original_txn_id = "a", .points = 7})
      .then_rejected("loyalty_member.reversal_exceeds_original");
}
TEST_F(LoyaltyMemberTest, AReversalOfSomethingUnknownIsAFactOnly) {
  given(kEnrolled, earned("a", 10));
  when(Reverse{.txn_id = "y", .original_txn_id = "?", .points = 1})
      .then_rejected("loyalty_member.original_unknown");
  as_fact()
      .when(Reverse{.txn_id = "y", .original_txn_id = "?", .points = 1})
      .then(PointsReversed{.txn_id = "y",
                           .original_txn_id = "?",
                           .points = 1,
                           .allocations = {{"a", 1}},
                           .debt = 0});
}
TEST_F(LoyaltyMemberTest, ACreditNoteTakesBackByTheMembersProgram) {
  given(kEnrolled, earned("a", 10))
      .when(TakeBackPurchase{.txn_id = "c", .amount = gbp(7'50)})
      .then(PointsReversed{.txn_id = "c",
                           .points = 7,
                           .allocations = {{"a", 7}},
                           .debt = 0,
                           .basis = gbp(7'50),
                           .earnings = {{"a", 7}}});
}
TEST_F(LoyaltyMemberTest, ACreditNoteTakesBackNoMoreThanWasEarnedUnlessItIsAFact) {
  given(kEnrolled, earned("a", 10));
  when(TakeBackPurchase{.txn_id = "c", .amount = gbp(12'50)})
      .then(PointsReversed{.txn_id = "c",
                           .points = 10,
                           .allocations = {{"a", 10}},
                           .debt = 0,
                           .basis = gbp(12'50),
                           .earnings = {{"a", 10}}});
  when(TakeBackPurchase{.txn_id = "d", .amount = gbp(12'50)}).then_nothing();
  as_fact()
      .when(TakeBackPurchase{.txn_id = "d", .amount = gbp(12'50)})
      .then(PointsReversed{.txn_id = "d", .points = 12, .debt = 12, .basis = gbp(12'50)});
}
TEST_F(LoyaltyMemberTest, ACreditNoteTakesNothingWhereTheProgramSaysNothingOfThem) {
  auto kind = program(2, 1, {10'001});
  kind.loyalty_program->reverse.reset();
  policy("points", kind)
      .given(kEnrolled, earned("a", 10))
      .when(TakeBackPurchase{.txn_id = "c", .amount = gbp(12'50)})
      .then_nothing();
}
TEST_F(LoyaltyMemberTest, AReturnTakesBackNoMoreThanItsPurchaseEarned) {
  given(kEnrolled, earned("a", 10), earned("b", 10));
  when(TakeBackPurchase{.txn_id = "a.r1", .original_txn_id = "a", .amount = gbp(12'50)})
      .then(PointsReversed{.txn_id = "a.r1",
                           .original_txn_id = "a",
                           .points = 10,
                           .allocations = {{"a", 10}},
                           .debt = 0,
                           .basis = gbp(12'50)});
  when(TakeBackPurchase{.txn_id = "a.r2", .original_txn_id = "a", .amount = gbp(1'00)})
      .then_nothing();
  when(TakeBackPurchase{.txn_id = "z.r1", .original_txn_id = "z", .amount = gbp(1'00)})
      .then_nothing();
}

// A purchase of so much, and one return of it after another; each by its own amount and by what is left of the whole.
struct Returns {
  Spec<Decider> spec;
  std::int64_t left;
  int count = 0;

  explicit Returns(std::int64_t minor) : left(minor) {
    spec.policy("points", program(1, 7, {10'000})).given(kEnrolled, earned("before", 1'000));
    spec.when(RewardPurchase{.txn_id = "o", .amount = gbp(minor)}).follow();
  }
  void give_back(std::int64_t minor) {
    left -= minor;
    auto txn = "o.r" + std::to_string(++count);
    spec.when(TakeBackPurchase{.txn_id = txn, .original_txn_id = "o", .amount = gbp(minor), .remaining = gbp(left)}).follow();
  }
  void credit(std::int64_t minor) {
    auto txn = "c" + std::to_string(++count);
    spec.when(TakeBackPurchase{.txn_id = txn, .amount = gbp(minor)}).follow();
  }
  std::int64_t balance() const { return spec.state().balance(); }
};
struct Split {
  const char* name;
  std::int64_t purchase;
  std::vector<std::int64_t> returns;
  std::vector<std::int64_t> balances;  // after each; 7 points for every whole pound, and 1,000 before
};
struct PartialReturns : testing::TestWithParam<Split> {};
TEST_P(PartialReturns, LeaveThePointsThatTheRestOfThePurchaseEarns) {
  auto& row = GetParam();
  Returns returns(row.purchase);
  for (std::size_t i = 0; i < row.returns.size(); ++i) {
    returns.give_back(row.returns[i]);
    EXPECT_EQ(returns.balance(), row.balances[i]) << "after return " << i + 1;
  }
}
INSTANTIATE_TEST_SUITE_P(
    EverySplit, PartialReturns,
    testing::Values(Split{"whole", 20'99, {20'99}, {1'000}},
                    Split{"parts_below_a_point", 2'50, {50, 50, 50, 50, 50}, {1'014, 1'007, 1'007, 1'000, 1'000}},
                    Split{"pennies", 1'02, {1, 1, 1, 99}, {1'007, 1'007, 1'000, 1'000}},
                    Split{"halves", 3'00, {1'50, 1'50}, {1'007, 1'000}},
                    Split{"nothing_earned", 99, {99}, {1'000}}),
    [](auto& row) { return row.param.name; });

TEST(LoyaltyMemberReturns, InAnySplitTakeBackWhatOneReturnDoes) {
  EXPECT_TRUE(rc::check([] {
    auto purchase = *rc::gen::inRange<std::int64_t>(1, 5'000);
    auto returned = *rc::gen::inRange<std::int64_t>(1, purchase + 1);
    Returns many(purchase), one(purchase);
    one.give_back(returned);
    for (auto rest = returned; rest > 0;) {
      auto part = *rc::gen::inRange<std::int64_t>(1, rest + 1);
      many.give_back(part);
      rest -= part;
    }
    RC_ASSERT(many.balance() == one.balance());
    if (returned == purchase) RC_ASSERT(many.balance() == 1'000);
  }));
}
TEST(LoyaltyMemberReturns, WithCreditNotesBetweenNeverTakeBackMoreThanWasEarned) {
  EXPECT_TRUE(rc::check([] {
    auto purchase = *rc::gen::inRange<std::int64_t>(1, 5'000);
    Returns returns(purchase);
    for (auto steps = *rc::gen::inRange(1, 12); steps > 0; --steps) {
      if (*rc::gen::arbitrary<bool>()) returns.credit(*rc::gen::inRange<std::int64_t>(1, 9'000));
      else if (returns.left > 0) returns.give_back(*rc::gen::inRange<std::int64_t>(1, returns.left + 1));
      RC_ASSERT(returns.balance() >= 0);
      for (auto& lot : returns.spec.state().lots) RC_ASSERT(lot.reversible >= 0);
    }
  }));
}
TEST_F(LoyaltyMemberTest, APurchaseThatACreditNoteTookBackIsNotTakenBackByItsReturnToo) {
  given(kEnrolled).when(RewardPurchase{.txn_id = "o", .amount = gbp(20'00)}).follow();
  when(TakeBackPurchase{.txn_id = "c", .amount = gbp(20'00)}).follow();
  when(TakeBackPurchase{.txn_id = "o.r1", .original_txn_id = "o", .amount = gbp(20'00), .remaining = gbp(0)}).then_nothing();
  EXPECT_EQ(state().balance(), 0);
}
TEST_F(LoyaltyMemberTest, APurchaseThatWasReturnedIsNotTakenBackByACreditNoteToo) {
  given(kEnrolled).when(RewardPurchase{.txn_id = "o", .amount = gbp(20'00)}).follow();
  when(TakeBackPurchase{.txn_id = "o.r1", .original_txn_id = "o", .amount = gbp(20'00), .remaining = gbp(0)}).follow();
  when(TakeBackPurchase{.txn_id = "c", .amount = gbp(20'00)}).then_nothing();
  EXPECT_EQ(state().balance(), 0);
}
TEST_F(LoyaltyMemberTest, AReturnGoesByTheRateThatItsPurchaseWasEarnedAt) {
  given(kEnrolled).when(RewardPurchase{.txn_id = "o", .amount = gbp(20'00)}).follow();
  policy("points", program(2, 5, kToday));
  when(TakeBackPurchase{.txn_id = "o.r1", .original_txn_id = "o", .amount = gbp(5'00), .remaining = gbp(15'00)})
      .then(PointsReversed{.txn_id = "o.r1",
                           .original_txn_id = "o",
                           .points = 5,
                           .allocations = {{"o", 5}},
                           .debt = 0,
                           .basis = gbp(5'00)});
}

}  // namespace
}  // namespace rapport::loyalty_member
