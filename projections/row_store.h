// Where a view's rows live, as bytes, and the port through which the engine opens such places.
//
//   rows     key → stored row: how it is now
//   history  key, until → stored row: how it was, up to but not including the event at position `until`
//
// A stored row is {created, since: 64 bits each, little-endian; body}: the positions that wrote its first version and this
// one. A body is empty where the row was erased: the head stays, so that known-at need not look for keys that only
// history has.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "domain/result.h"
#include "eventstore/event.h"

namespace rapport::projections {

inline constexpr Position kNow{~std::uint64_t{0}};

// Where a fold stands; written with the rows in one batch.
struct Checkpoint {
  Position position;
  Timestamp recorded_at{0};         // of the event at `position`
  std::uint64_t past_versions = 0;  // rows of history
  Hash history{};                   // digest chain over history: a function of the log alone, whatever the batches were
  bool operator==(const Checkpoint&) const = default;
};

struct StoredRow {  // borrows
  Position created, since;
  std::string_view body;
  static constexpr std::size_t kHead = 16;
  // Bytes that are too short to be a row yield since 0: no row.
  static StoredRow parse(std::string_view bytes);
  static void put_head(std::string& out, Position created, Position since);
};

// kCorrupt "view.damaged": bytes that are no row of their table.
Error damaged_row(std::string_view key);

// One consistent state of rows, history and checkpoint. Safe for concurrent use; must not outlive its store.
class RowSnapshot {
 public:
  virtual ~RowSnapshot() = default;
  virtual Checkpoint checkpoint() const = 0;
  // The row as known at p (inclusive) into `body`; false where there was none. p past the checkpoint means now.
  virtual Result<bool> get(std::string_view key, Position p, std::string& body) const = 0;

  // Answers whether to go on.
  using Visit = std::function<bool(std::string_view key, std::string_view body)>;
  // Every row under a prefix as known at p, in key order, from the first key after `after` on (empty: from the first).
  virtual Result<void> scan(std::string_view prefix, std::string_view after, Position p, const Visit& visit) const = 0;
  Result<void> scan(std::string_view prefix, Position p, const Visit& visit) const { return scan(prefix, {}, p, visit); }

  // Everything that is stored of one family in key order, heads and erased rows included, from the first key after `after` on
  // (empty: from the first); a history key ends with `until`, 64 bits big-endian.
  enum class Family : std::uint8_t { kRows, kHistory };
  virtual Result<void> scan_stored(Family family, std::string_view after, const Visit& visit) const = 0;
  Result<void> scan_stored(Family family, const Visit& visit) const { return scan_stored(family, {}, visit); }
  // The row as it is stored, head and all, into `stored`; empty: there was never one.
  virtual Result<void> get_stored(std::string_view key, std::string& stored) const = 0;
};

// One thread writes; any thread takes snapshots.
class RowStore {
 public:
  virtual ~RowStore() = default;
  virtual Checkpoint checkpoint() const = 0;  // of the last commit
  // The stored row into `stored`, or empty. Sees what is committed, not the open batch.
  virtual Result<void> load(std::string_view key, std::string& stored) = 0;
  virtual void put(std::string_view key, std::string_view stored) = 0;                       // joins the open batch
  virtual void put_past(std::string_view key, Position until, std::string_view stored) = 0;  // joins the open batch
  // A note of whoever feeds the fold, such as where it is in a source that is not the log itself: joins the open batch, and
  // stays until the next one. Bytes of any kind; no part of rows, history or digests.
  virtual void put_source(std::string_view note) = 0;
  virtual std::string source() const = 0;  // of the last commit; empty: none
  virtual Result<void> commit(const Checkpoint& checkpoint) = 0;  // the whole batch, or nothing
  virtual void discard() = 0;                                     // drops the open batch
  virtual Result<std::unique_ptr<RowSnapshot>> snapshot() const = 0;
  // False for a fold that answers one question (as-of): past versions are then neither kept nor hashed.
  virtual bool keeps_history() const { return true; }
  // The end of a bulk fold: everything committed is durable and in its final order.
  virtual Result<void> settle() { return {}; }
  // Reads every stored byte against the medium's own checksums.
  virtual Result<void> verify_bytes() const { return {}; }
};

// Holds nothing: stands in where only the shape of a view's rows is asked for.
class NoRowStore final : public RowStore {
 public:
  Checkpoint checkpoint() const override { return {}; }
  Result<void> load(std::string_view, std::string& stored) override {
    stored.clear();
    return {};
  }
  void put(std::string_view, std::string_view) override {}
  void put_past(std::string_view, Position, std::string_view) override {}
  void put_source(std::string_view) override {}
  std::string source() const override { return {}; }
  Result<void> commit(const Checkpoint&) override { return {}; }
  void discard() override {}
  Result<std::unique_ptr<RowSnapshot>> snapshot() const override {
    return Error{.code = ErrorCode::kNotFound, .reason = "view.no_rows", .message = "nothing is stored here"};
  }
};

// What a row store is opened for.
enum class StoreUse : std::uint8_t {
  kLive,     // durable at every commit
  kRebuild,  // filled once from the log, durable after settle(); started afresh if there is one of that name
  kScratch,  // answers one question and is dropped: as kRebuild, without history
};

// The places of one data directory's views, by name ("pipeline.v1"). Safe for concurrent use; a name's store is opened once
// at a time. Errors: kUnavailable; kCorrupt ("view.damaged", "view.other_declaration") with a hint.
class RowStores {
 public:
  virtual ~RowStores() = default;
  // Opens or makes. A store whose rows were written by another declaration is refused.
  virtual Result<std::unique_ptr<RowStore>> open(const std::string& name, const std::string& declaration, StoreUse use) = 0;
  virtual std::vector<std::string> names() const = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;  // durable; `to` must not exist
  virtual Result<void> drop(const std::string& name) = 0;                           // no error if there is none
};

}  // namespace rapport::projections
