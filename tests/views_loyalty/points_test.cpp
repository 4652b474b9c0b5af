// The books of points balance, member by member and in total, whatever was done; and what was known
// then stays known.
#include <rapidcheck.h>

#include <map>

#include "domain/loyalty_member.h"
#include "domain/order.h"
#include "projections/columns.h"
#include "projections/loyalty/rows.h"
#include "tests/views/property.h"
#include "tests/views/world.h"

namespace rapport::projections {
namespace {

namespace points = loyalty_member;

void publish_program(World& world) {
  policy_set::Publish publish{
      .effective_from = Date{10'000},
      .loyalty_program = policy_set::LoyaltyProgramBody{
          .earn = policy_set::EarnRule{.on = policy_set::EarnOn::ORDER_FULFILLED,
                                       .points = 2,
                                       .per = {100, "GBP"},
                                       .round = policy_set::Rounding::DOWN,
                                       .expires_after_days = 15},
          .reverse = policy_set::ReverseRule{.on = policy_set::ReverseOn::CREDIT_NOTE,
                                             .lots = policy_set::LotOrder::NEWEST}}};
  RAPPORT_ASSERT(world.send("policySet", "points", publish, day(0), true));
}

order::Place order_of(order::Kind kind, Text member, std::int64_t minor, Currency currency) {
  std::int64_t sign = kind == order::Kind::SALE ? 1 : -1;
  return {.kind = kind,
          .account_id = member,
          .currency = currency,
          .lines = {{.product_id = "p",
                     .qty_milli = sign * 1'000,
                     .unit_price = {minor, 2, currency},
                     .discount_bp = 0},
                    {.product_id = "q",
                     .qty_milli = sign * 2'000,
                     .unit_price = {33, 2, currency},
                     .discount_bp = 0}}};
}

// One thing that a shop or a clerk might do; refusals are part of it.
void anything(World& world, std::int64_t today) {
  static constexpr std::string_view kMembers[]{"m1", "m2", "m3"};
  Text member = kMembers[*rc::gen::inRange(0, 3)];
  auto order = std::to_string(*rc::gen::inRange(0, 8)),
       txn = std::to_string(*rc::gen::inRange(0, 30));
  auto redemption = "r" + txn, reversal = "x" + txn;
  auto number = *rc::gen::inRange<std::int64_t>(1, 60);
  auto now = day(today);
  auto kind = *rc::gen::element(order::Kind::SALE, order::Kind::SALE, order::Kind::CREDIT_NOTE,
                                order::Kind::ADJUSTMENT);
  auto currency = *rc::gen::element(Currency("GBP"), Currency("GBP"), Currency("EUR"));
  auto send = [&](std::string_view aggregate, Text id, const auto& command) {
    (void)world.send(aggregate, id, command, now);
  };
  switch (*rc::gen::inRange(0, 13)) {
    case 0:
    case 1:
    case 2:
      return send("order", order, order_of(kind, member, number * 100, currency));
    case 3:
      return send("order", order, order::Fulfil{.lines = {{1, number * 10}}});
    case 4:
    case 5:
      return send("order", order, order::Fulfil{});
    case 6:
      return send("order", order, order::Return{.lines = {{1, number * 10}}, .reason_code = "x"});
    case 7:
      return send("order", order, order::Return{.reason_code = "x"});
    case 8:
      return send("loyaltyMember", member, points::Redeem{.txn_id = redemption, .points = number});
    case 9:  // the first of the month: whatever has expired goes
      for (int lot = 0; lot < 8; ++lot) {
        auto id = std::to_string(lot);
        send("loyaltyMember", member, points::Expire{.lot_id = id});
      }
      return;
    case 10:
      return send("loyaltyMember", member,
                  points::Adjust{.txn_id = txn, .points = number - 30, .approver_id = "p"});
    case 11:
      return send("order", order,
                  order::Correct{.target = {1, 1, 0},
                                 .new_ = {.account_id = kMembers[number % 3]},
                                 .approver_id = "p"});
    default:
      return send("loyaltyMember", member, points::Reverse{.txn_id = reversal, .points = number});
  }
}

struct Totals {
  Wide balance = 0, earned = 0, reversed = 0, redeemed = 0, expired = 0, adjusted = 0;
};

class Balanced {
 public:
  explicit Balanced(const World& world) : world_(world) {
    world.fold(*find_view("loyalty"), store_, world.size(), 4);
    auto snapshot = store_.snapshot();
    RAPPORT_ASSERT(snapshot);
    snapshot_ = std::move(*snapshot);
  }
  Totals check() {
    Query query;
    Computation in(*snapshot_, query, {});
    std::map<std::string, Wide> lots, ledger;
    (void)in.each<loyalty::Lot>(
        [&](const loyalty::Lot& lot) { lots[lot.member] += lot.remaining; });
    (void)in.each<loyalty::Movement>([&](const loyalty::Movement& entry) {
      ledger[entry.member] += entry.points;
      std::int64_t moved = -entry.debt;
      for (auto change : entry.lot_points) moved += change;
      RC_ASSERT(moved == entry.points);
      RC_ASSERT(entry.balance == ledger[entry.member]);
    });
    Totals all;
    (void)in.each<loyalty::Member>([&](const loyalty::Member& member) {
      RC_ASSERT(member.balance() == lots[member.id] - member.debt);
      RC_ASSERT(member.balance() == ledger[member.id]);
      RC_ASSERT(member.balance() == decided(member.id));
      all.balance += member.balance(), all.earned += member.earned, all.reversed += member.reversed;
      all.redeemed += member.redeemed, all.expired += member.expired,
          all.adjusted += member.adjusted;
    });
    return all;
  }
  // What the sum of all fulfilments less refunds is, by the orders' own states.
  void check_spend() {
    Query query;
    Computation in(*snapshot_, query, {});
    std::int64_t bought = 0, by_orders = 0;
    (void)in.each<loyalty::Purchase>(
        [&](const loyalty::Purchase& p) { bought += p.amount.amount_minor; });
    (void)in.each<loyalty::Order>([&](const loyalty::Order& row) {
      auto state = fold<order::Decider>("order-" + row.id);
      for (auto minor : state.fulfilments_minor) by_orders += minor;
      by_orders -= state.refunded_minor;
    });
    RC_ASSERT(bought == by_orders);
  }

 private:
  template <class D>
  typename D::State fold(const std::string& stream) const {
    FoldOf<D> state;
    auto events = world_.log().read({.stream = stream});
    for (auto event = events->next(); *event; event = events->next())
      RAPPORT_ASSERT(state.apply((*event)->payload) == Applied::kYes);
    return state.state();
  }
  std::int64_t decided(const std::string& member) const {
    return fold<points::Decider>("loyaltyMember-" + member).balance();
  }

  const World& world_;
  MemoryRowStore store_;
  std::unique_ptr<RowSnapshot> snapshot_;
};

void live(World& world, std::int64_t steps) {
  publish_program(world);
  for (Text member : {"m1", "m2"})  // m3 never enrols
    RAPPORT_ASSERT(world.send("loyaltyMember", member,
                              points::Enrol{.program_id = "points", .account_id = member}));
  for (std::int64_t i = 0; i < steps; ++i) anything(world, i);
}

TEST(Points, BalanceIsEarnedLessSpentAndLotsLessDebtAndWhatTheDecidersSay) {
  Totals seen;
  auto every_kind = [&] { return seen.earned > 0 && seen.reversed > 0 && seen.redeemed > 0 && seen.expired > 0 && seen.adjusted > 0; };
  expect_holds_until(every_kind, [&] {
    World world;
    live(world, *rc::gen::inRange(40, 100));
    Balanced books(world);
    auto all = books.check();
    RC_ASSERT(all.balance == all.earned - all.reversed - all.redeemed - all.expired + all.adjusted);
    books.check_spend();
    seen.earned += all.earned, seen.reversed += all.reversed, seen.redeemed += all.redeemed;
    seen.expired += all.expired, seen.adjusted += all.adjusted != 0;
  });
  EXPECT_TRUE(every_kind()) << "of movement was reached";
}

TEST(Points, KnownAtEqualsAFreshFoldOfTheLogCutThere) {
  EXPECT_TRUE(rc::check([] {
    World world;
    live(world, *rc::gen::inRange(1, 25));
    expect_known_at_equals_a_fresh_fold(*find_view("loyalty"), world);
    RC_ASSERT(!testing::Test::HasFailure());
  }));
}

// The worked example of a shop: sales, a return, a credit note beyond what is left, which takes what is left.
TEST(Points, FollowFromOrdersByTheProgram) {
  World world;
  publish_program(world);
  ASSERT_TRUE(
      world.send("loyaltyMember", "m1", points::Enrol{.program_id = "points", .account_id = "m1"}));
  ASSERT_TRUE(world.send("order", "1", order_of(order::Kind::SALE, "m1", 10'00, "GBP")));
  ASSERT_TRUE(world.send("order", "1", order::Fulfil{.lines = {{2, 2'000}}}));  // 0.66: nothing
  ASSERT_TRUE(world.send("order", "1", order::Fulfil{}));                       // 10.00: 20 points
  ASSERT_TRUE(world.send(
      "order", "1",
      order::Return{.lines = {{1, 500}}, .reason_code = "x"}));  // 5.00, 4.34 of it the 2nd: 5.66 is left, 10 points
  ASSERT_TRUE(world.send("order", "2", order_of(order::Kind::CREDIT_NOTE, "m1", 12'00, "GBP")));
  ASSERT_TRUE(world.send("order", "2", order::Fulfil{}));  // 12.66: 24 points
  auto& view = *find_view("loyalty");
  MemoryRowStore store;
  world.fold(view, store, world.size());
  EXPECT_EQ(lines_of(view, store, "summary", {}),
            (std::vector<std::string>{"points|1|1|2|-700|GBP|20|20|0|0|0|0"}));
  EXPECT_EQ(lines_of(view, store, "ledger",
                     {"kind", "txn", "originalTxn", "points", "lots", "debt", "rule"},
                     {.arguments = {{"id", "m1"}}}),
            (std::vector<std::string>{"earned|1.2||20|1.2 20|0|points.v1",
                                      "reversed|1.r1.2|1.2|-10|1.2 -10|0|",
                                      "reversed|2||-10|1.2 -10|0|"}));
}

}  // namespace
}  // namespace rapport::projections
