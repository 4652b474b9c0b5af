#include "eventstore/rocks/tile_entries.h"

#include <algorithm>
#include <utility>

#include "eventstore/rocks/rocks_status.h"
#include "eventstore/stored_event.h"

namespace rapport {
namespace {

Result<std::string> read_entry(const LogDatabase& database, TileId tile) {
  std::string value;
  auto status = database.index().Get({}, database[Family::kTile], tile_key(tile), &value);
  if (!status.ok() && !status.IsNotFound()) return index_error(status, "cannot read a tile of the tree");
  return value;
}

std::vector<Hash> hashes_of(std::string_view entry, std::size_t count) {
  std::vector<Hash> hashes(count);
  for (auto& hash : hashes) {
    std::copy_n(entry.begin(), sizeof(Hash), hash.begin());
    entry.remove_prefix(sizeof(Hash));
  }
  return hashes;
}

Error not_whole(TileId tile) { return damaged({}, "tile " + to_text(TilePath{tile}) + " is not whole"); }

std::string entry_of(const std::vector<Hash>& hashes) {
  std::string value;
  value.reserve(hashes.size() * sizeof(Hash));
  for (const auto& hash : hashes) value += text_of(hash);
  return value;
}

}  // namespace

std::vector<Hash> with_middle_row(std::vector<Hash> hashes) {
  constexpr auto kBelow = std::ptrdiff_t{1} << kMiddleRow;
  hashes.reserve(kTileHashes + kMiddleHashes);
  for (std::size_t i = 0; i < kMiddleHashes; ++i) {
    auto begin = hashes.begin() + static_cast<std::ptrdiff_t>(i) * kBelow;
    hashes.push_back(full_tree_head({begin, begin + kBelow}));
  }
  return hashes;
}

Result<std::vector<Hash>> read_tile(const LogDatabase& database, TileId tile, unsigned width) {
  auto entry = read_entry(database, tile);
  if (!entry) return entry.error();
  if (entry->size() < width * sizeof(Hash)) return not_whole(tile);
  return hashes_of(*entry, width);
}

Result<std::vector<Hash>> read_whole_tile(const LogDatabase& database, TileId tile) {
  auto entry = read_entry(database, tile);
  if (!entry) return entry.error();
  if (entry->size() == (kTileHashes + kMiddleHashes) * sizeof(Hash)) return hashes_of(*entry, kTileHashes + kMiddleHashes);
  if (entry->size() != kTileHashes * sizeof(Hash)) return not_whole(tile);
  return with_middle_row(hashes_of(*entry, kTileHashes));  // an earlier program's
}

Hash row_hash(const std::vector<Hash>& whole_tile, unsigned row, std::size_t i) {
  const auto from_middle = row >= kMiddleRow;
  const auto below = std::size_t{1} << (from_middle ? row - kMiddleRow : row);
  auto begin = whole_tile.begin() + static_cast<std::ptrdiff_t>((from_middle ? kTileHashes : 0) + i * below);
  return full_tree_head({begin, begin + static_cast<std::ptrdiff_t>(below)});
}

// From the leaves up: where a tile fills up, its root goes to the level above.
Result<void> put_tiles(const LogDatabase& database, std::uint64_t first, std::vector<Hash> hashes, const PutTile& put) {
  for (unsigned level = 0; !hashes.empty(); ++level) {
    TileId id{level, first / kTileHashes};
    std::vector<Hash> tile, above;
    if (auto width = static_cast<unsigned>(first % kTileHashes); width > 0) {
      auto begun = read_tile(database, id, width);
      if (!begun) return begun.error();
      tile = std::move(*begun);
    }
    first = id.n;
    for (const auto& hash : hashes) {
      tile.push_back(hash);
      if (tile.size() < kTileHashes) continue;
      tile = with_middle_row(std::move(tile));
      put(tile_key(id), entry_of(tile));
      above.push_back(row_hash(tile, kTileHeight, 0));
      tile.clear();
      ++id.n;
    }
    if (!tile.empty()) put(tile_key(id), entry_of(tile));
    hashes = std::move(above);
  }
  return {};
}

}  // namespace rapport
