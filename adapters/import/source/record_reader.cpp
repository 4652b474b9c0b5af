#include "adapters/import/source/record_reader.h"

#include <algorithm>

#include "adapters/import/source/csv_reader.h"
#include "adapters/import/source/json_lines_reader.h"

namespace rapport::import {

Result<std::unique_ptr<RecordReader>> RecordReader::open(const std::string& path,
                                                         const Dialect& dialect) {
  return dialect.format == Dialect::Format::kCsv ? CsvReader::open(path, dialect)
                                                 : JsonLinesReader::open(path, dialect);
}

std::optional<std::size_t> RecordReader::find(const std::vector<std::string>& titles) const {
  for (const auto& title : titles) {
    auto at = std::ranges::find(header(), title);
    if (at == header().end() && title.starts_with('/'))
      at = std::ranges::find(header(), std::string_view(title).substr(1));
    if (at != header().end()) return static_cast<std::size_t>(at - header().begin());
  }
  return std::nullopt;
}

}  // namespace rapport::import
