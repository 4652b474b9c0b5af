// The RocksDB in log/: its families, their keys, and how it is tuned. Included under rocks/ only.
#pragma once
#include <rocksdb/db.h>

#include <filesystem>
#include <memory>
#include <string>

#include "domain/result.h"
#include "eventstore/byte_order.h"
#include "eventstore/event.h"

namespace rapport {

enum class Family : std::uint8_t { kDefault, kLog, kStream, kCommand, kType, kTree };
inline constexpr std::size_t kFamilies = 6;

// FORMAT.md, "Families of log/".
inline std::string log_key(Position first) {
  std::string key;
  append_be<8>(key, first.value);
  return key;
}
inline Position position_of(const rocksdb::Slice& be64) { return {read_be<8>({be64.data(), be64.size()})}; }
inline std::string named_key(std::string_view name, std::uint64_t number) {
  std::string key(name);
  key += '\0';
  append_be<8>(key, number);
  return key;
}
inline rocksdb::Slice command_key(const CommandId& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}
inline constexpr const char* kStreamsKey = "streams";
inline constexpr const char* kStoreKey = "store";

// Safe for concurrent use.
class LogDatabase final {
 public:
  struct Options {
    bool create = false;
    bool read_only = false;  // no file changes
    std::size_t cache_bytes = 0;
    rocksdb::Env* env = nullptr;
  };
  static Result<std::unique_ptr<LogDatabase>> open(const std::filesystem::path& path, const Options& options);
  ~LogDatabase();
  LogDatabase(const LogDatabase&) = delete;
  LogDatabase& operator=(const LogDatabase&) = delete;

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* operator[](Family family) const { return families_[static_cast<std::size_t>(family)]; }
  // All of a family in key order. Big scans leave the cache to the others.
  std::unique_ptr<rocksdb::Iterator> scan(Family family) const;
  // One name's keys in family stream or type, with the filter on names.
  std::unique_ptr<rocksdb::Iterator> named(Family family) const;

  // Flushes what the write-ahead log still covers and closes; nothing may be used any more.
  Result<void> close();

 private:
  LogDatabase() = default;
  bool read_only_ = false;  // constant after open
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

}  // namespace rapport
