#include "adapters/import/source/json_lines_reader.h"

#include <algorithm>
#include <unordered_set>

#include "adapters/import/source/json_leaves.h"

namespace rapport::import {

namespace {

constexpr std::size_t kLinesSurveyed = 1000;

bool blank(std::string_view line) { return line.find_first_not_of(" \t\r\n") == line.npos; }

// "/name" of a top-level member is also simply its name.
std::string title_of(const std::string& pointer) {
  if (pointer.find('/', 1) != pointer.npos) return pointer;
  std::string name;
  for (std::size_t i = 1; i < pointer.size(); ++i) {
    bool escaped = pointer[i] == '~' && i + 1 < pointer.size();
    name += escaped ? (pointer[++i] == '1' ? '/' : '~') : pointer[i];
  }
  return name;
}

std::string pointer_of(const std::string& title) {
  if (title.starts_with('/')) return title;
  std::string pointer = "/";
  for (char c : title) pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return pointer;
}

}  // namespace

Result<std::unique_ptr<RecordReader>> JsonLinesReader::open(const std::string& path,
                                                            const Dialect& dialect) {
  std::unique_ptr<JsonLinesReader> reader(new JsonLinesReader);
  if (auto surveyed = reader->survey(path, dialect.encoding); !surveyed) return surveyed.error();
  auto lines = TextLines::open(path, dialect.encoding);
  if (!lines) return lines.error();
  reader->lines_ = std::move(*lines);
  return std::unique_ptr<RecordReader>(std::move(reader));
}

Result<void> JsonLinesReader::survey(const std::string& path, const std::string& encoding) {
  auto lines = TextLines::open(path, encoding);
  if (!lines) return lines.error();
  std::unordered_set<std::string> seen;
  bool any = false;
  for (std::size_t i = 0; i < kLinesSurveyed; ++i) {
    auto line = (*lines)->next();
    if (!line) return line.error();
    if (line->empty()) break;
    if (blank(*line)) continue;
    auto fault =
        each_leaf(*line, [&](const std::string& pointer, const std::string&, LeafKind kind) {
          if (kind != LeafKind::kCollection && seen.insert(pointer).second)
            header_.push_back(title_of(pointer));
        });
    any |= fault.empty();
  }
  if (!any)
    return Error{ErrorCode::kInvalid, "json.no_records", path + ": no line of it is a JSON object"};
  return {};
}

void JsonLinesReader::select(const std::vector<std::optional<std::size_t>>& columns) {
  places_.clear();
  selected_count_ = columns.size();
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i]) places_.emplace(pointer_of(header_[*columns[i]]), i);
  texts_.resize(columns.size());
}

Result<bool> JsonLinesReader::next(Record& record) {
  for (;;) {
    auto line = lines_->next();
    if (!line) return line.error();
    if (line->empty()) return false;
    if (blank(*line)) continue;
    raw_.assign(*line);
    break;
  }
  while (raw_.ends_with('\n') || raw_.ends_with('\r')) raw_.pop_back();
  record.line = lines_->line();
  record.raw = raw_;
  record.fault_code = {};
  record.values.assign(selected_count_, std::nullopt);
  record.fault =
      each_leaf(raw_, [&](const std::string& pointer, const std::string& text, LeafKind kind) {
        auto place = places_.find(pointer);
        if (place == places_.end() || kind == LeafKind::kNull) return;
        if (kind == LeafKind::kCollection) {
          record.fault_code = "json.not_scalar";
          record.fault_column = title_of(pointer);
          return;
        }
        texts_[place->second] = text;
        record.values[place->second] = texts_[place->second];
      });
  if (!record.fault.empty()) {
    record.fault_code = "json.malformed";
    record.fault_column.clear();
  } else if (!record.fault_code.empty()) {
    record.fault = "an object or array where one value is expected";
  }
  return true;
}

}  // namespace rapport::import
