// The tree's tiles as index/ keeps them. Included under rocks/ only.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "eventstore/proof/tile.h"
#include "eventstore/rocks/log_database.h"

namespace rapport {

// A full tile has eight rows above its hashes. The fourth is kept with them: no hash of any row is then more than seven hashes away.
inline constexpr unsigned kMiddleRow = 4;
inline constexpr std::size_t kMiddleHashes = kTileHashes >> kMiddleRow;

// The first `width` hashes of a tile. kCorrupt where index/ has fewer.
Result<std::vector<Hash>> read_tile(const LogDatabase& database, TileId tile, unsigned width);
// A full tile with its middle row.
Result<std::vector<Hash>> read_whole_tile(const LogDatabase& database, TileId tile);
// The 256 hashes of a full tile, and behind them those of its middle row.
std::vector<Hash> with_middle_row(std::vector<Hash> hashes);
// The i-th hash of a row, 0 to 8, of a full tile with its middle row.
Hash row_hash(const std::vector<Hash>& whole_tile, unsigned row, std::size_t i);

// The entries that add leaves, the first of which has index `first`, to a tree that has those before it in `database`. A tile that is
// not full yet is put as it is, and again by the next call.
using PutTile = std::function<void(const std::string& key, const std::string& value)>;
Result<void> put_tiles(const LogDatabase& database, std::uint64_t first, std::vector<Hash> leaves, const PutTile& put);

}  // namespace rapport
