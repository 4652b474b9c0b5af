#include "projections/page.h"

#include <algorithm>

#include "projections/filter.h"
#include "projections/row.h"

namespace rapport::projections {
namespace {

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (char c : bytes) {
    out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}
std::optional<std::string> unhex(std::string_view text) {
  auto nibble = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  if (text.size() % 2) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int high = nibble(text[i]), low = nibble(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return out;
}

Error invalid_cursor() {
  return {.code = ErrorCode::kInvalid,
          .reason = "report.invalid_cursor",
          .message = "the cursor is damaged or belongs to another question",
          .field = "cursor",
          .expected = "the cursor of the page before, with the same arguments, order and times"};
}

Result<Cursor> parse(std::string_view text) {
  auto bytes = unhex(text);
  if (!bytes) return invalid_cursor();
  Reader in(*bytes);
  Cursor cursor;
  get(in, cursor.position.value);
  get(in, cursor.question);
  get(in, cursor.lines);
  get(in, cursor.key);
  if (!in.ok || in.at != in.end) return invalid_cursor();
  return cursor;
}

}  // namespace

std::string to_text(const Cursor& cursor) {
  std::string bytes;
  put(bytes, cursor.position.value);
  put(bytes, cursor.question);
  put(bytes, cursor.lines);
  put(bytes, cursor.key);
  return hex(bytes);
}

// FNV-1a: guards against mixing up questions, not against malice.
std::uint64_t fingerprint(std::string_view report, const Query& query) {
  std::uint64_t h = 14695981039346656037ULL;
  auto add = [&](std::string_view text) {
    for (char c : text) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    h = (h ^ 0x100) * 1099511628211ULL;
  };
  add(report);
  for (auto& a : query.arguments) add(a.key), add(a.value);
  add(query.sort);
  add(query.asked);
  return h;
}

Result<Position> cursor_position(std::string_view text) {
  auto cursor = parse(text);
  if (!cursor) return std::move(cursor).error();
  return cursor->position;
}

Result<Cursor> page_start(std::string_view report, const RowSnapshot& rows, const Query& query) {
  auto question = fingerprint(report, query);
  if (query.cursor.empty())
    return Cursor{std::min(query.known_at, rows.checkpoint().position), question, 0, {}};
  auto cursor = parse(query.cursor);
  if (!cursor) return cursor;
  if (cursor->question != question) return invalid_cursor();
  return cursor;
}

Result<Page> Page::make(const std::vector<ColumnInfo>& columns, const Query& query, const Cursor& start) {
  Page page;
  page.columns_ = columns;
  page.start_ = start;
  page.limit_ = query.limit;
  page.needed_ = query.limit > SIZE_MAX / 2 ? SIZE_MAX / 2 : start.lines + query.limit;
  if (query.sort.empty()) return page;
  page.down_ = query.sort[0] == '-';
  auto name = std::string_view(query.sort).substr(page.down_);
  auto at = std::find_if(columns.begin(), columns.end(), [&](auto& c) { return c.name == name; });
  if (at == columns.end())
    return Error{.code = ErrorCode::kInvalid,
                 .reason = "report.unknown_sort",
                 .message = "the report has no column \"" + std::string(name) + "\" to sort by",
                 .field = "sort",
                 .expected = one_of(columns)};
  page.sort_ = static_cast<std::size_t>(at - columns.begin());
  return page;
}

void Page::add(std::vector<Value> line) {
  if (full()) return;
  lines_.push_back({added_++, std::move(line)});
  constexpr std::size_t kSlack = 4'096;  // sorted out now and then, so that a page of a long list needs little memory
  if (sort_ != kUnsorted && lines_.size() / 2 > needed_ + kSlack) keep_best(false);
}

void Page::keep_best(bool sorted) {
  auto before = [this](const Numbered& a, const Numbered& b) {
    auto &x = a.line[sort_], &y = b.line[sort_];
    if (x < y) return !down_;
    if (y < x) return down_;
    return a.number < b.number;
  };
  if (lines_.size() > needed_ + 1) {
    auto cut = lines_.begin() + static_cast<std::ptrdiff_t>(needed_ + 1);
    std::nth_element(lines_.begin(), cut, lines_.end(), before);
    lines_.erase(cut, lines_.end());
  }
  if (sorted) std::sort(lines_.begin(), lines_.end(), before);
}

Lines Page::take() {
  if (sort_ != kUnsorted) keep_best(true);
  Lines out{.columns = std::move(columns_), .rows = {}, .next = {}};
  std::size_t at = start_.lines;
  for (; at < lines_.size() && at < needed_; ++at) out.rows.push_back(std::move(lines_[at].line));
  if (lines_.size() > needed_ && limit_) out.next = to_text({start_.position, start_.question, needed_, {}});
  lines_.clear();
  return out;
}

}  // namespace rapport::projections
