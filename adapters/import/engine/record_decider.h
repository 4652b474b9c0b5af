// Decides a record: its table's commands one after the other, all of them or none.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <span>

#include "adapters/import/engine/command_writer.h"
#include "adapters/import/engine/run_state.h"

namespace rapport::import {

// A record that is to be decided. Borrows.
struct RecordToDecide {
  Id16 id{};
  std::span<const Row> rows;     // of a group all of them, else one
  const Row* current = nullptr;  // the first row as snapshots compare it
  const Row* before = nullptr;   // the last snapshot; null: the key is new
  const Snapshot* snapshot = nullptr;
  std::uint32_t file = 0;
  std::uint64_t line = 0;
};

struct RecordOutcome {
  enum class Became : std::uint8_t { kAccepted, kAlready, kRejected } became = Became::kAccepted;
  RowFault fault;           // of kRejected
  std::size_t guilty = 0;  // of kRejected: which of the rows
  std::vector<std::pair<std::uint64_t, std::uint64_t>>
      streams;  // touched, as a Snapshot keeps them
};

// One thread. Accepted records are kept in the sink, not yet flushed.
class RecordDecider final {
 public:
  RecordDecider(const Table& table, RunState& run, const RowReader& reader)
      : table_(table), run_(run), reader_(reader), writer_(reader) {}

  // Errors are the store's; a refusal is an outcome.
  Result<RecordOutcome> decide(const RecordToDecide& record);
  // The time of a row by the table's `at`; nothing if it has none.
  std::optional<std::int64_t> time_of(const Row& row) const;

 private:
  struct Progress;
  Result<RecordOutcome> try_once(const RecordToDecide& record,
                                 const std::set<const CommandStep*>& left_out,
                                 const CommandStep*& conflicting);
  bool applies(const CommandStep& step, const RecordToDecide& record) const;
  // Sends the record's commands into the sink's open record.
  Result<void> attempt(const RecordToDecide& record, const std::set<const CommandStep*>& left_out,
                       Progress& progress);
  // Which of a refused group's rows is refused when it stands alone, if one is.
  Result<void> find_guilty(const RecordToDecide& record,
                           const std::set<const CommandStep*>& left_out, RecordOutcome& outcome);
  // Names the column and the value that a refused field came from.
  RowFault blame(const CommandStep& step, const Row& row, const Error& refusal) const;
  // The first column of a template that has no value in a row.
  std::string missing_in(const Template& from, const Row& row) const;
  std::string time_column(const CommandStep& step) const;
  // Sends one command. A refusal ends up in `progress`.
  Result<void> send(const CommandStep& step, const RecordToDecide& record, Progress& progress);
  Result<void> submit(const CommandStep& step, const RecordToDecide& record, Command& command,
                      Progress& progress);
  // The version of a stream that is not there: 0, or what it came to before it was taken back.
  Result<std::optional<StreamVersion>> absent(const std::string& aggregate, const std::string& id);
  bool set_time(const CommandStep& step, const Row& row, Command& command) const;
  Result<bool> conflicts(const CommandStep& step, const RecordToDecide& record,
                         const std::string& stream, StreamVersion before);

  const Table& table_;
  RunState& run_;
  const RowReader& reader_;
  CommandWriter writer_;
};

}  // namespace rapport::import
