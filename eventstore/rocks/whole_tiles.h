// Full tiles of the tree, kept in memory. A proof asks a tile for up to eight hashes, one a row; all proofs of a log ask the same few
// tiles of the levels above the leaves. A full tile never changes.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "eventstore/proof/tile.h"
#include "eventstore/rocks/bounded_cache.h"

namespace rapport {

// Safe for concurrent use.
class WholeTiles final {
 public:
  // 9 KiB each, and once more as many that go next. Tiles of leaves, of which every proof has another, are kept for that proof; those
  // above serve all proofs: 256 are enough for sixteen million events.
  static constexpr std::size_t kLeafTilesMax = 8, kUpperTilesMax = 256;

  using Load = std::function<Result<std::vector<Hash>>(TileId)>;  // as read_whole_tile()

  // The i-th hash of a tile's row: 0 its own hashes, 8 its head.
  Result<Hash> hash(TileId tile, unsigned row, std::size_t i, const Load& load);

 private:
  using Cache = BoundedCache<std::shared_ptr<const std::vector<Hash>>>;
  Cache& of_level(unsigned level) { return level == 0 ? leaves_ : above_; }

  std::mutex mutex_;
  Cache leaves_{kLeafTilesMax}, above_{kUpperTilesMax};  // guarded by mutex_
};

}  // namespace rapport
