#include "projections/service/service.h"

#include "domain/schema/case.values.h"
#include "projections/columns.h"

namespace rapport::projections::service {
namespace {

using namespace case_;  // the events

using CaseEvents = Takes<case_::Event, Opened, Started, Assigned, Classified, FirstResponded, MessageLogged, Pended, Resumed,
                         Resolved, Reopened, Closed, SlaMilestoneStarted, SlaMilestoneMet, SlaMilestoneBreached,
                         SlaMilestoneCancelled, CorrectionRecorded, Revoked>;

Case& edit(Rows& rows, const RecordedEvent& event) {
  auto& row = rows.cases.edit(event.stream_id);
  row.version = event.version.value;
  row.revoked = false;
  return row;
}

// What an event changed of one field, as history shows it.
struct FieldChange {
  std::string_view field = {};
  std::string old = {}, now = {};
};
void note(Rows& rows, Case& row, const RecordedEvent& event, FieldChange what = {}) {
  auto name = event.type.substr(event.type.find('.') + 1);
  auto actor = event.metadata.getActorId();
  rows.changes.append({.case_id = row.id,
                    .number = ++row.changes,
                    .at = event.occurred_at,
                    .at_known = known_time(event).has_value(),
                    .change = std::string(name),
                    .field = std::string(what.field),
                    .old = std::move(what.old),
                    .now = std::move(what.now),
                    .actor = {actor.begin(), actor.size()},
                    .position = event.position.value});
}

std::string shown(const std::string& v) { return v; }
template <class T>
std::string shown(const std::optional<T>& v) {
  if (!v) return {};
  if constexpr (std::is_enum_v<T>) return std::string(enum_name(*v));
  else return std::to_string(*v);
}
template <class Field, class T>
void set(Field& field, const std::optional<T>& value) {
  if constexpr (std::same_as<Field, std::string>) field = *value;
  else field = value;
}

// Sets what a patch names; a note for each field that came to differ.
class Patch final {
 public:
  Patch(Rows& rows, Case& row, const RecordedEvent& event) : rows_(rows), row_(row), event_(event) {}
  template <class Field, class T>
  void operator()(std::string_view name, Field& field, const std::optional<T>& value) {
    if (!value) return;
    auto old = shown(field);
    set(field, value);
    auto now = shown(field);
    if (old == now) return;
    note(rows_, row_, event_, {name, std::move(old), std::move(now)});
    noted_ = true;
  }
  bool noted() const { return noted_; }

 private:
  Rows& rows_;
  Case& row_;
  const RecordedEvent& event_;
  bool noted_ = false;
};

void classify(Rows& rows, Case& row, const RecordedEvent& event, const Classification& to) {
  Patch patch(rows, row, event);
  patch("account", row.account, to.account_id);
  patch("type", row.type, to.type);
  patch("channel", row.channel, to.channel);
  patch("category", row.category, to.category);
  patch("subcategory", row.subcategory, to.subcategory);
  patch("symptom", row.symptom, to.symptom);
  patch("product", row.product, to.product_id);
  patch("impact", row.impact, to.impact);
  patch("urgency", row.urgency, to.urgency);
  patch("priority", row.priority, to.priority);
  if (!patch.noted()) note(rows, row, event);
}

// The milestone of a kind that is running, else the last there was of it; null if there was none.
Milestone* milestone(Rows& rows, const Case& row, MilestoneKind kind) {
  std::uint32_t last = 0;
  for (auto number = row.milestones; number; --number) {
    auto* found = rows.milestones.find(row.id, number);
    if (!found || found->kind != kind) continue;
    if (found->outcome == Outcome::kRunning) return &rows.milestones.edit(row.id, number);
    if (!last) last = number;
  }
  return last ? &rows.milestones.edit(row.id, last) : nullptr;
}

// The promise of a kind whose end came before its beginning; null if there is none.
Milestone* ended_before_it_began(Rows& rows, const Case& row, MilestoneKind kind) {
  for (auto number = row.milestones; number; --number) {
    auto* found = rows.milestones.find(row.id, number);
    if (found && found->kind == kind && !found->started_at) return &rows.milestones.edit(row.id, number);
  }
  return nullptr;
}

// A decision ends a running promise alone; a fact may replace how it ended, as the case itself has it.
void end_milestone(Rows& rows, Case& row, const RecordedEvent& event, MilestoneKind kind, Outcome outcome,
                   std::optional<std::uint32_t> elapsed_seconds = {}) {
  note(rows, row, event, {enum_name(kind), {}, std::string(name_of(outcome))});
  auto* found = milestone(rows, row, kind);
  if (!found) {  // the fact came before its beginning
    rows.milestones.add({.case_id = row.id, .number = ++row.milestones, .kind = kind});
    found = &rows.milestones.edit(row.id, row.milestones);
  }
  found->outcome = outcome;
  found->ended_at = known_time(event);
  found->elapsed_seconds = elapsed_seconds;
}

void enter(Rows& rows, Case& row, const RecordedEvent& event, State state) {
  note(rows, row, event, {"state", std::string(name_of(row.state)), std::string(name_of(state))});
  row.state = state;
  row.pended_on.reset();
}

void apply(const Opened& opened, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  row.account = text(opened.account_id);
  row.contact = text(opened.contact_id);
  row.type = opened.type;
  row.channel = opened.channel;
  row.subject = sealed(opened.subject);
  row.product = text(opened.product_id);
  row.category = text(opened.category);
  row.subcategory = text(opened.subcategory);
  row.symptom = text(opened.symptom);
  row.impact = opened.impact;
  row.urgency = opened.urgency;
  row.priority = opened.priority;
  row.opened_at = opened.opened_at ? opened.opened_at : known_time(event);
  enter(rows, row, event, State::kNew);
}
void apply(const Started&, const RecordedEvent& event, Rows& rows) { enter(rows, edit(rows, event), event, State::kOpen); }
void apply(const Assigned& assigned, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  Patch patch(rows, row, event);
  patch("group", row.group, std::optional<std::string>(text(assigned.group)));
  patch("assignee", row.assignee, std::optional<std::string>(text(assigned.assignee)));
  if (!patch.noted()) note(rows, row, event);
}
void apply(const Classified& classified, const RecordedEvent& event, Rows& rows) {
  classify(rows, edit(rows, event), event, classified.new_);
}
void apply(const FirstResponded&, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  if (!row.first_responded_at) row.first_responded_at = known_time(event);
  note(rows, row, event);
}
void apply(const MessageLogged& logged, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  ++row.messages;
  note(rows, row, event, {"direction", {}, std::string(enum_name(logged.direction))});
}
void apply(const Pended& pended, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  enter(rows, row, event, State::kPending);
  row.pended_on = pended.on;
}
void apply(const Resumed& resumed, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  enter(rows, row, event, State::kOpen);
  for (auto& due : resumed.new_due_ats) {
    auto* found = milestone(rows, row, due.kind);
    if (found && found->outcome == Outcome::kRunning) found->due_at = due.due_at;
  }
}
void apply(const Resolved& resolved, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  enter(rows, row, event, State::kResolved);
  row.resolved_at = known_time(event);
  row.resolution_code = resolved.resolution_code;
}
void apply(const Reopened&, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  enter(rows, row, event, State::kOpen);
  row.resolved_at.reset();
  row.closed_at.reset();
  row.resolution_code.clear();
  ++row.reopened;
}
void apply(const Closed&, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  enter(rows, row, event, State::kClosed);
  row.closed_at = known_time(event);
}
void apply(const SlaMilestoneStarted& started, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  note(rows, row, event, {enum_name(started.kind), {}, std::string(name_of(Outcome::kRunning))});
  if (auto* ended = ended_before_it_began(rows, row, started.kind)) {
    ended->started_at = started.started_at;
    ended->due_at = started.due_at;
    ended->target_seconds = started.target_seconds;
    return;
  }
  rows.milestones.add({.case_id = row.id,
                       .number = ++row.milestones,
                       .kind = started.kind,
                       .outcome = Outcome::kRunning,
                       .started_at = started.started_at,
                       .due_at = started.due_at,
                       .ended_at = {},
                       .target_seconds = started.target_seconds});
}
void apply(const SlaMilestoneMet& met, const RecordedEvent& event, Rows& rows) {
  end_milestone(rows, edit(rows, event), event, met.kind, Outcome::kMet, met.elapsed_seconds);
}
void apply(const SlaMilestoneBreached& breached, const RecordedEvent& event, Rows& rows) {
  end_milestone(rows, edit(rows, event), event, breached.kind, Outcome::kBreached);
}
void apply(const SlaMilestoneCancelled& cancelled, const RecordedEvent& event, Rows& rows) {
  end_milestone(rows, edit(rows, event), event, cancelled.kind, Outcome::kCancelled);
}
void apply(const CorrectionRecorded& corrected, const RecordedEvent& event, Rows& rows) {
  classify(rows, edit(rows, event), event, corrected.new_);
}
void apply(const Revoked&, const RecordedEvent& event, Rows& rows) {
  if (!rows.cases.find(event.stream_id)) return;  // as-of a time before all of it
  auto& row = rows.cases.edit(event.stream_id);
  for (std::uint32_t n = 1; n <= row.changes; ++n) rows.changes.withdraw(row.id, n);
  for (std::uint32_t n = 1; n <= row.milestones; ++n) rows.milestones.erase(row.id, n);
  Case blank;
  blank.id = row.id;
  blank.changes = row.changes;
  blank.milestones = row.milestones;
  blank.revoked = true;
  row = std::move(blank);
}

}  // namespace

void Service::apply(const RecordedEvent& event) {
  if (event.stream_type != "case") return;
  read_event(event, CaseEvents{}, [&](const auto& value) { service::apply(value, event, rows); });
  note_policies(rows.policies, event);
}

}  // namespace rapport::projections::service
