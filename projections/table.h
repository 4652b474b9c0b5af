// What a view's handlers see of their rows: find, edit, put, erase. Reads through to the store once, keeps what it touched,
// writes back at commit. Every event that changes a row ends the version before it, so history is the same whatever the
// batches were.
#pragma once
#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "projections/batch.h"
#include "projections/row.h"

namespace rapport::projections {

// One thread. References and pointers stay valid until the batch ends.
template <Row R>
class Table final {
  static_assert(boost::pfr::tuple_size_v<R> == R::Key::count + R::Value::count,
                "a field of the row is missing from its Key or Value list");
  static_assert(R::Value::count > 0, "a row without value bytes would read as erased");

 public:
  using RowType = R;
  explicit Table(Batch& batch) : batch_(batch), complete_(batch.now() == Position{}) {}
  Table(const Table&) = delete;

  // The row, or null.
  const R* find(const auto&... key) {
    auto& e = entry(key...);
    return e.present ? &e.row : nullptr;
  }
  // The row, to be changed by the event at hand; a new one with just its key if there is none (a fact may come before its
  // beginning). Makes a version even if nothing comes to differ: use find to look.
  R& edit(const auto&... key) {
    auto& e = entry(key...);
    touch(e);
    if (!e.present) {
      e.row = R{};
      R::Key::assign(e.row, key...);
      e.present = true;
    }
    return e.row;
  }
  void put(R row) {
    key_.assign(1, R::kTable);
    R::Key::each(row, [&](auto& v) { put_key(key_, v); });
    auto& e = entry_at_key();
    touch(e);
    e.row = std::move(row);
    e.present = true;
  }
  // A row that cannot be there yet (its number was just counted up in its parent): as put, without a look into the store.
  void add(R row) {
    key_.assign(1, R::kTable);
    R::Key::each(row, [&](auto& v) { put_key(key_, v); });
    auto [it, fresh] = cache_.try_emplace(key_);
    auto& e = it->second;
    if (fresh) {
      e.key = it->first;
      ++batch_.cached_rows;
    }
    e.batch = batch_.number();
    touch(e);
    e.row = std::move(row);
    e.present = true;
  }
  // As add, of a row that this view's handlers will neither read nor change: it takes no room in the cache.
  void append(const R& row) {
    auto at = appended_bytes_.size();
    appended_bytes_.push_back(R::kTable);
    R::Key::each(row, [&](auto& v) { put_key(appended_bytes_, v); });
    auto key_size = appended_bytes_.size() - at;
    StoredRow::put_head(appended_bytes_, batch_.now(), batch_.now());
    write(row, appended_bytes_);
    appended_.push_back({at, key_size, appended_bytes_.size() - at});
  }
  void erase(const auto&... key) {
    auto& e = entry(key...);
    if (!e.present) return;
    touch(e);
    e.present = false;
  }
  // Erases a row that was appended, in this batch or in one before. Its key is never used again.
  void withdraw(const auto&... key) {
    recall();
    auto complete = std::exchange(complete_, false);  // the cache knows nothing of what was appended
    erase(key...);
    complete_ = complete;
  }

  // Stages every changed row; called once a batch, before its commit.
  void write_back() {
    // Ascending keys cost a memtable half.
    std::sort(changed_.begin(), changed_.end(), [](auto* a, auto* b) { return a->key < b->key; });
    for (auto* e : changed_) {
      stored(*e);
      batch_.put(e->key, bytes_);
      e->changed = false;
    }
    changed_.clear();
    write_appended();
    if (batch_.crowded()) evict();
  }

 private:
  struct Entry {
    R row{};
    std::string_view key{};
    Position created{}, since{};
    std::uint64_t batch = 0;
    bool present = false, changed = false;
  };

  struct Appended {  // a key and its stored row in appended_bytes_
    std::size_t at, key_size, size;
  };

  // What the open batch appended becomes rows like others, so that they are found.
  void recall() {
    std::string_view bytes = appended_bytes_;
    for (auto& a : appended_) {
      auto stored = StoredRow::parse(bytes.substr(a.at + a.key_size, a.size - a.key_size));
      auto it = cache_.try_emplace(std::string(bytes.substr(a.at, a.key_size))).first;
      auto& e = it->second;
      e = {.key = it->first, .created = stored.created, .since = stored.since, .batch = batch_.number(), .present = true, .changed = true};
      RAPPORT_ASSERT(read(e.key, stored.body, e.row));
      changed_.push_back(&e);
      ++batch_.cached_rows;
    }
    appended_.clear();
    appended_bytes_.clear();
  }
  void write_appended() {
    std::string_view bytes = appended_bytes_;
    auto key = [&](const Appended& a) { return bytes.substr(a.at, a.key_size); };
    std::sort(appended_.begin(), appended_.end(), [&](auto& a, auto& b) { return key(a) < key(b); });
    for (auto& a : appended_) batch_.put(key(a), bytes.substr(a.at + a.key_size, a.size - a.key_size));
    appended_.clear();
    appended_bytes_.clear();
  }
  // Keeps what the last batches touched: closed deals leave, deals in flight stay.
  void evict() {
    auto before = cache_.size();
    std::erase_if(cache_, [&](auto& e) { return e.second.batch + kKeptBatches < batch_.number(); });
    if (cache_.size() > before / 2) {  // else the next batch would look through all of them again
      bool keep = false;
      std::erase_if(cache_, [&](auto&) { return keep = !keep; });
    }
    batch_.cached_rows -= before - cache_.size();
    complete_ = complete_ && cache_.size() == before;
  }
  Entry& entry(const auto&... key) {
    static_assert(sizeof...(key) == R::Key::count, "one argument for each field of the key");
    key_.assign(1, R::kTable);
    (put_key(key_, key), ...);
    return entry_at_key();
  }
  Entry& entry_at_key() {
    auto [it, fresh] = cache_.try_emplace(key_);
    auto& e = it->second;
    e.batch = batch_.number();
    if (!fresh) return e;
    ++batch_.cached_rows;
    e.key = it->first;
    if (complete_) return e;
    if (auto loaded = batch_.store().load(e.key, bytes_); !loaded) {
      batch_.fail(std::move(loaded).error());
    } else if (auto s = StoredRow::parse(bytes_); s.since.value) {
      e.created = s.created;
      e.since = s.since;
      e.present = !s.body.empty();
      if (e.present && !read(e.key, s.body, e.row)) batch_.fail(damaged_row(e.key));
    }
    return e;
  }
  void touch(Entry& e) {
    auto now = batch_.now();
    if (!e.since.value) {
      e.created = now;
    } else if (e.since != now && batch_.store().keeps_history()) {  // this event's first change
      stored(e);
      batch_.close(e.key, bytes_);
    }
    e.since = now;
    if (!e.changed) {
      e.changed = true;
      changed_.push_back(&e);
    }
  }
  void stored(const Entry& e) {
    bytes_.clear();
    StoredRow::put_head(bytes_, e.created, e.since);
    if (e.present) write(e.row, bytes_);
  }

  static constexpr std::uint64_t kKeptBatches = 4;
  Batch& batch_;
  bool complete_;  // the cache holds every row there is: a fold from the first event, until something is evicted
  std::unordered_map<std::string, Entry> cache_;  // nodes: references stay valid while it grows
  std::vector<Entry*> changed_;
  std::vector<Appended> appended_;
  std::string appended_bytes_;
  std::string key_, bytes_;
};

}  // namespace rapport::projections
