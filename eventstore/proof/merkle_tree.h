// The log's Merkle tree as in RFC 6962, kept as its right edge only: enough to add leaves and to know the tree head.
#pragma once
#include <array>
#include <optional>
#include <string>

#include "eventstore/proof/sha256.h"

namespace rapport {

Hash leaf_hash(Bytes leaf);                           // SHA-256(0x00 ‖ leaf)
Hash node_hash(const Hash& left, const Hash& right);  // SHA-256(0x01 ‖ left ‖ right)

// A value: copying keeps an older size. One thread.
class MerkleTree final {
 public:
  void add(const Hash& leaf);
  std::uint64_t size() const { return size_; }
  Hash root() const;

  // The right edge, 32 bytes a subtree, largest first (FORMAT.md, family `tree`).
  std::string edge() const;
  // Nothing if there are not as many subtrees as the size says.
  static std::optional<MerkleTree> from_edge(std::uint64_t size, std::string_view edge);

 private:
  std::uint64_t size_ = 0;
  // subtrees_[k]: the root of the full subtree of 2^k leaves in the edge, if bit k of size_ is set.
  std::array<Hash, 64> subtrees_;
};

}  // namespace rapport
