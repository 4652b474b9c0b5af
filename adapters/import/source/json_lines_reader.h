// JSON Lines: one JSON object a line. A column is a member's name, or the JSON Pointer of a nested
// value.
#pragma once
#include <unordered_map>
#include <unordered_set>

#include "adapters/import/source/record_reader.h"
#include "adapters/import/source/text_lines.h"

namespace rapport::import {

class JsonLinesReader final : public RecordReader {
 public:
  static Result<std::unique_ptr<RecordReader>> open(const std::string& path,
                                                    const Dialect& dialect);

  const std::vector<std::string>& header() const override { return header_; }
  void select(const std::vector<std::optional<std::size_t>>& columns) override;
  void name(const std::vector<std::vector<std::string>>& columns) override;
  Result<bool> next(Record& record) override;
  std::uint64_t consumed_bytes() const override { return lines_->consumed_bytes(); }

 private:
  JsonLinesReader() = default;
  Result<void> survey(const std::string& path, const std::string& encoding);

  std::unique_ptr<TextLines> lines_;
  std::vector<std::string> header_;
  void meet(const std::string& pointer);

  std::unordered_set<std::string> met_;  // JSON Pointers in header_
  // Where a JSON Pointer goes among the selected columns; a lower rank counts before a higher one.
  struct Place {
    std::size_t column = 0, rank = 0;
  };
  std::unordered_map<std::string, Place> places_;
  std::vector<std::size_t> ranks_;  // of the record's values
  std::vector<std::string> texts_;  // of the record, behind its values
  std::string raw_;
};

}  // namespace rapport::import
