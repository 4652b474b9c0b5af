#include "eventstore/proof/tile.h"

#include <algorithm>
#include <charconv>

#include "eventstore/proof/merkle_tree.h"

namespace rapport {
namespace {

constexpr std::string_view kPrefix = "tile/", kEntries = "entries";
constexpr std::uint64_t kGroup = 1000;  // of a number in a path: "x001/x234/067"

std::string digits(std::uint64_t group) {
  auto text = std::to_string(group);
  return std::string(3 - text.size(), '0') + text;
}

std::string number_path(std::uint64_t n) {
  auto path = digits(n % kGroup);
  for (n /= kGroup; n > 0; n /= kGroup) path = 'x' + digits(n % kGroup) + '/' + path;
  return path;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return {};
  return number;
}

std::optional<std::uint64_t> parse_number_path(std::string_view text) {
  std::uint64_t number = 0;
  for (;;) {
    auto more = text.starts_with('x');
    if (more) text.remove_prefix(1);
    auto group = parse_number(text.substr(0, 3));
    if (!group || text.size() < 3 || number > (~std::uint64_t{0} - *group) / kGroup) return {};
    number = number * kGroup + *group;
    text.remove_prefix(3);
    if (!more) break;
    if (!text.starts_with('/')) return {};
    text.remove_prefix(1);
  }
  return text.empty() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::string to_text(const TilePath& path) {
  auto text = std::string(kPrefix) + (path.entries ? std::string(kEntries) : std::to_string(path.tile.level)) + '/' +
              number_path(path.tile.n);
  if (path.width < kTileHashes) text += ".p/" + std::to_string(path.width);
  return text;
}

std::optional<TilePath> parse_tile_path(std::string_view text) {
  auto whole = text;
  if (!text.starts_with(kPrefix)) return {};
  text.remove_prefix(kPrefix.size());
  auto slash = text.find('/');
  if (slash == text.npos) return {};
  TilePath path;
  path.entries = text.substr(0, slash) == kEntries;
  auto level = path.entries ? std::optional<std::uint64_t>(0) : parse_number(text.substr(0, slash));
  text.remove_prefix(slash + 1);
  auto partial = text.find(".p/");
  if (partial != text.npos) {
    auto width = parse_number(text.substr(partial + 3));
    if (!width || *width == 0 || *width >= kTileHashes) return {};
    path.width = static_cast<unsigned>(*width);
    text = text.substr(0, partial);
  }
  auto n = parse_number_path(text);
  if (!level || *level >= kTileLevelsMax || !n) return {};
  path.tile = {static_cast<unsigned>(*level), *n};
  if (to_text(path) != whole) return {};
  return path;
}

unsigned tile_width(TileId tile, std::uint64_t size) {
  auto hashes = tile.level >= kTileLevelsMax ? 0 : size >> (kTileHeight * tile.level);
  if (tile.n > hashes / kTileHashes) return 0;
  return static_cast<unsigned>(std::min(hashes - tile.n * kTileHashes, kTileHashes));
}

std::uint64_t leaves_needed(TileId tile, unsigned width) {
  return (tile.n * kTileHashes + width) << (kTileHeight * tile.level);
}

std::vector<TilePath> tiles_of(std::uint64_t size) {
  std::vector<TilePath> tiles;
  for (unsigned level = 0; level < kTileLevelsMax; ++level)
    for (TileId tile{level, 0}; auto width = tile_width(tile, size); ++tile.n) tiles.push_back({tile, width, false});
  return tiles;
}

Hash full_tree_head(std::vector<Hash> hashes) {
  while (hashes.size() > 1) {
    for (std::size_t i = 0; i < hashes.size() / 2; ++i) hashes[i] = node_hash(hashes[2 * i], hashes[2 * i + 1]);
    hashes.resize(hashes.size() / 2);
  }
  return hashes.front();
}

Result<Hash> Tiles::subtree(unsigned height, std::uint64_t index) const {
  auto within = height % kTileHeight;  // the row in the tile, from its hashes up
  TileId id{height / kTileHeight, index >> (kTileHeight - within)};
  auto count = std::uint64_t{1} << within;
  auto first = (index & ((kTileHashes >> within) - 1)) * count;
  auto hashes = tile(id, static_cast<unsigned>(first + count));
  if (!hashes) return hashes.error();
  auto begin = hashes->begin() + static_cast<std::ptrdiff_t>(first);
  return full_tree_head({begin, begin + static_cast<std::ptrdiff_t>(count)});
}

}  // namespace rapport
