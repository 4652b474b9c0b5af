#include "tests/views_commands/any_command.h"

#include "domain/schema/account.values.h"
#include "domain/schema/case.values.h"
#include "domain/schema/loyalty_member.values.h"
#include "domain/schema/opportunity.values.h"
#include "domain/schema/order.values.h"
#include "domain/schema/policy_set.values.h"
#include "domain/schema/principal.values.h"

namespace rapport::projections {
namespace {

const EventId kTarget{1, 1, 0};

// Who, what and how much of one command; texts live as long as the draw.
struct Draw {
  explicit Draw(std::int64_t today)
      : number(std::to_string(drawn(0, 4))),
        txn("t" + std::to_string(drawn(0, 20))),
        account(*rc::gen::element<std::string>("a1", "a2", "a3", "")),
        person(*rc::gen::element<std::string>("ann", "ben")),
        minor(drawn<std::int64_t>(0, 5'000)),
        money{minor, *rc::gen::element(Currency("GBP"), Currency("GBP"), Currency("EUR"))},
        at{day(today - drawn(0, 4)).micros + drawn(0, 3)},
        fact(drawn(0, 4) == 0) {}

  std::string number, txn, account, person;
  std::int64_t minor;
  Money money;
  Timestamp at;
  bool fact;

  std::optional<Text> some_account() const { return account.empty() ? std::nullopt : std::optional<Text>(account); }
  Date some_date() const { return {date_of(day(0)).days + static_cast<std::int32_t>(minor % 20)}; }
};

class Doing {
 public:
  Doing(World& world, const Draw& draw) : world_(world), draw_(draw) {}
  void operator()(std::string_view aggregate, const std::string& id, const auto& command) {
    (void)world_.send(aggregate, id, command, draw_.at, draw_.fact);
  }

 private:
  World& world_;
  const Draw& draw_;
};

void deal(Doing& send, const Draw& d) {
  using namespace opportunity;
  auto id = "d" + d.number;
  Text stage = d.minor % 2 ? "first" : "second";
  switch (drawn(0, 12)) {
    case 0:
    case 1:
    case 2:
      return send("opportunity", id,
                  Open{.account_id = d.some_account(),
                       .owner_id = d.person,
                       .pipeline_id = "sales",
                       .stage_id = stage,
                       .amount = d.minor % 7 ? std::optional(d.money) : std::nullopt,
                       .close_date = d.some_date()});
    case 3: return send("opportunity", id, MoveStage{.stage_id = stage});
    case 4: return send("opportunity", id, ChangeAmount{.amount = d.money});
    case 5: return send("opportunity", id, ChangeCloseDate{.close_date = d.some_date()});
    case 6: return send("opportunity", id, AssignOwner{.owner_id = d.person});
    case 7: return send("opportunity", id, ChangeDetails{.new_ = {.account_id = d.account}});
    case 8: return send("opportunity", id, Win{.amount = d.minor % 3 ? std::optional(d.money) : std::nullopt});
    case 9: return send("opportunity", id, Lose{.reason_code = "price"});
    case 10: return send("opportunity", id, Reopen{.to_stage = stage});
    default:
      return send("opportunity", id,
                  Correct{.target = kTarget, .new_ = {.account_id = d.account, .amount = d.money}, .approver_id = "p"});
  }
}

void support(Doing& send, const Draw& d) {
  using namespace case_;
  auto id = "c" + d.number;
  auto kind = *rc::gen::element(MilestoneKind::RESOLUTION, MilestoneKind::FIRST_RESPONSE, MilestoneKind::ACKNOWLEDGE);
  auto priority = static_cast<std::uint8_t>(1 + d.minor % 5);
  switch (drawn(0, 17)) {
    case 0:
    case 1:
    case 2: return send("case", id, Open{.account_id = d.some_account(), .priority = priority});
    case 3: return send("case", id, Start{});
    case 4: return send("case", id, Assign{.group = d.person});
    case 5: return send("case", id, Classify{.new_ = {.account_id = d.account, .priority = priority}});
    case 6: return send("case", id, case_::Reply{.direction = case_::Direction::OUTBOUND, .public_ = true});
    case 7: return send("case", id, Pend{.on = d.minor % 2 ? PendedOn::CUSTOMER : PendedOn::VENDOR});
    case 8: return send("case", id, Resume{});
    case 9: return send("case", id, Resolve{.resolution_code = "fixed"});
    case 10: return send("case", id, Reopen{});
    case 11: return send("case", id, Close{});
    case 12:
    case 13: {
      auto target = static_cast<std::uint32_t>(3'600 * (1 + d.minor % 100));
      return send("case", id, StartMilestone{.kind = kind, .target_seconds = d.minor % 5 ? std::optional(target) : std::nullopt});
    }
    case 14: return send("case", id, MeetMilestone{.kind = kind});
    case 15: return send("case", id, BreachMilestone{.kind = kind});
    default: return send("case", id, CancelMilestone{.kind = kind});
  }
}

void shop(Doing& send, const Draw& d) {
  using namespace order;
  auto id = "o" + d.number;
  switch (drawn(0, 8)) {
    case 0:
    case 1:
    case 2: {
      bool back = d.minor % 4 == 0;
      return send("order", id,
                  Place{.kind = back ? Kind::CREDIT_NOTE : Kind::SALE,
                        .account_id = d.some_account(),
                        .currency = d.money.currency,
                        .lines = {{.product_id = "p",
                                   .qty_milli = back ? -2'000 : 2'000,
                                   .unit_price = {1 + d.minor, 2, d.money.currency},
                                   .discount_bp = 0}}});
    }
    case 3: return send("order", id, Fulfil{.lines = {{1, 500}}});
    case 4: return send("order", id, Fulfil{});
    case 5: return send("order", id, Cancel{.reason_code = "x"});
    case 6: return send("order", id, Return{.reason_code = "x"});
    default:
      return send("order", id, Correct{.target = kTarget, .new_ = {.account_id = d.account}, .approver_id = "p"});
  }
}

void member(Doing& send, const Draw& d) {
  using namespace loyalty_member;
  auto id = d.minor % 5 ? (d.account.empty() ? std::string("m") : d.account) : "m";
  auto points = 1 + d.minor % 40;
  switch (drawn(0, 8)) {
    case 0:
    case 1:
      return send("loyaltyMember", id,
                  Enrol{.program_id = "points", .account_id = d.minor % 2 ? d.some_account() : std::nullopt});
    case 2: return send("loyaltyMember", id, Earn{.txn_id = d.txn, .points = points});
    case 3: return send("loyaltyMember", id, Redeem{.txn_id = d.txn, .points = points});
    case 4: return send("loyaltyMember", id, Reverse{.txn_id = d.txn, .points = points});
    case 5: return send("loyaltyMember", id, Adjust{.txn_id = d.txn, .points = points - 20, .approver_id = "p"});
    case 6: return send("loyaltyMember", id, Expire{.lot_id = d.txn});
    default:
      return send("loyaltyMember", id, Correct{.target = kTarget, .new_ = {.account_id = d.account}, .approver_id = "p"});
  }
}

void customer(Doing& send, const Draw& d) {
  using namespace account;
  auto id = "a" + d.number;
  auto other = d.account.empty() ? std::string("a9") : d.account;
  switch (drawn(0, 6)) {
    case 0:
    case 1: return send("account", id, Create{.kind = Kind::CUSTOMER, .industry = "retail", .owner_id = d.person});
    case 2:
      return send("account", id,
                  SetRelation{.other_id = other,
                              .role = RelationRole::PARENT,
                              .to = d.minor % 2 ? std::optional(d.some_date()) : std::nullopt});
    case 3: return send("account", id, AssignOwner{.owner_id = d.person});
    case 4: return send("account", id, SetLifecycle{.lifecycle = d.minor % 2 ? Lifecycle::ACTIVE : Lifecycle::INACTIVE});
    default: return send("principal", d.person, principal::Assign{.team_id = other});
  }
}

}  // namespace

void publish_rules(World& world, std::uint16_t first_stage_bp) {
  policy_set::Publish pipeline{
      .effective_from = Date{10'000},
      .pipeline = policy_set::PipelineBody{
          .stages = {{.id = "first", .label = "First", .probability_bp = first_stage_bp, .forecast_category = ForecastCategory::PIPELINE},
                     {.id = "second", .label = "Second", .probability_bp = 5'000, .forecast_category = ForecastCategory::COMMIT}}}};
  policy_set::Publish program{
      .effective_from = Date{10'000},
      .loyalty_program = policy_set::LoyaltyProgramBody{
          .earn = policy_set::EarnRule{.on = policy_set::EarnOn::ORDER_FULFILLED,
                                       .points = 2,
                                       .per = {100, "GBP"},
                                       .round = policy_set::Rounding::DOWN,
                                       .expires_after_days = 15},
          .reverse = policy_set::ReverseRule{.on = policy_set::ReverseOn::CREDIT_NOTE, .lots = policy_set::LotOrder::NEWEST}}};
  RAPPORT_ASSERT(world.send("policySet", "sales", pipeline, day(0), true));
  RAPPORT_ASSERT(world.send("policySet", "points", program, day(0), true));
}

void any_command(World& world, std::int64_t today) {
  const Draw draw(today);
  Doing send(world, draw);
  switch (drawn(0, 8)) {
    case 0:
    case 1: return deal(send, draw);
    case 2:
    case 3: return support(send, draw);
    case 4:
    case 5: return shop(send, draw);
    case 6: return member(send, draw);
    default: return customer(send, draw);
  }
}

void live(World& world, std::int64_t commands) {
  publish_rules(world);
  for (std::int64_t i = 0; i < commands; ++i) any_command(world, i / 4);
}

}  // namespace rapport::projections
