// JSON Lines: one JSON object a line. A column is a member's name, or the JSON Pointer of a nested
// value.
#pragma once
#include <unordered_map>

#include "adapters/import/source/record_reader.h"
#include "adapters/import/source/text_lines.h"

namespace rapport::import {

class JsonLinesReader final : public RecordReader {
 public:
  static Result<std::unique_ptr<RecordReader>> open(const std::string& path,
                                                    const Dialect& dialect);

  const std::vector<std::string>& header() const override { return header_; }
  void select(const std::vector<std::optional<std::size_t>>& columns) override;
  Result<bool> next(Record& record) override;
  std::uint64_t consumed_bytes() const override { return lines_->consumed_bytes(); }

 private:
  JsonLinesReader() = default;
  Result<void> survey(const std::string& path, const std::string& encoding);

  std::unique_ptr<TextLines> lines_;
  std::vector<std::string> header_;
  std::vector<std::optional<std::size_t>> selected_;
  std::unordered_map<std::string, std::size_t> places_;  // JSON Pointer to place among the selected
  std::size_t selected_count_ = 0;
  std::vector<std::string> texts_;  // of the record, behind its values
  std::string raw_;
};

}  // namespace rapport::import
