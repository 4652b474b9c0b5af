// A view that follows the local log: opened, built or caught up, kept live by a thread of its own, asked as of now, as known
// at a position and as of an instant, rebuilt beside and swapped, verified against the log.
//
// Stores by name: pipeline.v1 the view; pipeline.v1.rebuild while it is built beside; pipeline.v1.old while the two are swapped;
// pipeline.v1.verify and pipeline.v1.asof.N for one verification or question. A swap that a crash broke off is ended at open.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "eventstore/event_store.h"
#include "projections/stored_view.h"

namespace rapport::projections {

struct Progress {
  std::string_view view;
  Position from, position, target;  // where the fold began, is, and is to end
};
// Called from the folding threads now and then.
using ProgressCall = std::function<void(const Progress&)>;

struct Rebuilt {
  std::string view;
  std::optional<Digests> before;  // at the same position; nothing if the old rows could not be read
  Digests after;
  std::chrono::duration<double> seconds{};
  bool same() const { return before && before->rows == after.rows && before->checkpoint == after.checkpoint; }
};

// Threads: one at a time may call catch_up, rebuild, verify (they take turns with each other and with the live thread); all
// else any number. Borrows type, log and stores.
class ViewHost final {
 public:
  // A view whose rows are damaged is opened all the same: asked, it answers with the damage, and rebuild() mends it.
  static std::unique_ptr<ViewHost> open(const ViewType& type, const EventStore& log, RowStores& stores);
  ~ViewHost();

  const ViewType& type() const { return type_; }
  Position position() const { return {position_.load(std::memory_order_acquire)}; }
  // What keeps the view from answering, or from following: nothing, damage, or what made the live thread stop.
  Result<void> health() const;

  // Folds the log up to its head. A view that has no rows yet is built in bulk. kUnavailable "view.stopped" if asked to stop.
  Result<void> catch_up(const ProgressCall& progress = {}, std::stop_token stop = {});
  // The newest older version that left its rows here: the one that this view's was built in place of. Whoever owns the log
  // records the change in it, and finds it here again for as long as those rows are not dropped.
  std::optional<std::uint32_t> replaced_version() const;
  // Starts the live thread; it ends with the host.
  void follow();
  // Waits until the view has folded `position`, for reading one's own write. False: not within the time, or not healthy.
  bool wait_for(Position position, std::chrono::milliseconds timeout_ms) const;

  // With as_of, the view is folded again from the log as far as the query's known_at, leaving out what was not yet the case.
  // Query::reference is filled in where it is empty.
  Result<Answer> query(std::string_view report, Query query, std::optional<Timestamp> as_of = {},
                       const ProgressCall& progress = {}, std::stop_token stop = {}) const;
  Result<Digests> digests() const;
  // Lends the rows as they are now. The call holds up a swap, so it should be short. kUnavailable without rows.
  Result<void> with_rows(const std::function<Result<void>(const RowSnapshot& rows)>& look) const;
  // Which rows these are: the same text as long as they are only folded on, another one after a rebuild that changed them; kept with
  // them. Empty: never changed so.
  Result<std::string> edition() const;
  // Which of the published rows change. One thread at a time may take.
  RowChanges& changes() { return changes_; }

  // Folds again beside, compares, swaps. Queries go on meanwhile, but for the swap itself.
  Result<Rebuilt> rebuild(const ProgressCall& progress = {}, std::stop_token stop = {});
  // Folds again into a scratch store and compares every stored byte of rows, history and checkpoint. kCorrupt "view.differs",
  // "view.damaged" with what and where.
  Result<void> verify(const ProgressCall& progress = {}, std::stop_token stop = {});

 private:
  ViewHost(const ViewType& type, const EventStore& log, RowStores& stores);
  void recover_swap();
  void open_rows();
  Result<void> fold_on(StoredView& view, Position target, const ProgressCall& progress, std::stop_token stop);
  Result<void> note_edition(RowStore& built, const Rebuilt& rebuilt) const;
  Result<void> swap_in(const std::string& built);
  void live(std::stop_token stop);
  void gather(const std::stop_token& stop);
  std::unique_lock<std::mutex> take_writer();
  void set_failure(std::optional<Error> failure);

  // Constant after construction.
  const ViewType& type_;
  const EventStore& log_;
  RowStores& stores_;

  mutable std::mutex writer_;           // held by whoever folds into the rows
  std::atomic<int> want_writer_{0};     // the live thread, always busy, lets others go first
  mutable std::shared_mutex rows_;      // shared by readers, exclusive while rows are exchanged
  RowChanges changes_;
  std::unique_ptr<StoredView> view_;    // guarded by rows_; null while there are none, or damaged ones
  std::atomic<std::uint64_t> position_{0};

  mutable std::mutex state_;
  mutable std::condition_variable moved_;
  mutable std::condition_variable_any wanted_;
  mutable int waiting_ = 0;             // for a position; guarded by state_
  std::chrono::steady_clock::time_point folded_at_{};  // of the live thread
  std::optional<Error> failure_;        // guarded by state_
  mutable std::atomic<std::uint64_t> scratch_number_{0};

  std::jthread live_;  // last: it uses all of the above
};

// When the event at a position was recorded; {0} for position 0.
Result<Timestamp> recorded_at(const EventStore& log, Position position);

}  // namespace rapport::projections
