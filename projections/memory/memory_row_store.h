// Reference semantics of a row store, and the store of a fold that answers one question (as-of).
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "projections/row_store.h"

namespace rapport::projections {

class MemoryRowStore final : public RowStore {
 public:
  explicit MemoryRowStore(bool keeps_history = true);
  bool keeps_history() const override { return keeps_history_; }
  Checkpoint checkpoint() const override;
  Result<void> load(std::string_view key, std::string& stored) override;
  void put(std::string_view key, std::string_view stored) override { rows_.emplace_back(key, stored); }
  void put_past(std::string_view key, Position until, std::string_view stored) override;
  void put_source(std::string_view note) override { source_ = note; }
  std::string source() const override;
  Result<void> commit(const Checkpoint& checkpoint) override;
  void discard() override;
  // Shares the state; the store copies it only if it writes while a snapshot lives.
  Result<std::unique_ptr<RowSnapshot>> snapshot() const override;

  struct State {
    std::map<std::string, std::string, std::less<>> rows, history;  // a history key ends with `until`
    Checkpoint checkpoint;
    std::string source;
  };

 private:
  const bool keeps_history_;
  mutable std::mutex mutex_;
  std::shared_ptr<State> state_;  // guarded by mutex_; immutable while a snapshot shares it
  std::vector<std::pair<std::string, std::string>> rows_, past_;  // the open batch
  std::optional<std::string> source_;                         // likewise
};

// Named stores in memory; they live as long as this. Reopening a live one finds its rows again.
class MemoryRowStores final : public RowStores {
 public:
  Result<std::unique_ptr<RowStore>> open(const std::string& name, const std::string& declaration, StoreUse use) override;
  std::vector<std::string> names() const override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> drop(const std::string& name) override;

 private:
  struct Named {
    std::string declaration;
    std::shared_ptr<MemoryRowStore> store;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Named> stores_;
};

}  // namespace rapport::projections
