// What every store does alike to appends before it keeps a byte: limits, digests, idempotency, expected versions, positions.
// Here once, so that two stores cannot differ. prepare() is the callers' part and runs on their threads side by side;
// GroupPlan is the sequencer's, one at a time.
#pragma once
#include <string_view>
#include <unordered_map>
#include <vector>

#include "eventstore/clock_guard.h"
#include "eventstore/event_store.h"
#include "eventstore/stored_event.h"

namespace rapport {

struct CommandIdHash {
  // Ids of version 7 share their first bytes for a while; the rest is random.
  std::size_t operator()(const CommandId& id) const { return id.low() ^ id.high() * 0x9E3779B97F4A7C15; }
};

struct PreparedEvent {
  std::string_view stream, type;  // borrowed from the NewEvent and its metadata
  Words metadata, payload;
  Salt salt;
  Hash digest;
  std::vector<Term> terms;  // further_terms
};
struct PreparedAppend {
  const Append* append = nullptr;
  std::vector<PreparedEvent> events;
  std::size_t bytes = 0;
};
// kInvalid for what no store may keep, whatever it holds: a limit, a malformed message, a missing condition.
Result<std::vector<PreparedAppend>> prepare(std::span<const Append> appends);

// What a store has kept so far; asked by GroupPlan.
class KeptLog {
 public:
  struct Command {
    Position first;
    std::size_t events = 0;
    Hash request{};
  };
  virtual ~KeptLog() = default;
  virtual Result<StreamVersion> kept_version(std::string_view stream) const = 0;
  virtual Result<std::optional<Command>> kept_command(const CommandId& id) const = 0;
  virtual Result<StoredOutcome> kept_outcome(Position first, std::size_t events) const = 0;
  // The first events that a forward query with an end asks for, `max` at most.
  virtual Result<std::vector<StoredOutcome::Item>> kept_items(const ReadQuery& query, std::size_t max) const = 0;
};

StoredOutcome::Item item_of(const RecordedEvent& event);

// kInvalid, "store.past_head".
Error past_head(Position position);

struct PlannedEvent {
  const PreparedEvent* prepared;
  Position position;
  StreamVersion version;
  Timestamp recorded_at;
  HeadBytes head;
  Hash leaf;
};

// The answer to one append, before it is put in words.
struct PlannedAnswer {
  enum class Kind : std::uint8_t {
    kAppended,      // events [first, first + count) of this plan
    kPlannedTwice,  // the same, for an earlier append of this plan
    kAlready,       // kept before: `count` events from `position` on
    kReused,        // kept or planned before, as `count` events from `position` on
    kConflict,      // condition or boundary, current
  };
  Kind kind;
  std::size_t first = 0, count = 0;
  Position position{};
  const Append* append = nullptr;         // that is refused
  const Condition* condition = nullptr;   // that does not hold
  const Boundary* boundary = nullptr;     // that was crossed
  StreamVersion current{};
};
struct PlannedCommand {
  const Append* append;
  std::size_t first, count;  // events of the plan
};

// The outcome of a group of appends, on top of what is kept. Borrows everything that is added. One thread.
class GroupPlan final {
 public:
  // end: position and recordedAt of the last event kept.
  GroupPlan(const KeptLog& log, ClockGuard& clock, const Head& end) : log_(log), clock_(clock), begin_(end.position), end_(end) {}

  // Decides about one append; what it answers is last in answers(). An error (the clock, a failed read) ends the plan.
  Result<void> add(const PreparedAppend& append);

  const std::vector<PlannedEvent>& events() const { return events_; }
  const std::vector<PlannedCommand>& commands() const { return commands_; }
  const std::vector<PlannedAnswer>& answers() const { return answers_; }
  std::size_t bytes() const { return bytes_; }
  // An answer of this plan, once it is kept, as the caller gets it.
  Result<AppendOutcome> outcome(const PlannedAnswer& answer) const;

 private:
  Result<std::optional<PlannedAnswer>> seen_before(const Append& append) const;
  Result<std::optional<PlannedAnswer>> conflict(const Append& append);
  Result<bool> crossed(const Boundary& boundary) const;
  Result<AppendOutcome> reused_outcome(const PlannedAnswer& answer) const;
  Result<AppendOutcome> conflict_outcome(const PlannedAnswer& answer) const;
  Result<StreamVersion> version_of(std::string_view stream);  // of a condition
  Result<Timestamp> first_recorded_at(const Append& append);
  Result<void> place(const PreparedAppend& append);
  StoredOutcome planned_outcome(std::size_t first, std::size_t count) const;

  const KeptLog& log_;
  ClockGuard& clock_;
  const Position begin_;  // before this plan
  Head end_;
  std::optional<Timestamp> now_;
  std::vector<PlannedEvent> events_;
  std::vector<PlannedCommand> commands_;
  std::vector<PlannedAnswer> answers_;
  std::unordered_map<std::string_view, StreamVersion> streams_;  // that conditions named, with this plan's events
  std::unordered_map<CommandId, std::size_t, CommandIdHash> command_index_;
  std::size_t bytes_ = 0;
};

}  // namespace rapport
