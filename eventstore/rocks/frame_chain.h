// Frames one after the other from the log's first, each held to what it claims: whoever copies a log copies nothing that does not
// hold. Included under rocks/ only.
#pragma once
#include "eventstore/event_store.h"
#include "eventstore/frame.h"
#include "eventstore/proof/merkle_tree.h"

namespace rapport {

// One thread.
class FrameChain final {
 public:
  // Of the events before the first frame that comes: their tree, and the last one's time.
  explicit FrameChain(MerkleTree tree = {}, Timestamp last_recorded = {0}) : tree_(std::move(tree)), last_recorded_(last_recorded) {}

  // Takes the next frame: that it follows, its digests, its previous root, that times grow. Then the tree has its events. The
  // frame is borrowed until the next call. kCorrupt, "store.damaged", names the position.
  Result<Frame*> add(Bytes message);

  // Of what was added.
  Head head() const { return {{tree_.size()}, tree_.root(), last_recorded_}; }
  const MerkleTree& tree() const { return tree_; }
  // The tree head when the tree had so many events, if that was within or at the end of the frame that came last.
  std::optional<Hash> root_at(Position size) const;

 private:
  MerkleTree tree_, before_;  // with the last frame, and without
  Frame frame_;
  Timestamp last_recorded_;
};

}  // namespace rapport
