#include "adapters/json/report_json.h"

#include <utility>

#include "adapters/json/write_json.h"

namespace rapport {
namespace {

void append_value(const projections::Value& value, std::string& out) {
  struct Appender {
    std::string& out;
    void operator()(std::monostate) const { out += "null"; }
    void operator()(projections::Erased) const { out += "null"; }
    void operator()(std::int64_t number) const { append_integer(number, out); }
    void operator()(const std::string& text) const { append_text(text, out); }
    void operator()(Date date) const { append_date(date, out); }
    void operator()(Timestamp time) const { append_time(time, out); }
    void operator()(bool flag) const { out += flag ? "true" : "false"; }
  };
  std::visit(Appender{out}, value);
}

void append_optional(std::optional<Timestamp> time, std::string& out) {
  if (time)
    append_time(*time, out);
  else
    out += "null";
}

}  // namespace

void append_row(const std::vector<projections::ColumnInfo>& columns,
                const std::vector<projections::Value>& row, std::string& out) {
  RAPPORT_ASSERT(columns.size() == row.size());
  out += '{';
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i != 0) out += ',';
    append_text(columns[i].name, out);
    out += ':';
    append_value(row[i], out);
  }
  bool first = true;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!std::holds_alternative<projections::Erased>(row[i])) continue;
    out += std::exchange(first, false) ? ",\"erased\":[" : ",";
    append_text("/" + columns[i].name, out);
  }
  out += first ? "}" : "]}";
}

void append_report(const ReportHead& head, const projections::Lines& lines, std::string& out) {
  out += "{\"view\":";
  append_text(head.view, out);
  out += ",\"report\":";
  append_text(head.report, out);
  out += ",\"position\":";
  append_integer(head.position.value, out);
  out += ",\"root\":";
  if (head.root)
    append_text(to_hex(*head.root), out);
  else
    out += "null";
  out += ",\"asOf\":";
  append_optional(head.as_of, out);
  out += ",\"knownAt\":";
  append_optional(head.known_at, out);
  out += ",\"policies\":[";
  for (auto& policy : head.policies) {
    if (&policy != head.policies.data()) out += ',';
    out += "{\"id\":";
    append_text(policy.id, out);
    out += ",\"version\":";
    append_integer(std::int64_t{policy.version}, out);
    out += '}';
  }
  out += "],\"columns\":[";
  for (auto& column : lines.columns) {
    if (&column != lines.columns.data()) out += ',';
    append_text(column.name, out);
  }
  out += "],\"rows\":[";
  for (auto& row : lines.rows) {
    if (&row != lines.rows.data()) out += ',';
    append_row(lines.columns, row, out);
  }
  out += ']';
  for (auto& what : head.incomplete) {
    out += &what == head.incomplete.data() ? ",\"incomplete\":[" : ",";
    append_text(what, out);
  }
  if (!head.incomplete.empty()) out += ']';
  if (!lines.next.empty()) {
    out += ",\"next\":";
    append_text(lines.next, out);
  }
  out += '}';
}

}  // namespace rapport
