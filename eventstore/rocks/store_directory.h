// A store's data directory: made or found, locked, identified, and its files compared with what the last clean close left.
#pragma once
#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "domain/result.h"
#include "eventstore/rocks/store_identity.h"
#include "eventstore/rocks/store_lock.h"

namespace rapport {

// Outlives the event store and the keys that are opened in it. Safe for concurrent use.
class StoreDirectory final {
 public:
  // create: makes the store if the directory is missing or empty. Errors: kUnavailable "store.locked", "store.read_only";
  // kNotFound "store.missing", "store.not_ours"; kCorrupt "store.newer_format", "store.config_damaged", "store.damaged".
  static Result<std::unique_ptr<StoreDirectory>> open(const std::filesystem::path& path, bool create);
  // For reading a store that was closed cleanly: then no file changes but LOCK. After a crash somebody has to recover it, so it
  // is opened as by open(); read_only() tells.
  static Result<std::unique_ptr<StoreDirectory>> open_to_read(const std::filesystem::path& path);
  // Writes `closed` if every part that was opened was also closed in order, and lets the lock go.
  ~StoreDirectory();

  const std::filesystem::path& path() const { return path_; }
  const StoreIdentity& identity() const { return identity_; }
  const std::string& store_id() const { return identity_.store; }  // a UUID
  std::string origin() const { return identity_.origin(); }        // the log's name in proofs and on the bus
  bool created() const { return created_; }                       // by this open
  bool read_only() const { return read_only_; }
  bool index_whole() const { return index_whole_; }               // else index/ has to be made anew
  Result<void> announce(const std::string& address) { return lock_->announce(address); }

  // From here on the log has a name of its own: other events followed this position elsewhere. The number must be greater than any
  // before. Not safe for concurrent use.
  Result<void> begin_epoch(const Epoch& epoch);

  // For the parts: about to open files for writing; closed, with everything durable.
  void part_opened() { ++open_parts_; }
  void part_closed() { --open_parts_; }

 private:
  static Result<std::unique_ptr<StoreDirectory>> open(const std::filesystem::path& path, bool create, bool to_read);
  StoreDirectory(std::filesystem::path path, std::unique_ptr<StoreLock> lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::filesystem::path path_;
  const std::unique_ptr<StoreLock> lock_;
  StoreIdentity identity_;
  bool created_ = false;    // constant after open
  bool read_only_ = false;  // constant after open
  bool index_whole_ = true; // constant after open
  std::atomic<int> open_parts_{0};
};

}  // namespace rapport
