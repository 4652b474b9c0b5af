// Which table a file belongs to: the one whose source columns its header has.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/import/mapping/plan.h"

namespace rapport::import {

struct FileTable {
  std::size_t table = 0;
  std::vector<std::optional<std::size_t>>
      columns;                        // of the table's source columns: places in the file's header
  std::vector<std::string> unmapped;  // header columns that the mapping says nothing of
};

// kInvalid "import.no_table" with the nearest table, and what RecordReader::open answers.
Result<FileTable> table_of(const Plan& plan, const std::string& path, const std::string& name);

}  // namespace rapport::import
