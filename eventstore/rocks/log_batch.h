// A plan as one WriteBatch: frames, the tree's edge. Included under rocks/ only.
#pragma once
#include <rocksdb/write_batch.h>

#include <vector>

#include "eventstore/append_plan.h"
#include "eventstore/frame.h"
#include "eventstore/proof/merkle_tree.h"
#include "eventstore/rocks/log_database.h"

namespace rapport {

inline constexpr std::uint64_t kEdgeEvery = 1024;  // events from one kept edge of the tree to the next

// One thread; used once.
class LogBatch final {
 public:
  // tree: as it is before the plan's first event; moves on with add().
  LogBatch(const LogDatabase& database, MerkleTree& tree, const GroupPlan& plan);

  Result<void> build();
  rocksdb::WriteBatch& batch() { return batch_; }

 private:
  void add(const PlannedCommand& command);
  void add(const PlannedEvent& event, const PlannedCommand& command, std::uint16_t ordinal);
  void end_frame(bool ends_group);
  // Keeps the first error; every put must succeed.
  void put(Family family, const rocksdb::Slice& key, const rocksdb::Slice& value);

  const LogDatabase& database_;
  MerkleTree& tree_;
  const GroupPlan& plan_;
  rocksdb::WriteBatch batch_;
  rocksdb::Status status_;

  // The frame being filled.
  FrameParts frame_;
  std::vector<StoredBytes> events_;
  std::vector<FrameCommand> commands_;
  std::size_t frame_bytes_ = 0;
};

}  // namespace rapport
