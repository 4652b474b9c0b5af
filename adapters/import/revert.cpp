#include "adapters/import/revert.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

#include "adapters/import/engine/ids.h"
#include "adapters/import/engine/import_memory.h"
#include "adapters/import/engine/inverse.h"
#include "adapters/import/record_sink.h"
#include "domain/schema/batch.values.h"
#include "domain/values.h"

namespace rapport::import {

namespace {

constexpr std::size_t kCommandsAFlush = 4'000;

// What an import did to one stream.
struct Touched {
  std::string aggregate, id;
  std::uint64_t first = 0;  // position of its first event of the import
  bool created = false;
  std::string last_type;           // of the import's last event here
  std::uint64_t others_since = 0;  // events that are not the import's
  std::vector<kj::Array<capnp::word>>
      events;  // that rows caused: payloads, if the stream existed before
  std::set<Id16> records;
};

class Revert {
 public:
  Revert(std::string import_id, bool dry_run, const ImportParts& parts)
      : parts_(parts), dry_memory_(&parts.memory), sink_(open_sink(parts.gateway, dry_run)) {
    summary_.import = std::move(import_id);
    summary_.dry_run = dry_run;
  }

  Result<RevertSummary> run() {
    if (auto done = find_import(); !done) return done.error();
    if (auto done = read_log(); !done) return done.error();
    if (auto done = compensate(); !done) return done.error();
    if (auto done = forget_records(); !done) return done.error();
    if (auto done = record_revert(); !done) return done.error();
    summary_.position = sink_->position().value;
    return std::move(summary_);
  }

 private:
  Result<void> find_import() {
    ReadQuery query;
    query.stream = stream_name("batch", summary_.import);
    auto reader = parts_.store.read(query);
    for (;;) {
      auto event = reader->next();
      if (!event) return event.error();
      if (!*event) break;
      if ((*event)->type == "batch.importStarted") {
        start_ = (*event)->command;
        first_position_ = (*event)->position;
        summary_.mapping = read_text((*event)->metadata.getSource().getClient());
      }
      if ((*event)->type == "batch.importReverted") {
        return Error{ErrorCode::kRejected, "import.already_reverted",
                     "import " + summary_.import + " was reverted before"};
      }
    }
    if (first_position_.value == 0)
      return Error{ErrorCode::kNotFound, "import.not_found",
                   "the log has no import " + summary_.import};
    ids_.emplace(parts_.keys, summary_.mapping);
    memory_.emplace(summary_.dry_run ? static_cast<KeyValue&>(dry_memory_) : parts_.memory,
                    summary_.mapping);
    return {};
  }

  static bool has_correlation(const RecordedEvent& event, const CommandId& id) {
    return event.metadata.getCorrelationHigh() == id.high() &&
           event.metadata.getCorrelationLow() == id.low();
  }

  Result<void> read_log() {
    ReadQuery query;
    query.from = first_position_;
    auto reader = parts_.store.read(query);
    for (;;) {
      auto event = reader->next();
      if (!event) return event.error();
      if (!*event) return {};
      if ((*event)->stream_type != "batch") take(**event);
    }
  }

  void take(const RecordedEvent& event) {
    auto name = stream_name(event.stream_type, event.stream_id);
    auto found = touched_.find(name);
    if (has_correlation(event, ids_->batch(summary_.import, "revertImport", "")))
      return;  // of this revert, cut short before
    if (!has_correlation(event, start_)) {
      if (found != touched_.end()) ++found->second.others_since;
      return;
    }
    // What an event of the import caused on another stream goes back with its cause.
    bool reaction = event.metadata.hasCausation() &&
                    command_of(EventId::read(event.metadata.getCausation())) != start_;
    if (found == touched_.end()) {
      if (reaction) return;
      found = touched_.try_emplace(std::move(name)).first;
      auto& made = found->second;
      made.aggregate = event.stream_type;
      made.id = event.stream_id;
      made.first = event.position.value;
      made.created = event.version.value == 1;
    }
    auto& stream = found->second;
    if (reaction) return;
    stream.last_type = event.type;
    if (!stream.created) stream.events.push_back(kj::heapArray(event.payload));
    auto hash = event.metadata.getSource().getRowHash();
    if (hash.size() != sizeof(Id16)) return;
    Id16 record;
    std::copy(hash.begin(), hash.end(), record.begin());
    stream.records.insert(record);
  }

  Result<void> compensate() {
    std::vector<Touched*> order;
    for (auto& [name, stream] : touched_) order.push_back(&stream);
    // The last first: an order goes before the member whose points it earned.
    std::ranges::sort(order,
                      [](const Touched* a, const Touched* b) { return a->first > b->first; });
    for (auto* stream : order)
      if (auto done = take_back(*stream); !done) return done;
    std::ranges::reverse(summary_.streams);
    return flush();
  }

  Result<void> take_back(Touched& stream) {
    if (stream.others_since) {
      leave(stream, "changed_since",
            std::to_string(stream.others_since) + " events of others came after the import's");
      return {};
    }
    std::vector<kj::Array<capnp::word>> commands;
    if (stream.created) {
      if (auto ending = ending_of(stream.aggregate, stream.last_type))
        commands.push_back(std::move(*ending));
    } else {
      for (auto event = stream.events.rbegin(); event != stream.events.rend(); ++event) {
        auto inverse = inverse_of(stream.aggregate, *event);
        if (!inverse) {
          commands.clear();
          break;
        }
        commands.push_back(std::move(*inverse));
      }
    }
    if (commands.empty()) {
      leave(stream, "no_inverse", "no command of " + stream.aggregate + " takes this back");
      return {};
    }
    return send(stream, commands);
  }

  Result<void> send(const Touched& stream, const std::vector<kj::Array<capnp::word>>& commands) {
    auto name = stream_name(stream.aggregate, stream.id);
    for (std::size_t i = 0; i < commands.size(); ++i) {
      Command command{
          .aggregate = stream.aggregate,
          .id = stream.id,
          .body = commands[i],
          .command_id = ids_->batch(summary_.import, "revert", name + "#" + std::to_string(i))};
      describe(command);
      auto decided = sink_->decide(command);
      if (decided) continue;
      const auto& error = decided.error();
      sink_->drop();
      if (error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kCorrupt) return error;
      leave(stream, error.reason, error.message);
      return {};
    }
    sink_->keep();
    ++summary_.compensated;
    return sink_->pending_commands() < kCommandsAFlush ? Result<void>() : flush();
  }

  void describe(Command& command) const {
    command.as_fact = true;
    command.actor = "import";
    command.actor_kind = ActorKind::IMPORT;
    command.reason_code = "import-reverted";
    command.correlation = ids_->batch(summary_.import, "revertImport", "");
    command.causation = event_id(start_, 0);
    command.source = {
        .channel = "import", .client = summary_.mapping, .file = {}, .line = 0, .row_hash = {}};
  }

  void leave(const Touched& stream, std::string code, std::string message) {
    ++summary_.left;
    kept_records_.insert(stream.records.begin(), stream.records.end());
    summary_.streams.push_back(
        {stream_name(stream.aggregate, stream.id), std::move(code), std::move(message)});
  }

  Result<void> flush() {
    auto events = sink_->flush();
    if (!events) return events.error();
    summary_.events += *events;
    return {};
  }

  // A record may come again only if everything that it did was taken back.
  Result<void> forget_records() {
    auto imports = memory_->imports();
    if (!imports) return imports.error();
    auto known = std::ranges::find(*imports, summary_.import, &KnownImport::id);
    if (known == imports->end()) return {};
    auto tables = memory_->tables();
    if (!tables) return tables.error();
    std::set<Id16> records;
    for (const auto& [name, stream] : touched_)
      for (const auto& record : stream.records)
        if (!kept_records_.contains(record)) records.insert(record);
    for (const auto& table : *tables) {
      memory_->open_table(table);
      for (const auto& id : records) {
        auto record = memory_->record(id);
        if (!record) return record.error();
        if (!*record || (*record)->import != known->number) continue;
        if (auto forgotten = memory_->forget(id, (*record)->key, known->number); !forgotten)
          return forgotten;
        ++summary_.records;
      }
      if (auto written = memory_->commit(); !written) return written;
    }
    known->reverted = true;
    if (auto saved = memory_->save(*known, {}); !saved) return saved;
    return memory_->settle();
  }

  Result<void> record_revert() {
    capnp::MallocMessageBuilder message;
    auto body = message.initRoot<batch::wire::Command>().initRevertImport();
    body.setCompensated(summary_.compensated);
    body.setLeft(summary_.left);
    auto words = capnp::messageToFlatArray(message);
    Command command{.aggregate = "batch",
                    .id = summary_.import,
                    .body = words,
                    .command_id = ids_->batch(summary_.import, "revertImport", "")};
    describe(command);
    auto decided = sink_->decide(command);
    if (!decided) return decided.error();
    sink_->keep();
    return flush();
  }

  const ImportParts& parts_;
  OverlayKeyValue dry_memory_;
  std::unique_ptr<RecordSink> sink_;
  std::optional<Ids> ids_;
  std::optional<ImportMemory> memory_;
  CommandId start_{};
  Position first_position_{};
  std::unordered_map<std::string, Touched> touched_;
  std::set<Id16> kept_records_;
  RevertSummary summary_;
};

}  // namespace

Result<RevertSummary> revert_import(const std::string& import_id, bool dry_run,
                                    const ImportParts& parts) {
  return Revert(import_id, dry_run, parts).run();
}

std::string to_json(const RevertSummary& summary) {
  nlohmann::ordered_json json = {{"import", summary.import},           {"mapping", summary.mapping},
                                 {"compensated", summary.compensated}, {"left", summary.left},
                                 {"records", summary.records},         {"events", summary.events},
                                 {"position", summary.position},       {"dryRun", summary.dry_run}};
  auto& streams = json["streams"] = nlohmann::ordered_json::array();
  for (const auto& left : summary.streams)
    streams.push_back({{"stream", left.stream}, {"code", left.code}, {"message", left.message}});
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace rapport::import
