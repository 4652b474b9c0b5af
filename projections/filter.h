// Arguments of a query as checked conditions on columns; inside of reports.
#pragma once
#include <string>
#include <vector>

#include "projections/columns.h"

namespace rapport::projections {

// "name~" and "part": a key up to its '=' and what follows it, taken apart.
struct Condition {
  enum class Sign : std::uint8_t { kEqual, kNot, kContains, kAtLeast, kAtMost };
  std::string name;
  Sign sign;
};
Condition condition_of(std::string_view key);

// One condition on one column, its value parsed once. Borrows the query's keys.
class Filter final {
 public:
  // kInvalid "report.invalid_value".
  static Result<Filter> make(std::size_t column, const ColumnInfo& info, Condition::Sign sign, const Argument& argument,
                             const Query& query);
  std::size_t column() const { return column_; }
  bool matches(const Cell& cell) const;

 private:
  bool matches_text(std::string_view text) const;
  std::size_t column_ = 0;
  Condition::Sign sign_{};
  std::string text_;
  bool null_ = false, numeric_ = false;
  std::int64_t low_ = 0, high_ = 0;  // what "equal" spans, both included: a date given for a time means the whole day
  const SealOpener* keys_ = nullptr;
};

// Names of columns for an error: "one of id, owner, stage".
std::string one_of(const std::vector<ColumnInfo>& columns, const std::vector<Parameter>& parameters = {});
// kInvalid "report.repeated_argument": an argument whose second value would replace or contradict the first.
Result<void> refuse_repeated(const std::vector<Argument>& arguments);
// A name that is neither a parameter nor a column.
Error unknown_filter(std::string_view name, std::string expected);
Error invalid_value(const Argument& argument, std::string expected);

// Amounts of a line whose currency is not known: null, as any figure that nobody knows.
class AmountsOfNoCurrency final {
 public:
  explicit AmountsOfNoCurrency(const std::vector<ColumnInfo>& columns);
  void clear(std::vector<Value>& line) const;

 private:
  std::vector<std::pair<std::size_t, std::size_t>> amounts_;  // columns, each with its currency's
};

// Cells borrow, values own.
Cell borrowed(const Value& value);
Value owned(const Cell& cell, const SealOpener* keys);
// Nothing if the key is not known or was destroyed, or the bytes were altered.
std::optional<std::string> opened(const Sealed& sealed, const SealOpener* keys);

}  // namespace rapport::projections
