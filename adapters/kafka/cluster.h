// What the brokers say of a cluster's topics, what stands at their ends, and how missing ones are
// made.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/kafka/connection.h"
#include "adapters/kafka/topics.h"
#include "domain/result.h"

namespace rapport::kafka {

// The last record of a partition that a relay wrote.
struct LastRecord {
  std::uint64_t sequence = 0;  // its ce_sequence: a position in the log
  std::string event_id;        // its ce_id
  std::string source = {};     // its ce_source: the name of the log that it came from
};
struct PartitionTail {
  std::int64_t end = 0;  // the offset that the next record gets
  std::optional<LastRecord> last = {};
};
// The first one that is still there.
struct FirstRecord {
  std::uint64_t sequence = 0;
  std::uint64_t previous = 0;  // its rapport-prev: the sequence of the record before it in this partition; 0: it is the first ever
};
struct PartitionHead {
  std::int64_t offset = 0;  // of the first record that there is
  std::optional<FirstRecord> first = {};  // if a relay wrote it
};
using Heads = std::map<std::string, std::vector<PartitionHead>>;
using Tails = std::map<std::string, std::vector<PartitionTail>>;  // by topic, by partition

// One thread. Errors: bus.unreachable, bus.refused, bus.setting.
class Cluster final {
 public:
  static Result<std::unique_ptr<Cluster>> connect(const Connection& to);
  ~Cluster();
  Cluster(const Cluster&) = delete;

  const std::string& id() const;
  std::size_t brokers() const;
  // Partitions of each topic that there is.
  Result<std::map<std::string, std::int32_t>> topics();
  // Makes topics and returns when all of their partitions have a leader. One that exists already is
  // left as it is.
  Result<void> create(std::span<const TopicPlan> plans);
  // What of topics that are there is not as create() would have made them, a sentence each: fewer copies than the
  // brokers allow, settings that let events go.
  Result<std::vector<std::string>> concerns(std::span<const TopicPlan> plans);
  // The last record of the first `partitions` partitions of each topic.
  Result<Tails> tails(const std::map<std::string, std::int32_t>& partitions);
  // Where those partitions begin that have records.
  Result<Heads> heads(const Tails& tails);

 private:
  struct Parts;
  explicit Cluster(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace rapport::kafka
