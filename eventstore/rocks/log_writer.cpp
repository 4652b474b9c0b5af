#include "eventstore/rocks/log_writer.h"

#include "eventstore/rocks/log_batch.h"
#include "eventstore/rocks/rocks_status.h"

namespace rapport {
namespace {

constexpr std::size_t kChunkBytes = 4u << 20;  // of events in one WriteBatch

}  // namespace

SlotFile::Form witness_form() {
  return {"RPWITN01", 2 * sizeof(std::uint64_t) + sizeof(Hash), [](Bytes bytes) { return sha256({bytes}); }};
}

std::string witness_value(const Head& head) {
  std::string value;
  append_be<8>(value, head.position.value);
  value += text_of(head.root);
  append_be<8>(value, static_cast<std::uint64_t>(head.recorded_at.micros));
  return value;
}

Head witnessed_head(std::string_view value) {
  Head head{{read_be<8>(value)}, {}, {static_cast<std::int64_t>(read_be<8>(value.substr(8 + sizeof(Hash))))}};
  std::copy_n(value.begin() + 8, sizeof(Hash), head.root.begin());
  return head;
}

Error store_stopped() {
  return {ErrorCode::kUnavailable, "store.stopped", "the store stopped after a failed write", {}, {},
          "see to the disk and open the store again"};
}

LogWriter::LogWriter(const LogDatabase& database, const StoredLog& log, LogIndex& index, SlotFile& witness, const Clock& clock,
                     StoredLog::End end, CommittedHead& committed)
    : database_(database), log_(log), index_(index), witness_(witness), committed_(committed), clock_(clock), end_(end.head),
      tree_(end.tree) {}

Error LogWriter::stop(const Error& cause) {
  stopped_ = true;
  return cause;
}

Result<void> LogWriter::publish(const Head& head) {
  if (auto witnessed = witness_.write(witness_value(head)); !witnessed) return stop(witnessed.error());
  committed_.publish(head);
  return {};
}

// A failed sync is never tried again: the kernel may have dropped the pages and say yes the second time.
Result<void> LogWriter::sync(const Head& head) {
  if (stopped_) return store_stopped();
  if (head.position == committed_.position()) return {};
  auto status = database_.log().SyncWAL();
  if (!status.ok()) return stop(from_status(status, "cannot sync the log"));
  return publish(head);
}

Result<void> LogWriter::keep(const GroupPlan& plan, bool synced) {
  if (plan.events().empty()) return synced ? sync(end_) : Result<void>();
  LogBatch batch(database_, tree_, plan);
  if (auto built = batch.build(); !built) return stop(built.error());
  rocksdb::WriteOptions options;
  options.sync = synced;
  auto status = database_.log().Write(options, &batch.batch());
  if (!status.ok()) return stop(from_status(status, "cannot write the log"));
  if (auto indexed = index_.add(plan); !indexed) return stop(indexed.error());
  end_ = {plan.events().back().position, tree_.root(), plan.events().back().recorded_at};
  return synced ? publish(end_) : Result<void>();
}

Result<LogWriter::Plans> LogWriter::write(std::span<const PreparedAppend* const> appends, Sync sync) {
  if (stopped_) return store_stopped();
  Plans plans;
  plans.push_back(std::make_unique<GroupPlan>(*this, clock_, end_));
  for (const auto* append : appends) {
    if (auto added = plans.back()->add(*append); !added) return added.error();
    if (plans.back()->bytes() < kChunkBytes) continue;
    if (auto kept = keep(*plans.back(), false); !kept) return kept.error();
    plans.push_back(std::make_unique<GroupPlan>(*this, clock_, end_));
  }
  if (auto kept = keep(*plans.back(), sync == Sync::kWithTheLast); !kept) return kept.error();
  return plans;
}

Result<LogWriter::Plans> LogWriter::write(std::span<const PreparedAppend* const> appends) {
  return write(appends, Sync::kWithTheLast);
}
Result<LogWriter::Plans> LogWriter::write_ahead(std::span<const PreparedAppend* const> appends) { return write(appends, Sync::kNo); }

}  // namespace rapport
