#include "adapters/import/engine/run_state.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include "domain/schema/batch.values.h"

namespace rapport::import {

namespace {

// One durable write for about this many commands: an fsync costs as much as deciding some hundred.
constexpr std::size_t kCommandsAFlush = 4'000;
constexpr std::uint64_t kRowsAFlush = 20'000;

// At most so many bytes, never half a character.
std::string cut(const std::string& text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

}  // namespace

Result<void> send_batch_command(RunState& run, const char* command, const std::string& what,
                                std::uint32_t file, std::uint64_t line, Words body) {
  Command sent{.aggregate = "batch",
               .id = run.import_id,
               .body = body,
               .command_id = run.ids.batch(run.import_id, command, what)};
  sent.actor = "import";
  sent.actor_kind = ActorKind::IMPORT;
  sent.correlation = run.start;
  if (sent.command_id != run.start) sent.causation = event_id(run.start, 0);
  sent.source = {
      .channel = "import", .client = run.plan.name, .file = {}, .line = line, .row_hash = {}};
  if (line) sent.source.file = run.files[file].name;
  auto decided = run.sink.decide(sent);
  if (decided) {
    run.sink.keep();
    return {};
  }
  run.sink.drop();
  // The same import, done before: its id is in the log with other totals, or it is complete and
  // another row is refused now.
  const auto& error = decided.error();
  return error.reason == "command.id_reused" || error.code == ErrorCode::kRejected ? Result<void>()
                                                                                   : error;
}

Result<void> reject_row(RunState& run, const RowOrigin& origin, const RowFault& fault) {
  ++run.counts.rejected;
  ++run.codes[fault.code];
  const auto& file = run.files[origin.file];
  if (run.rejects)
    if (auto added = run.rejects->add(file.name, origin.line, fault, origin.raw); !added)
      return added;
  capnp::MallocMessageBuilder message;
  auto body = message.initRoot<batch::wire::Command>().initRejectRow();
  body.setFile(cut(file.name, 400));
  body.setLine(origin.line);
  if (!fault.column.empty()) body.setColumn(cut(fault.column, 128));
  body.setCode(fault.code);
  auto words = capnp::messageToFlatArray(message);
  auto what = to_hex(file.sha256) + ":" + std::to_string(origin.line) + ":" + fault.column + ":" +
              fault.code;
  auto sent = send_batch_command(run, "rejectRow", what, origin.file, origin.line, words);
  return sent ? flush_if_due(run) : sent;
}

Result<void> flush(RunState& run) {
  auto events = run.sink.flush();
  if (!events) return events.error();
  run.events += *events;
  run.unflushed_rows = 0;
  return run.memory.commit();
}

Result<void> flush_if_due(RunState& run) {
  if (run.sink.pending_commands() < kCommandsAFlush && ++run.unflushed_rows < kRowsAFlush)
    return {};
  return flush(run);
}

}  // namespace rapport::import
