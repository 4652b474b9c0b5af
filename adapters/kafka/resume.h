// Where a relay goes on: computed from what stands at both ends of the topics and what the relay
// remembers, without I/O.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adapters/kafka/alarms.h"
#include "adapters/kafka/cluster.h"
#include "adapters/kafka/cursor.h"

namespace rapport::kafka {

// What to do about topics that have events which the log does not.
inline constexpr const char* kHintOtherHistory =
    "if this log was restored from an older copy, it is another history from there on: `rapport verify --accept older-copy` gives it a "
    "name of its own (`rapport restore --to` has done so), then publish it to another cluster, or remove these topics and their "
    "followers' state; if another log is published there, give each its own cluster";

inline constexpr const char* kHintSecondPublisher =
    "end the other one, then start this one again: it finds out what is there and goes on; subscribers drop what has a ce_sequence at or "
    "below the last one of its partition";

struct ResumeFacts {
  Position head;  // of the log
  Tails tails;    // of the partitions in use
  Heads heads = {};
  std::optional<Cursor> cursor;
};

struct ResumePlan {
  // Everything up to here is in the topic, by topic: reading the log for it starts after that.
  std::map<std::string, Position> complete;
  // The last sequence that each partition has, by topic: an event at or below its partition's is
  // not sent again.
  std::map<std::string, std::vector<std::uint64_t>> sequences;
  // Records that are not where they were: lost ones are published again, expired ones are gone.
  std::vector<Notice> notices;

  // Of the topics named; with none the head of what is planned.
  Position complete_of(const std::set<std::string>& topics) const;
};

// How many of a topic's partitions a relay uses: as many as when it published first, for with
// another number an event would go to another partition than the earlier ones of its stream, and
// lose its order. More of them stay unused, with a notice. Error bus.partitions: there are fewer.
Result<std::map<std::string, std::int32_t>> partitions_in_use(
    const std::map<std::string, std::int32_t>& partitions, const std::optional<Cursor>& cursor,
    std::vector<Notice>* notices = nullptr);

// Errors: bus.ahead_of_log, a topic has an event that the log does not: another writer, or the log
// was restored from an old copy; bus.topic_incomplete: a partition begins with a record that others came before.
Result<ResumePlan> plan_resume(const ResumeFacts& facts);

// The topics that are more than so many events behind the one that is furthest.
std::set<std::string> far_behind(const std::map<std::string, Position>& complete, std::uint64_t events);

}  // namespace rapport::kafka
