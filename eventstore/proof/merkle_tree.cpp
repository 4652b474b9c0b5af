#include "eventstore/proof/merkle_tree.h"

#include <algorithm>
#include <bit>

namespace rapport {

Hash leaf_hash(Bytes leaf) {
  static constexpr std::uint8_t kPrefix = 0;
  return sha256({{&kPrefix, 1}, leaf});
}

Hash node_hash(const Hash& left, const Hash& right) {
  static constexpr std::uint8_t kPrefix = 1;
  return sha256({{&kPrefix, 1}, left, right});
}

void MerkleTree::add(const Hash& leaf) {
  auto node = leaf;
  std::size_t level = 0;
  for (auto size = size_; size & 1; size >>= 1) node = node_hash(subtrees_[level++], node);
  subtrees_[level] = node;
  ++size_;
}

Hash MerkleTree::root() const {
  if (size_ == 0) return sha256({});
  auto level = static_cast<std::size_t>(std::countr_zero(size_));
  auto root = subtrees_[level];
  for (auto rest = size_ & (size_ - 1); rest != 0; rest &= rest - 1)
    root = node_hash(subtrees_[static_cast<std::size_t>(std::countr_zero(rest))], root);
  return root;
}

std::string MerkleTree::edge() const {
  std::string edge;
  for (std::size_t level = subtrees_.size(); level-- > 0;)
    if (size_ >> level & 1) edge += text_of(subtrees_[level]);
  return edge;
}

std::optional<MerkleTree> MerkleTree::from_edge(std::uint64_t size, std::string_view edge) {
  MerkleTree tree;
  tree.size_ = size;
  if (edge.size() != sizeof(Hash) * static_cast<std::size_t>(std::popcount(size))) return {};
  for (std::size_t level = tree.subtrees_.size(); level-- > 0;) {
    if (!(size >> level & 1)) continue;
    std::copy_n(edge.begin(), sizeof(Hash), tree.subtrees_[level].begin());
    edge.remove_prefix(sizeof(Hash));
  }
  return tree;
}

}  // namespace rapport
