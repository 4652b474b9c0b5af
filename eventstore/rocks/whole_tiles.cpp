#include "eventstore/rocks/whole_tiles.h"

#include <string>

#include "eventstore/proof/merkle_tree.h"

namespace rapport {
namespace {

// Where a row begins: each is half as long as the one below.
std::size_t begin_of(unsigned row) { return 2 * kTileHashes - (2 * kTileHashes >> row); }

}  // namespace

Result<Hash> WholeTiles::hash(TileId tile, unsigned row, std::size_t i, const Load& load) {
  const auto key = to_text(TilePath{tile});
  auto known = [&] {
    std::lock_guard lock(mutex_);
    return of_level(tile.level).find(key).value_or(nullptr);
  }();
  if (known) return (*known)[begin_of(row) + i];
  auto hashes = load(tile);
  if (!hashes) return hashes.error();
  auto& rows = *hashes;
  rows.reserve(2 * kTileHashes);
  for (std::size_t below = 0; rows.size() < 2 * kTileHashes - 1; below += 2) rows.push_back(node_hash(rows[below], rows[below + 1]));
  const auto found = rows[begin_of(row) + i];
  std::lock_guard lock(mutex_);
  of_level(tile.level).put(key, std::make_shared<const Rows>(std::move(rows)));
  return found;
}

}  // namespace rapport
