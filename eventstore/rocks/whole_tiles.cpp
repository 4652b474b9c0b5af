#include "eventstore/rocks/whole_tiles.h"

#include "eventstore/rocks/tile_entries.h"

namespace rapport {

Result<Hash> WholeTiles::hash(TileId tile, unsigned row, std::size_t i, const Load& load) {
  const auto key = tile_key(tile);
  auto known = [&] {
    std::lock_guard lock(mutex_);
    return of_level(tile.level).find(key).value_or(nullptr);
  }();
  if (known) return row_hash(*known, row, i);
  auto hashes = load(tile);
  if (!hashes) return hashes.error();
  const auto found = row_hash(*hashes, row, i);
  std::lock_guard lock(mutex_);
  of_level(tile.level).put(key, std::make_shared<const std::vector<Hash>>(std::move(*hashes)));
  return found;
}

}  // namespace rapport
