#include "projections/memory/memory_row_store.h"

#include "projections/row.h"

namespace rapport::projections {
namespace {

using State = MemoryRowStore::State;

class Snapshot final : public RowSnapshot {
 public:
  explicit Snapshot(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  Checkpoint checkpoint() const override { return state_->checkpoint; }

  Result<bool> get(std::string_view key, Position p, std::string& body) const override {
    auto it = state_->rows.find(key);
    if (it == state_->rows.end()) return false;
    body = at(it->first, it->second, p);
    return !body.empty();
  }
  Result<void> scan(std::string_view prefix, std::string_view after, Position p, const Visit& visit) const override {
    auto it = after > prefix ? state_->rows.upper_bound(after) : state_->rows.lower_bound(prefix);
    for (; it != state_->rows.end() && it->first.starts_with(prefix); ++it)
      if (auto body = at(it->first, it->second, p); !body.empty() && !visit(it->first, body)) break;
    return {};
  }
  Result<void> scan_stored(Family family, std::string_view after, const Visit& visit) const override {
    auto& all = family == Family::kRows ? state_->rows : state_->history;
    for (auto it = after.empty() ? all.begin() : all.upper_bound(after); it != all.end(); ++it)
      if (!visit(it->first, it->second)) break;
    return {};
  }
  Result<void> get_stored(std::string_view key, std::string& stored) const override {
    auto it = state_->rows.find(key);
    stored.assign(it == state_->rows.end() ? std::string_view() : std::string_view(it->second));
    return {};
  }

 private:
  std::string_view at(const std::string& key, const std::string& stored, Position p) const {
    auto now = StoredRow::parse(stored);
    if (now.since <= p) return now.body;
    if (now.created > p) return {};
    auto sought = key;
    put_key(sought, p.value + 1);
    auto past = state_->history.lower_bound(sought);
    bool found = past != state_->history.end() && past->first.starts_with(key);
    return found ? StoredRow::parse(past->second).body : std::string_view();
  }
  const std::shared_ptr<const State> state_;
};

}  // namespace

MemoryRowStore::MemoryRowStore(bool keeps_history) : keeps_history_(keeps_history), state_(std::make_shared<State>()) {}

Checkpoint MemoryRowStore::checkpoint() const {
  std::lock_guard lock(mutex_);
  return state_->checkpoint;
}
Result<void> MemoryRowStore::load(std::string_view key, std::string& stored) {
  std::lock_guard lock(mutex_);
  auto it = state_->rows.find(key);
  if (it == state_->rows.end()) stored.clear();
  else stored = it->second;
  return {};
}
Result<void> MemoryRowStore::commit(const Checkpoint& checkpoint) {
  std::lock_guard lock(mutex_);
  if (state_.use_count() > 1) state_ = std::make_shared<State>(*state_);
  for (auto& [key, stored] : rows_)
    state_->rows.insert_or_assign(state_->rows.end(), std::move(key), std::move(stored));  // ascending: O(1) each
  for (auto& [key, stored] : past_) state_->history.insert_or_assign(std::move(key), std::move(stored));
  if (source_) state_->source = std::move(*source_);
  discard();
  state_->checkpoint = checkpoint;
  return {};
}
void MemoryRowStore::put_past(std::string_view key, Position until, std::string_view stored) {
  past_.emplace_back(key, stored);
  put_key(past_.back().first, until.value);
}
void MemoryRowStore::discard() {
  rows_.clear();
  past_.clear();
  source_.reset();
}
std::string MemoryRowStore::source() const {
  std::lock_guard lock(mutex_);
  return state_->source;
}
Result<std::unique_ptr<RowSnapshot>> MemoryRowStore::snapshot() const {
  std::lock_guard lock(mutex_);
  return std::unique_ptr<RowSnapshot>(std::make_unique<Snapshot>(state_));
}

namespace {

// What open() hands out: the named store outlives it.
class Opened final : public RowStore {
 public:
  explicit Opened(std::shared_ptr<MemoryRowStore> store) : store_(std::move(store)) {}
  bool keeps_history() const override { return store_->keeps_history(); }
  Checkpoint checkpoint() const override { return store_->checkpoint(); }
  Result<void> load(std::string_view key, std::string& stored) override { return store_->load(key, stored); }
  void put(std::string_view key, std::string_view stored) override { store_->put(key, stored); }
  void put_past(std::string_view key, Position until, std::string_view stored) override {
    store_->put_past(key, until, stored);
  }
  void put_source(std::string_view note) override { store_->put_source(note); }
  std::string source() const override { return store_->source(); }
  Result<void> commit(const Checkpoint& checkpoint) override { return store_->commit(checkpoint); }
  void discard() override { store_->discard(); }
  Result<std::unique_ptr<RowSnapshot>> snapshot() const override { return store_->snapshot(); }

 private:
  const std::shared_ptr<MemoryRowStore> store_;
};

}  // namespace

Result<std::unique_ptr<RowStore>> MemoryRowStores::open(const std::string& name, const std::string& declaration,
                                                        StoreUse use) {
  std::lock_guard lock(mutex_);
  auto& named = stores_[name];
  if (!named.store || use != StoreUse::kLive)
    named = {declaration, std::make_shared<MemoryRowStore>(use != StoreUse::kScratch)};
  if (named.declaration != declaration)
    return Error{.code = ErrorCode::kCorrupt,
                 .reason = "view.other_declaration",
                 .message = "the rows of " + name + " were written by another declaration"};
  return std::unique_ptr<RowStore>(std::make_unique<Opened>(named.store));
}
std::vector<std::string> MemoryRowStores::names() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (auto& [name, named] : stores_) out.push_back(name);
  return out;
}
Result<void> MemoryRowStores::rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  RAPPORT_ASSERT(!stores_.contains(to));
  auto node = stores_.extract(from);
  RAPPORT_ASSERT(!node.empty());
  node.key() = to;
  stores_.insert(std::move(node));
  return {};
}
Result<void> MemoryRowStores::drop(const std::string& name) {
  std::lock_guard lock(mutex_);
  stores_.erase(name);
  return {};
}

}  // namespace rapport::projections
