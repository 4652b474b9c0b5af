// The books of a member balance, whatever happens to it.
#include <rapidcheck.h>

#include "tests/domain/loyalty_samples.h"
#include "tests/views/property.h"

namespace rapport::loyalty_member {
namespace {

// --- the books balance ---
struct Books {  // by the events' own points alone
  std::int64_t earned = 0, redeemed = 0, expired = 0, reversed = 0, adjusted = 0;
  std::int64_t balance() const { return earned - redeemed - expired - reversed + adjusted; }
  void book(Words event) {
    capnp::FlatArrayMessageReader message(event);
    Event::visit(message.getRoot<wire::Event>(), [&]<class E>(const E& value) {
      if constexpr (std::same_as<E, PointsEarned>) earned += value.points;
      if constexpr (std::same_as<E, PointsRedeemed>) redeemed += value.points;
      if constexpr (std::same_as<E, PointsExpired>) expired += value.points;
      if constexpr (std::same_as<E, PointsReversed>) reversed += value.points;
      if constexpr (std::same_as<E, PointsAdjusted>) adjusted += value.points;
    });
  }
};

struct Life {
  FoldOf<Decider> member;
  Books books;
  Policies policies;
  EventBuffer scratch, out;

  Life() {
    take(put<Event>(kEnrolled));
    auto published = program(1, 1, {10'000}, 20);
    RAPPORT_ASSERT(policies.apply("points", scratch.append<policy_set::wire::Event>(
                                                [&](auto b) { published.write_member(b); })));
  }
  template <class Union>
  Words put(const auto& value) {
    scratch.clear();
    return scratch.append<typename Union::Wire>([&](auto b) { value.write_member(b); });
  }
  void take(Words event) {
    books.book(event);
    RAPPORT_ASSERT(member.apply(event) == Applied::kYes);
  }
  void send(std::int64_t day, bool as_fact, const auto& command) {
    PolicyLookup lookup(policies, {static_cast<std::int32_t>(kToday.days + day)}, as_fact);
    GivenReason reason("goodwill");
    Context context{.id = "1",
                    .now = {(kToday.days + day) * kMicrosPerDay},
                    .as_fact = as_fact,
                    .policies = lookup,
                    .reason = reason};
    out.clear();
    if (!member.ask(put<Command>(command), context, out).accepted()) return;
    for (std::size_t i = 0; i < out.size(); ++i) take(out[i]);
  }
  void any_command(std::int64_t day) {
    auto points = *rc::gen::inRange<std::int64_t>(-5, 120);
    auto txn = std::to_string(*rc::gen::inRange(0, 40)),
         other = std::to_string(*rc::gen::inRange(0, 40));
    auto fact = *rc::gen::arbitrary<bool>();
    std::optional<Text> original =
        *rc::gen::arbitrary<bool>() ? std::optional<Text>(other) : std::nullopt;
    Date last{static_cast<std::int32_t>(kToday.days + *rc::gen::inRange(0, 30))};
    switch (*rc::gen::inRange(0, 8)) {
      case 0:
        return send(day, fact, Earn{.txn_id = txn, .points = points, .expires_on = last});
      case 1:
        return send(day, fact, Redeem{.txn_id = txn, .points = points});
      case 2:
        return send(day, fact,
                    Reverse{.txn_id = txn, .original_txn_id = original, .points = points});
      case 3:
        return send(day, fact, Expire{.lot_id = other});
      case 4:
        return send(day, fact, Adjust{.txn_id = txn, .points = points - 60, .approver_id = "p"});
      case 5:
        return send(day, fact, RewardPurchase{.txn_id = txn, .amount = gbp(points * 77)});
      case 6:
        return send(day, fact,
                    TakeBackPurchase{
                        .txn_id = txn, .original_txn_id = original, .amount = gbp(points * 77)});
      default:
        return send(day, fact,
                    ChangeStatus{.status = *rc::gen::element(Status::ACTIVE, Status::SUSPENDED)});
    }
  }
};

TEST(LoyaltyMemberBooks, BalanceIsEarnedLessSpentAndTheLotsLessDebtAfterEveryCommand) {
  std::int64_t reversed = 0, redeemed = 0, expired = 0;
  auto every_kind = [&] { return reversed > 0 && redeemed > 0 && expired > 0; };
  expect_holds_until(every_kind, [&] {
    Life life;
    auto commands = *rc::gen::inRange(1, 80);
    for (std::int64_t i = 0; i < commands; ++i) {
      auto before = life.member.state().balance();
      life.any_command(i / 2);
      auto& state = life.member.state();
      RC_ASSERT(state.balance() == life.books.balance());
      RC_ASSERT(state.debt >= 0);
      std::int64_t held = 0;
      for (auto& lot : state.lots) {
        RC_ASSERT(lot.remaining >= 0);
        RC_ASSERT(lot.reversible >= 0);
        held += lot.remaining;
      }
      RC_ASSERT(state.debt == 0 || held == 0);
      RC_ASSERT(state.balance() >= 0 || state.balance() >= before || life.books.reversed > 0);
    }
    reversed += life.books.reversed, redeemed += life.books.redeemed, expired += life.books.expired;
  });
  EXPECT_TRUE(every_kind()) << "of movement was reached";
}

}  // namespace
}  // namespace rapport::loyalty_member
