// One writing process at a time: the store's LOCK file, held with an open file lock, says who holds it and where it serves.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "domain/result.h"

namespace rapport {

// Held until destroyed, also if the process dies. Safe for concurrent use.
class StoreLock final {
 public:
  // kUnavailable: "store.locked" names the holder's process id; "store.read_only".
  static Result<std::unique_ptr<StoreLock>> take(const std::filesystem::path& dir);
  ~StoreLock();
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

  // Where others reach the holder, "http://127.0.0.1:8080"; empty = nowhere. Gone with the lock.
  Result<void> announce(const std::string& address);

 private:
  explicit StoreLock(int file) : file_(file) {}
  const int file_;
};

struct StoreHolder {
  std::string pid, address;  // empty: not known
};
// Who holds the store's lock now; both empty if nobody does.
StoreHolder store_holder(const std::filesystem::path& dir);

}  // namespace rapport
