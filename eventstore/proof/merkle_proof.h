// Inclusion and consistency proofs of the log's tree, made and checked as in RFC 6962, sections 2.1.1 and 2.1.2 (checked by the
// algorithms of RFC 9162, 2.1.3.2 and 2.1.4.2). Whoever checks needs no store: leaf, place, sizes, roots and the proof are enough.
#pragma once
#include <vector>

#include "domain/result.h"
#include "eventstore/proof/sha256.h"

namespace rapport {

// Hashes from the leaf's or the old tree's side upwards.
using Proof = std::vector<Hash>;

// Where the hashes of full subtrees come from.
class SubtreeHashes {
 public:
  virtual ~SubtreeHashes() = default;
  // Of the 2^height leaves that begin with leaf `index` * 2^height, leaves counted from 0.
  virtual Result<Hash> subtree(unsigned height, std::uint64_t index) const = 0;
};

// The head of the tree of the first `size` leaves; SHA-256 of nothing for none.
Result<Hash> tree_head(const SubtreeHashes& hashes, std::uint64_t size);
// That the leaf at `index`, from 0, is in the tree of `size` leaves. kInvalid, "proof.out_of_range", unless index < size.
Result<Proof> inclusion_proof(const SubtreeHashes& hashes, std::uint64_t index, std::uint64_t size);
// That the tree of `size` leaves begins with that of `old_size`. kInvalid, "proof.out_of_range", unless old_size <= size.
Result<Proof> consistency_proof(const SubtreeHashes& hashes, std::uint64_t old_size, std::uint64_t size);

// Whether the proof holds.
bool includes(const Hash& leaf, std::uint64_t index, std::uint64_t size, const Hash& root, const Proof& proof);
bool extends(std::uint64_t old_size, const Hash& old_root, std::uint64_t size, const Hash& root, const Proof& proof);

}  // namespace rapport
