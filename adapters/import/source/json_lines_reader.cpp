#include "adapters/import/source/json_lines_reader.h"

#include <algorithm>
#include <unordered_set>

#include "adapters/import/source/json_leaves.h"

namespace rapport::import {

namespace {

constexpr std::size_t kLinesSurveyed = 1000;
constexpr std::size_t kMembersNotedMax = 10'000;  // in the header; those that are read have no limit

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
  bool any = false;
  for (std::size_t i = 0; i < kLinesSurveyed; ++i) {
    auto line = (*lines)->next();
    if (!line) return line.error();
    if (line->empty()) break;
    if (blank(*line)) continue;
    auto fault =
        each_leaf(*line, [&](const std::string& pointer, const std::string&, LeafKind kind) {
          if (kind != LeafKind::kCollection) meet(pointer);
        });
    any |= fault.empty();
  }
  if (!any)
    return Error{ErrorCode::kRejected, "json.no_records",
                 path + ": none of its first thousand lines is a JSON object",
                 {},
                 "one JSON object a line"};
  return {};
}

void JsonLinesReader::meet(const std::string& pointer) {
  if (met_.contains(pointer) || met_.size() == kMembersNotedMax) return;
  met_.insert(pointer);
  header_.push_back(title_of(pointer));
}

void JsonLinesReader::select(const std::vector<std::optional<std::size_t>>& columns) {
  places_.clear();
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i]) places_.emplace(pointer_of(header_[*columns[i]]), Place{i, 0});
  texts_.resize(columns.size());
}

void JsonLinesReader::name(const std::vector<std::vector<std::string>>& columns) {
  RAPPORT_ASSERT(columns.size() == texts_.size());
  places_.clear();
  for (std::size_t i = 0; i < columns.size(); ++i)
    for (std::size_t rank = 0; rank < columns[i].size(); ++rank)
      places_.emplace(pointer_of(columns[i][rank]), Place{i, rank});
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
  record.values.assign(texts_.size(), std::nullopt);
  ranks_.assign(texts_.size(), ~std::size_t{0});
  record.fault =
      each_leaf(raw_, [&](const std::string& pointer, const std::string& text, LeafKind kind) {
        if (kind != LeafKind::kCollection) meet(pointer);
        auto found = places_.find(pointer);
        if (found == places_.end() || kind == LeafKind::kNull) return;
        auto [column, rank] = found->second;
        if (rank >= ranks_[column]) return;
        ranks_[column] = rank;
        if (kind == LeafKind::kCollection) {
          record.fault_code = "json.not_scalar";
          record.fault_column = title_of(pointer);
          return;
        }
        texts_[column] = text;
        record.values[column] = texts_[column];
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
