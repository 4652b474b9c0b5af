#include "eventstore/rocks/backup.h"

#include <algorithm>
#include <array>

#include "eventstore/rocks/files.h"
#include "eventstore/rocks/frame_chain.h"
#include "eventstore/rocks/log_database.h"
#include "eventstore/rocks/rocks_status.h"
#include "eventstore/rocks/sorted_file.h"
#include "eventstore/rocks/store_lock.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kSegmentBytes = 64u << 20;  // of frames; what a run that is broken off has to write again at most
constexpr std::uint64_t kProgressEvery = 4096;      // events
constexpr std::array<const char*, 4> kFolders = {"log", "imports", "checkpoints", "places"};

std::string padded(Position position) {
  auto digits = std::to_string(position.value);
  return std::string(20 - digits.size(), '0') + digits;
}

Error not_ours(const fs::path& folder) {
  return {ErrorCode::kConflict, "backup.not_ours", folder.string() + " has other things in it than a backup", {}, {},
          "name a new or an empty folder"};
}

bool expected(const fs::path& name) {
  auto manifest = manifest_path({}).string();
  return name == "LOCK" || name == "epoch" || name == "epoch.new" || name == manifest || name == manifest + ".new" ||
         std::find(kFolders.begin(), kFolders.end(), name) != kFolders.end();
}

// The log's tree at an earlier size, from its tiles.
Result<MerkleTree> tree_at(const EventStore& store, std::uint64_t size) {
  std::string edge;
  std::uint64_t begin = 0;
  for (unsigned height = 64; height-- > 0;) {
    if (!(size >> height & 1)) continue;
    auto hash = store.subtree(height, begin >> height);
    if (!hash) return hash.error();
    edge += text_of(*hash);
    begin += std::uint64_t{1} << height;
  }
  return *MerkleTree::from_edge(size, edge);
}

}  // namespace

Backup::Backup(fs::path folder, const RocksEventStore& store, std::unique_ptr<StoreLock> lock)
    : folder_(std::move(folder)), store_(store), lock_(std::move(lock)) {}
Backup::~Backup() = default;

Result<std::unique_ptr<Backup>> Backup::open(const fs::path& folder, const RocksEventStore& store) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_directory(folder, error)) return not_ours(folder);
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (!expected(entry.path().filename())) return not_ours(folder);
  for (const auto* part : kFolders) {
    error.clear();
    fs::create_directories(folder / part, error);
    if (!error) continue;
    errno = error.value();
    return at_backup(io_error(folder / part, "cannot make"));
  }
  auto lock = StoreLock::take(folder);
  if (!lock) return at_backup(lock.error());
  std::unique_ptr<Backup> backup(new Backup(folder, store, std::move(*lock)));
  if (auto found = backup->find_earlier(); !found) return found.error();
  return backup;
}

Result<void> Backup::find_earlier() {
  auto earlier = read_manifest(folder_);
  if (!earlier && earlier.error().code != ErrorCode::kNotFound) return earlier.error();
  if (earlier) manifest_ = std::move(*earlier);
  const auto& identity = store_.directory().identity();
  if (earlier && manifest_.store.store != identity.store)
    return Error{ErrorCode::kConflict, "backup.other_store",
                 folder_.string() + " is a backup of store " + manifest_.store.store + ", this one is " + identity.store, {}, {},
                 "name another folder"};
  manifest_.store = identity;
  before_ = head_ = manifest_.head();
  remove_unnamed();
  return check_same_history();
}

// A log that was taken back to before the last run, or to another history, cannot go on there.
Result<void> Backup::check_same_history() const {
  auto root = before_.position <= store_.head().position ? store_.root_at(before_.position) : Result<Hash>(Hash{});
  if (!root) return root.error();
  if (*root == before_.root && before_.position <= store_.head().position) return {};
  return Error{ErrorCode::kConflict, "backup.other_history",
               folder_.string() + " has a log that this store's does not go on from: they differ at or before position " +
                   std::to_string(before_.position.value),
               {}, {}, "the store was restored to an older position, or lost events: keep that backup and name a new folder"};
}

void Backup::remove_unnamed() const {
  for (const auto* part : kFolders) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_ / part, error))
      if (!manifest_.names(std::string(part) + '/' + entry.path().filename().string())) fs::remove(entry.path(), error);
  }
}

Result<BackupFile> Backup::measured(const std::string& path) {
  auto file = measure(folder_, path);
  if (file) new_bytes_ += file->size;
  return file;
}

Result<void> Backup::copy_imports(const EachEntry& each) {
  auto position = store_.head().position;
  if (manifest_.imports && manifest_.imports->position == position) return {};
  auto path = "imports/" + padded(position) + ".sst";
  auto file = SortedFileWriter::create(place(path));
  if (!file) return file.error();
  Result<void> put;
  auto read = each([&](std::string_view key, std::string_view value) {
    put = (*file)->put({key.data(), key.size()}, {value.data(), value.size()});
    return put.has_value();
  });
  if (!read) return read;
  if (!put) return put;
  manifest_.imports.reset();
  if ((*file)->bytes() == 0) return {};
  if (auto finished = (*file)->finish(); !finished) return finished;
  auto whole = measured(path);
  if (!whole) return whole.error();
  manifest_.imports = BackupManifest::Note{position, std::move(*whole)};
  return {};
}

// Named by what is in it: a place moves while the log stands still.
Result<void> Backup::copy_places(const std::string& text) {
  manifest_.places.reset();
  if (text.empty()) return {};
  auto path = "places/" + to_hex(sha256({bytes_of(text)}));
  if (auto written = write_file_durably(place(path), text); !written) return at_backup(written.error());
  auto whole = measured(path);
  if (!whole) return whole.error();
  manifest_.places = BackupManifest::Note{store_.head().position, std::move(*whole)};
  return {};
}

Result<void> Backup::end_segment(std::unique_ptr<SortedFileWriter> file, Position first, Position last) {
  if (!file) return {};
  if (auto finished = file->finish(); !finished) return finished;
  auto whole = measured("log/" + padded(first) + ".sst");
  if (!whole) return whole.error();
  manifest_.log.push_back({first, last, std::move(*whole)});
  return {};
}

Result<Head> Backup::copy_log(const VerifyProgress& progress) {
  auto head = store_.head();
  auto tree = tree_at(store_, before_.position.value);
  if (!tree) return tree.error();
  FrameChain chain(*tree, before_.recorded_at);
  std::unique_ptr<SortedFileWriter> segment;
  Position first;
  std::uint64_t told = 0;
  auto frames = store_.database().scan(Family::kLog);
  for (frames->Seek(log_key({before_.position.value + 1})); chain.tree().size() < head.position.value && frames->Valid(); frames->Next()) {
    if (!segment) {
      first = position_of(frames->key());
      auto made = SortedFileWriter::create(place("log/" + padded(first) + ".sst"));
      if (!made) return made.error();
      segment = std::move(*made);
    }
    if (auto frame = chain.add(bytes_of(frames->value().ToStringView())); !frame) return frame.error();
    if (auto put = segment->put(frames->key(), frames->value()); !put) return put.error();
    if (segment->bytes() >= kSegmentBytes)
      if (auto ended = end_segment(std::move(segment), first, chain.head().position); !ended) return ended.error();
    auto done = chain.tree().size() - before_.position.value;
    if (!progress || done - told < kProgressEvery) continue;
    told = done;
    if (!progress(done, head.position.value - before_.position.value))
      return Error{ErrorCode::kUnavailable, "backup.stopped", "the backup was stopped before its end; what was backed up before is whole"};
  }
  if (!frames->status().ok()) return from_status(frames->status(), "cannot read the log");
  if (auto ended = end_segment(std::move(segment), first, chain.head().position); !ended) return ended.error();
  if (chain.tree().size() != head.position.value || chain.tree().root() != head.root)
    return damaged(head.position, "the log's frames do not give its root");
  head_ = head;
  if (progress) progress(new_events(), new_events());
  return head;
}

Result<void> Backup::finish(Timestamp now, const std::string& note, std::vector<std::string> verifier_keys) {
  auto& known = manifest_.verifier_keys;  // an earlier checkpoint may have been signed by a key that is retired
  for (auto& key : verifier_keys)
    if (std::find(known.begin(), known.end(), key) == known.end()) known.push_back(std::move(key));
  if (manifest_.points.empty() || manifest_.points.back().head.position < head_.position) manifest_.points.push_back({now, head_});
  auto noted = !manifest_.checkpoints.empty() && manifest_.checkpoints.back().position == head_.position;
  if (!note.empty() && !noted) {
    auto path = "checkpoints/" + padded(head_.position);
    if (auto written = write_file_durably(place(path), note); !written) return at_backup(written.error());
    auto file = measured(path);
    if (!file) return file.error();
    manifest_.checkpoints.push_back({head_.position, std::move(*file)});
  }
  if (auto written = write_manifest(folder_, manifest_); !written) return at_backup(written.error());
  remove_unnamed();
  return {};
}

}  // namespace rapport
