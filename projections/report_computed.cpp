// Reports that a function computes.
#include <algorithm>

#include "projections/filter.h"
#include "projections/page.h"

namespace rapport::projections {
namespace {

// "FROM..TO" as two dates, the first not after the last.
std::optional<std::pair<Date, Date>> parse_days(std::string_view text) {
  auto dots = text.find("..");
  if (dots == text.npos) return std::nullopt;
  auto first = parse_date(text.substr(0, dots)), last = parse_date(text.substr(dots + 2));
  if (!first || !last || *last < *first) return std::nullopt;
  return std::pair(*first, *last);
}

// What is wrong with a parameter's value; empty if nothing is.
std::string fault_of(const Parameter& parameter, std::string_view value) {
  switch (parameter.type) {
    case ColumnType::kInteger:
    case ColumnType::kMoney: return parse_integer(value) ? "" : "an integer";
    case ColumnType::kTimestamp:
      return parse_date(value) || parse_timestamp(value) ? "" : "a date or a time, 2017-06-30 or 2017-06-30T10:00:00Z";
    case ColumnType::kDate: return parse_days(value) || parse_date(value) ? "" : "days, the first one first, 2017-06-01..2017-06-30";
    case ColumnType::kBool: return value == "true" || value == "false" ? "" : "true or false";
    case ColumnType::kText: break;
  }
  auto& choices = parameter.choices;
  if (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end()) return "";
  std::string expected;
  for (auto& choice : choices) expected.append(expected.empty() ? "one of " : ", ").append(choice);
  return expected;
}

struct Arguments {
  std::map<std::string, std::string> parameters;
  std::vector<Filter> filters;
};

Result<Arguments> check(const ComputedReport& of, const Query& query) {
  if (auto once = refuse_repeated(query.arguments); !once) return std::move(once).error();
  Arguments out;
  for (auto& argument : query.arguments) {
    auto condition = condition_of(argument.key);
    auto parameter = std::find_if(of.parameters.begin(), of.parameters.end(), [&](auto& p) { return p.name == condition.name; });
    if (parameter != of.parameters.end() && condition.sign == Condition::Sign::kEqual) {
      if (auto expected = fault_of(*parameter, argument.value); !expected.empty()) return invalid_value(argument, expected);
      out.parameters[condition.name] = argument.value;
      continue;
    }
    auto at = std::find_if(of.columns.begin(), of.columns.end(), [&](auto& c) { return c.name == condition.name; });
    if (at == of.columns.end()) return unknown_filter(condition.name, one_of(of.columns, of.parameters));
    auto column = static_cast<std::size_t>(at - of.columns.begin());
    auto filter = Filter::make(column, *at, condition.sign, argument, query);
    if (!filter) return std::move(filter).error();
    out.filters.push_back(std::move(*filter));
  }
  for (auto& p : of.parameters) {
    if (!out.parameters.contains(p.name) && !p.standard.empty()) out.parameters[p.name] = p.standard;
    if (p.required && !out.parameters.contains(p.name))
      return Error{.code = ErrorCode::kInvalid,
                   .reason = "report.missing_parameter",
                   .message = of.name + " needs " + p.name + "=…: " + p.sentence,
                   .field = p.name,
                   .expected = std::string(name_of(p.type))};
  }
  return out;
}

// A window that ends before it begins holds nothing and means something else.
Result<void> check_window(const Computation& in) {
  auto from = in.from("from"), until = in.until("to");
  if (!from || !until || *from <= *until) return {};
  return Error{.code = ErrorCode::kInvalid,
               .reason = "report.invalid_value",
               .message = "the window ends at " + text_of(*until) + ", before it begins at " + text_of(*from),
               .field = "to",
               .expected = "not before from"};
}

Result<Lines> run(const ComputedReport& of, const RowSnapshot& rows, const Query& asked) {
  auto arguments = check(of, asked);
  if (!arguments) return std::move(arguments).error();
  auto start = page_start(of.name, rows, asked);
  if (!start) return std::move(start).error();
  auto page = Page::make(of.columns, asked, *start);
  if (!page) return std::move(page).error();
  Query query = asked;
  query.known_at = start->position;
  const Computation computation(rows, query, std::move(arguments->parameters));
  if (auto window = check_window(computation); !window) return std::move(window).error();
  auto lines = of.compute(computation);
  if (!lines) return std::move(lines).error();
  const AmountsOfNoCurrency amounts(of.columns);
  for (auto& line : *lines) {
    RAPPORT_ASSERT(line.size() == of.columns.size());
    amounts.clear(line);
    auto matches = [&](const Filter& filter) { return filter.matches(borrowed(line[filter.column()])); };
    auto& filters = arguments->filters;
    if (std::all_of(filters.begin(), filters.end(), matches)) page->add(std::move(line));
  }
  return page->take();
}

}  // namespace

Report report(ComputedReport of) {
  Report out{.name = of.name, .sentence = of.sentence, .parameters = of.parameters, .columns = of.columns, .run = {}};
  out.run = [of = std::move(of)](const RowSnapshot& rows, const Query& query) { return run(of, rows, query); };
  return out;
}

Timestamp Computation::reference() const {
  return query_.reference ? *query_.reference : rows_.checkpoint().recorded_at;
}

const std::string& Computation::text(std::string_view name) const {
  static const std::string kNone;
  auto at = parameters_.find(std::string(name));
  return at == parameters_.end() ? kNone : at->second;
}
std::optional<std::int64_t> Computation::integer(std::string_view name) const { return parse_integer(text(name)); }

std::optional<Timestamp> Computation::from(std::string_view name) const {
  if (auto date = parse_date(text(name))) return day_start(*date);
  return parse_timestamp(text(name));
}
std::optional<Timestamp> Computation::until(std::string_view name) const {
  if (auto date = parse_date(text(name))) return day_start({date->days + 1});
  return parse_timestamp(text(name));
}
std::optional<std::pair<Date, Date>> Computation::days(std::string_view name) const {
  if (auto date = parse_date(text(name))) return std::pair(*date, *date);
  return parse_days(text(name));
}

Value Computation::open(const Sealed& sealed) const { return owned(cell(sealed), query_.keys); }

std::optional<Value> value_of(Wide sum) {
  auto fits = divide_half_even(sum, 1);
  return fits ? std::optional<Value>(*fits) : std::nullopt;
}

Error overflow(std::string_view column) {
  return {.code = ErrorCode::kRejected,
          .reason = "report.overflow",
          .message = "the sum in column " + std::string(column) + " does not fit 64 bits",
          .field = std::string(column),
          .expected = "a sum of at most 9,223,372,036,854,775,807 either way",
          .hint = "The events hold the addends: rapport events."};
}

}  // namespace rapport::projections
