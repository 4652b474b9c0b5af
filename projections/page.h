// Cuts a report's lines into pages; inside of reports. A cursor holds the position that its pages are answered for, a
// fingerprint of the question, and where the next page begins: after so many lines, or after a row's key.
#pragma once
#include <string>
#include <string_view>

#include "projections/report.h"

namespace rapport::projections {

struct Cursor {
  Position position{};
  std::uint64_t question = 0;
  std::size_t lines = 0;  // to pass over
  std::string key;        // to go on after; empty: count lines
};
std::string to_text(const Cursor& cursor);
std::uint64_t fingerprint(std::string_view report, const Query& query);

// Where a query's page begins, and as known at which position. kInvalid "report.invalid_cursor" if the cursor is damaged or
// of another question.
Result<Cursor> page_start(std::string_view report, const RowSnapshot& rows, const Query& query);

// Collects lines that are sorted by a column or come in their order, and keeps no more than the page needs.
class Page final {
 public:
  // kInvalid "report.unknown_sort".
  static Result<Page> make(const std::vector<ColumnInfo>& columns, const Query& query, const Cursor& start);
  void add(std::vector<Value> line);
  // Whether every further line would fall outside the page.
  bool full() const { return sort_ == kUnsorted && lines_.size() > needed_; }
  Lines take();

 private:
  static constexpr std::size_t kUnsorted = SIZE_MAX;
  struct Numbered {
    std::size_t number;  // equal lines stay in the order they came
    std::vector<Value> line;
  };
  void keep_best(bool sorted);

  std::vector<ColumnInfo> columns_;
  Cursor start_;
  std::size_t sort_ = kUnsorted;
  bool down_ = false;
  std::size_t limit_ = 0, needed_ = 0, added_ = 0;
  std::vector<Numbered> lines_;
};

}  // namespace rapport::projections
