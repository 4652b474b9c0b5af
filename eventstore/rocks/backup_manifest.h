// What a backup consists of: its file `rapport-backup`, which is replaced whole when everything that it names is on the disk. So a
// backup that was broken off leaves the one before. FORMAT.md, "A backup".
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "eventstore/event_store.h"
#include "eventstore/rocks/store_identity.h"

namespace rapport {

struct BackupFile {
  std::uint64_t size = 0;
  Hash hash{};       // SHA-256 of all its bytes
  std::string path;  // from the backup's folder
};

// The log as a run of the backup found it.
struct BackupPoint {
  Timestamp at{0};  // when it was made
  Head head;
};

struct BackupManifest {
  StoreIdentity store;
  std::vector<BackupPoint> points;  // oldest first
  struct Segment {
    Position first, last;
    BackupFile file;
  };
  std::vector<Segment> log;  // each begins after the one before
  struct Note {
    Position position;
    BackupFile file;
  };
  std::vector<Note> checkpoints;             // signed, oldest first
  std::optional<Note> imports;               // the memory of imports, and where the log was when its copying began
  std::optional<Note> places;                // of readers, and where the log was at least when they were taken down
  std::vector<std::string> verifier_keys;    // that the checkpoints were signed with, as the store said

  Head head() const { return points.empty() ? Head{{}, sha256({}), {0}} : points.back().head; }
  bool names(const std::string& path) const;
  // Every file but the manifest.
  std::vector<const BackupFile*> files() const;
};

std::filesystem::path manifest_path(const std::filesystem::path& backup);
// kNotFound "backup.missing"; kCorrupt "backup.damaged", "backup.newer_format".
Result<BackupManifest> read_manifest(const std::filesystem::path& backup);
Result<void> write_manifest(const std::filesystem::path& backup, const BackupManifest& manifest);

// kCorrupt, "backup.damaged", with what to do.
Error backup_damaged(std::string what);
// A failure at the backup's place: a full disk there is "backup.full".
Error at_backup(Error error);

// Reads the whole file.
Result<BackupFile> measure(const std::filesystem::path& folder, const std::string& path);
// "backup.damaged" if it is not as it was.
Result<void> compare(const std::filesystem::path& folder, const BackupFile& file);

// Every entry of one of its files, in order, until `take` answers false. kCorrupt "backup.damaged".
Result<void> each_kept_entry(const std::filesystem::path& file,
                             const std::function<bool(std::string_view key, std::string_view value)>& take);

// Lines of text with a last one that holds them, "checksum HEX"; nothing if it does not.
std::string with_checksum(const std::string& lines);
std::optional<std::string> without_checksum(const std::string& text);

}  // namespace rapport
