// Tables that others look values up in: this run's rows, and for tables that keep snapshots the
// rows of earlier imports.
#pragma once
#include <memory>
#include <vector>

#include "adapters/import/engine/row_reader.h"
#include "adapters/import/engine/run_state.h"
#include "adapters/import/engine/spilling_map.h"

namespace rapport::import {

// One thread.
class RunLookups final : public LookupTables {
 public:
  RunLookups(const Plan& plan, ImportMemory& memory, const Ids& ids,
             const MakeScratch& make_scratch, PersonalHash hash);
  ~RunLookups() override;

  Result<bool> find(std::size_t table, const std::string& key, std::size_t column,
                    Value& value) override;
  // A row that was imported, or was known.
  Result<void> put(std::size_t table, const std::string& key, const Row& row);

 private:
  // Rows may spill to a disk, so neither they nor their keys are kept as they are.
  std::string scratch_key(std::size_t table, const std::string& key) const;
  Result<bool> find_snapshot(std::size_t table, const std::string& key, std::size_t column,
                             Value& value);

  const Plan& plan_;
  ImportMemory& memory_;
  const Ids& ids_;
  PersonalHash hash_;
  std::vector<std::unique_ptr<SpillingMap>> rows_;  // by table; null: not looked up
};

}  // namespace rapport::import
