#include "domain/opportunity.h"

#include "domain/policies.h"

namespace rapport::opportunity {
namespace {

// Rules that hold for every amount, a fact's too.
Decision check_amount(const State& state, const Money& amount) {
  if (amount.amount_minor < 0) return reject("opportunity.amount_negative", "amount");
  if (state.amount && amount.currency != state.amount->currency) return reject("opportunity.currency_differs", "amount");
  return accepted;
}

Decision check_open(const State& state, const Context& context) {
  if (state.status == Status::kNone) return reject("opportunity.not_found");
  if (!context.as_fact && state.status != Status::kOpen) return reject("opportunity.not_open");
  return accepted;
}

// A repeated win or loss changes nothing, as long as it says nothing else.
Decision check_won_alike(const State& state, const Win& win) {
  if (win.amount && win.amount != state.amount) return reject("opportunity.already_won", "amount");
  if (win.order_id && *win.order_id != state.order_id) return reject("opportunity.already_won", "orderId");
  return unchanged;
}
Decision check_lost_alike(const State& state, const Lose& lose, Text reason_code) {
  if (!reason_code.empty() && reason_code != state.lost_for) return reject("opportunity.already_lost", "reasonCode");
  if (lose.competitor && *lose.competitor != state.lost_to) return reject("opportunity.already_lost", "competitor");
  return unchanged;
}

std::optional<Text> present(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<Text>(text);
}

}  // namespace

Decision decide(const State& state, const Open& open, const Context& context, Events<Event>& events) {
  if (state.status != Status::kNone) return reject("opportunity.exists");
  if (open.amount)
    if (auto checked = check_amount(state, *open.amount); !checked.accepted()) return checked;
  auto* stage = context.policies.stage(open.pipeline_id, open.stage_id);
  if (!stage) return reject("opportunity.stage_unknown", "stageId");
  return events.emit(Opened{
      .account_id = open.account_id,
      .name = open.name,
      .type = open.type,
      .product_id = open.product_id,
      .owner_id = open.owner_id,
      .pipeline_id = open.pipeline_id,
      .stage_id = open.stage_id,
      .probability_bp = stage->probability_bp,  // copied at entry: a later policy does not alter it
      .forecast_category = stage->forecast_category,
      .amount = open.amount,
      .close_date = open.close_date,
      .lead_id = open.lead_id,
      .campaign_id = open.campaign_id,
  });
}

Decision decide(const State& state, const MoveStage& move, const Context& context, Events<Event>& events) {
  if (auto checked = check_open(state, context); !checked.accepted()) return checked;
  if (move.stage_id == state.stage_id) return unchanged;
  auto* stage = context.policies.stage(state.pipeline_id, move.stage_id);
  if (!stage) return reject("opportunity.stage_unknown", "stageId");
  return events.emit(StageChanged{
      .from = state.stage_id,
      .to = move.stage_id,
      .probability_bp = stage->probability_bp,
      .forecast_category = stage->forecast_category,
  });
}

Decision decide(const State& state, const ChangeAmount& change, const Context& context, Events<Event>& events) {
  if (auto checked = check_open(state, context); !checked.accepted()) return checked;
  if (auto checked = check_amount(state, change.amount); !checked.accepted()) return checked;
  if (state.amount == change.amount) return unchanged;
  return events.emit(AmountChanged{.old = state.amount, .new_ = change.amount});
}

Decision decide(const State& state, const ChangeCloseDate& change, const Context& context, Events<Event>& events) {
  if (auto checked = check_open(state, context); !checked.accepted()) return checked;
  if (state.close_date == change.close_date) return unchanged;
  return events.emit(CloseDateChanged{.old = state.close_date, .new_ = change.close_date});
}

Decision decide(const State& state, const ChangeDetails& wanted, const Context&, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("opportunity.not_found");
  auto changed =
      change(Details{.account_id = state.account_id, .name = state.name, .product_id = state.product_id}, wanted.new_);
  if (!changed.any) return unchanged;
  return events.emit(DetailsChanged{.old = changed.old, .new_ = changed.new_});
}

Decision decide(const State& state, const AssignOwner& assign, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("opportunity.not_found");
  if (assign.owner_id.empty()) return reject("opportunity.owner_missing", "ownerId");
  if (assign.owner_id == state.owner_id && assign.team_id.value_or("") == state.team_id) return unchanged;
  if (!state.owner_id.empty() && assign.owner_id != state.owner_id)  // a first owner, or another team, needs no reason
    if (auto checked = check_reason(context, "opportunity.reason_missing"); !checked.accepted()) return checked;
  return events.emit(OwnerAssigned{
      .old_owner_id = present(state.owner_id),
      .new_owner_id = assign.owner_id,
      .team_id = assign.team_id,
  });
}

Decision decide(const State& state, const OverrideForecast& wanted, const Context& context, Events<Event>& events) {
  if (auto checked = check_open(state, context); !checked.accepted()) return checked;
  if (wanted.probability_bp && *wanted.probability_bp > 10'000)
    return reject("opportunity.probability_out_of_range", "probabilityBp");
  if (wanted.probability_bp == state.overridden_probability_bp && wanted.category == state.overridden_category) return unchanged;
  if (wanted.probability_bp || wanted.category)  // going back to the stage's values is no override
    if (auto checked = check_reason(context, "opportunity.reason_missing"); !checked.accepted()) return checked;
  return events.emit(ForecastOverridden{.probability_bp = wanted.probability_bp, .category = wanted.category});
}

Decision decide(const State& state, const Win& win, const Context& context, Events<Event>& events) {
  if (state.status == Status::kWon) return check_won_alike(state, win);
  if (auto checked = check_open(state, context); !checked.accepted()) return checked;
  if (win.amount)
    if (auto checked = check_amount(state, *win.amount); !checked.accepted()) return checked;
  auto amount = win.amount ? win.amount : state.amount;
  if (!amount || (!context.as_fact && amount->amount_minor == 0)) return reject("opportunity.amount_missing", "amount");
  if (amount != state.amount) events.emit(AmountChanged{.old = state.amount, .new_ = *amount});
  return events.emit(Won{.amount = *amount, .order_id = win.order_id});
}

Decision decide(const State& state, const Lose& lose, const Context& context, Events<Event>& events) {
  auto reason_code = lose.reason_code.empty() ? context.reason.demand() : lose.reason_code;  // its own comes first
  if (state.status == Status::kLost) return check_lost_alike(state, lose, reason_code);
  if (auto checked = check_open(state, context); !checked.accepted()) return checked;
  if (reason_code.empty() && !context.as_fact) return reject("opportunity.reason_missing", "reasonCode");
  return events.emit(Lost{
      .reason_code = reason_code.empty() ? Text(GivenReason::kNotRecorded) : reason_code,
      .competitor = lose.competitor,
      .text = lose.text,
      .amount = state.amount,
  });
}

Decision decide(const State& state, const Reopen& reopen, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("opportunity.not_found");
  if (state.status == Status::kOpen)
    return reopen.to_stage == state.stage_id ? Decision(unchanged) : reject("opportunity.not_closed");
  auto* stage = context.policies.stage(state.pipeline_id, reopen.to_stage);
  if (!stage) return reject("opportunity.stage_unknown", "toStage");
  if (auto checked = check_reason(context, "opportunity.reason_missing"); !checked.accepted()) return checked;
  return events.emit(Reopened{
      .to_stage = reopen.to_stage,
      .probability_bp = stage->probability_bp,
      .forecast_category = stage->forecast_category,
  });
}

Decision decide(const State& state, const Correct& correct, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("opportunity.not_found");
  if (auto checked = check_approver(context, correct.approver_id, "opportunity.approver_missing"); !checked.accepted())
    return checked;
  if (auto& amount = correct.new_.amount) {  // a correction keeps the invariants, too
    if (auto checked = check_amount(state, *amount); !checked.accepted()) return checked;
    if (!context.as_fact && state.status == Status::kWon && amount->amount_minor == 0)
      return reject("opportunity.amount_missing", "amount");
  }
  auto corrected = change(
      Corrections{
          .account_id = state.account_id,
          .name = state.name,
          .product_id = state.product_id,
          .owner_id = state.owner_id,
          .amount = state.amount,
          .close_date = state.close_date,
      },
      correct.new_);
  if (!corrected.any) return unchanged;
  return events.emit(CorrectionRecorded{
      .target = correct.target,
      .old = corrected.old,
      .new_ = corrected.new_,
      .approver_id = correct.approver_id,
  });
}

Decision decide(const State& state, const NoteCompetitor& note, const Context& context, Events<Event>& events) {
  if (auto checked = check_open(state, context); !checked.accepted()) return checked;
  if (note.name.empty()) return reject("opportunity.competitor_missing", "name");
  auto known = state.competitors.find(note.name);
  if (known != state.competitors.end() && known->second == note.strength) return unchanged;
  return events.emit(CompetitorNoted{.name = note.name, .strength = note.strength});
}

// Only the revert of an import takes everything back.
Decision decide(const State& state, const Revoke&, const Context& context, Events<Event>& events) {
  if (!context.as_fact) return reject("opportunity.revoked_by_revert_only");
  if (state.status == Status::kNone) return unchanged;
  return events.emit(Revoked{});
}

void evolve(State& state, const Opened& opened) {
  state = {
      .status = Status::kOpen,
      .account_id = std::string(opened.account_id.value_or("")),
      .name = std::string(opened.name.value_or("")),
      .product_id = std::string(opened.product_id.value_or("")),
      .owner_id = std::string(opened.owner_id.value_or("")),
      .pipeline_id = std::string(opened.pipeline_id),
      .stage_id = std::string(opened.stage_id),
      .amount = opened.amount,
      .close_date = opened.close_date,
      .overridden_probability_bp = {},
      .overridden_category = {},
  };
}
void evolve(State& state, const StageChanged& changed) { state.stage_id = changed.to; }
void evolve(State& state, const AmountChanged& changed) { state.amount = changed.new_; }
void evolve(State& state, const CloseDateChanged& changed) { state.close_date = changed.new_; }
void evolve(State& state, const DetailsChanged& changed) {
  patch(state.account_id, changed.new_.account_id);
  patch(state.name, changed.new_.name);
  patch(state.product_id, changed.new_.product_id);
}
void evolve(State& state, const OwnerAssigned& assigned) {
  state.owner_id = assigned.new_owner_id;
  state.team_id = assigned.team_id.value_or("");
}
void evolve(State& state, const ForecastOverridden& overridden) {
  state.overridden_probability_bp = overridden.probability_bp;
  state.overridden_category = overridden.category;
}
void evolve(State& state, const Won& won) {
  state.status = Status::kWon;
  state.order_id = won.order_id.value_or("");
}
void evolve(State& state, const Lost& lost) {
  state.status = Status::kLost;
  state.lost_for = lost.reason_code;
  state.lost_to = lost.competitor.value_or("");
}
void evolve(State& state, const Reopened& reopened) {
  state.status = Status::kOpen;
  state.stage_id = reopened.to_stage;
}
void evolve(State& state, const CorrectionRecorded& correction) {
  patch(state.account_id, correction.new_.account_id);
  patch(state.name, correction.new_.name);
  patch(state.product_id, correction.new_.product_id);
  patch(state.owner_id, correction.new_.owner_id);
  patch(state.amount, correction.new_.amount);
  patch(state.close_date, correction.new_.close_date);
}
void evolve(State& state, const CompetitorNoted& noted) {
  state.competitors.insert_or_assign(std::string(noted.name), noted.strength);
}
void evolve(State& state, const Revoked&) { state = {}; }

}  // namespace rapport::opportunity
