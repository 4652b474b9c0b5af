#include "domain/case.h"

#include <algorithm>
#include <limits>

namespace rapport::case_ {
namespace {

constexpr std::uint8_t kHighestLevel = 1, kLowestLevel = 5;

bool ended(const State& state) {
  return state.status == Status::kResolved || state.status == Status::kClosed;
}

// --- Milestones ---

// Null if none of this kind was ever started. S is State, const or not.
template <class S>
auto* find(S& state, MilestoneKind kind) {
  auto at = std::ranges::find(state.milestones, kind, &Milestone::kind);
  return at == state.milestones.end() ? nullptr : &*at;
}

// How long it stood still in a pending from `since` to `until`. The times of facts may go backwards.
std::int64_t still(const Milestone& milestone, Timestamp since, Timestamp until) {
  return std::max<std::int64_t>(0, until.micros - std::max(since, milestone.started_at).micros);
}
std::int64_t still(const State& state, const Milestone& milestone, Timestamp now) {
  return state.status == Status::kPending ? still(milestone, state.pended_since, now) : 0;
}

std::optional<Timestamp> due_at(const State& state, const Milestone& milestone, Timestamp now) {
  if (!milestone.due_at) return std::nullopt;
  return Timestamp{milestone.due_at->micros + still(state, milestone, now)};
}

// From its start to now, without the time spent pending.
std::uint32_t elapsed_seconds(const State& state, const Milestone& milestone, Timestamp now) {
  auto stood = milestone.pended_micros + still(state, milestone, now);
  auto seconds = (now.micros - milestone.started_at.micros - stood) / kMicrosPerSecond;
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(seconds, 0, std::numeric_limits<std::uint32_t>::max()));
}

// Meets the running milestone of this kind, or breaches it if it is past due. Whether one of unknown target
// is met, only an explicit command can say.
void settle(const State& state, MilestoneKind kind, const Context& context, Events<Event>& events) {
  auto* milestone = find(state, kind);
  if (!milestone || milestone->outcome != Outcome::kRunning || !milestone->due_at) return;
  auto elapsed = elapsed_seconds(state, *milestone, context.now);
  bool late = context.now > due_at(state, *milestone, context.now);
  if (late) events.emit(SlaMilestoneBreached{.kind = kind});
  else events.emit(SlaMilestoneMet{.kind = kind, .elapsed_seconds = elapsed});
}

// A fact may replace an outcome, but nothing can end what never started.
Decision check_running(const Milestone* milestone, const Context& context) {
  if (!milestone) return reject("case.milestone_not_running", "kind");
  if (!context.as_fact && milestone->outcome != Outcome::kRunning)
    return reject("case.milestone_not_running", "kind");
  return accepted;
}

// --- The case ---

// However a case leaves Pending: the time stood still ends, and what is due moves by it.
void leave_pending(const State& state, const Context& context, Events<Event>& events) {
  if (state.status != Status::kPending) return;
  Resumed resumed{.until = std::max(context.now, state.pended_since)};
  for (auto& milestone : state.milestones)
    if (auto due = due_at(state, milestone, context.now); due && milestone.outcome == Outcome::kRunning)
      resumed.new_due_ats.push_back({.kind = milestone.kind, .due_at = *due});
  events.emit(resumed);
}

Decision check_level(const std::optional<std::uint8_t>& level, const char* field) {
  if (level && (*level < kHighestLevel || *level > kLowestLevel))
    return reject("case.level_out_of_range", field);
  return accepted;
}

// Rules that hold for every classification, a fact's too. C is Open or Classification.
template <class C>
Decision check_levels(const C& classification) {
  if (auto checked = check_level(classification.impact, "impact"); !checked.accepted()) return checked;
  if (auto checked = check_level(classification.urgency, "urgency"); !checked.accepted()) return checked;
  return check_level(classification.priority, "priority");
}

Classification classification_of(const State& state) {
  return {
      .account_id = state.account_id,
      .type = state.type,
      .channel = state.channel,
      .category = state.category,
      .subcategory = state.subcategory,
      .symptom = state.symptom,
      .product_id = state.product_id,
      .impact = state.impact,
      .urgency = state.urgency,
      .priority = state.priority,
  };
}

// C is Opened or Classification.
template <class C>
void classify(State& state, const C& classification) {
  patch(state.account_id, classification.account_id);
  patch(state.type, classification.type);
  patch(state.channel, classification.channel);
  patch(state.category, classification.category);
  patch(state.subcategory, classification.subcategory);
  patch(state.symptom, classification.symptom);
  patch(state.product_id, classification.product_id);
  patch(state.impact, classification.impact);
  patch(state.urgency, classification.urgency);
  patch(state.priority, classification.priority);
}

std::optional<Text> present(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional<Text>(text);
}

}  // namespace

Decision decide(const State& state, const Open& open, const Context&, Events<Event>& events) {
  if (state.status != Status::kNone) return reject("case.exists");
  if (auto checked = check_levels(open); !checked.accepted()) return checked;
  return events.emit(Opened{
      .account_id = open.account_id,
      .contact_id = open.contact_id,
      .type = open.type,
      .channel = open.channel,
      .subject = open.subject,
      .text = open.text,
      .product_id = open.product_id,
      .opened_at = open.opened_at,
      .category = open.category,
      .subcategory = open.subcategory,
      .symptom = open.symptom,
      .impact = open.impact,
      .urgency = open.urgency,
      .priority = open.priority,
  });
}

Decision decide(const State& state, const Start&, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("case.not_found");
  if (state.status == Status::kOpen) return unchanged;
  if (!context.as_fact && state.status != Status::kNew) return reject("case.not_new");
  leave_pending(state, context, events);
  return events.emit(Started{});
}

// The whole assignment: what the command leaves out ends.
Decision decide(const State& state, const Assign& assign, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("case.not_found");
  auto group = assign.group.value_or(""), assignee = assign.assignee.value_or("");
  if (group == state.group && assignee == state.assignee) return unchanged;
  if (!state.assignee.empty() && assignee != state.assignee)  // a first assignee, or another group, needs no reason
    if (auto checked = check_reason(context, "case.reason_missing"); !checked.accepted()) return checked;
  return events.emit(Assigned{
      .old_group = present(state.group),
      .old_assignee = present(state.assignee),
      .group = present(group),
      .assignee = present(assignee),
  });
}

Decision decide(const State& state, const Classify& wanted, const Context&, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("case.not_found");
  if (auto checked = check_levels(wanted.new_); !checked.accepted()) return checked;
  auto changed = change(classification_of(state), wanted.new_);
  if (!changed.any) return unchanged;
  return events.emit(Classified{.old = changed.old, .new_ = changed.new_});
}

Decision decide(const State& state, const Reply& reply, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("case.not_found");
  if (auto known = reply.message_ref ? state.messages.find(*reply.message_ref) : state.messages.end();
      known != state.messages.end())
    return known->second == Message{reply.direction, reply.public_} ? Decision(unchanged)
                                                                    : reject("case.message_differs", "messageRef");
  bool answers = reply.direction == Direction::OUTBOUND && reply.public_;
  bool first = answers && !state.first_responded;
  if (first) events.emit(FirstResponded{.message_ref = reply.message_ref});
  events.emit(MessageLogged{
      .direction = reply.direction,
      .public_ = reply.public_,
      .text = reply.text,
      .message_ref = reply.message_ref,
  });
  if (first) settle(state, MilestoneKind::FIRST_RESPONSE, context, events);
  if (answers) settle(state, MilestoneKind::NEXT_RESPONSE, context, events);
  return accepted;
}

Decision decide(const State& state, const Pend& pend, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("case.not_found");
  if (state.status == Status::kPending && state.pended_on == pend.on) return unchanged;
  if (!context.as_fact && state.status != Status::kOpen && state.status != Status::kPending)
    return reject("case.not_open");
  return events.emit(Pended{.on = pend.on, .since = context.now});
}

Decision decide(const State& state, const Resume&, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("case.not_found");
  if (state.status == Status::kOpen) return unchanged;
  if (state.status != Status::kPending) {
    if (!context.as_fact) return reject("case.not_pending");
    return events.emit(Resumed{.until = context.now});
  }
  leave_pending(state, context, events);
  return accepted;
}

Decision decide(const State& state, const Resolve& resolve, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("case.not_found");
  if (state.status == Status::kResolved)
    return resolve.resolution_code == state.resolution_code ? Decision(unchanged)
                                                            : reject("case.already_resolved", "resolutionCode");
  if (!context.as_fact && state.status != Status::kOpen && state.status != Status::kPending)
    return reject("case.not_open");
  if (resolve.resolution_code.empty()) return reject("case.resolution_missing", "resolutionCode");
  leave_pending(state, context, events);
  events.emit(Resolved{.resolution_code = resolve.resolution_code, .text = resolve.text});
  settle(state, MilestoneKind::RESOLUTION, context, events);
  return accepted;
}

// No milestone starts again: the first promise was kept or broken, and a new one is made by its own command.
Decision decide(const State& state, const Reopen&, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("case.not_found");
  if (state.status == Status::kOpen) return unchanged;
  if (!context.as_fact && !ended(state)) return reject("case.not_resolved");
  if (auto checked = check_reason(context, "case.reason_missing"); !checked.accepted()) return checked;
  leave_pending(state, context, events);
  return events.emit(Reopened{});
}

Decision decide(const State& state, const Close&, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("case.not_found");
  if (state.status == Status::kClosed) return unchanged;
  if (!context.as_fact && state.status != Status::kResolved) return reject("case.not_resolved");
  leave_pending(state, context, events);
  return events.emit(Closed{});
}

Decision decide(const State& state, const StartMilestone& start, const Context& context,
                Events<Event>& events) {
  if (state.status == Status::kNone) return reject("case.not_found");
  if (!context.as_fact && ended(state)) return reject("case.not_open");
  if (auto* running = find(state, start.kind); running && running->outcome == Outcome::kRunning)
    return reject("case.milestone_running", "kind");
  std::optional<Timestamp> due;
  if (start.target_seconds) due = Timestamp{context.now.micros + *start.target_seconds * kMicrosPerSecond};
  return events.emit(SlaMilestoneStarted{
      .kind = start.kind,
      .started_at = context.now,
      .target_seconds = start.target_seconds,  // copied: a later policy does not move an old promise
      .due_at = due,
      .calendar_version = start.calendar_version,
  });
}

Decision decide(const State& state, const MeetMilestone& meet, const Context& context,
                Events<Event>& events) {
  if (state.status == Status::kNone) return reject("case.not_found");
  auto* milestone = find(state, meet.kind);
  if (milestone && milestone->outcome == Outcome::kMet) return unchanged;
  if (auto checked = check_running(milestone, context); !checked.accepted()) return checked;
  if (auto due = due_at(state, *milestone, context.now); !context.as_fact && due && context.now > *due)
    return reject("case.milestone_past_due", "kind");
  return events.emit(
      SlaMilestoneMet{.kind = meet.kind, .elapsed_seconds = elapsed_seconds(state, *milestone, context.now)});
}

Decision decide(const State& state, const BreachMilestone& breach, const Context& context,
                Events<Event>& events) {
  if (state.status == Status::kNone) return reject("case.not_found");
  auto* milestone = find(state, breach.kind);
  if (milestone && milestone->outcome == Outcome::kBreached) return unchanged;
  if (auto checked = check_running(milestone, context); !checked.accepted()) return checked;
  if (auto due = due_at(state, *milestone, context.now); !context.as_fact && due && context.now < *due)
    return reject("case.milestone_not_due", "kind");
  return events.emit(SlaMilestoneBreached{.kind = breach.kind});
}

Decision decide(const State& state, const CancelMilestone& cancel, const Context& context,
                Events<Event>& events) {
  if (state.status == Status::kNone) return reject("case.not_found");
  auto* milestone = find(state, cancel.kind);
  if (milestone && milestone->outcome == Outcome::kCancelled) return unchanged;
  if (auto checked = check_running(milestone, context); !checked.accepted()) return checked;
  return events.emit(SlaMilestoneCancelled{.kind = cancel.kind});
}

Decision decide(const State& state, const Correct& correct, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("case.not_found");
  if (auto checked = check_approver(context, correct.approver_id, "case.approver_missing"); !checked.accepted())
    return checked;
  if (auto checked = check_levels(correct.new_); !checked.accepted()) return checked;
  auto corrected = change(classification_of(state), correct.new_);
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
  if (!context.as_fact) return reject("case.revoked_by_revert_only");
  if (state.status == Status::kNone) return unchanged;
  return events.emit(Revoked{});
}

void evolve(State& state, const Opened& opened) {
  state.status = Status::kNew;
  classify(state, opened);
}
void evolve(State& state, const Started&) { state.status = Status::kOpen; }
void evolve(State& state, const Assigned& assigned) {
  state.group = assigned.group.value_or("");
  state.assignee = assigned.assignee.value_or("");
}
void evolve(State& state, const Classified& classified) { classify(state, classified.new_); }
void evolve(State& state, const FirstResponded&) { state.first_responded = true; }
void evolve(State& state, const MessageLogged& message) {
  if (message.message_ref)
    state.messages.try_emplace(std::string(*message.message_ref), Message{message.direction, message.public_});
}
void evolve(State& state, const Pended& pended) {
  // From one party to another it goes on.
  if (state.status != Status::kPending) state.pended_since = pended.since;
  state.status = Status::kPending;
  state.pended_on = pended.on;
}
void evolve(State& state, const Resumed& resumed) {
  if (state.status == Status::kPending)
    for (auto& milestone : state.milestones)
      if (milestone.outcome == Outcome::kRunning)
        milestone.pended_micros += still(milestone, state.pended_since, resumed.until);
  for (auto& moved : resumed.new_due_ats)
    if (auto* milestone = find(state, moved.kind)) milestone->due_at = moved.due_at;
  state.status = Status::kOpen;
  state.pended_on = std::nullopt;
}
void evolve(State& state, const Resolved& resolved) {
  state.status = Status::kResolved;
  state.resolution_code = resolved.resolution_code;
}
void evolve(State& state, const Reopened&) { state.status = Status::kOpen; }
void evolve(State& state, const Closed&) { state.status = Status::kClosed; }
void evolve(State& state, const SlaMilestoneStarted& started) {
  std::erase_if(state.milestones, [&](auto& old) { return old.kind == started.kind; });
  state.milestones.push_back(
      {.kind = started.kind, .started_at = started.started_at, .due_at = started.due_at});
}
void evolve(State& state, const SlaMilestoneMet& met) {
  if (auto* milestone = find(state, met.kind)) milestone->outcome = Outcome::kMet;
}
void evolve(State& state, const SlaMilestoneBreached& breached) {
  if (auto* milestone = find(state, breached.kind)) milestone->outcome = Outcome::kBreached;
}
void evolve(State& state, const SlaMilestoneCancelled& cancelled) {
  if (auto* milestone = find(state, cancelled.kind)) milestone->outcome = Outcome::kCancelled;
}
void evolve(State& state, const CorrectionRecorded& correction) { classify(state, correction.new_); }
void evolve(State& state, const Revoked&) { state = {}; }

}  // namespace rapport::case_
