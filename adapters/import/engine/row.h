// A record of a table on its way through the engine: what its source said, and what its columns
// are.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/import/mapping/plan.h"

namespace rapport::import {

// Why a row is not imported.
struct RowFault {
  std::string column, code, message;
  std::string place;  // JSON Pointer into the mapping; empty if none is to blame
};

// Where a row stands.
struct RowOrigin {
  std::uint32_t file = 0;  // index of the run's files
  std::uint64_t line = 0;  // where the record begins
  std::string raw;         // its text
};

using SourceTexts =
    std::vector<std::optional<std::string>>;  // of the table's source columns, nulls applied

struct Row {
  std::vector<Value> values;  // by column of the table
};

// The value of another table's column by that table's key.
class LookupTables {
 public:
  virtual ~LookupTables() = default;
  // False: that table has no such row. An error is the memory's.
  virtual Result<bool> find(std::size_t table, const std::string& key, std::size_t column,
                            Value& value) = 0;
};

// The key of a row as it is compared and looked up: the canonical JSON of its columns.
std::string key_of(const std::vector<std::size_t>& columns, const Row& row);

}  // namespace rapport::import
