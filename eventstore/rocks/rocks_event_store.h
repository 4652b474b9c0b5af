// The durable event store, on RocksDB. FORMAT.md says what it keeps.
#pragma once
#include <memory>

#include "eventstore/clock.h"
#include "eventstore/event_store.h"
#include "eventstore/rocks/store_directory.h"

namespace rocksdb {
class Env;
}

namespace rapport {

class LogDatabase;

struct RocksStoreOptions {
  const Clock* clock = nullptr;  // borrowed; null = the system's
  // Takes the recovered log as it is although the witness knows of more: what a lost tail costs is accepted.
  bool accept_lost_tail = false;
  // Goes on from the log's last time although the clock says that it is not yet. Like a lost tail it is accepted once and for
  // all, in the file `accepted`.
  bool accept_clock = false;
  std::size_t cache_bytes = 64u << 20;  // of decompressed blocks
  // Index entries of so many events are kept in memory before they are put into index/: large sorted batches, yet little to
  // index again after a crash.
  std::size_t unsettled_events = 32u << 10;
  // A group of appends of so many bytes is synced by a thread of its own while the next one is written.
  std::size_t sync_apart_bytes = 32u << 10;
  rocksdb::Env* env = nullptr;          // borrowed; for tests that inject faults
};

// Safe for concurrent use. A caller who finds nobody writing writes at once; while groups follow each other a thread of the store
// writes them, and another one syncs the large ones. One more settles the index.
class RocksEventStore final : public EventStore {
 public:
  // The directory must outlive the store. kCorrupt: "store.tail_lost", "store.witness_damaged", "store.damaged".
  static Result<std::unique_ptr<RocksEventStore>> open(StoreDirectory& directory, const RocksStoreOptions& options = {});
  // Flushes, so that the next open has nothing to recover. No call may be under way.
  ~RocksEventStore() override;

  Result<std::vector<AppendOutcome>> append(std::span<const Append> appends) override;
  Result<std::optional<StoredOutcome>> find(const CommandId& command) const override;
  Result<std::optional<Position>> find(const EventId& event) const override;
  Head head() const override;
  Result<Hash> root_at(Position position) const override;
  Result<std::vector<Hash>> tile(TileId tile, unsigned width) const override;
  Result<Hash> subtree(unsigned height, std::uint64_t index) const override;
  Result<Position> position_at(Timestamp t) const override;
  Result<StreamVersion> version_of(std::string_view stream) const override;
  StoreFacts facts() const override;
  std::unique_ptr<EventReader> read(const ReadQuery& query) const override;
  bool wait_past(Position position, std::chrono::milliseconds timeout_ms, std::stop_token stop) const override;

  // Whether it still takes events: "store.stopped" after a failed write, until it is opened again. Does not block.
  Result<void> health() const;
  // Goes on after "store.clock_suspect" with the clock as it is.
  void accept_clock();
  // For verify_store: what is kept, and index/ brought up to the last append.
  const LogDatabase& database() const;
  Result<void> settle() const;
  const StoreDirectory& directory() const;
  // What was wrong with one of the witness's slots when the store was opened; empty if nothing.
  const std::string& witness_damage() const;

 private:
  class Impl;
  explicit RocksEventStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rapport
