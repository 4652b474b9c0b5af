// Row stores in RocksDB: one database a view version below one folder, so that dropping a version is deleting a folder.
#pragma once
#include <memory>
#include <string>

#include "projections/row_store.h"

namespace rapport::projections {

// What all of a process's view databases share, so that memory stays within bounds however many views and events there are.
struct RocksBudget {
  std::size_t block_cache_bytes = 32u << 20;
  std::size_t write_buffers_bytes = 96u << 20;   // all memtables together
  std::size_t write_buffer_bytes = 16u << 20;    // one memtable of a rebuild
  std::size_t live_buffer_bytes = 4u << 20;      // one memtable of a live view
};

class RocksRowStores final : public RowStores {
 public:
  // Makes the folder at first use.
  // read_only: live stores that are there are opened without changing a file, others not at all; as they are at that moment, also
  // while another process writes them.
  explicit RocksRowStores(std::string folder, const RocksBudget& budget = {}, bool read_only = false);
  ~RocksRowStores() override;
  Result<std::unique_ptr<RowStore>> open(const std::string& name, const std::string& declaration, StoreUse use) override;
  std::vector<std::string> names() const override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> drop(const std::string& name) override;

 private:
  struct Shared;
  const std::string folder_;
  const bool read_only_;
  const std::unique_ptr<Shared> shared_;
};

}  // namespace rapport::projections
