#include "domain/principal.h"

namespace rapport::principal {

Decision decide(const State& state, const Provision& provision, const Context&, Events<Event>& events) {
  if (state.status != Status::kNone) return reject("principal.exists");
  return events.emit(Provisioned{.kind = provision.kind, .name = provision.name});
}

// The whole assignment: what the command leaves out ends.
Decision decide(const State& state, const Assign& assign, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("principal.not_found");
  if (assign.team_id.value_or("") == state.team_id && assign.manager_id.value_or("") == state.manager_id &&
      assign.office.value_or("") == state.office)
    return unchanged;
  if (!context.as_fact) {
    if (state.status == Status::kDeactivated) return reject("principal.deactivated");
    if (assign.manager_id == context.id) return reject("principal.manages_itself", "managerId");
  }
  return events.emit(
      Assigned{.team_id = assign.team_id, .manager_id = assign.manager_id, .office = assign.office});
}

Decision decide(const State& state, const Deactivate&, const Context&, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("principal.not_found");
  if (state.status == Status::kDeactivated) return unchanged;
  return events.emit(Deactivated{});
}

// A name is personal, so the state does not know it, and it is taken as changed.
Decision decide(const State& state, const Correct& correct, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("principal.not_found");
  if (auto checked = check_approver(context, correct.approver_id, "principal.approver_missing"); !checked.accepted())
    return checked;
  auto corrected = change(Details{.office = state.office}, correct.new_);
  if (!corrected.any) return unchanged;
  return events.emit(CorrectionRecorded{
      .target = correct.target,
      .old = corrected.old,
      .new_ = corrected.new_,
      .approver_id = correct.approver_id,
  });
}

// Only the revert of an import takes everything back.
Decision decide(const State& state, const Revoke&, const Context& context, Events<Event>& events) {
  if (!context.as_fact) return reject("principal.revoked_by_revert_only");
  if (state.status == Status::kNone) return unchanged;
  return events.emit(Revoked{});
}

void evolve(State& state, const Provisioned&) { state.status = Status::kActive; }
void evolve(State& state, const Assigned& assigned) {
  state.team_id = assigned.team_id.value_or("");
  state.manager_id = assigned.manager_id.value_or("");
  state.office = assigned.office.value_or("");
}
void evolve(State& state, const Deactivated&) { state.status = Status::kDeactivated; }
void evolve(State& state, const CorrectionRecorded& correction) {
  patch(state.office, correction.new_.office);
}
void evolve(State& state, const Revoked&) { state = {}; }

}  // namespace rapport::principal
