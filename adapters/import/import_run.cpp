#include "adapters/import/import_run.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "adapters/import/engine/file_tables.h"
#include "adapters/import/engine/policies.h"
#include "adapters/import/engine/table_import.h"
#include "adapters/import/mapping/compile.h"
#include "adapters/import/mapping/nearest.h"
#include "adapters/import/presets.h"
#include "domain/schema/batch.values.h"

namespace rapport::import {

namespace {

constexpr std::uint64_t kRowsAProgress = 1'000;
constexpr std::uintmax_t kMappingBytesMax = 16u << 20;

class Run {
 public:
  Run(const ImportOptions& options, const ImportParts& parts, const ImportProgress& progress,
      Plan plan)
      : options_(options),
        parts_(parts),
        progress_(progress),
        plan_(std::move(plan)),
        ids_(parts.keys, plan_.name),
        dry_memory_(&parts.memory),
        memory_(options.dry_run ? static_cast<KeyValue&>(dry_memory_) : parts.memory, parts.keys,
                plan_.name),
        sink_(open_sink(parts.gateway, options.dry_run)),
        state_{.plan = plan_,
               .sink = *sink_,
               .store = parts.store,
               .ids = ids_,
               .memory = memory_,
               .rejects = nullptr,
               .make_scratch = parts.make_scratch,
               .files = {}} {
    state_.sent.assign(plan_.commands, 0);
  }

  Result<ImportSummary> run() {
    if (auto done = prepare(); !done) return done.error();
    if (auto done = begin(); !done) return done.error();
    for (std::size_t i = 0; i < plan_.tables.size(); ++i)
      if (auto done = import_table(i); !done) return abandon(done.error());
    if (auto done = complete(); !done) return done.error();
    return summarize();
  }

 private:
  // Everything that can be refused before anything is written.
  Result<void> prepare() {
    if (options_.files.empty())
      return Error{ErrorCode::kInvalid, "import.no_file", "an import needs at least one file"};
    std::vector<Hash> hashes;
    for (const auto& path : options_.files) {
      auto facts = facts_of(path);
      if (!facts) return facts.error();
      // The rows of a file that comes twice would count as genuine repeats.
      if (std::ranges::find(hashes, facts->sha256) != hashes.end())
        return Error{ErrorCode::kInvalid,
                     "import.file_repeated",
                     path + ": the same content is given twice",
                     {},
                     {},
                     "name each file once"};
      hashes.push_back(facts->sha256);
      bytes_total_ += facts->bytes;
      auto table = table_of(plan_, path, facts->name);
      if (!table) return table.error();
      state_.files.push_back(std::move(*facts));
      tables_.push_back(std::move(*table));
    }
    if (auto checked = check_shapes(); !checked) return checked;
    if (auto checked = check_memory(hashes); !checked) return checked;
    if (auto checked = check_policies(state_, policies_); !checked) return checked;
    return open_rejects();
  }

  Result<void> open_rejects() {
    auto path = options_.rejects;
    if (path.empty() && options_.dry_run) return {};
    if (path.empty()) path = options_.rejects_folder + "/" + state_.import_id + ".csv";
    auto opened = Rejects::open(path, options_.files);
    if (!opened) return opened.error();
    rejects_ = std::move(*opened);
    state_.rejects = rejects_.get();
    return {};
  }

  // The same for the same mapping and files; after a revert they are a new import.
  void name_import(const std::vector<Hash>& files, const std::vector<KnownImport>& known) {
    for (unsigned round = 0;; ++round) {
      auto options = options_.time_zone + (round ? "#" + std::to_string(round) : "");
      state_.import_id = ids_.import_id(plan_.sha256, options, files);
      auto same = std::ranges::find(known, state_.import_id, &KnownImport::id);
      if (same == known.end() || !same->reverted) break;
    }
    state_.start = ids_.batch(state_.import_id, "startImport", "");
  }

  Result<void> check_shapes() {
    for (const auto& table : plan_.tables) {
      auto known = memory_.shape(table.name);
      if (!known) return known.error();
      if (!*known || **known == table.shape) continue;
      return Error{ErrorCode::kInvalid,
                   "import.shape_changed",
                   plan_.file + " " + table.place +
                       ": key, mode, source columns or datatypes of table " + table.name +
                       " are not those of the earlier imports of \"" + plan_.name + "\"",
                   table.place,
                   {},
                   "give the mapping a new name"};
    }
    return {};
  }

  // The log names every import. One that the memory does not know was lost with it; then only the
  // first of those may come.
  Result<void> check_memory(const std::vector<Hash>& files) {
    auto known = memory_.imports();
    if (!known) return known.error();
    name_import(files, *known);
    std::uint32_t highest = 0;
    for (const auto& import : *known) {
      highest = std::max(highest, import.number);
      if (import.completed && import.id != state_.import_id) state_.completed.insert(import.number);
      if (import.id == state_.import_id) state_.number = import.number;
    }
    if (state_.number == 0) state_.number = highest + 1;
    ReadQuery query;
    query.filter = Term::category("batch");
    auto reader = parts_.store.read(query);
    for (;;) {
      auto event = reader->next();
      if (!event) return event.error();
      if (!*event) return {};
      state_.after_revert |= (*event)->type == "batch.importReverted";
      if ((*event)->type != "batch.importStarted" ||
          read_text((*event)->metadata.getSource().getClient()) != plan_.name)
        continue;
      std::string id((*event)->stream_id);
      if (std::ranges::any_of(*known, [&](const KnownImport& import) { return import.id == id; }))
        continue;
      if (id == state_.import_id) return state_.after_revert = true, Result<void>();
      return Error{ErrorCode::kCorrupt,
                   "import.memory_lost",
                   "what the earlier imports of \"" + plan_.name +
                       "\" left behind is missing: the log has import " + id +
                       ", the memory of imports has not",
                   {},
                   {},
                   "import the earlier files again, all of them, oldest first: that restores it "
                   "and adds no event"};
    }
  }

  Result<void> begin() {
    std::vector<std::pair<std::string, std::string>> shapes;
    for (const auto& table : plan_.tables) shapes.emplace_back(table.name, table.shape);
    auto saved = memory_.save(
        {.id = state_.import_id, .number = state_.number, .completed = false, .reverted = false},
        shapes);
    if (!saved) return saved;
    if (auto sent = send_start(); !sent) return sent;
    return publish_policies(state_, policies_);
  }

  Result<void> send_start() {
    capnp::MallocMessageBuilder message;
    auto body = message.initRoot<batch::wire::Command>().initStartImport();
    body.setMapping(plan_.name);
    body.setMappingSha256(to_hex(plan_.sha256));
    auto files = body.initFiles(static_cast<unsigned>(state_.files.size()));
    for (unsigned i = 0; i < files.size(); ++i) {
      files[i].setName(state_.files[i].name.substr(0, 400));
      files[i].setSha256(to_hex(state_.files[i].sha256));
      files[i].setBytes(state_.files[i].bytes);
    }
    auto words = capnp::messageToFlatArray(message);
    return send_batch_command(state_, "startImport", "", 0, 0, words);
  }

  Result<void> import_table(std::size_t index) {
    PersonalHash hash = [this](std::string_view text) { return ids_.personal(text); };
    if (!lookups_)
      lookups_ = std::make_unique<RunLookups>(plan_, memory_, ids_, parts_.make_scratch, hash);
    if (std::ranges::none_of(tables_, [&](const FileTable& file) { return file.table == index; }))
      return {};
    TableImport table(index, state_, *lookups_, hash);
    for (std::uint32_t file = 0; file < tables_.size(); ++file) {
      if (tables_[file].table != index) continue;
      if (auto read = read_file(file, table); !read) return read;
    }
    return table.finish();
  }

  Result<void> read_file(std::uint32_t file, TableImport& table) {
    auto reader =
        RecordReader::open(state_.files[file].path, plan_.tables[tables_[file].table].dialect);
    if (!reader) return reader.error();
    (*reader)->select(tables_[file].columns);
    (*reader)->name(names_of_columns(plan_.tables[tables_[file].table]));
    Record record;
    for (;;) {
      auto more = (*reader)->next(record);
      if (!more) return more.error();
      if (!*more) break;
      if (auto added = table.add(file, record); !added) return added;
      if (parts_.stop.stop_requested()) return was_stopped();
      if (progress_ && state_.counts.rows % kRowsAProgress == 0)
        progress_(bytes_before_ + (*reader)->consumed_bytes(), bytes_total_);
    }
    auto unmapped = unmapped_columns(plan_.tables[tables_[file].table], tables_[file], (*reader)->header());
    if (!unmapped.empty()) unmapped_[state_.files[file].name] = std::move(unmapped);
    bytes_before_ += state_.files[file].bytes;
    if (progress_) progress_(bytes_before_, bytes_total_);
    return {};
  }

  // What is stored by now stays, as after a kill.
  static Error was_stopped() {
    return {ErrorCode::kUnavailable, "import.stopped", "the import was stopped before its end", {}, {},
            "import the same files again: what is in adds nothing"};
  }

  // A file that cannot be read to its end: what was kept is stored, so that the next run goes on
  // from there.
  Result<ImportSummary> abandon(const Error& error) {
    if (error.code != ErrorCode::kRejected) return error;
    if (auto flushed = flush(state_); !flushed) return flushed.error();
    if (auto closed = rejects_ ? rejects_->close() : Result<void>(); !closed) return closed.error();
    auto summary = summarize();
    summary.rows = summary.accepted + summary.rejected + summary.already;  // those dealt with
    summary.aborted = error;
    return summary;
  }

  // The totals are the files', not the run's: a run that was cut short and done again says the
  // same.
  Result<void> complete() {
    const auto& counts = state_.counts;
    RAPPORT_ASSERT(counts.rows == counts.accepted + counts.rejected + counts.already);
    capnp::MallocMessageBuilder message;
    auto body = message.initRoot<batch::wire::Command>().initCompleteImport();
    body.setRows(counts.rows);
    body.setAccepted(counts.accepted + counts.again);
    body.setRejected(counts.rejected);
    body.setAlready(counts.already - counts.again);
    auto words = capnp::messageToFlatArray(message);
    if (auto sent = send_batch_command(state_, "completeImport", "", 0, 0, words); !sent)
      return sent;
    if (auto flushed = flush(state_); !flushed) return flushed;
    auto saved = memory_.save(
        {.id = state_.import_id, .number = state_.number, .completed = true, .reverted = false},
        {});
    if (!saved) return saved;
    if (auto settled = memory_.settle(); !settled) return settled;
    return rejects_ ? rejects_->close() : Result<void>();
  }

  ImportSummary summarize() const {
    ImportSummary summary{.import = state_.import_id, .mapping = plan_.name};
    summary.rows = state_.counts.rows;
    summary.accepted = state_.counts.accepted;
    summary.rejected = state_.counts.rejected;
    summary.already = state_.counts.already;
    summary.events = state_.events;
    summary.position = sink_->position().value;
    if (rejects_ && rejects_->any()) summary.rejects = rejects_->path();
    summary.dry_run = options_.dry_run;
    for (const auto& table : plan_.tables)
      for (const auto& step : table.commands)
        summary.commands[step.command] += state_.sent[step.order];
    summary.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    summary.codes = state_.codes;
    summary.unmapped = unmapped_;
    return summary;
  }

  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  const ImportOptions& options_;
  const ImportParts& parts_;
  const ImportProgress& progress_;
  Plan plan_;
  Ids ids_;
  OverlayKeyValue dry_memory_;
  ImportMemory memory_;
  std::unique_ptr<RecordSink> sink_;
  std::unique_ptr<Rejects> rejects_;
  RunState state_;
  std::unique_ptr<RunLookups> lookups_;
  std::vector<FileTable> tables_;  // by file
  std::vector<PolicyToPublish> policies_;
  std::map<std::string, std::vector<std::string>> unmapped_;
  std::uint64_t bytes_total_ = 0, bytes_before_ = 0;
};

}  // namespace

Result<std::string> mapping_text(const std::string& name_or_path) {
  for (const auto& preset : presets())
    if (preset.name == name_or_path) return std::string(preset.text);
  std::error_code failed;
  bool regular = std::filesystem::is_regular_file(name_or_path, failed);
  std::string text;
  if (regular && std::filesystem::file_size(name_or_path, failed) <= kMappingBytesMax) {
    std::ifstream file(name_or_path, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    if (file) return text;
  }
  std::string names;
  Nearest nearest(name_or_path);
  for (const auto& preset : presets()) {
    names += (names.empty() ? "" : ", ") + std::string(preset.name);
    nearest.offer(preset.name);
  }
  return Error{ErrorCode::kInvalid,
               "import.no_mapping",
               "\"" + name_or_path + "\" is neither a preset nor a mapping file that can be read" +
                   nearest.hint(),
               {},
               "one of " + names + ", or the path of a mapping.json"};
}

Result<ImportSummary> run_import(const ImportOptions& options, const ImportParts& parts,
                                 const ImportProgress& progress) {
  auto text = mapping_text(options.mapping);
  if (!text) return text.error();
  bool preset =
      std::ranges::any_of(presets(), [&](const Preset& p) { return p.name == options.mapping; });
  auto plan = compile_mapping(*text, preset ? options.mapping + ".json" : options.mapping,
                              options.time_zone);
  if (!plan) return plan.error();
  return Run(options, parts, progress, std::move(*plan)).run();
}

}  // namespace rapport::import
