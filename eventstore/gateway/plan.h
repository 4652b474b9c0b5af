// The outcome of one command before it is stored: its events and those of its reactions, sealed and with their metadata.
#pragma once
#include <functional>

#include "domain/policies.h"
#include "eventstore/command_gateway.h"
#include "eventstore/gateway/snapshot.h"
#include "eventstore/sealing.h"

namespace rapport {

struct Plan {
  struct Event {
    std::string stream;
    std::string type;
    StreamVersion version;
    Words metadata, payload;  // in the buffer that the plan was made with
  };
  CommandId command;
  Hash request{};
  std::string stream;      // the command's own
  StreamVersion version;   // of it, before
  std::vector<std::pair<std::string, StreamVersion>> seen;  // streams that decisions were made on, with their versions before
  std::vector<Event> events;
  std::vector<Boundary> boundaries;  // names that it took must still be free
  std::vector<std::pair<std::string, std::string>> claimed;  // names that it took or gave back, as tags, with their streams

  // Borrows from the plan.
  Append append() const;
};

// Where states come from while a plan is made, and where the plan leaves them: the states it answers are edited in place.
class Workspace {
 public:
  virtual ~Workspace() = default;
  virtual Result<Working*> edit(const Aggregate& aggregate, const std::string& stream) = 0;
  // The stream that took or gave back a name last, of what is not in the log yet; empty: none.
  virtual std::string claimed_last(const std::string&) const { return {}; }
};

// Makes plans. Safe for concurrent use with different workspaces and buffers.
class Planner final {
 public:
  // `snapshots` may be null.
  Planner(const std::vector<Aggregate>& aggregates, EventStore& store, SubjectKeys& keys, const Clock& clock, Snapshots* snapshots)
      : aggregates_(aggregates), store_(store), keys_(keys), clock_(clock), snapshots_(snapshots) {}

  // The command's aggregate, or kInvalid; its id is checked, too.
  Result<const Aggregate*> aggregate_of(const Command& command) const;
  // What tells this request from another one under the same command id.
  Hash request_of(const Command& command) const;
  // Decides the command and everything it causes. Without events if nothing changed. After an error the workspace's states
  // are spoilt and must be dropped.
  Result<Plan> plan(const Aggregate& aggregate, const Command& command, const Policies& policies, Workspace& workspace,
                    EventBuffer& out) const;
  // Reads a stream's state from the log, from its snapshot on if there is one of just this stream.
  Result<Working> load(const Aggregate& aggregate, const std::string& stream) const;

 private:
  struct Time {
    Timestamp at;
    Precision precision;
    Timestamp sent;                        // by our clock
    kj::Array<capnp::word> target = {};    // a correction's: the event that it corrects
  };
  class Making;
  // Applies what the reader has to give; how many events that were.
  static Result<std::uint64_t> fold_on(EventReader& reader, const std::string& stream, Snapshot& state);
  // When the command's events are true: a correction's at its target's time.
  Result<Time> time_of(const Aggregate& aggregate, const Command& command, const Policies& policies) const;
  Result<Time> target_time_of(const EventId& target, const Command& command, Timestamp sent) const;

  const std::vector<Aggregate>& aggregates_;
  EventStore& store_;
  SubjectKeys& keys_;
  const Clock& clock_;
  Snapshots* const snapshots_;
  Sealing sealing_;
};

}  // namespace rapport
