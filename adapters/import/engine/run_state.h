// What the parts of a running import share.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "adapters/import/engine/import_memory.h"
#include "adapters/import/engine/rejects.h"
#include "adapters/import/mapping/plan.h"
#include "adapters/import/record_sink.h"
#include "adapters/import/source/byte_source.h"
#include "eventstore/event_store.h"

namespace rapport::import {

// Rows by what became of them. `again`: of the already known ones those that this very import had
// brought when it was cut short; they are part of what the log says the files hold.
struct Counts {
  std::uint64_t rows = 0, accepted = 0, rejected = 0, already = 0, again = 0;
};

struct RunState {
  const Plan& plan;
  RecordSink& sink;
  const EventStore& store;
  const Ids& ids;
  ImportMemory& memory;
  Rejects* rejects;  // null: none are written
  MakeScratch make_scratch;
  std::string import_id = {};
  std::uint32_t number = 0;                // of this import within the mapping
  std::set<std::uint32_t> completed = {};  // imports of the mapping that came to their end before
  bool after_revert = false;               // the log has a revert: streams may have been taken back
  std::vector<FileFacts> files = {};
  CommandId start = {};  // of startImport: correlation and cause of everything else
  Counts counts = {};
  std::uint64_t events = 0;
  std::vector<std::uint64_t> sent = {};             // by CommandStep::order
  std::map<std::string, std::uint64_t> codes = {};  // rejected rows by code
  std::uint64_t unflushed_rows = 0;
};

// A command on the import's own stream, batch-<import id>.
Result<void> send_batch_command(RunState& run, const char* command, const std::string& what,
                                std::uint32_t file, std::uint64_t line, Words body);
// Rejects a row: counted, written to the file, noted in the log.
Result<void> reject_row(RunState& run, const RowOrigin& origin, const RowFault& fault);
// Stores what was kept, and then remembers it.
Result<void> flush(RunState& run);
// Likewise when enough has come together.
Result<void> flush_if_due(RunState& run);

}  // namespace rapport::import
