// Where a relay goes on: computed from what stands at the ends of the topics and what the relay
// remembers, without I/O.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/kafka/cluster.h"
#include "adapters/kafka/cursor.h"

namespace rapport::kafka {

// What to do about topics that have events which the log does not.
inline constexpr const char* kHintOtherHistory =
    "if this log was restored from an older copy, it is another history from there on: `rapport verify --accept older-copy` gives it a "
    "name of its own (`rapport restore --to` has done so), then publish it to another cluster, or remove these topics and their "
    "followers' state; if another log is published there, give each its own cluster";

struct ResumeFacts {
  Position head;  // of the log
  Tails tails;    // of the partitions in use
  std::optional<Cursor> cursor;
};

struct ResumePlan {
  // Everything up to here is in every topic: reading the log starts after it.
  Position complete;
  // The last sequence that each partition has, by topic: an event at or below its partition's is
  // not sent again.
  std::map<std::string, std::vector<std::uint64_t>> sequences;
  // One sentence for each partition that has lost records: they are published again.
  std::vector<std::string> lost;
};

// How many of a topic's partitions a relay uses: as many as when it published first, for with
// another number an event would go to another partition than the earlier ones of its stream, and
// lose its order. Error bus.partitions: there are fewer.
Result<std::map<std::string, std::int32_t>> partitions_in_use(
    const std::map<std::string, std::int32_t>& partitions, const std::optional<Cursor>& cursor);

// Error bus.ahead_of_log: a topic has an event that the log does not: another writer, or the log
// was restored from an old copy.
Result<ResumePlan> plan_resume(const ResumeFacts& facts);

}  // namespace rapport::kafka
