// The one writer of the log: plans a group of appends, writes it in one go, moves the head. Included under rocks/ only.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "eventstore/rocks/committed_head.h"
#include "eventstore/rocks/slot_file.h"
#include "eventstore/rocks/stored_log.h"

namespace rapport {

// FORMAT.md, `witness`.
SlotFile::Form witness_form();
std::string witness_value(const Head& head);
Head witnessed_head(std::string_view value);

// "store.stopped": what every call answers after a failed write.
Error store_stopped();

// write() and write_ahead() are one thread's at a time; sync() may run beside write_ahead(), on one other thread.
class LogWriter final : public KeptLog {
 public:
  LogWriter(const LogDatabase& database, const StoredLog& log, LogIndex& index, SlotFile& witness, const Clock& clock,
            StoredLog::End end, CommittedHead& committed);

  using Plans = std::vector<std::unique_ptr<GroupPlan>>;
  // Decides about all appends in order, writes what is accepted and syncs once, then publishes the new head. The plans' answers
  // follow the appends; they stay valid as long as the appends. After a failed write every call answers "store.stopped".
  // Everything written ahead must have been synced.
  Result<Plans> write(std::span<const PreparedAppend* const> appends);
  // The same without the sync: nobody may be answered before sync(written()), and nobody sees the events.
  Result<Plans> write_ahead(std::span<const PreparedAppend* const> appends);
  const Head& written() const { return end_; }
  // Makes durable what was written up to `head`, then publishes it. Heads must not go back.
  Result<void> sync(const Head& head);

  void accept_clock() { clock_.accept(); }
  void accept_ahead(Timestamp until) { clock_.accept_ahead(until); }
  bool stopped() const { return stopped_; }  // any thread

  // Asked by plans.
  Result<StreamVersion> kept_version(std::string_view stream) const override { return log_.kept_version(stream); }
  Result<std::optional<Command>> kept_command(const CommandId& id) const override { return log_.kept_command(id); }
  Result<StoredOutcome> kept_outcome(Position first, std::size_t events) const override {
    return log_.kept_outcome(first, events);
  }
  Result<std::vector<StoredOutcome::Item>> kept_items(const ReadQuery& query, std::size_t max) const override {
    return log_.kept_items(query, max);
  }

 private:
  enum class Sync : bool { kNo, kWithTheLast };
  Result<Plans> write(std::span<const PreparedAppend* const> appends, Sync sync);
  // Writes one plan, published if it is synced.
  Result<void> keep(const GroupPlan& plan, bool sync);
  Result<void> publish(const Head& head);
  Error stop(const Error& cause);

  const LogDatabase& database_;
  const StoredLog& log_;
  LogIndex& index_;
  SlotFile& witness_;
  CommittedHead& committed_;
  ClockGuard clock_;
  Head end_;  // of what is written, root included; ahead of committed_ until it is synced
  MerkleTree tree_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace rapport
