// keys/db, the database of wrapped keys: its entries as bytes, and how it is written anew without some of them.
#pragma once
#include <rocksdb/db.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "domain/result.h"

namespace rapport {

// One thread at a time, but sync() may go beside reads and writes. After a failed write or replacement it answers "keys.stopped" until it is opened again.
class KeyDatabase final {
 public:
  // Finishes, or takes back, a replacement that a crash cut off, unless it is opened to be read.
  static Result<std::unique_ptr<KeyDatabase>> open(const std::filesystem::path& keys, bool create, bool read_only);

  Result<std::optional<std::string>> get(std::string_view entry) const;
  // The greatest entry that begins with the letter; nothing if there is none.
  Result<std::optional<std::string>> last(char letter) const;
  // Every entry that begins with the prefix, in order, until `each` fails.
  using Each = std::function<Result<void>(std::string_view entry, std::string_view value)>;
  Result<void> each(std::string_view prefix, const Each& each) const;

  // All or nothing. Durable if it is synced, or after sync().
  Result<void> write(rocksdb::WriteBatch& batch, bool sync);
  Result<void> sync();
  // The table files against the checksums in the manifest.
  Result<void> verify_files() const;
  // Flushes and closes; nothing is asked of it afterwards.
  Result<void> close();

  // Writes the database anew. `keep` answers whether an entry comes along, and may change its value. When it returns, no file has
  // a byte of what did not. `more` is put in place of what is there.
  using Keep = std::function<Result<bool>(std::string_view entry, std::string& value)>;
  Result<void> replace(const Keep& keep, rocksdb::WriteBatch& more);

 private:
  KeyDatabase(std::filesystem::path keys, bool read_only) : keys_(std::move(keys)), read_only_(read_only) {}
  Result<void> open_there(bool create);
  Result<void> copy_to(rocksdb::DB& next, const Keep& keep, rocksdb::WriteBatch& more) const;

  const std::filesystem::path keys_;
  const bool read_only_;
  std::unique_ptr<rocksdb::DB> db_;  // null: it stopped while it was being replaced
  std::atomic<bool> failed_ = false;
};

}  // namespace rapport
