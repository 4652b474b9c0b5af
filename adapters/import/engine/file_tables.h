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
      columns;  // of the table's source columns: places in the file's header
};
// The names that a table's source columns may have; none of those that no header has.
std::vector<std::vector<std::string>> names_of_columns(const Table& table);
// Columns of the header, as far as it is known, that the mapping says nothing of.
std::vector<std::string> unmapped_columns(const Table& table, const FileTable& file,
                                          const std::vector<std::string>& header);

// kInvalid "import.no_table" with the nearest table, and what RecordReader::open answers.
Result<FileTable> table_of(const Plan& plan, const std::string& path, const std::string& name);

}  // namespace rapport::import
