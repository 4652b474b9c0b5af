// The log's port: append the outcomes of commands, read events back in order, wait for news. Two implementations: memory/
// (reference semantics) and rocks/ (durable); one contract suite in tests/eventstore_contract holds both.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <variant>
#include <vector>

#include "domain/result.h"
#include "eventstore/event.h"
#include "eventstore/event_filter.h"
#include "eventstore/proof/tile.h"

namespace rapport {

// Limits; past one the append is refused with kInvalid and the limit's name as reason ("store.event_too_large", …).
inline constexpr std::size_t kEventBytesMax = 256u << 10;       // payload and metadata of one event
inline constexpr std::size_t kAppendBytesMax = 4u << 20;        // all events of one append
inline constexpr std::size_t kAppendEventsMax = 10'000;
inline constexpr std::size_t kAppendsMax = 100'000;             // appends in one call
inline constexpr std::size_t kTagsMax = 16;                     // of one event
inline constexpr std::size_t kTagBytesMax = 128;                // of one tag

// An event that has been decided and is to be stored. Borrows for the duration of the call.
struct NewEvent {
  std::string_view stream;  // its full name, "opportunity-1C1I7A6R"
  Words metadata;           // an envelope Metadata message; its streamType and streamId must agree with `stream`
  Words payload;
};

// The version that a stream must have for the append to happen, whether it gets events or is only looked at; {0} = it must not
// exist, kMustExist = it must, at whatever version. A stream that gets events and has no condition is refused as a bug of the
// caller (store.condition_missing): there is no "any" version.
inline constexpr StreamVersion kMustExist{~std::uint64_t{0}};
struct Condition {
  std::string_view stream;
  StreamVersion expected;
};

// No event after `after` may be one that the filter takes: what a decision rests on that was made on all those up to there
// (a dynamic consistency boundary, https://dcb.events). After 0: there is none at all.
struct Boundary {
  EventFilter filter;
  Position after;
};

// The outcome of one command: all of its events are stored, in the given order, or none. Never without events.
struct Append {
  CommandId command;
  Hash request{};  // keyed digest of the canonical plain-text request: tells a repeated command from a reused id
  std::vector<Condition> conditions;  // at most one a stream
  std::vector<NewEvent> events;
  std::vector<Boundary> boundaries = {};
  // The first event's recordedAt in place of the store's clock, later than the log's last; the others follow by 1 µs each,
  // as they did when they were stored first. Only for `load`.
  std::optional<Timestamp> recorded_at;
  // With recorded_at: the salts of the events as they were stored first, so that the root comes out the same.
  std::vector<std::array<std::uint8_t, 16>> salts;
};

// What was stored for a command: for each of its events, in order.
struct StoredOutcome {
  struct Item {
    std::string stream;
    std::string type;
    StreamVersion version;
    Position position;
    Hash leaf;
  };
  std::vector<Item> events;
  Hash request{};  // the digest that the append came with: another request under the same id is a reused id
};

struct Appended { StoredOutcome outcome; };
struct AlreadyAppended { StoredOutcome outcome; };  // the same command id and request: what was stored the first time
struct CommandIdReused {                            // the same command id with another request
  StoredOutcome first;     // what the id stands for
  std::string difference;  // the first one that shows in the events: "event 1 went to order-7, not to order-8"
};
// A condition that does not hold. Nothing is stored.
inline constexpr std::size_t kConflictEventsMax = 16;
struct Conflict {
  std::string stream;                      // whose version is another; empty: a boundary was crossed
  StreamVersion current;                   // of the stream
  std::vector<StoredOutcome::Item> events; // those that the caller did not know of, the oldest first, at most kConflictEventsMax
};
using AppendOutcome = std::variant<Appended, AlreadyAppended, CommandIdReused, Conflict>;

struct Head {
  Position position;
  Hash root{};                 // RFC 6962 tree head over all leaves; SHA-256 of nothing for an empty log
  Timestamp recorded_at{0};    // of the last event
};
struct StoreFacts {
  std::string origin;          // name of this log in proofs and CloudEvents, e.g. "rapport/3f0c…"
  std::uint64_t streams = 0;
  Timestamp first_recorded_at{0}, last_recorded_at{0};
};

enum class Direction : std::uint8_t { kForward, kBackward };

// Which events, in position order (a stream's: version order). What is named must all hold: a stream's events of one type.
struct ReadQuery {
  Direction direction = Direction::kForward;
  // Forward: positions from here on (0 and 1 = the first). Backward: from here down; 0 = the last.
  Position from{};
  Position to{~std::uint64_t{0}};  // inclusive upper bound; backward: unused
  std::string stream = {};         // only this stream (full name); `from_version` then counts instead of `from`
  StreamVersion from_version{};    // 0 = the first (forward), the last (backward)
  EventFilter filter = {};         // only what it takes
};

// A cursor over committed events. One thread. What next() answers borrows until the next call.
class EventReader {
 public:
  virtual ~EventReader() = default;
  // The next event, or null at the end of what is committed: calling again later continues. kCorrupt names the position.
  virtual Result<const RecordedEvent*> next() = 0;
};

// Safe for concurrent use from any number of threads. As Tiles it shows its tree, leaf n for the event at position n + 1: any tile
// of a tree up to the head's size; kInvalid, "store.past_head", beyond.
class EventStore : public Tiles {
 public:

  // Stores appends in the given order, each whole or not at all, and returns when all that were accepted are durable.
  // One answer an append. An append may build on the versions that an earlier one of the same call leaves. Concurrent
  // callers share an fsync. Errors: kInvalid (a limit), kUnavailable ("store.stopped" after a failed sync,
  // "store.clock_suspect", "store.read_only", "store.full", "store.overloaded"); then nothing of the call counts as stored until reopened.
  virtual Result<std::vector<AppendOutcome>> append(std::span<const Append> appends) = 0;

  // What a command stored, if it did.
  virtual Result<std::optional<StoredOutcome>> find(const CommandId& command) const = 0;
  // Position of an event by its id.
  virtual Result<std::optional<Position>> find(const EventId& event) const = 0;

  virtual Head head() const = 0;
  // The tree head after the given position. kInvalid past the head.
  virtual Result<Hash> root_at(Position position) const = 0;
  // The last event recorded at or before t; 0 if there is none. What `known-at` a time means.
  virtual Result<Position> position_at(Timestamp t) const = 0;
  virtual Result<StreamVersion> version_of(std::string_view stream) const = 0;
  virtual StoreFacts facts() const = 0;

  virtual std::unique_ptr<EventReader> read(const ReadQuery& query) const = 0;

  // Blocks until the head is past `position`, the time is over, or stop is requested; whether it is past.
  virtual bool wait_past(Position position, std::chrono::milliseconds timeout_ms, std::stop_token stop = {}) const = 0;
};

}  // namespace rapport
