// Which positions a stream, a command and a term have, and the tree's tiles. The entries of the last events are in memory; a thread of the index's own
// settles them in index/, in large sorted batches without a write-ahead log, so that no append waits for one. What a crash takes
// is read again from the log. Included under rocks/ only.
#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <shared_mutex>
#include <thread>

#include "eventstore/rocks/index_entries.h"
#include "eventstore/rocks/index_positions.h"

namespace rapport {

// Safe for concurrent use; recover() comes first, add() is one thread's. Knows also what is written and not yet synced: the
// store bounds its answers by its head.
class LogIndex final {
 public:
  // unsettled_events: so many are settled together.
  LogIndex(LogDatabase& database, std::size_t unsettled_events);
  ~LogIndex();

  // Brings the index to the log's end. An index/ of another log than this one is folded anew.
  Result<void> recover(Position end);
  // Adds what was written. Waits while too much is unsettled. An error is that of a failed settling, and stays.
  Result<void> add(const GroupPlan& plan);
  // Puts everything added so far into index/.
  Result<void> settle();

  std::uint64_t streams() const;
  Result<StreamVersion> version_of(std::string_view stream) const;
  Result<std::optional<IndexEntries::Command>> command(const CommandId& id) const;

  // The first `width` hashes of a tile of the tree of what was added, which must have them.
  Result<std::vector<Hash>> tile(TileId tile, unsigned width);
  // A full tile with its middle row (tile_entries.h).
  Result<std::vector<Hash>> whole_tile(TileId tile);
  // Positions that hold every event of the query up to `head`, and maybe others: of its stream, or of one term of each clause of
  // its filter.
  Result<std::unique_ptr<PositionSource>> positions(const ReadQuery& query, Position head) const;

 private:
  Result<void> settle_at_least(Position position);
  IndexTail tail_of_stream(const ReadQuery& query) const;
  IndexTail tail_of_term(const Term& term, const ReadQuery& query) const;
  Result<std::unique_ptr<PositionSource>> of_term(const Term& term, const ReadQuery& query) const;
  std::vector<const IndexEntries*> unsettled() const;  // oldest first; mutex_ is held

  struct Mark;
  Result<std::optional<Mark>> mark_of(Position end) const;
  Result<void> index_from(Position settled, Position end);
  void settle_as_they_come(std::stop_token stop);
  // Settles what is young; the lock is held before and after, not during.
  void settle_young(std::unique_lock<std::shared_mutex>& lock);
  Result<void> write(const IndexEntries& entries, std::uint64_t streams) const;

  LogDatabase& database_;
  const std::size_t unsettled_events_;
  mutable std::shared_mutex mutex_;
  std::condition_variable_any grown_, settled_something_;
  // All guarded by mutex_.
  std::unique_ptr<IndexEntries> young_;  // grows
  std::unique_ptr<IndexEntries> old_;    // being settled; else null
  std::deque<IndexEntries::Streams> settled_lately_;  // newest first: a busy stream's version is found without index/
  Position settled_;
  std::uint64_t settled_streams_ = 0;
  std::optional<Error> failed_;

  std::jthread settler_;  // last: it uses all of the above
};

}  // namespace rapport
