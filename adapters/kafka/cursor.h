// What a relay remembers of a cluster, in one small file: how far everything is published, and what
// each partition acknowledged. It may be lost at no harm: then the relay reads the log from its
// start to find out.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/result.h"
#include "eventstore/event.h"

namespace rapport::kafka {

// The last record that a partition acknowledged. {0, -1}: none yet.
struct Acknowledged {
  std::uint64_t sequence = 0;
  std::int64_t offset = -1;
  bool operator==(const Acknowledged&) const = default;
};

struct Cursor {
  std::string cluster;    // Kafka's own id of the cluster
  std::string brokers;    // where it was reached last
  bool clean = false;     // written at the end of a run that left nothing under way
  Position position;      // every record of every event up to here was acknowledged
  std::string tree_edge;  // of the log's tree at `position`, raw bytes; empty: not known
  std::map<std::string, std::vector<Acknowledged>>
      topics;  // by partition: its size is the number of partitions in use
  std::map<std::string, Position> behind = {};  // topics that are filled apart: everything up to here was acknowledged
  bool operator==(const Cursor&) const = default;
};

// `folder` is DIR/kafka. Nothing if there is none, or one that cannot be understood, which is as
// good as none.
std::optional<Cursor> read_cursor(const std::filesystem::path& folder, const std::string& cluster);
// Every cluster that the log was published to, for `inspect`.
std::vector<Cursor> read_cursors(const std::filesystem::path& folder);
// Replaces the file at once or not at all; makes the folder. Not synced: a lost cursor does no
// harm, an old one neither.
Result<void> write_cursor(const std::filesystem::path& folder, const Cursor& cursor);

}  // namespace rapport::kafka
