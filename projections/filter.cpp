#include "projections/filter.h"

#include <algorithm>
#include <limits>

namespace rapport::projections {
namespace {

constexpr auto kLowest = std::numeric_limits<std::int64_t>::min();

const char* expected_of(ColumnType type) {
  switch (type) {
    case ColumnType::kInteger:
    case ColumnType::kMoney: return "an integer";
    case ColumnType::kDate: return "a date, 2017-06-30";
    case ColumnType::kTimestamp: return "a date or a time, 2017-06-30 or 2017-06-30T10:00:00Z";
    case ColumnType::kBool: return "true or false";
    case ColumnType::kText: break;
  }
  return "= or ~= for a text";
}

// What a value of the column's type spans, both ends included.
std::optional<std::pair<std::int64_t, std::int64_t>> span_of(ColumnType type, std::string_view text, const Query& query) {
  auto single = [](std::optional<std::int64_t> v) { return v ? std::optional(std::pair(*v, *v)) : std::nullopt; };
  switch (type) {
    case ColumnType::kInteger:
    case ColumnType::kMoney: return single(parse_integer(text));
    case ColumnType::kBool:
      if (text == "true") return std::pair<std::int64_t, std::int64_t>(1, 1);
      if (text == "false") return std::pair<std::int64_t, std::int64_t>(0, 0);
      return std::nullopt;
    case ColumnType::kDate:
      if (auto date = parse_date(text)) return single(date->days);
      return std::nullopt;
    case ColumnType::kTimestamp:
      if (auto time = parse_timestamp(text)) return single(time->micros);
      if (auto date = parse_date(text))
        return std::pair(query.day_start(*date).micros, query.day_start({date->days + 1}).micros - 1);
      return std::nullopt;
    case ColumnType::kText: break;
  }
  return std::nullopt;
}

}  // namespace

Condition condition_of(std::string_view key) {
  using enum Condition::Sign;
  if (key.empty()) return {"", kEqual};
  auto name = std::string(key.substr(0, key.size() - 1));
  switch (key.back()) {
    case '!': return {name, kNot};
    case '~': return {name, kContains};
    case '>': return {name, kAtLeast};
    case '<': return {name, kAtMost};
    default: return {std::string(key), kEqual};
  }
}

Result<Filter> Filter::make(std::size_t column, const ColumnInfo& info, Condition::Sign sign, const Argument& argument,
                            const Query& query) {
  using enum Condition::Sign;
  Filter filter;
  filter.column_ = column;
  filter.sign_ = sign;
  filter.text_ = argument.value;
  filter.keys_ = query.keys;
  filter.null_ = argument.value.empty() && sign != kContains;
  bool ordered = sign == kAtLeast || sign == kAtMost;
  if (filter.null_ && ordered) return invalid_value(argument, expected_of(info.type));
  if (filter.null_ || sign == kContains) return filter;
  if (info.type == ColumnType::kText) {
    if (ordered) return invalid_value(argument, expected_of(info.type));
    return filter;
  }
  auto span = span_of(info.type, argument.value, query);
  if (!span) return invalid_value(argument, expected_of(info.type));
  filter.numeric_ = true;
  std::tie(filter.low_, filter.high_) = *span;
  return filter;
}

bool Filter::matches_text(std::string_view text) const {
  if (sign_ == Condition::Sign::kContains) return contains_ignoring_case(text, text_);
  return (text == text_) == (sign_ == Condition::Sign::kEqual);
}

bool Filter::matches(const Cell& cell) const {
  using enum Condition::Sign;
  if (auto* sealed = std::get_if<const Sealed*>(&cell)) {
    auto text = opened(**sealed, keys_);
    return matches(text ? Cell(std::string_view(*text)) : Cell());
  }
  bool is_null = std::holds_alternative<std::monostate>(cell);
  if (null_) return is_null == (sign_ == kEqual);
  if (is_null) return sign_ == kNot;
  if (!numeric_) {
    if (auto* text = std::get_if<std::string_view>(&cell)) return matches_text(*text);
    return matches_text(text_of(owned(cell, nullptr)));
  }
  std::int64_t v = kLowest;
  if (auto* n = std::get_if<std::int64_t>(&cell)) v = *n;
  else if (auto* date = std::get_if<Date>(&cell)) v = date->days;
  else if (auto* time = std::get_if<Timestamp>(&cell)) v = time->micros;
  else if (auto* yes = std::get_if<bool>(&cell)) v = *yes;
  switch (sign_) {
    case kAtLeast: return v >= low_;
    case kAtMost: return v <= high_;
    case kNot: return v < low_ || v > high_;
    default: return v >= low_ && v <= high_;
  }
}

std::string one_of(const std::vector<ColumnInfo>& columns, const std::vector<Parameter>& parameters) {
  std::string out;
  auto add = [&](const std::string& name) { out.append(out.empty() ? "one of " : ", ").append(name); };
  for (auto& p : parameters) add(p.name);
  for (auto& c : columns) add(c.name);
  return out;
}

Result<void> refuse_repeated(const std::vector<Argument>& arguments) {
  for (auto a = arguments.begin(); a != arguments.end(); ++a) {
    auto condition = condition_of(a->key);
    if (condition.sign == Condition::Sign::kNot || condition.sign == Condition::Sign::kContains) continue;
    if (std::find_if(arguments.begin(), a, [&](auto& before) { return before.key == a->key; }) == a) continue;
    return Error{.code = ErrorCode::kInvalid,
                 .reason = "report.repeated_argument",
                 .message = condition.name + " is given twice",
                 .field = condition.name,
                 .expected = "each argument once"};
  }
  return {};
}

AmountsOfNoCurrency::AmountsOfNoCurrency(const std::vector<ColumnInfo>& columns) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].type != ColumnType::kMoney || columns[i].currency_column.empty()) continue;
    auto currency = std::find_if(columns.begin(), columns.end(), [&](auto& c) { return c.name == columns[i].currency_column; });
    if (currency != columns.end()) amounts_.emplace_back(i, currency - columns.begin());
  }
}
void AmountsOfNoCurrency::clear(std::vector<Value>& line) const {
  for (auto [amount, currency] : amounts_)
    if (std::holds_alternative<std::monostate>(line[currency])) line[amount] = {};
}

Error unknown_filter(std::string_view name, std::string expected) {
  return {.code = ErrorCode::kInvalid,
          .reason = "report.unknown_filter",
          .message = "the report has no column or parameter \"" + std::string(name) + "\"",
          .field = std::string(name),
          .expected = std::move(expected)};
}

Error invalid_value(const Argument& argument, std::string expected) {
  auto name = condition_of(argument.key).name;
  return {.code = ErrorCode::kInvalid,
          .reason = "report.invalid_value",
          .message = "\"" + argument.value + "\" is no value for " + name,
          .field = name,
          .expected = std::move(expected)};
}

Cell borrowed(const Value& value) {
  return std::visit(
      []<class T>(const T& v) -> Cell {
        if constexpr (std::same_as<T, std::string>) return std::string_view(v);
        else if constexpr (std::same_as<T, Erased>) return {};
        else return v;
      },
      value);
}

std::optional<std::string> opened(const Sealed& sealed, const SealOpener* keys) {
  if (!keys) return std::nullopt;
  auto text = keys->open(sealed.bytes);
  return text ? *text : std::nullopt;
}

Value owned(const Cell& cell, const SealOpener* keys) {
  return std::visit(
      [&]<class T>(const T& v) -> Value {
        if constexpr (std::same_as<T, std::string_view>) return std::string(v);
        else if constexpr (std::same_as<T, const Sealed*>) {
          auto text = opened(*v, keys);
          if (!text && keys && keys->erased(sealing_key(v->bytes))) return Erased{};
          return text && !text->empty() ? Value(std::move(*text)) : Value();
        } else return v;
      },
      cell);
}

}  // namespace rapport::projections
