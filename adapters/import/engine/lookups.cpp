#include "adapters/import/engine/lookups.h"

namespace rapport::import {

namespace {

constexpr std::size_t kMemoryBytesMax = 32u << 20;

}  // namespace

RunLookups::RunLookups(const Plan& plan, ImportMemory& memory, const Ids& ids,
                       const MakeScratch& make_scratch, PersonalHash hash)
    : plan_(plan), memory_(memory), ids_(ids), hash_(std::move(hash)), rows_(plan.tables.size()) {
  for (std::size_t i = 0; i < rows_.size(); ++i)
    if (plan.tables[i].looked_up)
      rows_[i] = std::make_unique<SpillingMap>(make_scratch, kMemoryBytesMax);
}

RunLookups::~RunLookups() = default;

std::string RunLookups::scratch_key(std::size_t table, const std::string& key) const {
  auto id = ids_.key(plan_.tables[table].name, key);
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

Result<void> RunLookups::put(std::size_t table, const std::string& key, const Row& row) {
  std::string bytes;
  BytesOut out(bytes);
  for (const auto& value : row.values) out.value(value);
  return rows_[table]->put(scratch_key(table, key), seal(memory_.sealing_key(), bytes));
}

Result<bool> RunLookups::find(std::size_t table, const std::string& key, std::size_t column,
                              Value& value) {
  auto stored = rows_[table]->find(scratch_key(table, key));
  if (!stored) return stored.error();
  if (!*stored) return find_snapshot(table, key, column, value);
  auto row = unseal(memory_.sealing_key(), **stored);
  RAPPORT_ASSERT(row);  // sealed in this run
  BytesIn in(*row);
  for (std::size_t i = 0; i <= column; ++i) in.value(value);
  RAPPORT_ASSERT(in.ok());
  return true;
}

Result<bool> RunLookups::find_snapshot(std::size_t table, const std::string& key,
                                       std::size_t column, Value& value) {
  const auto& other = plan_.tables[table];
  if (!other.keeps_snapshots()) return false;
  auto snapshot = memory_.snapshot_of(other.name, ids_.key(other.name, key));
  if (!snapshot) return snapshot.error();
  if (!*snapshot) return false;
  Row row;
  RowReader reader(other, *this, hash_);
  if (auto read = reader.read_stored((*snapshot)->texts, row); !read) return read.error();
  value = row.values[column];
  if (auto put_row = put(table, key, row); !put_row) return put_row.error();
  return true;
}

}  // namespace rapport::import
