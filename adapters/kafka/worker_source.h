// Where a worker is in crm.log.v1: kept with the view's rows, in the same batch.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventstore/event.h"
#include "eventstore/proof/merkle_tree.h"
#include "projections/share.h"

namespace rapport::kafka {

// A record that is no frame, or an event of one that cannot be read: left out, for a person to look at.
struct Parked {
  std::int64_t offset = 0;
  std::string why;
  Position event = {};  // 0: the record
  bool operator==(const Parked&) const = default;
};

struct WorkerSource {
  static constexpr std::size_t kParkedMax = 100;  // the first and the last ones

  projections::Share share;  // of the view, that the rows are
  std::string cluster;      // Kafka's own id; offsets mean nothing on another
  std::int64_t offset = 0;  // of the next record
  MerkleTree tree;  // over every event that came: the log's own root proves that none is missing or
                    // altered
  std::vector<Parked> parked;
  std::uint64_t unread = 0;  // events that were ever parked

  void park(Parked what);
};

std::string sentence(const Parked& parked);
std::string to_text(const WorkerSource& source);
// Nothing if it cannot be understood.
std::optional<WorkerSource> parse_source(std::string_view text);

}  // namespace rapport::kafka
