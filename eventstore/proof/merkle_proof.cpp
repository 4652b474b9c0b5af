#include "eventstore/proof/merkle_proof.h"

#include <bit>
#include <string>

#include "eventstore/proof/merkle_tree.h"

namespace rapport {
namespace {

Error out_of_range(std::uint64_t wanted, std::uint64_t size) {
  return {ErrorCode::kInvalid, "proof.out_of_range",
          std::to_string(wanted) + " is not within a tree of " + std::to_string(size) + " events", {}, {},
          "the log's own size is what `rapport inspect` calls position"};
}

// The largest power of two below `count`, which is more than 1: where RFC 6962 splits.
std::uint64_t split(std::uint64_t count) { return std::bit_floor(count - 1); }

// Of the leaves [first, first + count): first is a multiple of a power of two that is not below count, as all splits leave it.
Result<Hash> range_hash(const SubtreeHashes& hashes, std::uint64_t first, std::uint64_t count) {
  if (std::has_single_bit(count)) {
    auto height = static_cast<unsigned>(std::countr_zero(count));
    return hashes.subtree(height, first >> height);
  }
  auto left_count = split(count);
  auto left = range_hash(hashes, first, left_count);
  if (!left) return left;
  auto right = range_hash(hashes, first + left_count, count - left_count);
  if (!right) return right;
  return node_hash(*left, *right);
}

// Appends the hash of a range to a proof.
Result<void> add(const SubtreeHashes& hashes, std::uint64_t first, std::uint64_t count, Proof& proof) {
  auto hash = range_hash(hashes, first, count);
  if (!hash) return hash.error();
  proof.push_back(*hash);
  return {};
}

// PATH(index, leaves [first, first + count)) of RFC 6962.
Result<void> add_path(const SubtreeHashes& hashes, std::uint64_t index, std::uint64_t first, std::uint64_t count, Proof& proof) {
  if (count == 1) return {};
  auto left = split(count);
  auto in_left = index < left;
  auto below = in_left ? add_path(hashes, index, first, left, proof)
                       : add_path(hashes, index - left, first + left, count - left, proof);
  if (!below) return below;
  return in_left ? add(hashes, first + left, count - left, proof) : add(hashes, first, left, proof);
}

// SUBPROOF(old_size, leaves [first, first + count), whole) of RFC 6962; whole: the old tree is known to whoever checks.
Result<void> add_subproof(const SubtreeHashes& hashes, std::uint64_t old_size, std::uint64_t first, std::uint64_t count, bool whole,
                          Proof& proof) {
  if (old_size == count) return whole ? Result<void>() : add(hashes, first, count, proof);
  auto left = split(count);
  auto in_left = old_size <= left;
  auto below = in_left ? add_subproof(hashes, old_size, first, left, whole, proof)
                       : add_subproof(hashes, old_size - left, first + left, count - left, false, proof);
  if (!below) return below;
  return in_left ? add(hashes, first + left, count - left, proof) : add(hashes, first, left, proof);
}

}  // namespace

Result<Hash> tree_head(const SubtreeHashes& hashes, std::uint64_t size) {
  return size == 0 ? Result<Hash>(sha256({})) : range_hash(hashes, 0, size);
}

Result<Proof> inclusion_proof(const SubtreeHashes& hashes, std::uint64_t index, std::uint64_t size) {
  if (index >= size) return out_of_range(index + 1, size);
  Proof proof;
  if (auto added = add_path(hashes, index, 0, size, proof); !added) return added.error();
  return proof;
}

Result<Proof> consistency_proof(const SubtreeHashes& hashes, std::uint64_t old_size, std::uint64_t size) {
  if (old_size > size) return out_of_range(old_size, size);
  Proof proof;
  if (old_size == 0 || old_size == size) return proof;
  if (auto added = add_subproof(hashes, old_size, 0, size, true, proof); !added) return added.error();
  return proof;
}

bool includes(const Hash& leaf, std::uint64_t index, std::uint64_t size, const Hash& root, const Proof& proof) {
  if (index >= size) return false;
  auto node = index, last = size - 1;
  auto hash = leaf;
  for (const auto& sibling : proof) {
    if (last == 0) return false;
    if (node & 1 || node == last) {
      hash = node_hash(sibling, hash);
      for (; !(node & 1) && node != 0; node >>= 1) last >>= 1;
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && hash == root;
}

bool extends(std::uint64_t old_size, const Hash& old_root, std::uint64_t size, const Hash& root, const Proof& proof) {
  if (old_size > size) return false;
  if (old_size == size) return proof.empty() && old_root == root;
  if (old_size == 0) return proof.empty() && old_root == sha256({});
  auto next = proof.begin();
  auto node = old_size - 1, last = size - 1;
  for (; node & 1; node >>= 1) last >>= 1;
  auto old_hash = old_root, hash = old_root;
  if (!std::has_single_bit(old_size)) {
    if (next == proof.end()) return false;
    old_hash = hash = *next++;
  }
  for (; next != proof.end(); ++next) {
    if (last == 0) return false;
    if (node & 1 || node == last) {
      old_hash = node_hash(*next, old_hash);
      hash = node_hash(*next, hash);
      for (; !(node & 1) && node != 0; node >>= 1) last >>= 1;
    } else {
      hash = node_hash(hash, *next);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && old_hash == old_root && hash == root;
}

}  // namespace rapport
