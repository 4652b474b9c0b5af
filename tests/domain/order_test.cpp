#include "domain/order.h"

#include <rapidcheck.h>

#include <numeric>

#include "domain/schema/loyalty_member.values.h"
#include "tests/domain/spec.h"

namespace rapport::order {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr Money gbp(std::int64_t minor) { return {minor, "GBP"}; }
constexpr UnitPrice price(std::int64_t amount, std::uint8_t scale = 2) {
  return {amount, scale, "GBP"};
}
Place place(Kind kind, std::vector<LineWanted> lines) {
  return {.kind = kind, .account_id = "12346", .currency = "GBP", .lines = std::move(lines)};
}
LineWanted line(std::int64_t qty_milli, UnitPrice unit_price, std::uint16_t discount_bp = 0) {
  return {.product_id = "85123A",
          .qty_milli = qty_milli,
          .unit_price = unit_price,
          .discount_bp = discount_bp};
}
Placed placed(Kind kind, std::vector<Line> lines) {
  std::int64_t total = 0;
  for (auto& l : lines) total += l.total_minor;
  return {.kind = kind, .account_id = "12346", .lines = std::move(lines), .total = gbp(total)};
}
Line priced(std::int64_t qty_milli, UnitPrice unit_price, std::int64_t total_minor,
            std::uint16_t discount_bp = 0) {
  return {.product_id = "85123A",
          .qty_milli = qty_milli,
          .unit_price = unit_price,
          .discount_bp = discount_bp,
          .total_minor = total_minor};
}

// Three pieces at 3.35, and one at 10.00.
const Placed kSale =
    placed(Kind::SALE, {priced(3'000, price(335), 10'05), priced(1'000, price(1'000), 10'00)});
const Fulfilled kAll{.amount = gbp(20'05), .complete = true, .number = 1};
const Cancelled kCancelled{.reason_code = "customer"};
const EventId kTarget{1, 2, 0};

struct OrderTest : testing::Test, Spec<Decider> {};

TEST_F(OrderTest, IsPlacedWithTheSumOfItsLines) {
  given()
      .when(place(Kind::SALE, {line(3'000, price(335)), line(1'000, price(1'000))}))
      .then_each_time(kSale);
}
TEST_F(OrderTest, ADiscountNeedsAReason) {
  auto discounted = place(Kind::SALE, {line(1'000, price(335)), line(1'000, price(1'000), 1)});
  given().when(discounted).then_rejected("order.reason_missing").at_field("reason.code");
  EXPECT_TRUE(reason("loyal").when(discounted).accepted());
}
TEST_F(OrderTest, ADiscountWithoutAReasonIsAFactOnlyAndSaysSo) {
  EXPECT_TRUE(as_fact().when(place(Kind::SALE, {line(1'000, price(1'000), 1)})).accepted());
  EXPECT_EQ(recorded_reason(), "not-recorded");
}
TEST_F(OrderTest, ALineIsRoundedOnceHalfToEven) {
  reason("promotion")
      .given()
      .when(place(Kind::SALE, {line(1'000, price(2'125, 3)), line(1'000, price(2'135, 3)),
                               line(1'500, price(1, 2), 5'000)}))
      .then_each_time(placed(
          Kind::SALE, {priced(1'000, price(2'125, 3), 2'12), priced(1'000, price(2'135, 3), 2'14),
                       priced(1'500, price(1, 2), 1, 5'000)}));
}
TEST_F(OrderTest, AYenHasNoDecimals) {
  auto yen = place(
      Kind::SALE,
      {{.product_id = "x", .qty_milli = 2'500, .unit_price = {101, 0, "JPY"}, .discount_bp = 0}});
  yen.currency = "JPY";
  given().when(yen).then_each_time(Placed{.kind = Kind::SALE,
                                          .account_id = "12346",
                                          .lines = {{.product_id = "x",
                                                     .qty_milli = 2'500,
                                                     .unit_price = {101, 0, "JPY"},
                                                     .discount_bp = 0,
                                                     .total_minor = 252}},
                                          .total = {252, "JPY"}});
}
TEST_F(OrderTest, AFreeLineIsFine) {
  given()
      .when(place(Kind::SALE, {line(1'000, price(0))}))
      .then_each_time(placed(Kind::SALE, {priced(1'000, price(0), 0)}));
}
TEST_F(OrderTest, ACreditNoteHasNegativeQuantities) {
  given()
      .when(place(Kind::CREDIT_NOTE, {line(-2'000, price(150))}))
      .then_each_time(placed(Kind::CREDIT_NOTE, {priced(-2'000, price(150), -3'00)}));
}
TEST_F(OrderTest, AnAdjustmentMayHaveANegativePrice) {
  given()
      .when(place(Kind::ADJUSTMENT, {line(1'000, price(-11'062'06))}))
      .then_each_time(placed(Kind::ADJUSTMENT, {priced(1'000, price(-11'062'06), -11'062'06)}));
}
TEST_F(OrderTest, AZeroQuantityIsAFactOnly) {
  auto order = place(Kind::ADJUSTMENT, {line(0, price(1))});
  given().when(order).then_rejected("order.quantity_zero");
  as_fact().when(order).then_each_time(placed(Kind::ADJUSTMENT, {priced(0, price(1), 0)}));
}
TEST_F(OrderTest, IsPlacedOnce) {
  given(kSale).when(place(Kind::SALE, {line(1'000, price(1))})).then_rejected("order.exists");
}

TEST(OrderShapes, AnOrderThatMakesNoSenseIsRefusedAsAFactToo) {
  auto refused = [](const Place& order, std::string_view code) {
    Spec<Decider>().when(order).then_rejected(code);
    Spec<Decider>().as_fact().when(order).then_rejected(code);
  };
  refused(place(Kind::SALE, {}), "order.lines_missing");
  refused(place(Kind::SALE, std::vector(kLinesMax + 1, line(1'000, price(1)))),
          "order.too_many_lines");
  refused(place(Kind::SALE, {line(-1'000, price(1))}), "order.quantity_not_positive");
  refused(place(Kind::SALE, {line(0, price(1))}), "order.quantity_not_positive");
  refused(place(Kind::SALE, {line(1'000, price(-1))}), "order.price_negative");
  refused(place(Kind::CREDIT_NOTE, {line(-1'000, price(-1))}), "order.price_negative");
  refused(place(Kind::CREDIT_NOTE, {line(1'000, price(1))}), "order.credit_note_positive");
  refused(place(Kind::SALE, {line(1'000, price(1), 10'001)}), "order.discount_out_of_range");
  refused(place(Kind::SALE, {line(1'000, {1, 2, "EUR"})}), "order.currency_differs");
  refused(place(Kind::SALE, {line(kMax, price(kMax))}), "order.amount_out_of_range");
  refused(place(Kind::SALE, {line(kMax, price(kMax), 9'999)}), "order.amount_out_of_range");
  refused(place(Kind::SALE, {line(1'000, price(kMax)), line(1'000, price(kMax))}),
          "order.amount_out_of_range");
}
TEST(OrderShapes, ALineNamesItsProductUnlessItIsAFact) {
  auto order = place(Kind::SALE, {line(1'000, price(1))});
  order.lines[0].product_id = "";
  Spec<Decider>().when(order).then_rejected("order.product_missing");
  EXPECT_TRUE(Spec<Decider>().as_fact().when(order).accepted());
}
TEST(OrderShapes, TheLargestOrderFits) {
  auto spec = Spec<Decider>();
  spec.when(place(Kind::SALE, std::vector(kLinesMax, line(1'000, price(1)))));
  EXPECT_TRUE(spec.accepted());
}

TEST_F(OrderTest, IsFulfilledAsAWhole) { given(kSale).when(Fulfil{}).then(kAll); }
TEST_F(OrderTest, IsFulfilledInPartsThatAddUpExactly) {
  given(kSale)
      .when(Fulfil{.lines = {{1, 1'000}}})
      .then_each_time(
          Fulfilled{.lines = {{1, 1'000}}, .amount = gbp(3'35), .complete = false, .number = 1});
  when(Fulfil{.lines = {{1, 500}, {1, 500}, {2, 500}}})
      .then_each_time(Fulfilled{.lines = {{1, 500}, {1, 500}, {2, 500}},
                                .amount = gbp(8'35),
                                .complete = false,
                                .number = 2});
  when(Fulfil{}).then(Fulfilled{.amount = gbp(8'35), .complete = true, .number = 3});
}
TEST_F(OrderTest, IsNotFulfilledBeyondWhatWasOrdered) {
  given(kSale)
      .when(Fulfil{.lines = {{1, 2'000}, {1, 1'001}}})
      .then_rejected("order.fulfilled_exceeds_ordered");
  given(kAll).when(Fulfil{.lines = {{1, 1}}}).then_rejected("order.fulfilled_exceeds_ordered");
}
TEST_F(OrderTest, APortionNamesALineItsSignAndAQuantity) {
  given(kSale).when(Fulfil{.lines = {{0, 1}}}).then_rejected("order.line_unknown");
  when(Fulfil{.lines = {{3, 1}}}).then_rejected("order.line_unknown");
  when(Fulfil{.lines = {{1, 0}}}).then_rejected("order.quantity_zero");
  when(Fulfil{.lines = {{1, -1}}}).then_rejected("order.quantity_sign_differs");
}
TEST_F(OrderTest, IsCancelledForAReason) {
  given(kSale).when(Cancel{.reason_code = "customer"}).then(kCancelled);
}
TEST_F(OrderTest, IsNotCancelledWithoutAReason) {
  given(kSale).when(Cancel{.reason_code = ""}).then_rejected("order.reason_missing");
}
TEST_F(OrderTest, IsNotCancelledOnceSomethingIsFulfilled) {
  given(kSale, kAll)
      .when(Cancel{.reason_code = "customer"})
      .then_rejected("order.already_fulfilled");
  as_fact().when(Cancel{.reason_code = ""}).then(Cancelled{.reason_code = ""});
}
TEST_F(OrderTest, IsNotFulfilledAfterACancellation) {
  given(kSale, kCancelled).when(Fulfil{}).then_rejected("order.cancelled");
  as_fact().when(Fulfil{}).then(kAll);
}
TEST_F(OrderTest, IsReturnedAsAWhole) {
  given(kSale, kAll)
      .when(Return{.reason_code = "damaged"})
      .then(Returned{.lines = {{1, 3'000}, {2, 1'000}},
                     .refund = gbp(20'05),
                     .reason_code = "damaged",
                     .number = 1});
}
TEST_F(OrderTest, IsReturnedInPartsThatAddUpExactly) {
  given(kSale, kAll)
      .when(Return{.lines = {{1, 1'500}}, .reason_code = "damaged"})
      .then_each_time(Returned{
          .lines = {{1, 1'500}}, .refund = gbp(5'02), .reason_code = "damaged", .number = 1});
  when(Return{.lines = {{1, 1'500}}, .reason_code = "damaged"})
      .then(Returned{
          .lines = {{1, 1'500}}, .refund = gbp(5'03), .reason_code = "damaged", .number = 2});
}
TEST_F(OrderTest, IsReturnedOnceNothingIsLeftWithTheCustomer) {
  given(kSale, kAll).when(Return{.lines = {{1, 3'000}}, .reason_code = "damaged"}).follow();
  EXPECT_EQ(state().status, Status::kFulfilled);
  when(Return{.lines = {{2, 1'000}}, .reason_code = "damaged"}).follow();
  EXPECT_EQ(state().status, Status::kReturned);
  when(Fulfil{}).then_nothing();
  when(Cancel{.reason_code = "customer"}).then_rejected("order.already_fulfilled");
}
TEST_F(OrderTest, WhatWasNotYetFulfilledIsFulfilledAfterAReturnOfTheRest) {
  given(kSale, Fulfilled{.lines = {{1, 3'000}}, .amount = gbp(10'05), .complete = false, .number = 1});
  when(Return{.reason_code = "damaged"}).follow();
  EXPECT_EQ(state().status, Status::kReturned);
  when(Fulfil{}).then(Fulfilled{.amount = gbp(10'00), .complete = true, .number = 2});
  EXPECT_EQ(state().status, Status::kFulfilled);
}
TEST_F(OrderTest, IsNotCancelledAgainForAnotherReason) {
  given(kSale, kCancelled).when(Cancel{.reason_code = "fraud"}).then_rejected("order.already_cancelled");
  when(Cancel{.reason_code = "customer"}).then_nothing();
}
TEST_F(OrderTest, ACorrectionHasAnApprover) {
  Correct correct{.target = kTarget, .new_ = {.quote_id = "q"}, .approver_id = ""};
  given(kSale).when(correct).then_rejected("order.approver_missing").at_field("approverId");
  EXPECT_TRUE(as_fact().when(correct).accepted());
}
// A count is stored in 16 bits.
TEST_F(OrderTest, TheLastFulfilmentAndTheLastReturnAreCounted) {
  constexpr std::uint16_t kLast = std::numeric_limits<std::uint16_t>::max();
  given(placed(Kind::SALE, {priced(1'000'000, price(1), 10'00)}));
  for (std::uint32_t i = 1; i < kLast; ++i)
    given(Fulfilled{.lines = {{1, 1}}, .amount = gbp(0), .complete = false, .number = static_cast<std::uint16_t>(i)});
  when(Fulfil{.lines = {{1, 1}}}).follow();
  EXPECT_TRUE(accepted());
  when(Fulfil{.lines = {{1, 1}}}).then_rejected("order.too_many_fulfilments");
  given(Returned{.lines = {{1, 1}}, .refund = gbp(0), .reason_code = "x", .number = kLast});
  when(Return{.lines = {{1, 1}}, .reason_code = "x"}).then_rejected("order.too_many_returns");
}
TEST_F(OrderTest, NoMoreIsReturnedThanWasFulfilled) {
  given(kSale,
        Fulfilled{.lines = {{1, 1'000}}, .amount = gbp(3'35), .complete = false, .number = 1});
  when(Return{.lines = {{1, 1'001}}, .reason_code = "damaged"})
      .then_rejected("order.returned_exceeds_fulfilled");
  when(Return{.lines = {{2, 1}}, .reason_code = "damaged"})
      .then_rejected("order.returned_exceeds_fulfilled");
}
TEST_F(OrderTest, AReturnNeedsAReasonAndSomethingFulfilled) {
  given(kSale).when(Return{.reason_code = "damaged"}).then_rejected("order.nothing_to_return");
  given(kAll).when(Return{.reason_code = ""}).then_rejected("order.reason_missing");
}
TEST_F(OrderTest, OnlyASaleIsReturned) {
  given(placed(Kind::ADJUSTMENT, {priced(1'000, price(1), 1)}))
      .when(Return{.reason_code = "damaged"})
      .then_rejected("order.not_a_sale");
}
TEST_F(OrderTest, ACorrectionRecordsOldAndNewOfTheFieldsThatDiffer) {
  given(kSale)
      .when(Correct{
          .target = kTarget, .new_ = {.account_id = "12347", .quote_id = ""}, .approver_id = "p-1"})
      .then(CorrectionRecorded{.target = kTarget,
                               .old = {.account_id = "12346"},
                               .new_ = {.account_id = "12347"},
                               .approver_id = "p-1"});
  EXPECT_EQ(state().subject(), "account-12347");
}
TEST_F(OrderTest, NothingHappensToAnOrderThatDoesNotExist) {
  when(Fulfil{}).then_rejected("order.not_found");
  when(Cancel{.reason_code = "x"}).then_rejected("order.not_found");
  when(Return{.reason_code = "x"}).then_rejected("order.not_found");
  when(Correct{.target = kTarget, .new_ = {.quote_id = "q"}, .approver_id = "p-1"})
      .then_rejected("order.not_found");
}

// Whatever portions an order is fulfilled and returned in, they add up to its total.
TEST(OrderParts, AddUpToTheWhole) {
  EXPECT_TRUE(rc::check([] {
    auto total = *rc::gen::inRange<std::int64_t>(0, 1'000'00);
    auto ordered = *rc::gen::inRange<std::int64_t>(1, 50);
    Spec<Decider> spec;
    spec.given(placed(Kind::SALE, {priced(ordered, price(1), total)}));
    for (auto left = ordered; left > 0;) {
      auto now = *rc::gen::inRange<std::int64_t>(1, left + 1);
      spec.when(Fulfil{.lines = {{1, now}}}).follow();
      left -= now;
    }
    auto& amounts = spec.state().fulfilments_minor;
    RC_ASSERT(std::accumulate(amounts.begin(), amounts.end(), std::int64_t{0}) == total);
    for (auto left = ordered; left > 0;) {
      auto now = *rc::gen::inRange<std::int64_t>(1, left + 1);
      spec.when(Return{.lines = {{1, now}}, .reason_code = "x"}).follow();
      left -= now;
    }
    RC_ASSERT(spec.state().refunded_minor == total);
  }));
}

// What an event asks of the loyalty member, as "member command txn original amount/what remains".
template <class E>
std::vector<std::string> asked(Spec<Decider>& spec, const E& event) {
  spec.given(event);
  Policies policies;
  PolicyLookup lookup(policies, {0}, false);
  Reactions reactions;
  GivenReason reason;
  react_to(spec.state(), event, {.id = "o", .policies = lookup, .reason = reason, .event = kTarget}, reactions);
  std::vector<std::string> all;
  for (auto& reaction : reactions.all()) {
    EXPECT_EQ(reaction.aggregate, "loyaltyMember");
    capnp::FlatArrayMessageReader message(reaction.command);
    loyalty_member::Command::visit(
        message.getRoot<loyalty_member::wire::Command>(), [&]<class C>(const C& command) {
          if constexpr (std::same_as<C, loyalty_member::RewardPurchase>) {
            EXPECT_EQ(command.source, kTarget);
            all.push_back(reaction.id + " reward " + std::string(command.txn_id) + " " +
                          std::to_string(command.amount.amount_minor));
          } else if constexpr (std::same_as<C, loyalty_member::TakeBackPurchase>) {
            all.push_back(reaction.id + " take back " + std::string(command.txn_id) + " of " +
                          std::string(command.original_txn_id.value_or("-")) + " " +
                          std::to_string(command.amount.amount_minor) +
                          (command.remaining ? "/" + std::to_string(command.remaining->amount_minor) : ""));
          } else {
            ADD_FAILURE() << "another command";
          }
        });
  }
  return all;
}
using Asked = std::vector<std::string>;
const Fulfilled kFirst{.lines = {{1, 3'000}}, .amount = gbp(10'05), .complete = false, .number = 1};
const Fulfilled kSecond{.lines = {{2, 1'000}}, .amount = gbp(10'00), .complete = true, .number = 2};
Returned returned(std::int64_t minor, std::uint16_t number) {
  return {.refund = gbp(minor), .reason_code = "x", .number = number};
}

TEST_F(OrderTest, EachFulfilmentOfASaleIsRewarded) {
  given(kSale);
  EXPECT_EQ(asked(*this, kFirst), Asked{"12346 reward o 1005"});
  EXPECT_EQ(asked(*this, kSecond), Asked{"12346 reward o.2 1000"});
}
TEST_F(OrderTest, TheMemberNamedInTheOrderIsTheOneWhoEarns) {
  auto order = kSale;
  order.member_id = "card-7";
  given(order);
  EXPECT_EQ(asked(*this, kAll), Asked{"card-7 reward o 2005"});
}
TEST_F(OrderTest, AnOrderWithoutACustomerRewardsNobody) {
  auto order = kSale;
  order.account_id.reset();
  given(order);
  EXPECT_EQ(asked(*this, kAll), Asked{});
  EXPECT_EQ(asked(*this, returned(1, 1)), Asked{});
}
TEST_F(OrderTest, ACreditNoteTakesPointsBackFromTheNewestLots) {
  given(placed(Kind::CREDIT_NOTE, {priced(-2'000, price(150), -3'00)}));
  EXPECT_EQ(asked(*this, Fulfilled{.amount = gbp(-3'00), .complete = true, .number = 1}),
            Asked{"12346 take back o of - 300"});
}
TEST_F(OrderTest, AnAdjustmentMovesNoPoints) {
  given(placed(Kind::ADJUSTMENT, {priced(1'000, price(100), 1'00)}));
  EXPECT_EQ(asked(*this, Fulfilled{.amount = gbp(1'00), .complete = true, .number = 1}), Asked{});
}
TEST_F(OrderTest, AReturnTakesBackWhatItsFulfilmentsEarned) {
  given(kSale, kFirst, kSecond);
  EXPECT_EQ(asked(*this, returned(5'00, 1)), Asked{"12346 take back o.r1 of o 500/505"});
  EXPECT_EQ(asked(*this, returned(8'00, 2)),
            (Asked{"12346 take back o.r2 of o 505/0", "12346 take back o.r2.2 of o.2 295/705"}));
  EXPECT_EQ(asked(*this, returned(7'05, 3)), Asked{"12346 take back o.r3 of o.2 705/0"});
}

}  // namespace
}  // namespace rapport::order
