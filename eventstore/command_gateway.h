// The way in: a command is decided on its stream's current state and its events are stored, with the events of what it causes
// on other streams, in one append. One gateway a store.
#pragma once
#include <memory>
#include <optional>
#include <shared_mutex>
#include <vector>

#include "domain/aggregates.h"
#include "eventstore/clock.h"
#include "eventstore/event_store.h"
#include "eventstore/snapshots.h"
#include "eventstore/subject_keys.h"

namespace rapport {

// Where a command came from, stored with its events.
struct CommandSource {
  std::string_view channel = {};   // "cli", "http", "import"
  std::string_view client = {};
  std::string_view file = {};
  std::uint64_t line = 0;          // where the record begins; 0 = none
  std::span<const std::uint8_t> row_hash = {};
};

// A command on its way in. Borrows for the duration of the call.
struct Command {
  std::string_view aggregate;  // "opportunity"
  std::string_view id;         // "1C1I7A6R"
  Words body;                  // a message of the aggregate's Command union
  CommandId command_id;
  std::optional<StreamVersion> expected = {};  // nothing: decided on the current state, retried on a lost race
  std::optional<Timestamp> occurred_at = {};   // nothing: now
  Precision precision = Precision::INSTANT;    // kUnknown, kAlways: occurred_at is left out
  std::string_view actor = "anonymous";
  ActorKind actor_kind = ActorKind::USER;
  std::string_view reason_code = {}, reason_text = {};  // the text is sealed
  std::optional<CommandId> correlation = {};   // nothing: this command starts one
  std::optional<EventId> causation = {};
  std::span<const std::string> tags = {};      // by which its events can be asked for; nothing personal
  bool as_fact = false;                        // history as it was: see Context
  CommandSource source = {};
};

// What became of a command, in the order of its events; its own stream's events come first.
struct Receipt {
  std::string stream;
  StreamVersion version;            // of `stream` after it
  StoredOutcome outcome;            // empty if nothing changed
  bool already = false;             // the same command id was done before: this is what it did then
};

class CommandBatch;

// submit() and submit_together() are safe for concurrent use. A CommandBatch has the gateway to itself from its first command to its flush.
class CommandGateway final {
 public:
  static constexpr int kRetriesMax = 16;
  // What states of streams take in memory between commands, about.
  static constexpr std::size_t kCachedBytesMax = 64u << 20;

  // Everything is borrowed and must outlive the gateway. Reads the policies from the log. Without snapshots every state that is not
  // in memory is folded from its stream's first event.
  static Result<std::unique_ptr<CommandGateway>> open(const std::vector<Aggregate>& aggregates, EventStore& store,
                                                      SubjectKeys& keys, const Clock& clock, Snapshots* snapshots = nullptr);
  ~CommandGateway();

  // Decides and stores one command; durable when it returns. Errors: kInvalid ("command.unknown", "stream.id_invalid", …),
  // kRejected (the decider's code), kConflict ("stream.version_differs", "command.id_reused"), the store's.
  Result<Receipt> submit(const Command& command);

  // Commands that came together, of callers who know nothing of each other: each is answered as submit() would, in any order, but
  // what they store becomes durable in one write.
  std::vector<Result<Receipt>> submit_together(std::span<const Command> commands);

  // Many commands with one durable write at the end of each flush: imports. See CommandBatch.
  // `dry_run`: decides all the same, each command on the state that the ones before would have left, and stores nothing:
  // neither events nor keys; memory grows with the streams that are touched.
  std::unique_ptr<CommandBatch> batch(bool dry_run = false);

 private:
  friend class CommandBatch;
  class Impl;
  explicit CommandGateway(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A run of records, each of some commands that are stored together or not at all. One thread. Between the first decide() after
// a flush and the next flush() no other command gets in, so the states that it decides on cannot be overtaken.
class CommandBatch final {
 public:
  enum class Became : std::uint8_t { kAccepted, kUnchanged, kAlready };
  struct Decided {
    Became became;
    std::size_t events = 0;
  };
  ~CommandBatch();  // what was not flushed is dropped

  // Decides one command of the open record on the state that the commands before it left. A refusal (kRejected and the rest)
  // leaves the record open; the caller then drops it.
  Result<Decided> decide(const Command& command);
  // The events that the open record's last accepted command put on its own stream: payloads, valid until the next call.
  std::vector<Words> decided_events() const;
  // The open record's events will be stored by the next flush.
  void keep();
  // Forgets the open record.
  void drop();
  // Stores what was kept since the last flush, in one durable write; how many events that were.
  Result<std::size_t> flush();
  std::size_t pending_commands() const;
  // Whether the stream exists, with what this batch has kept or decided in the open record.
  Result<StreamVersion> version_of(std::string_view aggregate, std::string_view id);
  // Where the log ends, events that are kept but not flushed included.
  Position position() const;

 private:
  friend class CommandGateway;
  class Impl;
  explicit CommandBatch(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rapport
