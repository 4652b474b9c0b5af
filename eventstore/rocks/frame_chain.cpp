#include "eventstore/rocks/frame_chain.h"

namespace rapport {

Result<Frame*> FrameChain::add(Bytes message) {
  Position next{tree_.size() + 1};
  if (auto read = frame_.read(message, Frame::Check::kDigests); !read) return damaged(next, read.error().message);
  if (frame_.size() == 0 || frame_.first() != next) return damaged(next, "the frame after it begins elsewhere");
  if (frame_.previous_root() != tree_.root()) return damaged(next, "its frame does not follow the events before it");
  before_ = tree_;
  for (std::size_t i = 0; i < frame_.size(); ++i, ++next.value) {
    auto bytes = frame_.head(i);
    if (!bytes) return bytes.error();
    auto head = decode_head(*bytes);
    if (!head || head->position != next) return damaged(next, "its head is malformed");
    if (head->recorded_at <= last_recorded_) return damaged(next, "its time is not after the one before");
    last_recorded_ = head->recorded_at;
    tree_.add(leaf_hash(*bytes));
  }
  return &frame_;
}

std::optional<Hash> FrameChain::root_at(Position size) const {
  if (size.value < before_.size() || size.value > tree_.size()) return {};
  auto tree = before_;
  for (std::size_t i = 0; tree.size() < size.value; ++i) {
    auto bytes = frame_.head(i);
    if (!bytes) return {};
    tree.add(leaf_hash(*bytes));
  }
  return tree.root();
}

}  // namespace rapport
