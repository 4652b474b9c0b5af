#include "eventstore/rocks/log_database.h"

#include <rocksdb/convenience.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/slice_transform.h>

#include "eventstore/rocks/empty_logs.h"
#include "eventstore/rocks/filled_logs.h"
#include "eventstore/rocks/rocks_status.h"
#include "eventstore/rocks/silent_logger.h"
#include "eventstore/rocks/table_options.h"
#include "eventstore/rocks/torn_manifest.h"

namespace rapport {
namespace {

constexpr std::array<const char*, kFamilies> kNames = {"default", "log", "tree", "default", "stream", "command", "term", "tile"};
constexpr std::size_t kBlockBytes = 16u << 10;      // small frames share one; a full frame is one of its own
constexpr std::size_t kMemtableBytes = 16u << 20;   // a family
constexpr std::size_t kMemtablesBytes = 32u << 20;  // all families of a part together
constexpr std::size_t kWalBytesMax = 64u << 20;     // what an open after a crash has to replay
constexpr std::size_t kWalBytesAtOnce = 128u << 10;  // on their way to the disk before a sync asks for them
constexpr int kOpenTablesMax = 256;  // a part

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
  options.compression = family == Family::kTile ? rocksdb::kNoCompression : rocksdb::kLZ4Compression;  // hashes
  auto own = table;
  // Entries come in key order, in large batches: one hint for all, so that a memtable looks for a key's place beside the last one's.
  if (family > Family::kIndex) options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(0));
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

rocksdb::DBOptions part_options(const LogDatabase::Options& wanted) {
  rocksdb::DBOptions options;
  if (wanted.env) options.env = wanted.env;
  options.create_if_missing = wanted.create;
  options.create_missing_column_families = wanted.create;
  options.db_write_buffer_size = kMemtablesBytes;
  options.max_open_files = kOpenTablesMax;
  options.bytes_per_sync = 1u << 20;
  options.info_log = std::make_shared<SilentLogger>();
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  return options;
}

}  // namespace

LogDatabase::LogDatabase(std::filesystem::path store, const Options& options)
    : store_(std::move(store)), options_(options), cache_(block_cache(options.cache_bytes)) {}

Result<std::unique_ptr<rocksdb::DB>> LogDatabase::open_part(const char* part, rocksdb::DBOptions options, Family first,
                                                            Family last) {
  auto path = (store_ / part).string();
  auto table = table_options(cache_);
  table.block_size = kBlockBytes;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (auto i = static_cast<std::size_t>(first); i <= static_cast<std::size_t>(last); ++i)
    families.emplace_back(kNames[i], family_options(static_cast<Family>(i), table));
  rocksdb::DB* db = nullptr;
  Handles handles;
  auto open = [&] {
    return options_.read_only ? rocksdb::DB::OpenForReadOnly(options, path, families, &handles, &db)
                              : rocksdb::DB::Open(options, path, families, &handles, &db);
  };
  auto status = open();
  if (status.IsCorruption() && first == Family::kDefault) {  // the index is made anew
    auto mended = mend_manifest(path, {kNames.begin(), kNames.begin() + static_cast<std::ptrdiff_t>(families.size())}, HeldAs::kSame, options_.read_only);
    if (!mended) return mended.error();
    if (*mended) status = open();
  }
  if (!status.ok()) return from_status(status, "cannot open " + path);
  if (!options_.read_only) remove_empty_logs(path);
  std::copy(handles.begin(), handles.end(), families_.begin() + static_cast<std::size_t>(first));
  return std::unique_ptr<rocksdb::DB>(db);
}

Result<void> LogDatabase::open_log() {
  auto options = part_options(options_);
  log_files_ = rocksdb::NewCompositeEnv(std::make_shared<FilledLogs>(options.env->GetFileSystem()));
  options.env = log_files_.get();
  options.max_total_wal_size = kWalBytesMax;
  options.wal_bytes_per_sync = kWalBytesAtOnce;
  // A torn end is what a crash leaves. What is cut off too far, the witness tells.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  auto log = open_part("log", options, Family::kDefault, Family::kTree);
  if (!log) return log.error();
  log_ = std::move(*log);
  return {};
}

Result<void> LogDatabase::open_index() {
  auto options = part_options(options_);
  options.create_if_missing = options.create_missing_column_families = !options_.read_only;
  options.atomic_flush = true;  // without a write-ahead log the families would differ after a crash
  auto index = open_part("index", options, Family::kIndex, Family::kTile);
  if (!index) return index.error();
  index_ = std::move(*index);
  return {};
}

Result<std::unique_ptr<LogDatabase>> LogDatabase::open(const std::filesystem::path& store, const Options& options) {
  std::unique_ptr<LogDatabase> database(new LogDatabase(store, options));
  if (auto opened = database->open_log(); !opened) return opened.error();
  auto opened = options.renew_index ? database->renew_index() : database->open_index();
  if (!opened && opened.error().code == ErrorCode::kCorrupt && options.read_only)
    return Error{ErrorCode::kUnavailable, "store.index_unfit", "index/ has to be made anew: " + opened.error().message, {}, {},
                 "open the store for writing once"};
  if (!opened && opened.error().code == ErrorCode::kCorrupt) opened = database->renew_index();
  if (!opened) return opened.error();
  return database;
}

Result<void> LogDatabase::renew_index() {
  if (index_)
    if (auto closed = close_part(index_, Family::kIndex, Family::kTile); !closed) return closed;
  std::error_code error;
  std::filesystem::remove_all(store_ / "index", error);
  if (error)
    return Error{ErrorCode::kUnavailable, "store.io", "cannot remove " + (store_ / "index").string() + ": " + error.message()};
  return open_index();
}

LogDatabase::~LogDatabase() {
  static_cast<void>(close().has_value());
}

Result<void> LogDatabase::close_part(std::unique_ptr<rocksdb::DB>& db, Family first, Family last) {
  if (!db) return {};
  auto begin = families_.begin() + static_cast<std::size_t>(first), end = families_.begin() + static_cast<std::size_t>(last) + 1;
  auto status = options_.read_only ? rocksdb::Status::OK() : db->Flush({}, Handles(begin, end));
  for (auto handle = begin; handle != end; ++handle) db->DestroyColumnFamilyHandle(std::exchange(*handle, nullptr));
  auto closed = db->Close();
  db.reset();
  if (status.ok()) status = closed;
  if (!status.ok()) return from_status(status, "cannot close the log");
  return {};
}

Result<void> LogDatabase::close() {
  auto index = close_part(index_, Family::kIndex, Family::kTile);
  auto log = close_part(log_, Family::kDefault, Family::kTree);
  return index ? log : index;
}

std::unique_ptr<rocksdb::Iterator> LogDatabase::scan(Family family) const {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  options.fill_cache = false;
  return std::unique_ptr<rocksdb::Iterator>(owner(family).NewIterator(options, (*this)[family]));
}

std::unique_ptr<rocksdb::Iterator> LogDatabase::named(Family family) const {
  rocksdb::ReadOptions options;
  options.prefix_same_as_start = family == Family::kStream;
  return std::unique_ptr<rocksdb::Iterator>(owner(family).NewIterator(options, (*this)[family]));
}

}  // namespace rapport
