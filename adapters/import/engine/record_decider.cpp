#include "adapters/import/engine/record_decider.h"

#include <algorithm>
#include <functional>

#include "adapters/import/engine/conflicts.h"
#include "adapters/import/engine/touched_streams.h"

namespace rapport::import {

namespace {

rapport::Precision precision_of(TimePrecision precision) {
  switch (precision) {
    case TimePrecision::kInstant:
      return rapport::Precision::INSTANT;
    case TimePrecision::kMinute:
      return rapport::Precision::MINUTE;
    case TimePrecision::kDate:
      return rapport::Precision::DATE;
  }
  return rapport::Precision::UNSPECIFIED;
}

std::uint64_t hash_of(const std::string& stream) {
  // FNV-1a: stored, so it must not depend on the standard library.
  std::uint64_t hash = 14695981039346656037u;
  for (char c : stream) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

}  // namespace

struct RecordDecider::Progress {
  std::optional<RowFault> refused;
  const CommandStep* conflicting = nullptr;
  unsigned commands = 0;                 // sent, `once` ones apart
  unsigned already = 0;                  // of them in the log
  bool any = false;                      // a command fitted, whatever became of it
  std::vector<std::uint64_t> sent;       // orders of the steps that were sent
  std::map<std::string, unsigned> uses;  // of a command on a stream
  std::map<std::string, std::pair<std::string, std::string>> streams;  // name → aggregate, id
};

std::optional<std::int64_t> RecordDecider::time_of(const Row& row) const {
  for (const auto& choice : table_.at.choices)
    if (choice.column && !row.values[*choice.column].missing())
      return row.values[*choice.column].number;
  return std::nullopt;
}

Result<RecordOutcome> RecordDecider::decide(const RecordToDecide& record) {
  std::set<const CommandStep*> left_out;
  for (;;) {
    const CommandStep* conflicting = nullptr;
    auto outcome = try_once(record, left_out, conflicting);
    if (!outcome || !conflicting) return outcome;
    // conflict "ours": once more without that command
    left_out.insert(conflicting);
  }
}

bool RecordDecider::applies(const CommandStep& step, const RecordToDecide& record) const {
  if (step.on == CommandStep::On::kFirst && record.before) return false;
  if (step.on == CommandStep::On::kLater && !record.before) return false;
  if (!step.if_changed.empty() && !changed(step.if_changed, *record.current, record.before))
    return false;
  return reader_.holds(step.when, record.rows.front(), record.before);
}

Result<RecordOutcome> RecordDecider::try_once(const RecordToDecide& record,
                                              const std::set<const CommandStep*>& left_out,
                                              const CommandStep*& conflicting) {
  Progress progress;
  RecordOutcome outcome;
  if (auto sent = attempt(record, left_out, progress); !sent) return sent.error();
  if (progress.refused || progress.conflicting) {
    run_.sink.drop();
    conflicting = progress.conflicting;
    outcome.became = RecordOutcome::Became::kRejected;
    if (progress.refused) {
      outcome.fault = std::move(*progress.refused);
      if (auto found = find_guilty(record, left_out, outcome); !found) return found.error();
    }
    return outcome;
  }
  run_.sink.keep();
  if (table_.keeps_snapshots()) {
    for (const auto& [stream, parts] : progress.streams) {
      auto version = run_.sink.version_of(parts.first, parts.second);
      if (!version) return version.error();
      outcome.streams.emplace_back(hash_of(stream), version->value);
    }
  }
  for (auto order : progress.sent) ++run_.sent[order];
  if (progress.commands && progress.already == progress.commands)
    outcome.became = RecordOutcome::Became::kAlready;
  return outcome;
}

Result<void> RecordDecider::attempt(const RecordToDecide& record,
                                    const std::set<const CommandStep*>& left_out,
                                    Progress& progress) {
  for (const auto& step : table_.commands) {
    if (!applies(step, record)) continue;
    progress.any = true;
    if (left_out.contains(&step)) continue;
    if (auto sent = send(step, record, progress); !sent) {
      run_.sink.drop();
      return sent;
    }
    if (progress.refused || progress.conflicting) return {};
  }
  if (!progress.any && table_.mode == Table::Mode::kRows && !table_.unmatched_accepted) {
    progress.refused =
        RowFault{"", "row.no_command", "no command of table " + table_.name + " fits this row",
                 table_.place};
  }
  return {};
}

Result<void> RecordDecider::find_guilty(const RecordToDecide& record,
                                        const std::set<const CommandStep*>& left_out,
                                        RecordOutcome& outcome) {
  for (std::size_t i = 0; record.rows.size() > 1 && i < record.rows.size(); ++i) {
    auto alone = record;
    alone.rows = record.rows.subspan(i, 1);
    Progress progress;
    if (auto sent = attempt(alone, left_out, progress); !sent) return sent;
    run_.sink.drop();
    if (!progress.refused || progress.refused->code != outcome.fault.code) continue;
    outcome.fault = std::move(*progress.refused);
    outcome.guilty = i;
    return {};
  }
  return {};
}

std::string RecordDecider::missing_in(const Template& from, const Row& row) const {
  for (const auto& part : from.parts)
    if (part.column && row.values[*part.column].missing()) return reader_.title_of(*part.column);
  return {};
}

RowFault RecordDecider::blame(const CommandStep& step, const Row& row,
                              const Error& refusal) const {
  RowFault fault{refusal.field.empty() ? "" : refusal.field.substr(1), refusal.reason,
                 refusal.message, step.place};
  // "lines.qtyMilli": a field of the command, and where it is a list a field of its elements.
  auto dot = fault.column.find('.');
  auto name = fault.column.substr(0, dot);
  auto inner = dot == fault.column.npos ? std::string() : fault.column.substr(dot + 1);
  const FieldWriter* writer = nullptr;
  auto look = [&](const FieldWriter& one, const std::string& wanted) {
    if (one.field && one.field->name == wanted) writer = &one;
  };
  for (const auto& one : step.fields) look(one, name);
  for (const auto& one : step.patch) look(one.writer, name);
  if (writer && !inner.empty())
    for (const auto* list = writer; const auto& one : list->members) look(one, inner);
  if (!writer) return fault;
  fault.place = writer->place;
  fault.column.clear();
  if (writer->form != FieldWriter::Form::kScalar || !writer->operand.from) return fault;
  std::string value;
  for (const auto& part : writer->operand.from->parts)
    if (part.column && fault.column.empty()) fault.column = reader_.title_of(*part.column);
  if (reader_.text_of(*writer->operand.from, row, value)) fault.message += ": \"" + value + "\"";
  return fault;
}

std::string RecordDecider::time_column(const CommandStep& step) const {
  for (const auto& choice : step.at.choices)
    if (choice.column) return reader_.title_of(*choice.column);
  return {};
}

bool RecordDecider::set_time(const CommandStep& step, const Row& row, Command& command) const {
  for (const auto& choice : step.at.choices) {
    if (choice.word) {
      command.precision = *choice.word == At::Word::kAlways ? rapport::Precision::ALWAYS
                                                            : rapport::Precision::UNKNOWN;
      return true;
    }
    const auto& value = choice.column ? row.values[*choice.column] : *choice.constant;
    if (value.missing()) continue;
    command.occurred_at = Timestamp{value.number};
    command.precision = precision_of(value.precision);
    return true;
  }
  return false;
}

Result<std::optional<StreamVersion>> RecordDecider::absent(const std::string& aggregate,
                                                           const std::string& id) {
  auto version = run_.sink.version_of(aggregate, id);
  if (!version) return version.error();
  if (version->value == 0) return std::optional(*version);
  if (!run_.after_revert) return std::optional<StreamVersion>();
  auto stream = stream_name(aggregate, id);
  auto stored = run_.store.version_of(stream);
  if (!stored) return stored.error();
  if (*stored != *version) return std::optional<StreamVersion>();  // this run brought it back
  auto revoked = is_revoked(run_.store, stream, *version);
  if (!revoked) return revoked.error();
  return *revoked ? std::optional(*version) : std::nullopt;
}

Result<void> RecordDecider::send(const CommandStep& step, const RecordToDecide& record,
                                 Progress& progress) {
  const auto& row = record.rows.front();
  auto refuse = [&](std::string column, std::string code, std::string message, std::string place) {
    progress.refused =
        RowFault{std::move(column), std::move(code), std::move(message), std::move(place)};
    return Result<void>();
  };
  std::string id, actor = "import", reason;
  if (!reader_.text_of(step.id, row, id) || id.empty())
    return refuse(missing_in(step.id, row), "id.missing", "the id of " + step.command + " has no value",
                  step.place + "/id");
  StreamVersion taken_back;
  if (step.once) {
    auto version = absent(step.aggregate, id);
    if (!version) return version.error();
    if (!*version) return {};
    taken_back = **version;
  }
  bool empty = false;
  if (auto wrong = writer_.write(step, record.rows, record.current, record.before, empty)) {
    progress.refused = std::move(wrong);
    return {};
  }
  if (empty) return {};
  Command command{
      .aggregate = step.aggregate, .id = id, .body = writer_.message(), .command_id = {}};
  if (!set_time(step, row, command))
    return refuse(time_column(step), "time.missing",
                  "none of the times of " + step.command + " has a value", step.at.place);
  auto stream = stream_name(step.aggregate, id);
  command.command_id = step.once ? run_.ids.once(step.command, stream, taken_back)
                                 : run_.ids.command(record.id, step.command, stream,
                                                    ++progress.uses[step.command + " " + stream]);
  if (step.actor && reader_.text_of(*step.actor, row, (actor.clear(), actor)) && !actor.empty()) {
    command.actor = actor;
    command.actor_kind = ActorKind::USER;
  } else {
    command.actor = "import";
    command.actor_kind = ActorKind::IMPORT;
  }
  if (step.reason && reader_.text_of(*step.reason, row, reason)) command.reason_code = reason;
  progress.streams.try_emplace(std::move(stream), step.aggregate, id);
  return submit(step, record, command, progress);
}

Result<void> RecordDecider::submit(const CommandStep& step, const RecordToDecide& record,
                                   Command& command, Progress& progress) {
  command.as_fact = run_.plan.as_fact;
  command.correlation = run_.start;
  command.causation = event_id(run_.start, 0);
  command.source = {.channel = "import",
                    .client = run_.plan.name,
                    .file = run_.files[record.file].name,
                    .line = record.line,
                    .row_hash = record.id};
  StreamVersion before;
  bool may_conflict = record.snapshot && table_.conflict != Table::Conflict::kTheirs;
  if (may_conflict) {
    auto version = run_.sink.version_of(command.aggregate, command.id);
    if (!version) return version.error();
    before = *version;
  }
  auto decided = run_.sink.decide(command);
  bool already =
      !decided &&
      decided.error().reason ==
          "command.id_reused";  // its id is in the log: a corrected map changed its fields
  if (!decided && !already) {
    const auto& error = decided.error();
    if (error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kCorrupt) return error;
    progress.refused = blame(step, record.rows.front(), error);
    return {};
  }
  already |= decided && decided->became == RecordSink::Became::kAlready;
  progress.sent.push_back(step.order);
  if (!step.once) {
    ++progress.commands;
    progress.already += already;
  }
  if (!may_conflict || already || decided->became != RecordSink::Became::kAccepted) return {};
  auto met = conflicts(step, record, stream_name(command.aggregate, command.id), before);
  if (!met) return met.error();
  if (!*met) return {};
  if (table_.conflict == Table::Conflict::kOurs) {
    progress.conflicting = &step;
  } else {
    progress.refused = RowFault{"", "import.conflict",
                                std::string(command.aggregate) + " " + std::string(command.id) +
                                    " was changed by others since the last import",
                                step.place};
  }
  return {};
}

Result<bool> RecordDecider::conflicts(const CommandStep& step, const RecordToDecide& record,
                                      const std::string& stream, StreamVersion before) {
  auto hash = hash_of(stream);
  for (const auto& [known, version] : record.snapshot->streams)
    if (known == hash && version >= before.value) return false;  // nobody touched it since
  auto since =
      changes_since(run_.store, *step.plan, stream, record.snapshot->position, run_.plan.name);
  if (!since) return since.error();
  if (since->empty()) return false;
  for (auto event : run_.sink.decided_events()) {
    for (const auto& facet : changed_by(*step.plan, event)) {
      auto last = since->find(facet);
      if (last != since->end() && !last->second) return true;
    }
  }
  return false;
}

}  // namespace rapport::import
