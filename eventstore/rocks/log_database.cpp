#include "eventstore/rocks/log_database.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include "eventstore/rocks/rocks_status.h"
#include "eventstore/rocks/silent_logger.h"

namespace rapport {
namespace {

constexpr std::array<const char*, kFamilies> kNames = {"default", "log", "stream", "command", "type", "tree"};
constexpr std::size_t kBlockBytes = 16u << 10;      // small frames share one; a full frame is one of its own
constexpr std::size_t kMemtableBytes = 16u << 20;   // a family   // a family   // a family
constexpr std::size_t kMemtablesBytes = 64u << 20;  // all families together
constexpr std::size_t kWalBytesMax = 64u << 20;     // what an open after a crash has to replay
constexpr std::size_t kReadaheadBytes = 2u << 20;
constexpr double kFilterBitsPerKey = 10;
constexpr int kOpenTablesMax = 512;

// The name in `name 0x00 be64`, so that filters know which streams a table has.
class NameOfKey final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "rapport.name"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return {key.data(), key.size() - sizeof(std::uint64_t)}; }
  bool InDomain(const rocksdb::Slice& key) const override {
    return key.size() > sizeof(std::uint64_t) && key[key.size() - sizeof(std::uint64_t) - 1] == '\0';
  }
};

rocksdb::ColumnFamilyOptions family_options(Family family, const rocksdb::BlockBasedTableOptions& table) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kMemtableBytes;
  options.compression = rocksdb::kLZ4Compression;
  auto own = table;
  if (family == Family::kStream) {
    options.prefix_extractor = std::make_shared<NameOfKey>();
    options.memtable_prefix_bloom_size_ratio = 0.1;
    own.whole_key_filtering = false;
  }
  if (family == Family::kCommand) {
    options.memtable_prefix_bloom_size_ratio = 0.1;
    options.memtable_whole_key_filtering = true;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(own));
  return options;
}

rocksdb::DBOptions database_options(const LogDatabase::Options& wanted) {
  rocksdb::DBOptions options;
  if (wanted.env) options.env = wanted.env;
  options.create_if_missing = wanted.create;
  options.create_missing_column_families = wanted.create;
  options.db_write_buffer_size = kMemtablesBytes;
  options.max_total_wal_size = kWalBytesMax;
  options.max_open_files = kOpenTablesMax;
  options.bytes_per_sync = 1u << 20;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 1u << 20;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  // A torn end is what a crash leaves. What is cut off too far, the witness tells.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return options;
}

rocksdb::BlockBasedTableOptions table_options(std::size_t cache_bytes) {
  rocksdb::BlockBasedTableOptions table;
  table.block_size = kBlockBytes;
  table.block_cache = rocksdb::NewLRUCache(cache_bytes);
  // Within the cache, so that memory does not grow with the log.
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBitsPerKey));
  table.format_version = 5;
  return table;
}

}  // namespace

Result<std::unique_ptr<LogDatabase>> LogDatabase::open(const std::filesystem::path& path, const Options& wanted) {
  auto table = table_options(wanted.cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t i = 0; i < kFamilies; ++i) families.emplace_back(kNames[i], family_options(static_cast<Family>(i), table));
  std::unique_ptr<LogDatabase> database(new LogDatabase);
  rocksdb::DB* db = nullptr;
  auto options = database_options(wanted);
  if (wanted.read_only) options.info_log = std::make_shared<SilentLogger>();
  auto status = wanted.read_only ? rocksdb::DB::OpenForReadOnly(options, path.string(), families, &database->families_, &db)
                                 : rocksdb::DB::Open(options, path.string(), families, &database->families_, &db);
  if (!status.ok()) return from_status(status, "cannot open " + path.string());
  database->db_.reset(db);
  database->read_only_ = wanted.read_only;
  return database;
}

LogDatabase::~LogDatabase() {
  if (!db_) return;
  for (auto* family : families_) db_->DestroyColumnFamilyHandle(family);
}

Result<void> LogDatabase::close() {
  auto status = read_only_ ? rocksdb::Status::OK() : db_->Flush({}, families_);
  for (auto* family : families_) db_->DestroyColumnFamilyHandle(family);
  families_.clear();
  auto closed = db_->Close();
  db_.reset();
  if (status.ok()) status = closed;
  if (!status.ok()) return from_status(status, "cannot close the log");
  return {};
}

std::unique_ptr<rocksdb::Iterator> LogDatabase::scan(Family family) const {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  options.fill_cache = false;
  options.readahead_size = kReadaheadBytes;
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, (*this)[family]));
}

std::unique_ptr<rocksdb::Iterator> LogDatabase::named(Family family) const {
  rocksdb::ReadOptions options;
  options.prefix_same_as_start = family == Family::kStream;
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, (*this)[family]));
}

}  // namespace rapport
