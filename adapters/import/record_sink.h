// Where an import's commands go: a batch of the command gateway.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "eventstore/command_gateway.h"

namespace rapport::import {

// One thread. A record's commands are decided one after the other, each on the state that the one
// before left; then the record is kept or dropped as a whole.
class RecordSink {
 public:
  enum class Became : std::uint8_t { kAccepted, kUnchanged, kAlready };
  struct Answer {
    Became became = Became::kAccepted;
    std::size_t events = 0;
  };
  virtual ~RecordSink() = default;
  virtual Result<Answer> decide(const Command& command) = 0;
  // The events of the last decide(), messages of the aggregate's Event union; until the next call.
  virtual std::vector<Words> decided_events() const = 0;
  virtual void keep() = 0;
  virtual void drop() = 0;
  // Stores what was kept; how many events that were.
  virtual Result<std::size_t> flush() = 0;
  virtual std::size_t pending_commands() const = 0;
  virtual Result<StreamVersion> version_of(std::string_view aggregate, std::string_view id) = 0;
  // Where the log ends, events that are kept but not flushed included.
  virtual Position position() const = 0;
};

// The gateway's batch as a sink. `dry_run`: decides as the real run would and stores nothing.
std::unique_ptr<RecordSink> open_sink(CommandGateway& gateway, bool dry_run);

}  // namespace rapport::import
