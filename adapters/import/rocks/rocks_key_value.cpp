#include "adapters/import/rocks/rocks_key_value.h"

#include <rocksdb/db.h>

#include <cstdlib>
#include <filesystem>

#include "eventstore/rocks/empty_logs.h"
#include "eventstore/rocks/rocks_status.h"
#include "eventstore/rocks/silent_logger.h"
#include "eventstore/rocks/table_options.h"

namespace rapport::import {

namespace {

constexpr std::size_t kWriteBufferBytes = 16u << 20;
constexpr std::size_t kCacheBytes = 16u << 20;
constexpr std::string_view kScratchName = "rapport-scratch-";

rocksdb::Options options_for(bool create) {
  rocksdb::Options options;
  options.create_if_missing = create;
  options.write_buffer_size = kWriteBufferBytes;
  options.max_write_buffer_number = 2;
  options.max_open_files = 64;
  options.max_background_jobs = 2;
  options.info_log = std::make_shared<SilentLogger>();
  options.compression = rocksdb::kLZ4Compression;
  options.paranoid_checks = true;
  // A torn last write is what a crash leaves; damage before it must not be passed over.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(block_cache(kCacheBytes))));
  return options;
}

Error error_of(const rocksdb::Status& status) {
  if (no_room(status)) return from_status(status, "cannot write the memory of imports");
  if (status.IsNotFound()) return {ErrorCode::kNotFound, "import.no_memory", status.ToString()};
  if (status.IsCorruption() || status.IsInvalidArgument()) {
    return {ErrorCode::kCorrupt,
            "import.memory_lost",
            "the memory of imports is damaged: " + status.ToString(),
            {},
            {},
            "remove the folder imports of the data directory and import the earlier files again, "
            "all of them, oldest first"};
  }
  return {ErrorCode::kUnavailable, "import.memory_unavailable", status.ToString()};
}

class RocksKeyValue final : public KeyValue {
 public:
  RocksKeyValue(std::unique_ptr<rocksdb::DB> db, std::string remove_afterwards)
      : db_(std::move(db)), remove_afterwards_(std::move(remove_afterwards)) {
    whole_.verify_checksums = true;
  }
  ~RocksKeyValue() override {
    db_.reset();
    std::error_code ignored;
    if (!remove_afterwards_.empty()) std::filesystem::remove_all(remove_afterwards_, ignored);
  }
  RocksKeyValue(const RocksKeyValue&) = delete;
  RocksKeyValue& operator=(const RocksKeyValue&) = delete;

  Result<std::optional<std::string>> get(std::string_view key) const override {
    std::string value;
    auto status = db_->Get(whole_, rocksdb::Slice(key.data(), key.size()), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return error_of(status);
    return std::optional<std::string>(std::move(value));
  }

  Result<void> write(const std::vector<Change>& changes, bool durable) override {
    rocksdb::WriteBatch batch;
    for (const auto& change : changes) {
      auto status = change.value ? batch.Put(change.key, *change.value) : batch.Delete(change.key);
      if (!status.ok()) return error_of(status);
    }
    rocksdb::WriteOptions options;
    options.sync = durable;
    auto status = db_->Write(options, &batch);
    return status.ok() ? Result<void>() : error_of(status);
  }

  Result<void> each(std::string_view prefix,
                    const std::function<bool(std::string_view key, std::string_view value)>& take)
      const override {
    std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(whole_));
    rocksdb::Slice start(prefix.data(), prefix.size());
    for (at->Seek(start); at->Valid() && at->key().starts_with(start); at->Next())
      if (!take({at->key().data(), at->key().size()}, {at->value().data(), at->value().size()}))
        return {};
    return at->status().ok() ? Result<void>() : error_of(at->status());
  }

  Result<void> verify() const override {
    auto status = db_->VerifyChecksum();
    return status.ok() ? Result<void>() : error_of(status);
  }

  Result<void> settle() override {
    auto status = db_->Flush(rocksdb::FlushOptions());
    return status.ok() ? Result<void>() : error_of(status);
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ReadOptions whole_;
  std::string remove_afterwards_;
};

}  // namespace

Result<std::unique_ptr<KeyValue>> open_memory(const std::string& folder, bool create) {
  if (!create && !std::filesystem::exists(folder))
    return Error{ErrorCode::kNotFound, "import.no_memory", folder + " does not exist"};
  rocksdb::DB* db = nullptr;
  auto status = rocksdb::DB::Open(options_for(create), folder, &db);
  if (!status.ok()) return error_of(status);
  remove_empty_logs(folder);
  // Scratch space of a process that was killed: whoever has the lock is the only one alive.
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    if (entry.path().filename().string().starts_with(kScratchName))
      std::filesystem::remove_all(entry.path(), ignored);
  return std::unique_ptr<KeyValue>(
      std::make_unique<RocksKeyValue>(std::unique_ptr<rocksdb::DB>(db), ""));
}

Result<std::unique_ptr<KeyValue>> open_scratch(const std::string& parent) {
  auto folder = parent + '/' + std::string(kScratchName) + "XXXXXX";
  if (!::mkdtemp(folder.data()))
    return Error{
        ErrorCode::kUnavailable,  "import.no_space", "no scratch space in " + parent, {}, {},
        "TMPDIR names the folder"};
  rocksdb::DB* db = nullptr;
  auto status = rocksdb::DB::Open(options_for(true), folder, &db);
  if (!status.ok()) return error_of(status);
  return std::unique_ptr<KeyValue>(
      std::make_unique<RocksKeyValue>(std::unique_ptr<rocksdb::DB>(db), folder));
}

}  // namespace rapport::import
