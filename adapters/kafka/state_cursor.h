// How far the rows of each view are published on a cluster, in one small file. It may be lost: then all rows are published once
// more, and those that are gone are found by reading the topic.
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

struct StateCursor {
  struct View {
    std::uint32_t version = 0;
    Position position;               // the topic has the rows as they were here, or later
    std::vector<std::int64_t> ends;  // of each partition in use, the offset after the last record that was acknowledged
    std::string edition;             // which rows the view had: others are published again (ViewHost::edition)
    std::string personal;            // how personal texts were published: another way means other records
    bool operator==(const View&) const = default;
  };
  std::string cluster;  // Kafka's own id
  std::string origin;   // the log's name
  std::map<std::string, View> views;
  bool operator==(const StateCursor&) const = default;
};

// `folder` is DIR/kafka. Nothing if there is none, or one that cannot be understood.
std::optional<StateCursor> read_state_cursor(const std::filesystem::path& folder, const std::string& cluster);
// Every cluster that rows were published on.
std::vector<StateCursor> read_state_cursors(const std::filesystem::path& folder);
// Replaces the file at once or not at all; makes the folder. Not synced.
Result<void> write_state_cursor(const std::filesystem::path& folder, const StateCursor& cursor);

}  // namespace rapport::kafka
