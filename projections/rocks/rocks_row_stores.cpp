#include "projections/rocks/rocks_row_stores.h"

#include <rocksdb/env.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <filesystem>

#include "eventstore/rocks/table_options.h"
#include "projections/rocks/rocks_row_store.h"

namespace rapport::projections {
namespace {

// A rename or a deletion is durable when its folder is.
Result<void> sync_folder(const std::string& name, const std::string& folder) {
  std::unique_ptr<rocksdb::Directory> directory;
  auto status = rocksdb::Env::Default()->NewDirectory(folder, &directory);
  if (status.ok()) status = directory->Fsync();
  if (!status.ok()) return rocks_error(name, status);
  return {};
}

Error file_error(const std::string& name, const std::error_code& error) {
  return {.code = ErrorCode::kUnavailable,
          .reason = "view.unavailable",
          .message = "the folder of view " + name + " cannot be changed: " + error.message()};
}

}  // namespace

struct RocksRowStores::Shared {
  RocksBudget budget;
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
};

RocksRowStores::RocksRowStores(std::string folder, const RocksBudget& budget, bool read_only)
    : folder_(std::move(folder)),
      read_only_(read_only),
      shared_(new Shared{budget, block_cache(budget.block_cache_bytes),
                         std::make_shared<rocksdb::WriteBufferManager>(budget.write_buffers_bytes)}) {}
RocksRowStores::~RocksRowStores() = default;

Result<std::unique_ptr<RowStore>> RocksRowStores::open(const std::string& name, const std::string& declaration, StoreUse use) {
  if (use != StoreUse::kLive) {
    if (auto dropped = drop(name); !dropped) return std::move(dropped).error();
  }
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return file_error(name, error);
  auto& budget = shared_->budget;
  return RocksRowStore::open(
      {.path = folder_ + "/" + name,
       .name = name,
       .use = use,
       .read_only = read_only_ && use == StoreUse::kLive,
       .cache = shared_->cache,
       .write_buffers = shared_->write_buffers,
       .write_buffer_bytes = use == StoreUse::kLive ? budget.live_buffer_bytes : budget.write_buffer_bytes},
      declaration);
}

std::vector<std::string> RocksRowStores::names() const {
  std::vector<std::string> out;
  std::error_code error;
  for (auto& entry : std::filesystem::directory_iterator(folder_, error))
    if (entry.is_directory(error)) out.push_back(entry.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

Result<void> RocksRowStores::rename(const std::string& from, const std::string& to) {
  std::error_code error;
  std::filesystem::rename(folder_ + "/" + from, folder_ + "/" + to, error);
  if (error) return file_error(from, error);
  return sync_folder(to, folder_);
}

Result<void> RocksRowStores::drop(const std::string& name) {
  std::error_code error;
  std::filesystem::remove_all(folder_ + "/" + name, error);
  if (error) return file_error(name, error);
  return {};
}

}  // namespace rapport::projections
