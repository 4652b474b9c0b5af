#include "domain/loyalty_member.h"

#include <rapidcheck.h>

#include <numeric>

#include "tests/domain/spec.h"

namespace rapport::loyalty_member {
namespace {

constexpr Date kToday{20'089};  // Spec::kNow
constexpr Money gbp(std::int64_t minor) { return {minor, "GBP"}; }
policy_set::Published program(std::uint32_t version, std::int64_t points, Date from,
                              std::optional<std::uint16_t> expires = {}) {
  return {.version = version,
          .effective_from = from,
          .loyalty_program = policy_set::LoyaltyProgramBody{
              .earn = policy_set::EarnRule{.on = policy_set::EarnOn::ORDER_FULFILLED,
                                           .points = points,
                                           .per = gbp(100),
                                           .round = policy_set::Rounding::DOWN,
                                           .expires_after_days = expires},
              .reverse = policy_set::ReverseRule{.on = policy_set::ReverseOn::CREDIT_NOTE,
                                                 .lots = policy_set::LotOrder::NEWEST}}};
}
const Enrolled kEnrolled{.program_id = "points", .account_id = "12346"};
PointsEarned earned(Text txn, std::int64_t points, std::optional<Date> expires_on = {},
                    std::int64_t debt_paid = 0) {
  return {.txn_id = txn, .points = points, .expires_on = expires_on, .debt_paid = debt_paid};
}
const StatusChanged kSuspended{.old = Status::ACTIVE, .new_ = Status::SUSPENDED};
const StatusChanged kLeft{.old = Status::ACTIVE, .new_ = Status::LEFT};
const EventId kSource{7, 8, 1};

struct LoyaltyMemberTest : testing::Test, Spec<Decider> {
  LoyaltyMemberTest() { policy("points", program(1, 1, {10'000})); }
};

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
  given(kEnrolled, earned("t1", 40)).when(Earn{.txn_id = "t1", .points = 7}).then_nothing();
  when(Redeem{.txn_id = "t1", .points = 7}).then_nothing();
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
  given(kEnrolled);
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
                         .source = kSource});
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
                         .debt_paid = 0});
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
  given(kEnrolled, earned("a", 10), earned("b", 10))
      .when(Reverse{.txn_id = "x", .points = 25, .basis = gbp(25'00)})
      .then(PointsReversed{.txn_id = "x",
                           .points = 25,
                           .allocations = {{"b", 10}, {"a", 10}},
                           .debt = 5,
                           .basis = gbp(25'00)});
}
TEST_F(LoyaltyMemberTest, LaterEarningsPayTheDebtFirst) {
  given(kEnrolled, PointsReversed{.txn_id = "x", .points = 5, .debt = 5})
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
      .when(TakeBackPurchase{.txn_id = "c", .amount = gbp(12'50)})
      .then(PointsReversed{
          .txn_id = "c", .points = 12, .allocations = {{"a", 10}}, .debt = 2, .basis = gbp(12'50)});
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
TEST_F(LoyaltyMemberTest, AnAdjustmentTakesFromLotsButNeverBelowZero) {
  given(kEnrolled, earned("a", 10), earned("b", 10, kToday))
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
  when(ChangeTier{.tier = "gold", .qualifying_points = 990, .valid_until = Date{20'800}})
      .then(TierChanged{
          .old = "gold", .new_ = "gold", .qualifying_points = 990, .valid_until = Date{20'800}});
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

// --- the state machine, every command in every state ---
void outcome(std::vector<Status> path, const auto& command, std::string_view code) {
  Spec<Decider> spec;
  spec.policy("points", program(1, 1, {10'000}));
  if (!path.empty())
    spec.given(kEnrolled, earned("lot", 100, Date{kToday.days - 1}), earned("more", 100));
  for (std::size_t i = 1; i < path.size(); ++i)
    spec.given(StatusChanged{.old = path[i - 1], .new_ = path[i]});
  spec.when(command);
  if (code.empty())
    EXPECT_TRUE(spec.accepted());
  else
    spec.then_rejected(code);
}
TEST(LoyaltyMemberStates, EveryCommandInEveryState) {
  using enum Status;
  const std::vector<Status> none, active{ACTIVE}, suspended{ACTIVE, SUSPENDED}, left{ACTIVE, LEFT};
  auto open_to_all_but_leavers = [&](const auto& command) {
    outcome(none, command, "loyalty_member.not_enrolled");
    outcome(active, command, "");
    outcome(suspended, command, "");
    outcome(left, command, "loyalty_member.left");
  };
  open_to_all_but_leavers(Earn{.txn_id = "t", .points = 1});
  open_to_all_but_leavers(Reverse{.txn_id = "t", .points = 1});
  open_to_all_but_leavers(Expire{.lot_id = "lot"});
  open_to_all_but_leavers(Adjust{.txn_id = "t", .points = 1, .approver_id = "p"});
  open_to_all_but_leavers(ChangeTier{.tier = "gold", .qualifying_points = 1});
  outcome(none, Redeem{.txn_id = "t", .points = 1}, "loyalty_member.not_enrolled");
  outcome(active, Redeem{.txn_id = "t", .points = 1}, "");
  outcome(suspended, Redeem{.txn_id = "t", .points = 1}, "loyalty_member.suspended");
  outcome(left, Redeem{.txn_id = "t", .points = 1}, "loyalty_member.left");
  outcome(none, RewardPurchase{.txn_id = "t", .amount = gbp(100)}, "loyalty_member.not_enrolled");
  outcome(none, TakeBackPurchase{.txn_id = "t", .amount = gbp(100)}, "loyalty_member.not_enrolled");
  outcome(none, Correct{.target = kSource, .new_ = {.card_no = "c"}, .approver_id = "p"},
          "loyalty_member.not_enrolled");
  outcome(none, ChangeStatus{.status = SUSPENDED}, "loyalty_member.not_enrolled");
  outcome(left, ChangeStatus{.status = ACTIVE}, "loyalty_member.left");
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
  EXPECT_TRUE(rc::check([&] {
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
  }));
  EXPECT_GT(reversed, 0);  // the sequences reached every kind of movement
  EXPECT_GT(redeemed, 0);
  EXPECT_GT(expired, 0);
}

}  // namespace
}  // namespace rapport::loyalty_member
