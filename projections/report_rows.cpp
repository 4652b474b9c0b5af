// Reports declared as columns over one row type.
#include <algorithm>
#include <map>

#include "projections/filter.h"
#include "projections/page.h"

namespace rapport::projections {
namespace {

// A query checked against the report: everything that a scan needs.
struct Plan {
  std::vector<Filter> filters;
  std::string prefix;
  Cursor start;
};

struct RowRunner {
  RowReportParts parts;
  std::vector<std::size_t> group_columns;
  std::vector<ColumnInfo> columns;  // of the lines
  std::vector<Parameter> parameters;

  Result<Plan> plan(const RowSnapshot& rows, const Query& query) const;
  Result<Lines> run(const RowSnapshot& rows, const Query& query) const;
  Result<Lines> list(const RowSnapshot& rows, const Query& query, const Plan& plan) const;
  Result<Lines> list_sorted(const RowSnapshot& rows, const Query& query, const Plan& plan) const;
  Result<Lines> group(const RowSnapshot& rows, const Query& query, const Plan& plan) const;
  Result<void> scan(const RowSnapshot& rows, const Plan& plan,
                    const std::function<bool(std::string_view key, const RowDecoder& row)>& f) const;
  std::vector<Value> line(const RowDecoder& row, const Query& query) const;
};

Result<Plan> RowRunner::plan(const RowSnapshot& rows, const Query& query) const {
  if (auto once = refuse_repeated(query.arguments); !once) return std::move(once).error();
  Plan plan;
  plan.prefix.assign(1, parts.table);
  bool within = false;
  for (auto& argument : query.arguments) {
    auto condition = condition_of(argument.key);
    if (!parts.within.empty() && condition.name == parts.within && condition.sign == Condition::Sign::kEqual) {
      put_key(plan.prefix, argument.value);
      within = true;
      continue;
    }
    auto at = std::find_if(parts.columns.begin(), parts.columns.end(), [&](auto& c) { return c.name == condition.name; });
    if (at == parts.columns.end()) return unknown_filter(condition.name, one_of(parts.columns, parameters));
    auto column = static_cast<std::size_t>(at - parts.columns.begin());
    auto filter = Filter::make(column, *at, condition.sign, argument, query);
    if (!filter) return std::move(filter).error();
    plan.filters.push_back(std::move(*filter));
  }
  if (!parts.within.empty() && !within)
    return Error{.code = ErrorCode::kInvalid,
                 .reason = "report.missing_parameter",
                 .message = parts.name + " needs " + parts.within + "=…",
                 .field = parts.within,
                 .expected = "a text"};
  auto start = page_start(parts.name, rows, query);
  if (!start) return std::move(start).error();
  plan.start = std::move(*start);
  return plan;
}

Result<void> RowRunner::scan(const RowSnapshot& rows, const Plan& plan,
                             const std::function<bool(std::string_view, const RowDecoder&)>& f) const {
  auto row = parts.make_decoder();
  std::string damaged;
  auto scanned = rows.scan(plan.prefix, plan.start.key, plan.start.position, [&](std::string_view key, std::string_view body) {
    if (!row->read(key, body)) {
      damaged = key;
      return false;
    }
    if (!row->included()) return true;
    for (auto& filter : plan.filters)
      if (!filter.matches(row->cell(filter.column()))) return true;
    return f(key, *row);
  });
  if (scanned && !damaged.empty()) return damaged_row(damaged);
  return scanned;
}

std::vector<Value> RowRunner::line(const RowDecoder& row, const Query& query) const {
  std::vector<Value> out;
  out.reserve(parts.columns.size());
  for (std::size_t i = 0; i < parts.columns.size(); ++i) out.push_back(owned(row.cell(i), query.keys));
  return out;
}

Result<Lines> RowRunner::list(const RowSnapshot& rows, const Query& query, const Plan& plan) const {
  Lines lines{.columns = columns, .rows = {}, .next = {}};
  std::string last;
  auto scanned = scan(rows, plan, [&](std::string_view key, const RowDecoder& row) {
    if (lines.rows.size() == query.limit) {
      if (query.limit) lines.next = to_text({plan.start.position, plan.start.question, 0, last});
      return false;
    }
    lines.rows.push_back(line(row, query));
    last = key;
    return true;
  });
  if (!scanned) return std::move(scanned).error();
  return lines;
}

Result<Lines> RowRunner::list_sorted(const RowSnapshot& rows, const Query& query, const Plan& plan) const {
  auto page = Page::make(columns, query, plan.start);
  if (!page) return std::move(page).error();
  auto scanned = scan(rows, plan, [&](std::string_view, const RowDecoder& row) {
    page->add(line(row, query));
    return true;
  });
  if (!scanned) return std::move(scanned).error();
  return page->take();
}

Result<Lines> RowRunner::group(const RowSnapshot& rows, const Query& query, const Plan& plan) const {
  struct Group {
    std::vector<Value> line;
    std::int64_t count = 0;
    std::vector<Wide> sums;
  };
  std::map<std::vector<Value>, Group> groups;
  std::vector<Value> key;
  auto page = Page::make(columns, query, plan.start);
  if (!page) return std::move(page).error();
  auto scanned = scan(rows, plan, [&](std::string_view, const RowDecoder& row) {
    key.clear();
    for (auto column : group_columns) key.push_back(owned(row.cell(column), query.keys));
    auto [it, fresh] = groups.try_emplace(key);
    auto& group = it->second;
    if (fresh) {
      group.line = key;
      group.sums.resize(parts.sums.size());
    }
    ++group.count;
    for (std::size_t i = 0; i < group.sums.size(); ++i) group.sums[i] += row.numerator(i);
    return true;
  });
  if (!scanned) return std::move(scanned).error();
  const AmountsOfNoCurrency amounts(columns);
  for (auto& [_, group] : groups) {
    group.line.emplace_back(group.count);
    for (std::size_t i = 0; i < group.sums.size(); ++i) {
      auto sum = divide_half_even(group.sums[i], parts.sums[i].second);
      if (!sum) return overflow(parts.sums[i].first.name);
      group.line.emplace_back(*sum);
    }
    amounts.clear(group.line);
    page->add(std::move(group.line));
  }
  return page->take();
}

Result<Lines> RowRunner::run(const RowSnapshot& rows, const Query& query) const {
  auto planned = plan(rows, query);
  if (!planned) return std::move(planned).error();
  if (!group_columns.empty()) return group(rows, query, *planned);
  return query.sort.empty() ? list(rows, query, *planned) : list_sorted(rows, query, *planned);
}

}  // namespace

Report make_row_report(RowReportParts parts) {
  RowRunner runner{parts, {}, {}, {}};
  for (auto& name : parts.group_by) {
    auto at = std::find_if(parts.columns.begin(), parts.columns.end(), [&](auto& c) { return c.name == name; });
    RAPPORT_ASSERT(at != parts.columns.end());
    runner.group_columns.push_back(static_cast<std::size_t>(at - parts.columns.begin()));
    runner.columns.push_back(*at);
  }
  if (parts.group_by.empty()) {
    runner.columns = parts.columns;
  } else {
    runner.columns.push_back(integer_column("count"));
    for (auto& [info, divisor] : parts.sums) runner.columns.push_back(info);
  }
  if (!parts.within.empty())
    runner.parameters.push_back({.name = parts.within, .required = true, .sentence = "whose rows are listed"});
  return {.name = parts.name,
          .sentence = parts.sentence,
          .parameters = runner.parameters,
          .columns = runner.columns,
          .run = [runner](const RowSnapshot& rows, const Query& query) { return runner.run(rows, query); }};
}

}  // namespace rapport::projections
