// Reading what log/ keeps: frames, streams, commands, the tree. Included under rocks/ only.
#pragma once
#include "eventstore/append_plan.h"
#include "eventstore/frame.h"
#include "eventstore/proof/merkle_tree.h"
#include "eventstore/rocks/log_database.h"

namespace rapport {

// Reads events by position, best in order: keeps its place and the last frame. One thread.
class FrameCursor final {
 public:
  enum class Use : std::uint8_t { kPoint, kScan };  // kScan: reads ahead and leaves the cache to others
  explicit FrameCursor(const LogDatabase& database, Use use = Use::kPoint) : database_(database), use_(use) {}

  // The frame that has the position. kCorrupt if none has: ask only for what was committed. Borrowed until the next call.
  Result<Frame*> frame(Position position);
  Result<const RecordedEvent*> event(Position position);
  // Lets go of the database's files; the next call opens them again.
  void release() { iterator_.reset(); }

 private:
  bool seek(Position position);

  const LogDatabase& database_;
  const Use use_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  Frame frame_;
};

// Safe for concurrent use. Sees also what is written and not yet synced; the store bounds its answers by its head.
class StoredLog final : public KeptLog {
 public:
  explicit StoredLog(const LogDatabase& database) : database_(database) {}

  Result<StreamVersion> kept_version(std::string_view stream) const override;
  Result<std::optional<Command>> kept_command(const CommandId& id) const override;
  Result<StoredOutcome> kept_outcome(Position first, std::size_t events) const override;
  // First position and count of events of a command, without its request.
  Result<std::optional<Command>> command_entry(const CommandId& id) const;

  struct End {
    Head head;
    MerkleTree tree;
    std::uint64_t streams = 0;
  };
  // Where the log ends, from its last frame and the tree's last kept edge.
  Result<End> recover() const;
  // The tree of the first `size` events, which must be there.
  Result<MerkleTree> tree_at(Position size) const;

 private:
  Result<std::uint64_t> count_of_streams() const;

  const LogDatabase& database_;
};

}  // namespace rapport
