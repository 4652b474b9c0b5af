#include "adapters/import/revert.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "adapters/import/engine/import_memory.h"
#include "adapters/import/engine/touched_streams.h"
#include "adapters/import/record_sink.h"
#include "adapters/json/field_plan.h"
#include "domain/schema/batch.values.h"
#include "domain/values.h"

namespace rapport::import {

namespace {

constexpr std::size_t kCommandsAFlush = 4'000;

class Revert {
 public:
  Revert(std::string import_id, bool dry_run, const ImportParts& parts)
      : parts_(parts), dry_memory_(&parts.memory), sink_(open_sink(parts.gateway, dry_run)) {
    summary_.import = std::move(import_id);
    summary_.dry_run = dry_run;
  }

  Result<RevertSummary> run() {
    if (auto done = find_import(); !done) return done.error();
    auto touched = touched_streams(parts_.store, events_);
    if (!touched) return touched.error();
    touched_ = std::move(*touched);
    leave_what_others_built_on();
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
        events_.start = (*event)->command;
        events_.from = (*event)->position;
        summary_.mapping = read_text((*event)->metadata.getSource().getClient());
      }
      if ((*event)->type == "batch.importReverted") {
        return Error{ErrorCode::kRejected, "import.already_reverted",
                     "import " + summary_.import + " was reverted before"};
      }
    }
    if (events_.from.value == 0)
      return Error{ErrorCode::kNotFound, "import.not_found",
                   "the log has no import " + summary_.import,
                   {},
                   {},
                   "an import's id stands in its summary, and in events --type batch.importStarted"};
    ids_.emplace(parts_.keys, summary_.mapping);
    events_.revert = ids_->batch(summary_.import, "revertImport", "");
    memory_.emplace(summary_.dry_run ? static_cast<KeyValue&>(dry_memory_) : parts_.memory,
                    parts_.keys, summary_.mapping);
    return {};
  }

  // --- what is left ---

  // A stream that others built on is left, and with it what the same rows did elsewhere: a row is
  // taken back as a whole, or it could not come again as a whole.
  void leave_what_others_built_on() {
    std::map<Id16, std::vector<TouchedStream*>> by_record;
    std::vector<TouchedStream*> left;
    for (auto& [name, stream] : touched_) {
      for (const auto& record : stream.records) by_record[record].push_back(&stream);
      auto count = stream.others + stream.uses;
      if (count == 0) continue;
      leave(stream, stream.others ? "changed_since" : "still_used",
            std::to_string(count) + " events of others came after the import's");
      left.push_back(&stream);
    }
    while (!left.empty()) {
      auto* stream = left.back();
      left.pop_back();
      if (created_once(*stream)) continue;
      for (const auto& record : stream->records) {
        for (auto* other : by_record[record]) {
          if (is_left(*other) || created_once(*other)) continue;
          leave(*other, "row_left",
                "what its row did to " + stream_name(stream->aggregate, stream->id) + " is left");
          left.push_back(other);
        }
      }
    }
  }

  // Created because a row needed it, whichever came first: any other row finds it there, too.
  bool created_once(const TouchedStream& stream) const {
    if (!stream.created) return false;
    auto name = stream_name(stream.aggregate, stream.id);
    const auto* plan = find_aggregate(stream.aggregate);
    return std::ranges::any_of(plan->commands.members, [&](const auto& command) {
      auto path = stream.aggregate + "/" + command.name;
      return ids_->once(path, name, stream.before) == stream.first_command;
    });
  }

  bool is_left(const TouchedStream& stream) const {
    return left_.contains(stream_name(stream.aggregate, stream.id));
  }

  void leave(const TouchedStream& stream, std::string code, std::string message) {
    auto name = stream_name(stream.aggregate, stream.id);
    if (!created_once(stream)) kept_records_.insert(stream.records.begin(), stream.records.end());
    left_.insert_or_assign(name, stream.last);
    summary_.streams.push_back({name, std::move(code), std::move(message)});
    ++summary_.left;
  }

  // --- what goes back ---

  Result<void> compensate() {
    std::vector<const TouchedStream*> order;
    for (auto& [name, stream] : touched_)
      if (!is_left(stream)) order.push_back(&stream);
    // The last first: an order goes before the member whose points it earned.
    std::ranges::sort(order, std::ranges::greater(), &TouchedStream::last);
    for (const auto* stream : order)
      if (auto done = take_back(*stream); !done) return done;
    std::ranges::sort(summary_.streams, {},
                      [&](const LeftStream& one) { return left_.at(one.stream); });
    return flush();
  }

  Result<void> take_back(const TouchedStream& stream) {
    auto name = stream_name(stream.aggregate, stream.id);
    std::vector<std::pair<std::string, Inverse>> commands;  // with the stream that each is for
    for (auto caused = stream.caused.rbegin(); caused != stream.caused.rend(); ++caused)
      commands.emplace_back(stream_name("loyaltyMember", caused->member), copy_of(caused->inverse));
    if (auto user = left_user_of(stream)) {
      leave(stream, "still_used", *user + " is left and was decided by it");
      return {};
    }
    auto own = own_inverses(stream, name);
    if (!own) return own.error();
    if (!*own || stream.spoilt) {
      leave(stream, "no_inverse", "no command of " + stream.aggregate + " takes this back");
      return {};
    }
    for (auto& inverse : **own) commands.emplace_back(name, std::move(inverse));
    if (goes_as_a_whole(stream)) commands.emplace_back(name, revocation_of(stream.aggregate));
    return send(stream, commands);
  }

  // Of a policy: a stream that is left and needs it.
  std::optional<std::string> left_user_of(const TouchedStream& stream) const {
    if (stream.aggregate != "policySet") return std::nullopt;
    for (const auto& [name, position] : left_)
      if (touched_.at(name).policies.contains(stream.id)) return name;
    return std::nullopt;
  }

  static bool goes_as_a_whole(const TouchedStream& stream) {
    return stream.created && is_revocable(stream.aggregate);
  }

  // Of a stream that was created only points need it: the rest goes with the stream.
  Result<std::optional<std::vector<Inverse>>> own_inverses(const TouchedStream& stream,
                                                           const std::string& name) const {
    if (goes_as_a_whole(stream) && stream.aggregate != "loyaltyMember")
      return std::optional(std::vector<Inverse>());
    return inverses_of(parts_.store, stream.aggregate, name, [&](const RecordedEvent& event) {
      bool own = events_.are(event) && !events_.caused(event);
      return own && (!goes_as_a_whole(stream) || inverse_of_points(event));
    });
  }

  static Inverse copy_of(const Inverse& inverse) {
    auto words = kj::heapArray<capnp::word>(inverse.body.size());
    std::memcpy(static_cast<void*>(words.begin()), inverse.body.begin(), words.asBytes().size());
    return {std::move(words), inverse.at, inverse.precision};
  }

  Result<void> send(const TouchedStream& stream,
                    const std::vector<std::pair<std::string, Inverse>>& commands) {
    for (std::size_t i = 0; i < commands.size(); ++i) {
      const auto& [name, inverse] = commands[i];
      auto [type, id] = split_stream(name);
      auto what = stream_name(stream.aggregate, stream.id) + "#" + std::to_string(i);
      Command command{.aggregate = type,
                      .id = id,
                      .body = inverse.body,
                      .command_id = ids_->batch(summary_.import, "revert", what)};
      describe(command);
      command.occurred_at = inverse.at;
      command.precision = inverse.precision;
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
    command.correlation = events_.revert;
    command.causation = event_id(events_.start, 0);
    command.source = {
        .channel = "import", .client = summary_.mapping, .file = {}, .line = 0, .row_hash = {}};
  }

  Result<void> flush() {
    auto events = sink_->flush();
    if (!events) return events.error();
    summary_.events += *events;
    return {};
  }

  // A record may come again if everything that it did was taken back; one that changed nothing, too:
  // a corrected mapping may make something of it.
  Result<void> forget_records() {
    auto imports = memory_->imports();
    if (!imports) return imports.error();
    auto known = std::ranges::find(*imports, summary_.import, &KnownImport::id);
    if (known == imports->end()) return {};
    auto tables = memory_->tables();
    if (!tables) return tables.error();
    for (const auto& table : *tables) {
      memory_->open_table(table);
      auto records = memory_->records_of(known->number);
      if (!records) return records.error();
      std::set<Id16> raised;
      for (const auto& [id, key] : *records) {
        if (kept_records_.contains(id)) continue;
        auto forgotten = memory_->forget(id, key, known->number, raised.insert(key).second);
        if (!forgotten) return forgotten;
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
                    .command_id = events_.revert};
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
  ImportEvents events_{};
  TouchedStreams touched_;
  std::map<std::string, std::uint64_t> left_;  // streams, with the positions of the import's last events there
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
