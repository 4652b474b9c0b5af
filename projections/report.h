// What a view answers: named reports over one snapshot of its rows. The outside sees names, sentences, parameters, typed
// columns and lines; formats (JSON, CSV, tables) are the adapters' business.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "domain/result.h"
#include "domain/values.h"
#include "eventstore/subject_keys.h"
#include "projections/row_store.h"

namespace rapport::projections {

enum class ColumnType : std::uint8_t { kText, kInteger, kMoney, kDate, kTimestamp, kBool };
std::string_view name_of(ColumnType type);  // "text", "integer", "money", "date", "timestamp", "bool"

struct ColumnInfo {
  std::string name;
  ColumnType type = ColumnType::kText;
  // Of a kMoney column, whose values are minor units: the column with its currency. Empty: in units of no currency.
  std::string currency_column = {};
  bool personal = false;  // sealed in the rows
};

struct Parameter {
  std::string name;
  ColumnType type = ColumnType::kText;
  bool required = false;
  std::string sentence = {};             // what it says, for help
  std::string standard = {};             // the value if it is not given; empty: none
  std::vector<std::string> choices = {};  // of a text: what it may be; empty: anything
};

// A personal text that an erasure made unreadable. Filters and orders take it for null.
struct Erased {
  auto operator<=>(const Erased&) const = default;
};
// Null is unknown or not there. Money is an integer.
using Value = std::variant<std::monostate, Erased, std::int64_t, std::string, Date, Timestamp, bool>;
// RFC 3339 times in UTC with up to six decimals, dates, "true"; empty for null. What filters compare with, and CSV prints.
std::string text_of(const Value& value);

struct Lines {
  std::vector<ColumnInfo> columns;
  std::vector<std::vector<Value>> rows;
  std::string next = {};  // cursor of the page after this one; empty at the end, and of pages that hold nothing
};

// One argument as it was given: `name=value`, `name!=value`, `name~=part`, `name>=value`, `name<=value` are the key up to
// its '=' ("amountMinor>") and what follows. A name is a parameter of the report or one of its columns (a filter). An empty
// value means null; != and ~= may be given more than once. Times are RFC 3339 or bare dates: the whole day where equality is meant, its start with >=, its end with <=.
struct Argument {
  std::string key, value;
};

// The first instant of a day, in the asker's time zone.
using DayStart = std::function<Timestamp(Date)>;
Timestamp utc_day_start(Date day);

struct Query {
  std::vector<Argument> arguments = {};
  std::string sort = {};                     // "column" or "-column"; empty: the report's own order
  std::size_t limit = SIZE_MAX;
  std::string cursor = {};                   // `next` of the page before
  // What else was asked that the pages of one listing have in common, as text: the view's version, as-of, known-at, the time
  // zone. A cursor is good for the same question alone.
  std::string asked = {};
  Position known_at = kNow;
  // "Now" of the question: as-of, else the recordedAt of the position it is answered for. A report reads no clock.
  std::optional<Timestamp> reference = {};
  DayStart day_start = utc_day_start;
  const SealOpener* keys = nullptr;          // opens sealed cells; without it, or the key: null, or Erased
};

// The position that a cursor's pages are answered for, so that one listing stays of one moment.
// kInvalid "report.invalid_cursor".
Result<Position> cursor_position(std::string_view cursor);

struct Report {
  std::string name;      // "summary": of its view
  std::string sentence;  // what it answers, for help and catalogues
  std::vector<Parameter> parameters;
  std::vector<ColumnInfo> columns;
  // Errors: kInvalid "report.unknown_filter", "report.unknown_sort", "report.invalid_value", "report.missing_parameter",
  // "report.repeated_argument", "report.invalid_cursor", each with the field and what was expected; kRejected
  // "report.overflow" with the column whose sum leaves 64 bits; kCorrupt from the store.
  std::function<Result<Lines>(const RowSnapshot& rows, const Query& query)> run;
};

// --- texts of the asker as values ---
// RFC 3339 ("2017-06-30T10:00:00Z", with an offset, up to six decimals). Nothing if it is none.
std::optional<Timestamp> parse_timestamp(std::string_view text);
// "2017-06-30", a real day. Nothing if it is none.
std::optional<Date> parse_date(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text);
std::string text_of(Date date);
std::string text_of(Timestamp time);

// Whether `part` occurs in `whole`, whatever the case of Latin, Greek and Cyrillic letters.
bool contains_ignoring_case(std::string_view whole, std::string_view part);

}  // namespace rapport::projections
