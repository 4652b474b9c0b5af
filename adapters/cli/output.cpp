#include "adapters/cli/output.h"

#include <fmt/format.h>
#include <sys/poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <nlohmann/json.hpp>

#include "adapters/cli/table.h"
#include "adapters/export/csv.h"
#include "adapters/json/event_json.h"
#include "domain/values.h"

namespace rapport::cli {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::string_view kMinor = "Minor";
constexpr std::string_view kBasisPoints = "Bp";  // hundredths of a percent

// A value as CSV has it: text as it is, null as nothing, the rest as in JSON.
std::string plain(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// For people and tables: what was erased says so, where the JSON has null beside a member `erased`.
void show_erased(Json& object) {
  auto erased = object.find("erased");
  if (erased == object.end() || !erased->is_array()) return;
  auto pointers = *erased;
  object.erase("erased");
  for (auto& pointer : pointers)
    if (pointer.is_string() && object.contains(Json::json_pointer(pointer.get<std::string>())))
      object[Json::json_pointer(pointer.get<std::string>())] = "[erased]";
}

// Of a report without rows, too.
std::vector<std::string> names_of(const Json& report) { return report.at("columns").get<std::vector<std::string>>(); }

bool is_amount(std::string_view name) { return name.ends_with(kMinor); }

// For a person: decimals for amounts, thousands parted in counts, a dash for what is unknown.
std::string cell_of(const Json& row, const std::string& name) {
  auto& value = row.at(name);
  if (value.is_null()) return "–";
  if (is_amount(name) && value.is_number_integer())
    return amount_text(value.get<std::int64_t>(), row.contains("currency") && row["currency"].is_string() ? row["currency"].get<std::string>() : "");
  if (name.ends_with(kBasisPoints)) return fmt::format("{:.2f} %", value.get<double>() / 100);
  if (value.is_number_integer() && name != "version" && name != "position" && name != "number")
    return amount_text(value.get<std::int64_t>(), "JPY");
  return printable(plain(value));
}

// `newMinor` beside a count `new` is its amount.
std::string title_of(const std::string& name, const std::vector<std::string>& names) {
  if (is_amount(name)) {
    auto stem = name.substr(0, name.size() - kMinor.size());
    return std::ranges::find(names, stem) == names.end() ? stem : stem + " amount";
  }
  if (name.ends_with(kBasisPoints)) return name.substr(0, name.size() - kBasisPoints.size());
  return name;
}

std::string table_of(const Json& report) {
  auto names = names_of(report);
  auto& rows = report.at("rows");
  std::vector<TableColumn> columns;
  for (auto& name : names) {
    bool number = false;
    for (auto& row : rows) number = number || row.at(name).is_number();
    columns.push_back({title_of(name, names), number ? Align::kRight : Align::kLeft});
  }
  std::vector<std::vector<std::string>> cells;
  for (auto& row : rows) {
    auto& line = cells.emplace_back();
    for (auto& name : names) line.push_back(cell_of(row, name));
  }
  return lay_out(columns, cells);
}

std::string footer(const Json& report, std::size_t rows) {
  auto text = fmt::format("{} {}; position {}", rows, rows == 1 ? "row" : "rows", report.value("position", 0ULL));
  for (auto [name, words] : {std::pair{"asOf", "as of"}, {"knownAt", "known at"}})
    if (report.contains(name) && !report[name].is_null()) text += fmt::format("; {} {}", words, plain(report[name]));
  for (auto& policy : report.value("policies", Json::array()))
    if (policy.contains("id") && policy.contains("version"))
      text += fmt::format("; by {} version {}", printable(plain(policy["id"])), plain(policy["version"]));
  if (report.contains("next") && report["next"].is_string()) text += "; more with --cursor " + report["next"].get<std::string>();
  return text + "\n";
}

// {"a":{"b":1}} as a.b = 1.
void flatten(const Json& value, const std::string& prefix, std::vector<std::pair<std::string, std::string>>& out) {
  if (!value.is_object() || value.empty()) {
    out.emplace_back(prefix, plain(value));
    return;
  }
  for (auto& [name, inner] : value.items()) flatten(inner, prefix.empty() ? name : prefix + "." + name, out);
}

// What went wrong when standard output last took no more; of the process, as standard output is.
int output_failure = 0;

// A document of our own service. What another server answers need not be one: it is then shown as it came.
std::optional<Json> parsed(std::string_view document) {
  auto json = Json::parse(document, nullptr, false);
  return json.is_object() ? std::optional(std::move(json)) : std::nullopt;
}
bool is_report(const Json& json) {
  auto columns = json.find("columns"), rows = json.find("rows");
  if (columns == json.end() || rows == json.end() || !columns->is_array() || !rows->is_array()) return false;
  if (json.contains("position") && !json["position"].is_number_unsigned()) return false;
  auto has_all = [&](const Json& row) {
    return row.is_object() &&
           std::ranges::all_of(*columns, [&](const Json& name) { return name.is_string() && row.contains(name.get<std::string>()); });
  };
  return std::ranges::all_of(*rows, has_all);
}

}  // namespace

Format format_of(std::string_view name) {
  const char* preferred = std::getenv("RAPPORT_FORMAT");
  if (name.empty() && preferred) name = preferred;
  if (name == "json") return Format::kJson;
  if (name == "csv") return Format::kCsv;
  if (name == "table") return Format::kTable;
  return isatty(STDOUT_FILENO) ? Format::kTable : Format::kJson;
}

std::string amount_text(std::int64_t minor, std::string_view currency) {
  int digits = minor_digits(Currency(currency));
  auto text = fmt::format("{}", minor < 0 ? 0 - static_cast<std::uint64_t>(minor) : static_cast<std::uint64_t>(minor));
  auto decimals = static_cast<std::size_t>(digits);
  if (text.size() <= decimals) text.insert(0, decimals + 1 - text.size(), '0');
  auto whole = text.substr(0, text.size() - decimals);
  for (auto at = whole.size(); at > 3; at -= 3) whole.insert(at - 3, ",");
  return (minor < 0 ? "-" : "") + whole + (decimals ? "." + text.substr(text.size() - decimals) : "");
}

std::string show_report(std::string_view document, Format format) {
  auto json = format == Format::kJson ? std::nullopt : parsed(document);
  if (!json || !is_report(*json)) return std::string(document) + "\n";
  auto& report = *json;
  auto& rows = report["rows"];
  for (auto& row : rows) show_erased(row);
  if (format == Format::kTable) return table_of(report) + footer(report, rows.size());
  auto names = names_of(report);
  std::string out = csv_line(names);
  for (auto& row : rows) {
    std::vector<std::string> fields;
    for (auto& name : names) fields.push_back(plain(row.at(name)));
    out += csv_line(fields);
  }
  return out;
}

std::string show_document(std::string_view document, Format format) {
  auto json = format == Format::kJson ? std::nullopt : parsed(document);
  if (!json) return std::string(document) + "\n";
  std::vector<std::pair<std::string, std::string>> members;
  flatten(*json, "", members);
  if (format == Format::kCsv) {
    std::vector<std::string> names, values;
    for (auto& [name, value] : members) names.push_back(name), values.push_back(value);
    return csv_line(names) + csv_line(values);
  }
  std::size_t width = 0;
  for (auto& [name, value] : members) width = std::max(width, display_width(name));
  std::string out;
  for (auto& [name, value] : members)
    out += name + std::string(width - display_width(name) + 2, ' ') + (value.empty() ? "–" : printable(value)) + "\n";
  return out;
}

std::string show_event(std::string_view event, Format format, bool first) {
  auto parsed_event = format == Format::kJson ? std::nullopt : parsed(event);
  if (!parsed_event) return std::string(event) + "\n";
  auto& json = *parsed_event;
  show_erased(json);
  if (format == Format::kTable)
    return fmt::format("{:>9}  {:<27}  {}  {}  {}\n", json.value("position", 0ULL), plain(json["occurredAt"]),
                       printable(plain(json["stream"])), plain(json["type"]), printable(plain(json["data"])));
  std::vector<std::string> names, values;
  for (auto& [name, value] : json.items()) names.push_back(name), values.push_back(plain(value));
  return (first ? csv_line(names) : "") + csv_line(values);
}

bool print(std::string_view text) {
  if (output_failure == 0 && (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0))
    output_failure = errno;
  return output_failure == 0;
}

Result<void> printed() {
  if (output_failure == 0) return {};
  if (output_failure == EPIPE) return Error{ErrorCode::kUnavailable, "output.closed", "nobody reads standard output any more"};
  return Error{ErrorCode::kUnavailable, "output.failed",
               std::string("cannot write to standard output: ") + std::strerror(output_failure), "", "",
               "what was printed is not all there is: make room and ask again"};
}

bool reader_left(std::chrono::milliseconds at_most) {
  pollfd output{STDOUT_FILENO, 0, 0};
  return poll(&output, 1, static_cast<int>(at_most.count())) > 0;
}

int exit_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalid: return 2;
    case ErrorCode::kNotFound:
      if (error.reason.starts_with("store.")) return 3;
      return error.reason.starts_with("view.") ? 2 : 1;  // a view or report that there is not: wrong usage
    case ErrorCode::kRejected:
    case ErrorCode::kConflict: return 1;
    case ErrorCode::kUnavailable:
    case ErrorCode::kCorrupt: return 3;
  }
  return 1;
}

void report_error(const Error& error, Format format) {
  std::string text = "rapport: " + error_line(error) + "\n";
  if (format == Format::kJson) {
    append_error(error, std::nullopt, text);
    text += "\n";
  }
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace rapport::cli
