// The records of one file, one after the other: rows of CSV (RFC 4180, by libcsv) or lines of JSON
// Lines.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/result.h"

namespace rapport::import {

// How a file is written.
struct Dialect {
  enum class Format : std::uint8_t { kCsv, kJsonLines };
  Format format = Format::kCsv;
  char delimiter = ',';
  std::string encoding = "utf-8";
  bool operator==(const Dialect&) const = default;
};

// Borrows until the next record is read.
struct Record {
  std::uint64_t line = 0;  // where it begins, from 1
  std::string_view raw;    // as it stands in the file (in UTF-8), without its last line break
  // Of the selected columns, in their order. Nothing: the member is absent or null (JSON Lines).
  std::vector<std::optional<std::string_view>> values;
  // Set if the record could not be read although the file goes on: "csv.column_count",
  // "json.malformed".
  std::string_view fault_code;
  std::string fault, fault_column;
};

// One thread.
class RecordReader {
 public:
  // Reads the header. Errors: kRejected "source.…", "csv.broken_quotes", "csv.no_header",
  // "csv.column_repeated", "json.no_records".
  static Result<std::unique_ptr<RecordReader>> open(const std::string& path,
                                                    const Dialect& dialect);
  virtual ~RecordReader() = default;

  // The columns that the file has: the header's; of JSON Lines the members and the JSON Pointers of
  // nested values that its first thousand lines have, and then those that were met while reading.
  virtual const std::vector<std::string>& header() const = 0;
  // The first of some names that the file has, as an index into header().
  std::optional<std::size_t> find(const std::vector<std::string>& titles) const;
  // Which columns next() is to fill, in this order, as indexes into header(); nothing: one that the
  // file has not.
  virtual void select(const std::vector<std::optional<std::size_t>>& columns) = 0;
  // The names of the selected columns, in their order: a member of JSON Lines that the first lines
  // do not have is read all the same where it comes. Of several in one record the first counts.
  virtual void name(const std::vector<std::vector<std::string>>&) {}
  // False at the end. Errors end the reading: broken quotes, bytes that are no text of the
  // encoding.
  virtual Result<bool> next(Record& record) = 0;
  virtual std::uint64_t consumed_bytes() const = 0;
};

}  // namespace rapport::import
