// CSV by libcsv, strictly as RFC 4180: quotes only around a whole field, doubled inside; lines end
// with LF, CRLF or CR.
#pragma once
#include <csv.h>

#include "adapters/import/source/record_reader.h"
#include "adapters/import/source/text_lines.h"

namespace rapport::import {

class CsvReader final : public RecordReader {
 public:
  static Result<std::unique_ptr<RecordReader>> open(const std::string& path,
                                                    const Dialect& dialect);
  ~CsvReader() override;

  const std::vector<std::string>& header() const override { return header_; }
  void select(const std::vector<std::optional<std::size_t>>& columns) override {
    selected_ = columns;
  }
  Result<bool> next(Record& record) override;
  std::uint64_t consumed_bytes() const override { return lines_->consumed_bytes(); }

 private:
  CsvReader(std::string path, std::unique_ptr<TextLines> lines, char delimiter);
  Result<void> read_header();
  // Feeds libcsv line by line until a record is whole; false at the end.
  Result<bool> read_record();
  Result<bool> finish();
  Error broken() const;
  void take_field(const char* text, std::size_t size);
  std::string_view field(std::size_t i) const;

  std::string path_;
  std::unique_ptr<TextLines> lines_;
  csv_parser parser_{};
  std::vector<std::string> header_;
  std::vector<std::optional<std::size_t>> selected_;
  // The record that is being read: its fields back to back, where each ends, its text, its first
  // line.
  std::string fields_;
  std::vector<std::size_t> ends_;
  std::string raw_;
  std::uint64_t line_ = 0;
  unsigned rows_ = 0;  // records that the last line completed
  bool finished_ = false;
};

}  // namespace rapport::import
