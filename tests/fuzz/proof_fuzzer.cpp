// Proofs over a tree of 21 leaves: three bytes say which, the rest is the proof. Accepted is the true one and no other.
#include <algorithm>

#include "eventstore/proof/merkle_proof.h"
#include "eventstore/proof/merkle_tree.h"
#include "eventstore/proof/tile.h"
#include "tests/fuzz/fuzzer.h"

namespace {

using namespace rapport;
constexpr std::uint64_t kLeaves = 21;

struct Leaves final : SubtreeHashes {
  Hash leaf(std::uint64_t n) const {
    auto byte = static_cast<std::uint8_t>(n);
    return leaf_hash({&byte, 1});
  }
  Result<Hash> subtree(unsigned height, std::uint64_t index) const override {
    if (height == 0) return leaf(index);
    return node_hash(*subtree(height - 1, 2 * index), *subtree(height - 1, 2 * index + 1));
  }
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Leaves leaves;
  if (auto path = parse_tile_path(fuzz::text_of_input(data, size))) RAPPORT_ASSERT(to_text(*path) == fuzz::text_of_input(data, size));
  if (size < 3) return 0;
  auto n = 1 + data[0] % kLeaves, index = data[1] % n;
  Proof proof((size - 3) / sizeof(Hash));
  for (std::size_t i = 0; i < proof.size(); ++i) std::copy_n(data + 3 + i * sizeof(Hash), sizeof(Hash), proof[i].begin());
  auto root = *tree_head(leaves, n);
  if (data[2] % 2 == 0) RAPPORT_ASSERT(includes(leaves.leaf(index), index, n, root, proof) == (proof == *inclusion_proof(leaves, index, n)));
  else RAPPORT_ASSERT(extends(index, *tree_head(leaves, index), n, root, proof) == (proof == *consistency_proof(leaves, index, n)));
  if (auto tree = MerkleTree::from_edge(data[0], fuzz::text_of_input(data + 3, size - 3)))
    RAPPORT_ASSERT(tree->edge() == fuzz::text_of_input(data + 3, size - 3));
  return 0;
}
