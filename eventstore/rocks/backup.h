// Making a backup of a store that may be running: what is not in the log before the log, then the log from where the last run
// ended, then the manifest that names it all. FORMAT.md, "A backup"; why in this order: ops/decisions/0013-backup.md.
#pragma once
#include <functional>

#include "eventstore/rocks/backup_manifest.h"
#include "eventstore/rocks/rocks_event_store.h"
#include "eventstore/rocks/verify_store.h"

namespace rapport {

class StoreLock;

// One run. One thread; the store may be in use by others meanwhile.
class Backup final {
 public:
  // Makes the folder, or finds what earlier runs left there and removes what one that was broken off did. Errors: kConflict
  // "backup.other_store", "backup.not_ours"; kUnavailable "backup.full", "store.locked" (another run works there).
  static Result<std::unique_ptr<Backup>> open(const std::filesystem::path& folder, const RocksEventStore& store);
  ~Backup();

  // Gives entries in the order of their keys to its argument until that answers false.
  using EachEntry = std::function<Result<void>(const std::function<bool(std::string_view key, std::string_view value)>&)>;
  // First: what it remembers must be in the log that follows.
  Result<void> copy_imports(const EachEntry& each);
  // Likewise first: where the readers of the log are, as text of the caller's; empty: there are none.
  Result<void> copy_places(const std::string& text);
  // Every frame since the last run, each held to its hashes, up to the store's head at the call. kConflict "backup.other_history":
  // the log is no longer the one that was backed up there; kCorrupt "store.damaged"; kUnavailable "backup.stopped", "backup.full".
  Result<Head> copy_log(const VerifyProgress& progress);
  // note: the signed checkpoint of copy_log's head, and the keys that signed it; empty if there are no keys.
  Result<void> finish(Timestamp now, const std::string& note, std::vector<std::string> verifier_keys);

  const BackupManifest& manifest() const { return manifest_; }
  std::uint64_t new_events() const { return head_.position.value - before_.position.value; }
  std::uint64_t new_bytes() const { return new_bytes_; }

 private:
  Backup(std::filesystem::path folder, const RocksEventStore& store, std::unique_ptr<StoreLock> lock);
  Result<void> find_earlier();
  Result<void> check_same_history() const;
  Result<void> end_segment(std::unique_ptr<class SortedFileWriter> file, Position first, Position last);
  Result<BackupFile> measured(const std::string& path);
  void remove_unnamed() const;
  std::filesystem::path place(const std::string& path) const { return folder_ / path; }

  const std::filesystem::path folder_;
  const RocksEventStore& store_;
  const std::unique_ptr<StoreLock> lock_;
  BackupManifest manifest_;
  Head before_, head_;  // where the last run ended, and where this one does
  std::uint64_t new_bytes_ = 0;
};

}  // namespace rapport
