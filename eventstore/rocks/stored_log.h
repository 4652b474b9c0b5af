// What the log keeps of streams, commands and the tree. Included under rocks/ only.
#pragma once
#include "eventstore/append_plan.h"
#include "eventstore/proof/merkle_tree.h"
#include "eventstore/rocks/log_index.h"

namespace rapport {

// Safe for concurrent use. Sees also what is written and not yet synced; the store bounds its answers by its head.
class StoredLog final : public KeptLog {
 public:
  StoredLog(const LogDatabase& database, const LogIndex& index) : database_(database), index_(index) {}

  Result<StreamVersion> kept_version(std::string_view stream) const override { return index_.version_of(stream); }
  Result<std::optional<Command>> kept_command(const CommandId& id) const override;
  Result<StoredOutcome> kept_outcome(Position first, std::size_t events) const override;
  Result<std::vector<StoredOutcome::Item>> kept_items(const ReadQuery& query, std::size_t max) const override;
  struct End {
    Head head;
    MerkleTree tree;
  };
  // Where the log ends, from its last frame and the tree's last kept edge. Needs no index.
  static Result<End> recover(const LogDatabase& database);
  // The tree of the first `size` events, which must be there.
  Result<MerkleTree> tree_at(Position size) const { return tree_at(database_, size); }

 private:
  static Result<MerkleTree> tree_at(const LogDatabase& database, Position size);

  const LogDatabase& database_;
  const LogIndex& index_;
};

}  // namespace rapport
