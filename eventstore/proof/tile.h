// The tree cut into tiles of 256 hashes, as in C2SP tlog-tiles (https://c2sp.org/tlog-tiles): what verifiers, monitors and
// witnesses read. Tile n of level L holds the roots of the full subtrees of 256^L leaves, from number 256 * n on.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "eventstore/proof/merkle_proof.h"

namespace rapport {

inline constexpr std::uint64_t kTileHashes = 256;
inline constexpr unsigned kTileHeight = 8;
inline constexpr unsigned kTileLevelsMax = 8;  // 64 bits of size

struct TileId {
  unsigned level = 0;
  std::uint64_t n = 0;
  auto operator<=>(const TileId&) const = default;
};
struct TilePath {
  TileId tile;
  unsigned width = kTileHashes;  // hashes in it; fewer than 256 at the tree's right edge only
  bool entries = false;          // a bundle of leaves in place of a tile of level 0
};

// "tile/0/x001/067" or "tile/entries/x001/067.p/8".
std::string to_text(const TilePath& path);
// Nothing if it is no such path, in its one true form.
std::optional<TilePath> parse_tile_path(std::string_view text);

// How many hashes a tile has in a tree of that size: 0 (no such tile) to 256.
unsigned tile_width(TileId tile, std::uint64_t size);
// How many leaves a tree must have for the first `width` hashes of a tile.
std::uint64_t leaves_needed(TileId tile, unsigned width);
// Every tile of a tree of that size.
std::vector<TilePath> tiles_of(std::uint64_t size);

// Where tiles come from.
class Tiles : public SubtreeHashes {
 public:
  // The first `width` hashes of a tile, which must exist.
  virtual Result<std::vector<Hash>> tile(TileId tile, unsigned width) const = 0;
  Result<Hash> subtree(unsigned height, std::uint64_t index) const override;
};

// The head of the full tree over a power of two of hashes.
Hash full_tree_head(std::vector<Hash> hashes);

}  // namespace rapport
