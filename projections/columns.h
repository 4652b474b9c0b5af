// How a view's author writes reports: as columns over one row type, from which filters, groups, sorting and paging follow, or
// as a function that computes lines.
#pragma once
#include <capnp/schema.h>

#include <map>
#include <memory>

#include "projections/report.h"
#include "projections/row.h"

namespace rapport::projections {

// What a row holds in one column; borrows from the row.
using Cell = std::variant<std::monostate, std::int64_t, std::string_view, Date, Timestamp, bool, const Sealed*>;

inline Cell cell(bool v) { return v; }
inline Cell cell(const std::string& v) { return v.empty() ? Cell() : Cell(std::string_view(v)); }
inline Cell cell(std::string_view v) { return v.empty() ? Cell() : Cell(v); }
inline Cell cell(const char* v) { return cell(std::string_view(v)); }
inline Cell cell(const Sealed& v) { return v.bytes.empty() ? Cell() : Cell(&v); }
inline Cell cell(Date v) { return v; }
inline Cell cell(Timestamp v) { return v; }
inline Cell cell(Currency v) = delete;  // its text would borrow from a copy: use currency_cell on the row's own
// A sum; null where it does not fit 64 bits.
inline Cell cell(Wide v) {
  auto small = static_cast<std::int64_t>(v);
  return small == v ? Cell(small) : Cell();
}
inline Cell currency_cell(const Currency& v) { return cell(v.view()); }
inline Cell currency_cell(const std::optional<Money>& v) { return v ? currency_cell(v->currency) : Cell(); }
inline Cell amount_cell(const std::optional<Money>& v) { return v ? Cell(v->amount_minor) : Cell(); }
template <std::integral T>
  requires(!std::same_as<T, bool>)
Cell cell(T v) {
  return static_cast<std::int64_t>(v);
}
// An enum's name: its schema's, or the view's own name_of. Unspecified, or of a newer writer: null.
template <class E>
  requires std::is_enum_v<E>
std::string_view enum_name(E v) {
  if constexpr (requires { name_of(v); }) {
    return name_of(v);
  } else {
    static const auto names = capnp::Schema::from<E>().getEnumerants();
    auto i = static_cast<unsigned>(v);
    if (i == 0 || i >= names.size()) return {};
    auto name = names[i].getProto().getName();
    return {name.begin(), name.size()};
  }
}
template <class E>
  requires std::is_enum_v<E>
Cell cell(E v) {
  return cell(enum_name(v));
}
template <class T>
Cell cell(const std::optional<T>& v) {
  return v ? cell(*v) : Cell();
}

template <Row R>
struct Column {
  ColumnInfo info;
  Cell (*get)(const R&);
};

template <class T>
constexpr ColumnType column_type() {
  if constexpr (IsOptional<T>::value) return column_type<typename T::value_type>();
  else if constexpr (std::same_as<T, bool>) return ColumnType::kBool;
  else if constexpr (std::integral<T> || std::same_as<T, Wide>) return ColumnType::kInteger;
  else if constexpr (std::same_as<T, Date>) return ColumnType::kDate;
  else if constexpr (std::same_as<T, Timestamp>) return ColumnType::kTimestamp;
  else return ColumnType::kText;
}
template <auto Member>
struct MemberOf;
template <class R, class T, T R::* Member>
struct MemberOf<Member> {
  using RowType = R;
  using Type = T;
};
// A member of the row as it is.
template <auto Member>
auto column(std::string name) {
  using R = typename MemberOf<Member>::RowType;
  using T = typename MemberOf<Member>::Type;
  return Column<R>{{.name = std::move(name), .type = column_type<T>(), .personal = std::same_as<T, Sealed>},
                   [](const R& row) -> Cell { return cell(row.*Member); }};
}

// A sum of numerator / divisor: added in 128 bits, rounded once at the end, half to even.
template <Row R>
struct Sum {
  ColumnInfo info;
  Wide (*numerator)(const R&);
  std::int64_t divisor = 1;
};

// A report that lists rows, or counts and sums groups of them.
template <Row R>
struct RowReport {
  std::string name, sentence;
  const std::vector<Column<R>>& columns;   // what may be shown, filtered, sorted and grouped by; lives on
  // A parameter, required, that picks the rows whose key begins with it ("id" of an opportunity for its stage visits).
  std::string within = {};
  std::vector<std::string> group_by = {};  // columns' names; empty: one line a row, all columns
  std::vector<Sum<R>> sums = {};           // with group_by: after the groups' columns and `count`
  bool (*includes)(const R&) = nullptr;    // leaves rows out before anything else
};

// --- what both come to; report_rows.cpp ---
class RowDecoder {  // one row at a time, its type erased
 public:
  virtual ~RowDecoder() = default;
  virtual bool read(std::string_view key, std::string_view body) = 0;  // false: damaged
  virtual bool included() const = 0;
  virtual Cell cell(std::size_t column) const = 0;
  virtual Wide numerator(std::size_t sum) const = 0;
};
template <Row R>
class RowDecoderOf final : public RowDecoder {
 public:
  explicit RowDecoderOf(const RowReport<R>& of) : of_(of) {}
  bool read(std::string_view key, std::string_view body) override { return projections::read(key, body, row_); }
  bool included() const override { return !of_.includes || of_.includes(row_); }
  Cell cell(std::size_t i) const override { return of_.columns[i].get(row_); }
  Wide numerator(std::size_t i) const override { return of_.sums[i].numerator(row_); }

 private:
  const RowReport<R> of_;
  R row_{};
};
struct RowReportParts {
  std::string name, sentence, within;
  char table;
  std::vector<ColumnInfo> columns;
  std::vector<std::string> group_by;
  std::vector<std::pair<ColumnInfo, std::int64_t>> sums;  // with their divisors
  std::function<std::unique_ptr<RowDecoder>()> make_decoder;
};
Report make_row_report(RowReportParts parts);

template <Row R>
Report report(RowReport<R> of) {
  RowReportParts parts{of.name, of.sentence, of.within, R::kTable, {}, of.group_by, {}, {}};
  for (auto& c : of.columns) parts.columns.push_back(c.info);
  for (auto& s : of.sums) parts.sums.emplace_back(s.info, s.divisor);
  parts.make_decoder = [of] { return std::make_unique<RowDecoderOf<R>>(of); };
  return make_row_report(std::move(parts));
}

// What a computed report works on.
class Computation {
 public:
  Computation(const RowSnapshot& rows, const Query& query, std::map<std::string, std::string> parameters)
      : rows_(rows), query_(query), parameters_(std::move(parameters)) {}
  const RowSnapshot& rows() const { return rows_; }
  Position known_at() const { return query_.known_at; }
  // See Query::reference; without one, that of the snapshot.
  Timestamp reference() const;

  // Parameters, checked against their declared types beforehand. Empty or nothing if not given.
  const std::string& text(std::string_view name) const;
  std::optional<std::int64_t> integer(std::string_view name) const;
  // A point in time as the beginning of a half-open window, or as its end: a bare date is that day's start, or its end.
  std::optional<Timestamp> from(std::string_view name) const;
  std::optional<Timestamp> until(std::string_view name) const;
  // "FROM..TO", both days included.
  std::optional<std::pair<Date, Date>> days(std::string_view name) const;
  Timestamp day_start(Date day) const { return query_.day_start(day); }

  // A sealed text, opened; Erased if its key was destroyed, null if it is not known here.
  Value open(const Sealed& sealed) const;

  // Every row of a table, or of those whose key begins with the given fields. f(const R&) answers nothing, or false to stop.
  template <Row R>
  Result<void> each(auto&& f, const auto&... first) const {
    R row{};
    std::string damaged;
    auto scanned = rows_.scan(key_prefix<R>(first...), known_at(), [&](std::string_view key, std::string_view body) {
      if (!read(key, body, row)) return damaged = key, false;
      if constexpr (std::same_as<decltype(f(std::as_const(row))), bool>) return f(std::as_const(row));
      else return f(std::as_const(row)), true;
    });
    if (scanned && !damaged.empty()) return damaged_row(damaged);
    return scanned;
  }
  template <Row R>
  Result<std::optional<R>> find(const auto&... key) const {
    auto bytes = key_prefix<R>(key...);
    std::string body;
    auto found = rows_.get(bytes, known_at(), body);
    if (!found) return std::move(found).error();
    if (!*found) return std::optional<R>();
    std::optional<R> row{R{}};
    if (!read(bytes, body, *row)) return damaged_row(bytes);
    return row;
  }

 private:
  const RowSnapshot& rows_;
  const Query& query_;
  std::map<std::string, std::string> parameters_;
};

using LineList = std::vector<std::vector<Value>>;

// A report that a function computes. Filters, sorting, limit and paging then work on its lines' columns.
struct ComputedReport {
  std::string name, sentence;
  std::vector<Parameter> parameters;
  std::vector<ColumnInfo> columns;
  std::function<Result<LineList>(const Computation&)> compute;
};
Report report(ComputedReport of);

// A name in minor units whose currency stands in column "currency".
inline ColumnInfo money_column(std::string name) { return {std::move(name), ColumnType::kMoney, "currency"}; }
inline ColumnInfo text_column(std::string name) { return {std::move(name), ColumnType::kText}; }
inline ColumnInfo integer_column(std::string name) { return {std::move(name), ColumnType::kInteger}; }
inline ColumnInfo timestamp_column(std::string name) { return {std::move(name), ColumnType::kTimestamp}; }

inline Value text_value(std::string_view text) { return text.empty() ? Value() : Value(std::string(text)); }
// A sum as a value. Nothing if it does not fit 64 bits: computed reports answer overflow() then.
std::optional<Value> value_of(Wide sum);
Error overflow(std::string_view column);

}  // namespace rapport::projections
