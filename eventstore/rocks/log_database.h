// The two RocksDBs of a log: log/, the truth, and index/, which is made from it. Their families, keys and tuning. Included under
// rocks/ only.
#pragma once
#include <rocksdb/db.h>

#include <array>
#include <filesystem>
#include <memory>
#include <string>

#include "domain/result.h"
#include "eventstore/byte_order.h"
#include "eventstore/event.h"
#include "eventstore/proof/tile.h"

namespace rapport {

// Of log/, and from kIndex on of index/.
enum class Family : std::uint8_t { kDefault, kLog, kTree, kIndex, kStream, kCommand, kTerm, kTile };
inline constexpr std::size_t kFamilies = 8;
inline constexpr std::size_t kProtectionBytesPerKey = 8;  // of write batches

// FORMAT.md, "Families of `log/`" and "`index/`".
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
inline std::string tile_key(TileId tile) {
  std::string key(1, static_cast<char>(tile.level));
  append_be<8>(key, tile.n);
  return key;
}
inline rocksdb::Slice command_key(const CommandId& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}
inline constexpr const char* kSettledKey = "settled";  // of family kIndex
inline constexpr const char* kStoreKey = "store";

// Safe for concurrent use.
class LogDatabase final {
 public:
  struct Options {
    bool create = false;
    bool read_only = false;  // no file changes
    bool renew_index = false;
    std::size_t cache_bytes = 0;
    rocksdb::Env* env = nullptr;
  };
  // Opens log/ and index/ in `store`. An index/ that is missing or cannot be opened is made anew, empty; kUnavailable,
  // "store.index_unfit", if nothing may be written.
  static Result<std::unique_ptr<LogDatabase>> open(const std::filesystem::path& store, const Options& options);
  ~LogDatabase();
  LogDatabase(const LogDatabase&) = delete;
  LogDatabase& operator=(const LogDatabase&) = delete;

  rocksdb::DB& log() const { return *log_; }
  rocksdb::DB& index() const { return *index_; }
  bool read_only() const { return options_.read_only; }
  rocksdb::ColumnFamilyHandle* operator[](Family family) const { return families_[static_cast<std::size_t>(family)]; }
  // All of a family in key order. Big scans leave the cache to the others.
  std::unique_ptr<rocksdb::Iterator> scan(Family family) const;
  // One name's keys in family stream or term, with the filter on names.
  std::unique_ptr<rocksdb::Iterator> named(Family family) const;

  // Empties index/. Nobody may read it meanwhile.
  Result<void> renew_index();

  // Flushes what is not in table files yet and closes; nothing may be used any more.
  Result<void> close();

 private:
  LogDatabase(std::filesystem::path store, const Options& options);
  using Handles = std::vector<rocksdb::ColumnFamilyHandle*>;
  Result<std::unique_ptr<rocksdb::DB>> open_part(const char* part, rocksdb::DBOptions options, Family first, Family last);
  Result<void> open_log();
  Result<void> open_index();
  Result<void> close_part(std::unique_ptr<rocksdb::DB>& db, Family first, Family last);
  rocksdb::DB& owner(Family family) const { return family < Family::kIndex ? *log_ : *index_; }

  const std::filesystem::path store_;
  const Options options_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::unique_ptr<rocksdb::Env> log_files_;  // of log_
  std::unique_ptr<rocksdb::DB> log_, index_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families_{};
};

}  // namespace rapport
