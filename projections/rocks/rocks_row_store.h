// One view version's rows in one RocksDB database: families rows and history, and in the default family the checkpoint and
// the declaration.
#pragma once
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <memory>
#include <optional>
#include <string>

#include "projections/row_store.h"

namespace rapport::projections {

struct RocksRowStoreOptions {
  std::string path, name;
  StoreUse use = StoreUse::kLive;
  bool read_only = false;  // of a live store that is there: no file changes
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
  std::size_t write_buffer_bytes = 0;
};

class RocksRowStore final : public RowStore {
 public:
  static Result<std::unique_ptr<RowStore>> open(const RocksRowStoreOptions& options, const std::string& declaration);
  ~RocksRowStore() override;
  bool keeps_history() const override { return use_ != StoreUse::kScratch; }
  Checkpoint checkpoint() const override { return checkpoint_; }
  Result<void> load(std::string_view key, std::string& stored) override;
  void put(std::string_view key, std::string_view stored) override;
  void put_past(std::string_view key, Position until, std::string_view stored) override;
  void put_source(std::string_view note) override { open_source_ = note; }
  std::string source() const override { return source_; }
  Result<void> commit(const Checkpoint& checkpoint) override;
  void discard() override {
    batch_.Clear();
    open_source_.reset();
  }
  Result<std::unique_ptr<RowSnapshot>> snapshot() const override;
  Result<void> settle() override;
  Result<void> verify_bytes() const override;

 private:
  RocksRowStore() = default;
  Result<void> read_head(const std::string& declaration);

  std::string name_;
  StoreUse use_ = StoreUse::kLive;
  bool read_only_ = false;
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle *meta_ = nullptr, *rows_ = nullptr, *history_ = nullptr;
  rocksdb::WriteOptions write_options_;
  rocksdb::WriteBatch batch_;
  Checkpoint checkpoint_;
  std::string source_;
  std::optional<std::string> open_source_;  // of the open batch
  std::string key_;
};

// kCorrupt "view.damaged" or kUnavailable, with what to do about it.
Error rocks_error(const std::string& name, const rocksdb::Status& status);

}  // namespace rapport::projections
