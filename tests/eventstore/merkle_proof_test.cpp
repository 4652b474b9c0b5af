// Proofs hold for every leaf and every pair of sizes, and any change to what they speak of breaks them.
#include "eventstore/proof/merkle_proof.h"

#include <gtest/gtest.h>

#include "eventstore/proof/merkle_tree.h"
#include "eventstore/proof/tile.h"

namespace rapport {
namespace {

std::vector<Hash> leaves(std::uint64_t count) {
  std::vector<Hash> leaves;
  for (std::uint64_t i = 0; i < count; ++i) leaves.push_back(leaf_hash(bytes_of("leaf " + std::to_string(i))));
  return leaves;
}
Hash root_of(std::span<const Hash> leaves) {
  MerkleTree tree;
  for (const auto& leaf : leaves) tree.add(leaf);
  return tree.root();
}

// Tiles of leaves that are all there.
class TilesOf final : public Tiles {
 public:
  explicit TilesOf(std::vector<Hash> leaves) : leaves_(std::move(leaves)) {}
  Result<std::vector<Hash>> tile(TileId id, unsigned width) const override {
    std::vector<Hash> hashes;
    std::uint64_t each = std::uint64_t{1} << (kTileHeight * id.level);
    for (auto n = id.n * kTileHashes; n < id.n * kTileHashes + width; ++n)
      hashes.push_back(root_of(std::span(leaves_).subspan(n * each, each)));
    return hashes;
  }

 private:
  const std::vector<Hash> leaves_;
};

TEST(MerkleProof, HoldsForEveryLeafOfEverySize) {
  auto all = leaves(130);
  TilesOf tiles(all);
  for (std::uint64_t size = 1; size <= all.size(); ++size) {
    auto root = root_of(std::span(all).first(size));
    EXPECT_EQ(*tree_head(tiles, size), root);
    for (std::uint64_t index = 0; index < size; ++index)
      ASSERT_TRUE(includes(all[index], index, size, root, *inclusion_proof(tiles, index, size))) << index << " of " << size;
  }
}

TEST(MerkleProof, HoldsBetweenAnyTwoSizes) {
  auto all = leaves(100);
  TilesOf tiles(all);
  for (std::uint64_t size = 0; size <= all.size(); ++size)
    for (std::uint64_t old_size = 0; old_size <= size; ++old_size)
      ASSERT_TRUE(extends(old_size, root_of(std::span(all).first(old_size)), size, root_of(std::span(all).first(size)),
                          *consistency_proof(tiles, old_size, size)))
          << old_size << " in " << size;
}

TEST(MerkleProof, HoldsOverSeveralLevelsOfTiles) {
  constexpr std::uint64_t kSize = 256 * 256 + 300;
  auto all = leaves(kSize);
  TilesOf tiles(all);
  auto root = root_of(all);
  for (std::uint64_t index : {0u, 255u, 256u, 65'535u, 65'536u, 65'800u})
    EXPECT_TRUE(includes(all[index], index, kSize, root, *inclusion_proof(tiles, index, kSize))) << index;
  for (std::uint64_t old_size : {1u, 256u, 1000u, 65'536u, 65'537u})
    EXPECT_TRUE(extends(old_size, root_of(std::span(all).first(old_size)), kSize, root, *consistency_proof(tiles, old_size, kSize)));
}

TEST(MerkleProof, FailsForAnythingElse) {
  auto all = leaves(37);
  TilesOf tiles(all);
  auto root = root_of(all);
  for (std::uint64_t index = 0; index < all.size(); ++index) {
    auto proof = *inclusion_proof(tiles, index, 37);
    for (std::uint64_t other = 0; other < 40; ++other)
      EXPECT_EQ(includes(all[index], other, 37, root, proof), other == index) << index << " as " << other;
    EXPECT_FALSE(includes(all[(index + 1) % 37], index, 37, root, proof));
    for (std::size_t i = 0; i < proof.size(); ++i) {
      auto changed = proof;
      changed[i][i] ^= 1;
      EXPECT_FALSE(includes(all[index], index, 37, root, changed));
      auto shorter = proof;
      shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_FALSE(includes(all[index], index, 37, root, shorter));
    }
    auto longer = proof;
    longer.push_back(root);
    EXPECT_FALSE(includes(all[index], index, 37, root, longer));
  }
  for (std::uint64_t old_size = 1; old_size < 37; ++old_size) {
    auto old_root = root_of(std::span(all).first(old_size));
    auto proof = *consistency_proof(tiles, old_size, 37);
    EXPECT_FALSE(extends(old_size, old_root, 37, old_root, proof));
    EXPECT_FALSE(extends(old_size, root, 37, root, proof));
    for (std::size_t i = 0; i < proof.size(); ++i) {
      auto changed = proof;
      changed[i][0] ^= 0x80;
      EXPECT_FALSE(extends(old_size, old_root, 37, root, changed)) << old_size << " hash " << i;
    }
  }
}

TEST(MerkleProof, IsRefusedOutsideTheTree) {
  TilesOf tiles(leaves(3));
  EXPECT_EQ(inclusion_proof(tiles, 3, 3).error().reason, "proof.out_of_range");
  EXPECT_EQ(consistency_proof(tiles, 4, 3).error().reason, "proof.out_of_range");
}

TEST(TilePath, IsThatOfTlogTiles) {
  EXPECT_EQ(to_text({{0, 0}}), "tile/0/000");
  EXPECT_EQ(to_text({{1, 5}, 8}), "tile/1/005.p/8");
  EXPECT_EQ(to_text({{0, 1'234'067}}), "tile/0/x001/x234/067");
  EXPECT_EQ(to_text({{0, 70'000}, 255, true}), "tile/entries/x070/000.p/255");
}

TEST(TilePath, IsReadBackInItsOneFormOnly) {
  for (auto text : {"tile/0/000", "tile/3/x001/067", "tile/entries/x070/000.p/255"}) {
    auto path = parse_tile_path(text);
    ASSERT_TRUE(path) << text;
    EXPECT_EQ(to_text(*path), text);
  }
  for (auto text : {"tile/0/0", "tile/00/000", "tile/0/x000/001", "tile/0/000.p/0", "tile/0/000.p/256", "tile/9/000", "tile/0/",
                    "tile/0/000/", "tile/0/001/002", "tile/entries", "tile/0/x999/x999/x999/x999/x999/x999/x999/999", "tile/0/-01"})
    EXPECT_FALSE(parse_tile_path(text)) << text;
}

TEST(TilePath, ListsEveryTileOfATree) {
  EXPECT_TRUE(tiles_of(0).empty());
  auto tiles = tiles_of(256 * 256 + 257);
  ASSERT_EQ(tiles.size(), 256u + 2 + 2 + 1);
  EXPECT_EQ(to_text(tiles.front()), "tile/0/000");
  EXPECT_EQ(to_text(tiles[257]), "tile/0/257.p/1");
  EXPECT_EQ(to_text(tiles[259]), "tile/1/001.p/1");
  EXPECT_EQ(to_text(tiles.back()), "tile/2/000.p/1");
}

}  // namespace
}  // namespace rapport
