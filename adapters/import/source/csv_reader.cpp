#include "adapters/import/source/csv_reader.h"

#include <algorithm>
#include <unordered_set>

namespace rapport::import {

namespace {

// libcsv would cut blanks off unquoted fields; RFC 4180 counts them as part of the field.
int no_blank(unsigned char) { return 0; }

}  // namespace

CsvReader::CsvReader(std::string path, std::unique_ptr<TextLines> lines, char delimiter)
    : path_(std::move(path)), lines_(std::move(lines)) {
  RAPPORT_ASSERT(csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI) == 0);
  csv_set_delim(&parser_, static_cast<unsigned char>(delimiter));
  csv_set_space_func(&parser_, no_blank);
  csv_set_blk_size(&parser_, 4096);
}

CsvReader::~CsvReader() { csv_free(&parser_); }

Result<std::unique_ptr<RecordReader>> CsvReader::open(const std::string& path,
                                                      const Dialect& dialect) {
  auto lines = TextLines::open(path, dialect.encoding, LineEnds::kLfOrCr);
  if (!lines) return lines.error();
  std::unique_ptr<CsvReader> reader(new CsvReader(path, std::move(*lines), dialect.delimiter));
  if (auto read = reader->read_header(); !read) return read.error();
  return std::unique_ptr<RecordReader>(std::move(reader));
}

void CsvReader::take_field(const char* text, std::size_t size) {
  fields_.append(text, size);
  ends_.push_back(fields_.size());
}

std::string_view CsvReader::field(std::size_t i) const {
  std::size_t begin = i ? ends_[i - 1] : 0;
  return std::string_view(fields_).substr(begin, ends_[i] - begin);
}

Error CsvReader::broken() const {
  return {ErrorCode::kRejected,
          "csv.broken_quotes",
          path_ + ":" + std::to_string(line_) +
              ": a quote inside an unquoted field, text after a closing quote, or a quote that is "
              "never closed",
          {},
          {},
          "a field with a quote in it is written \"with \"\"two\"\" quotes\"",
          line_};
}

Result<bool> CsvReader::finish() {
  finished_ = true;
  auto take = [](void* text, std::size_t size, void* self) {
    static_cast<CsvReader*>(self)->take_field(static_cast<const char*>(text), size);
  };
  auto end = [](int, void* self) { ++static_cast<CsvReader*>(self)->rows_; };
  if (csv_fini(&parser_, take, end, this) != 0) return broken();
  return rows_ > 0;
}

Result<bool> CsvReader::read_record() {
  fields_.clear();
  ends_.clear();
  raw_.clear();
  line_ = 0;
  rows_ = 0;
  auto take = [](void* text, std::size_t size, void* self) {
    static_cast<CsvReader*>(self)->take_field(static_cast<const char*>(text), size);
  };
  auto end = [](int, void* self) { ++static_cast<CsvReader*>(self)->rows_; };
  while (!finished_) {
    auto line = lines_->next();
    if (!line) return line.error();
    if (line->empty()) return finish();
    if (raw_.empty()) line_ = lines_->line();
    raw_.append(*line);
    if (raw_.size() > kLineBytesMax)
      return broken();  // no record is as long as this: a quote that is never closed
    if (csv_parse(&parser_, line->data(), line->size(), take, end, this) != line->size())
      return broken();
    if (rows_ > 0) return true;
    if (ends_.empty() && line->find_first_not_of("\r\n") == line->npos && !parser_.quoted)
      raw_.clear();  // an empty line
  }
  return false;
}

Result<void> CsvReader::read_header() {
  auto read = read_record();
  if (!read) return read.error();
  if (!*read)
    return Error{ErrorCode::kRejected, "csv.no_header",
                 path_ + ": the file is empty: it has no header", {}, "a header"};
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < ends_.size(); ++i) header_.emplace_back(field(i));
  for (const auto& name : header_) {
    if (name.empty() || seen.insert(name).second) continue;
    return Error{ErrorCode::kRejected, "csv.column_repeated",
                 path_ + ": two columns are called \"" + name + "\"", name, {},
                 "rename one of them in the header"};
  }
  return {};
}

Result<bool> CsvReader::next(Record& record) {
  auto read = read_record();
  if (!read || !*read) return read;
  record.line = line_;
  record.raw = raw_;
  while (record.raw.ends_with('\n') || record.raw.ends_with('\r')) record.raw.remove_suffix(1);
  record.values.assign(selected_.size(), std::nullopt);
  record.fault_code = {};
  if (ends_.size() != header_.size()) {
    record.fault_code = "csv.column_count";
    record.fault =
        std::to_string(ends_.size()) + " columns, the header has " + std::to_string(header_.size());
    record.fault_column.clear();
    return true;
  }
  for (std::size_t i = 0; i < selected_.size(); ++i)
    if (selected_[i]) record.values[i] = field(*selected_[i]);
  return true;
}

}  // namespace rapport::import
