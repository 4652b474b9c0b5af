// What an import did to the streams of the log, and who built on it since.
#pragma once
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "adapters/import/engine/ids.h"
#include "adapters/import/engine/inverse.h"

namespace rapport::import {

// What an event of the import caused on another stream: it goes back with its cause.
struct CausedMovement {
  std::string member;  // its id
  Inverse inverse;
};

struct TouchedStream {
  std::string aggregate, id;
  CommandId first_command;
  StreamVersion before;      // of the stream, when the import first came to it
  std::uint64_t last = 0;    // position of the import's last event here
  bool created = false;      // by the import
  std::uint64_t others = 0;  // events of others since
  std::uint64_t uses = 0;    // of a policy: events of others since that were decided by it
  bool spoilt = false;       // the import caused something elsewhere that has no inverse
  std::vector<CausedMovement> caused;  // in the order of the log
  std::set<std::string> policies;      // that its events were decided by
  std::set<Id16> records;
};
// By their names.
using TouchedStreams = std::unordered_map<std::string, TouchedStream>;

struct ImportEvents {
  CommandId start;   // of the import: the correlation of all that it did
  CommandId revert;  // of its revert, which may have been cut short before
  Position from;     // of its first event

  bool are(const RecordedEvent& event) const { return correlates(event, start); }
  // Whether a rule made it: not a row, but what a row caused.
  bool caused(const RecordedEvent& event) const;
  static bool correlates(const RecordedEvent& event, const CommandId& id);
};

Result<TouchedStreams> touched_streams(const EventStore& store, const ImportEvents& of);

// Whether the stream, at this version, was taken back: it exists in the log alone.
Result<bool> is_revoked(const EventStore& store, const std::string& stream, StreamVersion version);

}  // namespace rapport::import
