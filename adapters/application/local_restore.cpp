// A store from a backup. It is filled beside its place and put there when everything in it was verified.
#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "adapters/application/compared_log.h"
#include "adapters/application/reader_places.h"
#include "adapters/application/scratch_store.h"
#include "adapters/application/times.h"
#include "adapters/application/wiring.h"
#include "adapters/import/engine/import_memory.h"
#include "adapters/import/rocks/rocks_key_value.h"
#include "eventstore/rocks/checkpoint_keys.h"
#include "eventstore/rocks/files.h"
#include "eventstore/rocks/keys_copy.h"
#include "eventstore/rocks/restore.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
constexpr std::size_t kMemoryEntriesAWrite = 10'000;

// What --to says: a position, or the last one that was recorded up to a time.
Result<Position> wanted(BackupLog& log, const std::string& to) {
  if (to.empty()) return log.last();
  Position position;
  if (std::ranges::all_of(to, [](unsigned char c) { return c >= '0' && c <= '9'; })) {
    auto parsed = std::from_chars(to.data(), to.data() + to.size(), position.value);
    if (parsed.ec != std::errc() || position > log.last())
      return Error{ErrorCode::kInvalid, "position.unknown", "the backup ends at position " + std::to_string(log.last().value), "to",
                   "a position from 1 to " + std::to_string(log.last().value)};
  } else {
    auto days = day_start_of({});
    if (!days) return days.error();
    auto time = end_of(to, "to", *days);
    if (!time) return time.error();
    auto found = log.position_at(*time);
    if (!found) return found;
    position = *found;
  }
  if (position.value > 0) return position;
  return Error{ErrorCode::kInvalid, "restore.nothing", "nothing had been recorded then", "to", "a later position or time"};
}

// The highest epoch that was given to a store restored from this backup: two of them must not have one name.
fs::path epoch_path(const fs::path& backup) { return backup / "epoch"; }
std::uint64_t epoch_given(const fs::path& backup) {
  std::uint64_t epoch = 0;
  if (auto text = read_file(epoch_path(backup))) std::from_chars(text->data(), text->data() + text->size(), epoch);
  return epoch;
}
void note_epoch(const fs::path& backup, std::uint64_t epoch) {
  auto noted = write_file_durably(epoch_path(backup), std::to_string(epoch) + '\n');
  if (!noted)
    spdlog::warn("{}: another restore from this backup may give its log the same name", noted.error().message);
}

class Restoring final {
 public:
  Restoring(const LocalStore::RestoreOptions& options, const BackupManifest& manifest, fs::path store)
      : options_(options), manifest_(manifest), store_(std::move(store)) {}

  Result<void> fill(Position until, const VerifyProgress& progress) {
    std::error_code error;
    fs::create_directory(store_, error);
    if (!options_.keys.empty())
      if (auto keys = restore_keys(options_.keys, manifest_.store.store, until, store_); !keys) return keys;
    auto head = restore_log(options_.backup, manifest_, until, store_, progress);
    if (!head) return head.error();
    head_ = *head;
    if (auto written = write_identity(store_, manifest_.store); !written) return written;
    if (auto filled = fill_imports(until); !filled) return filled;
    return fill_places(until);
  }

  // Opens what was filled, as any program will: index made, root compared, keys unwrapped.
  Result<void> open_once() {
    auto directory = StoreDirectory::open(store_, false);
    if (!directory) return directory.error();
    {
      auto log = RocksEventStore::open(**directory, {.accept_clock = false});
      if (!log) return log.error();
      if ((*log)->head().root != head_.root) return damaged(head_.position, "the restored log has another root");
      if (auto compared = compare(**log); !compared) return compared;
      if (auto imports = check_imports(**log); !imports) return imports;
      if (!options_.keys.empty()) {
        auto keys = RocksSubjectKeys::open(**directory);
        if (!keys) return keys.error();
        if (auto whole = (*keys)->verify(); !whole) return whole;
      }
    }
    if (auto named = begin_epoch(**directory); !named) return named;
    origin_ = (*directory)->origin();
    return {};
  }

  Json answer(Position asked) const {
    Json document{{"origin", origin_},
                  {"position", head_.position.value},
                  {"root", to_hex(head_.root)},
                  {"asked", asked.value},
                  {"backupPosition", manifest_.head().position.value},
                  {"keys", !options_.keys.empty()},
                  {"importsForgotten", imports_forgotten_}};
    document["takenBack"] = Json::array();
    for (const auto& place : taken_back_) document["takenBack"].push_back(Json{{"reader", place.reader}, {"was", place.was.value}});
    if (live_size_) document["liveSize"] = *live_size_;
    return document;
  }

 private:
  // Only as far as the log: what is remembered of an event that is not there would never be imported again.
  Result<void> fill_imports(Position until) {
    if (!manifest_.imports || manifest_.imports->position > until) return {};
    if (auto same = ::rapport::compare(options_.backup, manifest_.imports->file); !same) return same;
    auto memory = import::open_memory((store_ / "imports").string(), true);
    if (!memory) return memory.error();
    std::vector<import::KeyValue::Change> changes;
    Result<void> written;
    auto read = each_kept_entry(options_.backup / manifest_.imports->file.path, [&](std::string_view key, std::string_view value) {
      changes.push_back({std::string(key), std::string(value)});
      if (changes.size() >= kMemoryEntriesAWrite) written = (*memory)->write(std::exchange(changes, {}), false);
      return written.has_value();
    });
    if (!read) return read;
    if (written) written = (*memory)->write(changes, false);
    return written ? (*memory)->settle() : written;
  }

  // Groups and webhooks go on where they were, or from where the log ends now.
  Result<void> fill_places(Position until) {
    if (!manifest_.places) return {};
    if (auto same = ::rapport::compare(options_.backup, manifest_.places->file); !same) return same;
    auto text = read_file(options_.backup / manifest_.places->file.path);
    if (!text) return text.error();
    for (std::string_view rest = *text; !rest.empty();) {
      auto end = std::min(rest.find('\n'), rest.size());
      auto place = parse_reader_place(rest.substr(0, end));
      if (!place) return backup_damaged("a place of a reader in it");
      if (auto put = put_reader_place(store_, *place); !put) return put;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    auto taken = take_back_places(store_, until);
    if (!taken) return taken.error();
    taken_back_ = std::move(*taken);
    return {};
  }

  // Imports that the log has and the memory does not: they are noted as remembered elsewhere.
  Result<void> check_imports(const EventStore& log) {
    ReadQuery query{.filter = Term::type("batch.importStarted")};
    if (auto first = log.read(query)->next(); !first || !*first) return first ? Result<void>() : first.error();
    auto memory = import::open_memory((store_ / "imports").string(), true);
    if (!memory) return memory.error();
    if (import::verify_memory(**memory, log)) return {};
    imports_forgotten_ = true;
    return import::note_load(**memory, log);
  }

  Result<void> compare(const EventStore& log) {
    if (!options_.live) return {};
    auto size = compare_logs(log, *options_.live);
    if (!size) return size.error();
    live_size_ = *size;
    return {};
  }

  Result<void> begin_epoch(StoreDirectory& directory) {
    auto longer = std::max(manifest_.head().position.value, live_size_.value_or(0));
    if (longer <= head_.position.value) return {};
    Epoch epoch{std::max(directory.identity().next_epoch(), epoch_given(options_.backup) + 1), head_.position, head_.root};
    note_epoch(options_.backup, epoch.number);
    if (auto begun = directory.begin_epoch(epoch); !begun) return begun;
    return renew_checkpoint_key(store_, directory.origin());
  }

  const LocalStore::RestoreOptions& options_;
  const BackupManifest& manifest_;
  const fs::path store_;
  Head head_;
  std::string origin_;
  std::optional<std::uint64_t> live_size_;
  bool imports_forgotten_ = false;
  std::vector<TakenBack> taken_back_;
};

Result<void> check_free(const fs::path& place) {
  std::error_code error;
  if (!fs::exists(place, error) || (fs::is_directory(place, error) && fs::is_empty(place, error))) return {};
  return Error{ErrorCode::kConflict, "restore.not_empty", place.string() + " is there already", "", "", "restore into a new directory"};
}

}  // namespace

Result<std::string> LocalStore::restore(const RestoreOptions& options, const Progress& progress) {
  auto place = place_of(options.dir);
  if (auto free = check_free(place); !free) return free.error();
  auto manifest = read_manifest(options.backup);
  if (!manifest) return manifest.error();
  BackupLog log(options.backup, *manifest);
  auto asked = wanted(log, options.to);
  if (!asked) return asked.error();
  auto until = log.append_end(*asked);
  if (!until) return until.error();
  if (until->value == 0 && asked->value > 0)
    return Error{ErrorCode::kInvalid, "restore.nothing", "no append had ended at position " + std::to_string(asked->value), "to", "a later position"};
  auto scratch = ScratchStore::beside(place, "restoring");
  if (!scratch) return scratch.error();
  Restoring restoring(options, *manifest, scratch->store());
  auto filled = restoring.fill(*until, [&](std::uint64_t done, std::uint64_t total) {
    if (progress) progress({"restore", "events", done, total});
    return !options.stop.stop_requested();
  });
  if (!filled) return filled.error();
  if (auto opened = restoring.open_once(); !opened) return opened.error();
  if (auto put = scratch->put(place); !put) return put.error();
  auto document = restoring.answer(*asked);
  document["store"] = options.dir.string();
  return document.dump();
}

}  // namespace rapport
