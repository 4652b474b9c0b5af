// Which published rows of a view have changed since somebody looked: what lets others follow the rows without reading all of
// them again.
#pragma once
#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace rapport::projections {

// One thread folds and notes; one other takes.
class RowChanges final {
 public:
  // More changed keys than this are no longer told apart: about 15 MB.
  static constexpr std::size_t kKeysMax = 100'000;

  // `tables`: the first bytes of the keys that are of interest.
  explicit RowChanges(std::string tables) : tables_(std::move(tables)) {}

  // --- the folding thread ---
  // A row of the open batch.
  void note(std::string_view key) {
    if (!watching_.load(std::memory_order_relaxed)) unnoted_ = true;
    else if (!key.empty() && tables_.find(key[0]) != tables_.npos) staged_.emplace_back(key);
  }
  void committed();
  void discarded() { staged_.clear(); }
  // The rows were exchanged for others.
  void replaced();

  // --- who follows ---
  struct Taken {
    bool replaced = false;          // the rows are others
    bool all = false;               // else: any row may have changed
    std::vector<std::string> keys;  // else: these
  };
  // Changes are noted from the first call on, which answers `all`. Every change whose commit came before a call is in its answer
  // or in an earlier one.
  Taken take();

 private:
  const std::string tables_;
  std::atomic<bool> watching_{false};
  std::vector<std::string> staged_;  // of the folding thread
  bool unnoted_ = false;             // likewise: the open batch began before anyone watched
  std::mutex mutex_;
  std::unordered_set<std::string> changed_;  // guarded by mutex_
  bool all_ = true, replaced_ = false;       // the same
};

}  // namespace rapport::projections
