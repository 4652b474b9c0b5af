// The state machines of deals, orders and cases.
#include "domain/case.h"
#include "domain/opportunity.h"
#include "domain/order.h"
#include "tests/domain/state_table.h"

namespace rapport {
namespace {

const EventId kTarget{1, 2, 0};

TEST(OpportunityStates, EveryCommandInEveryState) {
  using namespace opportunity;
  using S = Spec<opportunity::Decider>;
  static const policy_set::Published pipeline{
      .version = 1,
      .effective_from = {10'000},
      .pipeline = policy_set::PipelineBody{.stages = {{"new", "New", 1'000, ForecastCategory::PIPELINE}, {"late", "Late", 5'000, ForecastCategory::COMMIT}}}};
  static const Money amount{5'000, "EUR"};
  static auto opened = [](S& s) {
    s.policy("p", pipeline).given(Opened{.owner_id = "anna", .pipeline_id = "p", .stage_id = "new", .probability_bp = 1'000,
                                         .forecast_category = ForecastCategory::PIPELINE, .amount = amount});
  };
  StateTable<opportunity::Decider> table(
      {{"absent", [](S& s) { s.policy("p", pipeline); }},
       {"open", [](S& s) { opened(s); }},
       {"won", [](S& s) { opened(s); s.given(Won{.amount = amount}); }},
       {"lost", [](S& s) { opened(s); s.given(Lost{.reason_code = "price"}); }}});
  const char *ok = kAccepted, *none = "opportunity.not_found", *there = "opportunity.exists", *shut = "opportunity.not_open", *same = kUnchanged;
  const StateTable<opportunity::Decider>::Answers while_open{none, ok, shut, shut}, anytime{none, ok, ok, ok};
  table.row(Open{.pipeline_id = "p", .stage_id = "new"}, {ok, there, there, there}, {ok, there, there, there});
  table.row(MoveStage{.stage_id = "late"}, while_open, anytime);
  table.row(ChangeAmount{.amount = {1, "EUR"}}, while_open, anytime);
  table.row(ChangeCloseDate{.close_date = {1}}, while_open, anytime);
  table.row(ChangeDetails{.new_ = {.name = "x"}}, anytime, anytime);
  table.row(AssignOwner{.owner_id = "ben"}, anytime, anytime);
  table.row(OverrideForecast{.probability_bp = 1}, while_open, anytime);
  table.row(Win{}, {none, ok, same, shut}, {none, ok, same, ok});
  table.row(Win{.amount = Money{7, "EUR"}}, {none, ok, "opportunity.already_won", shut}, {none, ok, "opportunity.already_won", ok});
  table.row(Lose{.reason_code = "price"}, {none, ok, shut, same}, {none, ok, ok, same});
  table.row(Lose{.reason_code = "timing"}, {none, ok, shut, "opportunity.already_lost"}, {none, ok, ok, "opportunity.already_lost"});
  table.row(Reopen{.to_stage = "new"}, {none, same, ok, ok}, {none, same, ok, ok});
  table.row(Reopen{.to_stage = "late"}, {none, "opportunity.not_closed", ok, ok}, {none, "opportunity.not_closed", ok, ok});
  table.row_of_facts(opportunity::Revoke{}, "opportunity.revoked_by_revert_only");
  table.row(opportunity::Correct{.target = kTarget, .new_ = {.name = "x"}, .approver_id = "p"}, anytime, anytime);
  table.row(NoteCompetitor{.name = "Globex", .strength = Strength::WEAK}, while_open, anytime);
}

TEST(OrderStates, EveryCommandInEveryState) {
  using namespace order;
  using S = Spec<order::Decider>;
  static const Placed placed{.kind = order::Kind::SALE,
                             .lines = {{.product_id = "mug", .qty_milli = 2'000, .unit_price = {1, 2, "EUR"}, .discount_bp = 0, .total_minor = 2}},
                             .total = {2, "EUR"}};
  static auto fulfilled = [](bool complete) {
    return Fulfilled{.lines = {{1, complete ? 2'000 : 1'000}}, .amount = {complete ? 2 : 1, "EUR"}, .complete = complete, .number = 1};
  };
  static const Returned returned{.lines = {{1, 2'000}}, .refund = {2, "EUR"}, .reason_code = "broken", .number = 1};
  StateTable<order::Decider> table({{"absent", [](S&) {}},
                             {"placed", [](S& s) { s.given(placed); }},
                             {"partly fulfilled", [](S& s) { s.given(placed, fulfilled(false)); }},
                             {"fulfilled", [](S& s) { s.given(placed, fulfilled(true)); }},
                             {"cancelled", [](S& s) { s.given(placed, Cancelled{.reason_code = "customer"}); }},
                             {"returned", [](S& s) { s.given(placed, fulfilled(true), returned); }}});
  const char *ok = kAccepted, *none = "order.not_found", *there = "order.exists", *same = kUnchanged, *called_off = "order.cancelled",
             *done = "order.already_fulfilled", *other = "order.already_cancelled", *nothing = "order.nothing_to_return",
             *more = "order.fulfilled_exceeds_ordered", *too_much = "order.returned_exceeds_fulfilled";
  const StateTable<order::Decider>::Answers anytime{none, ok, ok, ok, ok, ok};
  order::Place place{.kind = order::Kind::SALE, .currency = "EUR", .lines = {{.product_id = "mug", .qty_milli = 1'000, .unit_price = {1, 2, "EUR"}, .discount_bp = 0}}};
  table.row(place, {ok, there, there, there, there, there}, {ok, there, there, there, there, there});
  table.row(Fulfil{}, {none, ok, ok, same, called_off, same}, {none, ok, ok, same, ok, same});
  table.row(Fulfil{.lines = {{1, 1'000}}}, {none, ok, ok, more, called_off, more}, {none, ok, ok, more, ok, more});
  table.row(Cancel{.reason_code = "customer"}, {none, ok, done, done, same, done}, {none, ok, ok, ok, same, ok});
  table.row(Cancel{.reason_code = "fraud"}, {none, ok, done, done, other, done}, {none, ok, ok, ok, other, ok});
  table.row(Return{.reason_code = "broken"}, {none, nothing, ok, ok, nothing, same}, {none, nothing, ok, ok, nothing, same});
  table.row(Return{.lines = {{1, 1'000}}, .reason_code = "broken"}, {none, too_much, ok, ok, too_much, too_much},
            {none, too_much, ok, ok, too_much, too_much});
  table.row_of_facts(order::Revoke{}, "order.revoked_by_revert_only");
  table.row(order::Correct{.target = kTarget, .new_ = {.quote_id = "q"}, .approver_id = "p"}, anytime, anytime);
}

TEST(CaseStates, EveryCommandInEveryState) {
  using namespace case_;
  using S = Spec<case_::Decider>;
  static const Opened opened{.priority = 3};
  static const SlaMilestoneStarted promise{.kind = MilestoneKind::RESOLUTION, .started_at = S::kNow};
  static const Pended pended{.on = PendedOn::CUSTOMER, .since = S::kNow};
  static const Resolved resolved{.resolution_code = "fixed"};
  StateTable<case_::Decider> table({{"absent", [](S&) {}},
                             {"new", [](S& s) { s.given(opened, promise); }},
                             {"open", [](S& s) { s.given(opened, promise, Started{}); }},
                             {"pending", [](S& s) { s.given(opened, promise, Started{}, pended); }},
                             {"resolved", [](S& s) { s.given(opened, promise, Started{}, resolved); }},
                             {"closed", [](S& s) { s.given(opened, promise, Started{}, resolved, Closed{}); }}});
  const char *ok = kAccepted, *none = "case.not_found", *there = "case.exists", *same = kUnchanged, *shut = "case.not_open",
             *no = "case.not_resolved";
  const StateTable<case_::Decider>::Answers anytime{none, ok, ok, ok, ok, ok};
  table.row(case_::Open{}, {ok, there, there, there, there, there}, {ok, there, there, there, there, there});
  table.row(Start{}, {none, ok, same, "case.not_new", "case.not_new", "case.not_new"}, {none, ok, same, ok, ok, ok});
  table.row(Assign{.assignee = "anna"}, anytime, anytime);
  table.row(Classify{.new_ = {.priority = 1}}, anytime, anytime);
  table.row(Reply{.direction = Direction::OUTBOUND, .public_ = true}, anytime, anytime);
  table.row(Pend{.on = PendedOn::CUSTOMER}, {none, shut, ok, same, shut, shut}, {none, ok, ok, same, ok, ok});
  table.row(Pend{.on = PendedOn::VENDOR}, {none, shut, ok, ok, shut, shut}, anytime);
  table.row(Resume{}, {none, "case.not_pending", same, ok, "case.not_pending", "case.not_pending"}, {none, ok, same, ok, ok, ok});
  table.row(Resolve{.resolution_code = "fixed"}, {none, shut, ok, ok, same, shut}, {none, ok, ok, ok, same, ok});
  table.row(Resolve{.resolution_code = "replaced"}, {none, shut, ok, ok, "case.already_resolved", shut},
            {none, ok, ok, ok, "case.already_resolved", ok});
  table.row(case_::Reopen{}, {none, no, same, no, ok, ok}, {none, ok, same, ok, ok, ok});
  table.row(Close{}, {none, no, no, no, ok, same}, {none, ok, ok, ok, ok, same});
  table.row(StartMilestone{.kind = MilestoneKind::ACKNOWLEDGE}, {none, ok, ok, ok, shut, shut}, anytime);
  table.row(StartMilestone{.kind = MilestoneKind::RESOLUTION},
            {none, "case.milestone_running", "case.milestone_running", "case.milestone_running", shut, shut},
            {none, "case.milestone_running", "case.milestone_running", "case.milestone_running", "case.milestone_running", "case.milestone_running"});
  table.row(MeetMilestone{.kind = MilestoneKind::RESOLUTION}, anytime, anytime);
  table.row(BreachMilestone{.kind = MilestoneKind::RESOLUTION}, anytime, anytime);
  table.row(CancelMilestone{.kind = MilestoneKind::RESOLUTION}, anytime, anytime);
  table.row_of_facts(case_::Revoke{}, "case.revoked_by_revert_only");
  table.row(case_::Correct{.target = kTarget, .new_ = {.priority = 1}, .approver_id = "p"}, anytime, anytime);
}

}  // namespace
}  // namespace rapport
