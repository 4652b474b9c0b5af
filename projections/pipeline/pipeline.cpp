#include "projections/pipeline/pipeline.h"

#include "domain/schema/account.values.h"
#include "domain/schema/opportunity.values.h"
#include "domain/schema/principal.values.h"

namespace rapport::projections::pipeline {
namespace {

using namespace opportunity;  // the events

using OpportunityEvents =
    Takes<opportunity::Event, Opened, StageChanged, AmountChanged, CloseDateChanged, DetailsChanged, OwnerAssigned,
          ForecastOverridden, Won, Lost, Reopened, CorrectionRecorded, CompetitorNoted, Revoked>;
using AccountEvents =
    Takes<account::Event, account::Created, account::DetailsChanged, account::CorrectionRecorded, account::Revoked>;
using PrincipalEvents = Takes<principal::Event, principal::Assigned, principal::Revoked>;

Opportunity& edit(Rows& rows, const RecordedEvent& event) {
  auto& row = rows.opportunities.edit(event.stream_id);
  row.version = event.version.value;
  row.revoked = false;
  return row;
}

void move(Rows& rows, Opportunity& row, const RecordedEvent& event, Movement movement) {
  movement.opportunity = row.id;
  movement.number = ++row.movements;
  movement.at = event.occurred_at;
  rows.movements.append(movement);
}

void leave_stage(Rows& rows, Opportunity& row, const RecordedEvent& event) {
  if (!row.visiting) return;
  rows.visits.append({.opportunity = row.id,
                      .number = ++row.visits,
                      .stage = row.stage,
                      .entered_at = row.entered_at,
                      .left_at = known_time(event),
                      .amount = row.amount});
  row.visiting = false;
  row.entered_at.reset();
}

// What Opened, StageChanged and Reopened copy from the pipeline's policy.
struct Stage {
  Text id;
  std::uint16_t probability_bp;
  ForecastCategory category;
};
void enter_stage(Opportunity& row, const Stage& stage, const RecordedEvent& event) {
  row.stage = stage.id;
  row.probability_bp = stage.probability_bp;
  row.forecast_category = stage.category;
  row.visiting = true;
  row.entered_at = known_time(event);
}

void close(Rows& rows, Opportunity& row, Status status, const RecordedEvent& event) {
  leave_stage(rows, row, event);
  row.status = status;
  row.closed_at = known_time(event);
}

void apply(const Opened& opened, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  row.account = text(opened.account_id);
  row.owner = text(opened.owner_id);
  row.product = text(opened.product_id);
  row.name = text(opened.name);
  row.status = Status::kOpen;
  if (opened.amount) row.amount = opened.amount;  // a change of it may have come first
  if (opened.close_date) row.close_date = opened.close_date;
  row.opened_at = known_time(event);
  leave_stage(rows, row, event);
  enter_stage(row, {opened.stage_id, opened.probability_bp, opened.forecast_category}, event);
  move(rows, row, event, {.status = Status::kOpen, .amount = opened.amount, .close_date = opened.close_date});
}
void apply(const StageChanged& changed, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  leave_stage(rows, row, event);
  enter_stage(row, {changed.to, changed.probability_bp, changed.forecast_category}, event);
}
void apply(const AmountChanged& changed, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  row.amount = changed.new_;
  move(rows, row, event, {.amount = changed.new_, .close_date = {}});
}
void apply(const CloseDateChanged& changed, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  row.close_date = changed.new_;
  move(rows, row, event, {.amount = {}, .close_date = changed.new_});
}
void apply(const DetailsChanged& changed, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  patch(row.account, changed.new_.account_id);
  patch(row.name, changed.new_.name);
  patch(row.product, changed.new_.product_id);
}
void apply(const OwnerAssigned& assigned, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  row.owner = assigned.new_owner_id;
  row.team = text(assigned.team_id);
}
void apply(const ForecastOverridden& overridden, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  row.own_probability_bp = overridden.probability_bp;
  row.own_category = overridden.category;
}
void apply(const Won& won, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  row.amount = won.amount;
  close(rows, row, Status::kWon, event);
  move(rows, row, event, {.status = Status::kWon, .amount = won.amount, .close_date = {}});
}
void apply(const Lost& lost, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  if (!row.amount) row.amount = lost.amount;  // a loss that came without its opening
  row.reason = lost.reason_code;
  row.competitor = text(lost.competitor);
  close(rows, row, Status::kLost, event);
  move(rows, row, event, {.status = Status::kLost, .amount = lost.amount, .close_date = {}});
}
void apply(const Reopened& reopened, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  row.status = Status::kOpen;
  row.closed_at.reset();
  row.reason.clear();
  row.competitor.clear();
  leave_stage(rows, row, event);
  enter_stage(row, {reopened.to_stage, reopened.probability_bp, reopened.forecast_category}, event);
  move(rows, row, event, {.status = Status::kOpen, .amount = {}, .close_date = {}});
}
void apply(const CorrectionRecorded& corrected, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  auto& to = corrected.new_;
  patch(row.account, to.account_id);
  patch(row.name, to.name);
  patch(row.product, to.product_id);
  if (to.owner_id) {
    row.owner = *to.owner_id;
    row.team.clear();  // the team that was named was the wrong owner's
  }
  if (to.amount) row.amount = to.amount;
  if (to.close_date) row.close_date = to.close_date;
  if (to.amount || to.close_date) move(rows, row, event, {.amount = to.amount, .close_date = to.close_date});
}
void apply(const CompetitorNoted& noted, const RecordedEvent& event, Rows& rows) {
  edit(rows, event).competitor = noted.name;
}
void apply(const Revoked&, const RecordedEvent& event, Rows& rows) {
  if (!rows.opportunities.find(event.stream_id)) return;  // as-of a time before all of it
  auto& row = rows.opportunities.edit(event.stream_id);
  for (std::uint32_t n = 1; n <= row.visits; ++n) rows.visits.withdraw(row.id, n);
  for (std::uint32_t n = 1; n <= row.movements; ++n) rows.movements.withdraw(row.id, n);
  Opportunity blank;
  blank.id = row.id;
  blank.visits = row.visits;
  blank.movements = row.movements;
  blank.revoked = true;
  row = std::move(blank);
}

void apply(const account::Created& created, const RecordedEvent& event, Rows& rows) {
  rows.accounts.edit(event.stream_id).sector = text(created.industry);
}
void set_sector(const account::Details& details, const RecordedEvent& event, Rows& rows) {
  if (details.industry) rows.accounts.edit(event.stream_id).sector = *details.industry;
}
void apply(const account::DetailsChanged& changed, const RecordedEvent& event, Rows& rows) {
  set_sector(changed.new_, event, rows);
}
void apply(const account::CorrectionRecorded& corrected, const RecordedEvent& event, Rows& rows) {
  set_sector(corrected.new_, event, rows);
}
void apply(const account::Revoked&, const RecordedEvent& event, Rows& rows) { rows.accounts.erase(event.stream_id); }

void apply(const principal::Assigned& assigned, const RecordedEvent& event, Rows& rows) {
  auto& row = rows.owners.edit(event.stream_id);
  row.team = text(assigned.team_id);
  row.manager = text(assigned.manager_id);
}
void apply(const principal::Revoked&, const RecordedEvent& event, Rows& rows) { rows.owners.erase(event.stream_id); }

}  // namespace

void Pipeline::apply(const RecordedEvent& event) {
  auto take = [&](const auto& value) { pipeline::apply(value, event, rows); };
  if (event.stream_type == "opportunity") read_event(event, OpportunityEvents{}, take);
  else if (event.stream_type == "account") read_event(event, AccountEvents{}, take);
  else if (event.stream_type == "principal") read_event(event, PrincipalEvents{}, take);
  else return;
  note_policies(rows.policies, event);
}

}  // namespace rapport::projections::pipeline
