// The service view's rows: a case as it stands, its changes, and its SLA milestones.
#pragma once
#include "domain/schema/case.capnp.h"
#include "projections/policy_use.h"

namespace rapport::projections::service {

using case_::wire::Channel;
using case_::wire::MilestoneKind;
using case_::wire::PendedOn;
using CaseType = case_::wire::Type;

enum class State : std::uint8_t { kUnknown, kNew, kOpen, kPending, kResolved, kClosed };
constexpr std::string_view name_of(State state) {
  constexpr std::string_view kNames[]{"", "new", "open", "pending", "resolved", "closed"};
  auto i = static_cast<std::size_t>(state);
  return i < 6 ? kNames[i] : "";
}

struct Case {
  std::string id, account, contact;
  std::optional<CaseType> type;
  std::optional<Channel> channel;
  Sealed subject;
  std::string product, category, subcategory, symptom;
  std::optional<std::uint8_t> impact, urgency, priority;  // 1 is the highest
  std::string group, assignee;
  State state = State::kUnknown;
  std::optional<PendedOn> pended_on;
  std::optional<Timestamp> opened_at, first_responded_at, resolved_at, closed_at;
  std::string resolution_code;
  std::uint32_t reopened = 0, messages = 0;
  std::uint32_t changes = 0;     // rows of Change; the last one's number
  std::uint32_t milestones = 0;  // likewise
  std::uint64_t version = 0;
  bool revoked = false;  // as if it had never been; what numbers its rows stays, for it may come again

  static constexpr char kTable = 'c';
  using Key = Fields<&Case::id>;
  using Value = Fields<&Case::account, &Case::contact, &Case::type, &Case::channel, &Case::subject, &Case::product,
                       &Case::category, &Case::subcategory, &Case::symptom, &Case::impact, &Case::urgency, &Case::priority,
                       &Case::group, &Case::assignee, &Case::state, &Case::pended_on, &Case::opened_at,
                       &Case::first_responded_at, &Case::resolved_at, &Case::closed_at, &Case::resolution_code,
                       &Case::reopened, &Case::messages, &Case::changes, &Case::milestones, &Case::version,
                       &Case::revoked>;
};

// One line of a case's history: an event, or one field that an event changed.
struct Change {
  std::string case_id = {};
  std::uint32_t number = 0;
  Timestamp at{0};        // of an unknown time: when it was recorded
  bool at_known = false;
  std::string change = {};                        // the event's name, "reopened"
  std::string field = {}, old = {}, now = {};     // empty where the event changed no field that is shown
  std::string actor = {};
  std::uint64_t position = 0;

  static constexpr char kTable = 'h';
  using Key = Fields<&Change::case_id, &Change::number>;
  using Value = Fields<&Change::at, &Change::at_known, &Change::change, &Change::field, &Change::old, &Change::now,
                       &Change::actor, &Change::position>;
};

enum class Outcome : std::uint8_t { kRunning, kMet, kBreached, kCancelled };
constexpr std::string_view name_of(Outcome outcome) {
  constexpr std::string_view kNames[]{"running", "met", "breached", "cancelled"};
  auto i = static_cast<std::size_t>(outcome);
  return i < 4 ? kNames[i] : "";
}

struct Milestone {
  std::string case_id = {};
  std::uint32_t number = 0;
  MilestoneKind kind{};
  Outcome outcome = Outcome::kRunning;
  std::optional<Timestamp> started_at = {}, due_at = {}, ended_at = {};
  std::optional<std::uint32_t> target_seconds = {}, elapsed_seconds = {};

  static constexpr char kTable = 'm';
  using Key = Fields<&Milestone::case_id, &Milestone::number>;
  using Value = Fields<&Milestone::kind, &Milestone::outcome, &Milestone::started_at, &Milestone::due_at,
                       &Milestone::ended_at, &Milestone::target_seconds, &Milestone::elapsed_seconds>;
};

struct Rows {
  explicit Rows(Batch& batch) : cases(batch), changes(batch), milestones(batch), policies(batch) {}
  Table<Case> cases;
  Table<Change> changes;
  Table<Milestone> milestones;
  Table<PolicyUse> policies;
  void each_table(auto&& f) { f(cases), f(changes), f(milestones), f(policies); }
};

}  // namespace rapport::projections::service
