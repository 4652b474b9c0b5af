#include "adapters/import/mapping/compile.h"

#include <openssl/sha.h>

#include <nlohmann/json.hpp>

#include "adapters/import/mapping/compile_columns.h"
#include "adapters/import/mapping/compile_commands.h"
#include "adapters/import/presets.h"
#include "adapters/json/read_json.h"

namespace rapport::import {

namespace {

using Json = nlohmann::ordered_json;

struct DialectPlan {
  Dialect dialect;
  std::vector<std::string> nulls = {""};
  std::string time_zone = "UTC";
};

void compile_dialect(const Json& json, const std::string& place, DialectPlan& to, Faults& faults) {
  if (json.contains("format"))
    to.dialect.format =
        json["format"] == "csv" ? Dialect::Format::kCsv : Dialect::Format::kJsonLines;
  if (json.contains("encoding")) to.dialect.encoding = json["encoding"].get<std::string>();
  if (json.contains("delimiter")) {
    const auto& text = json["delimiter"].get_ref<const std::string&>();
    to.dialect.delimiter = text[0];
    if (text.size() != 1 || text[0] == '"' || text[0] == '\n' || text[0] == '\r')
      faults.add(below(place, "delimiter"), "cannot delimit columns");
  }
  if (json.contains("null")) {
    to.nulls.clear();
    for (const auto& text : json["null"]) to.nulls.push_back(text.get<std::string>());
  }
  if (json.contains("timeZone")) {
    to.time_zone = json["timeZone"].get<std::string>();
    if (!TimeZone::find(to.time_zone))
      faults.add(below(place, "timeZone"),
                 "\"" + to.time_zone + "\" is no time zone of the tz database, like Europe/London");
  }
}

class MappingCompiler {
 public:
  MappingCompiler(const Json& json, Plan& plan, Faults& faults)
      : json_(json), plan_(plan), faults_(faults) {}

  void compile(const std::string& time_zone) {
    plan_.name = json_["mapping"].get<std::string>();
    plan_.title = json_.value("title", plan_.name);
    plan_.as_fact = json_.value("asFact", true);
    if (json_.contains("dialect")) compile_dialect(json_["dialect"], "/dialect", dialect_, faults_);
    plan_.tables.reserve(json_["tables"].size());
    for (std::size_t i = 0; i < json_["tables"].size(); ++i)
      compile_table(json_["tables"][i], below("/tables", i), time_zone);
    if (!json_.contains("policies")) return;
    for (std::size_t i = 0; i < json_["policies"].size(); ++i) {
      Table none;
      Scope scope{plan_, none, {}, facts_, faults_};
      plan_.policies.push_back(compile_policy(json_["policies"][i], below("/policies", i), scope));
    }
  }

 private:
  void compile_table(const Json& json, const std::string& place, const std::string& time_zone) {
    Table table;
    table.name = json["table"].get<std::string>();
    table.place = place;
    for (const auto& other : plan_.tables)
      if (other.name == table.name)
        faults_.add(below(place, "table"), "another table has this name");
    auto dialect = dialect_;
    if (json.contains("dialect"))
      compile_dialect(json["dialect"], below(place, "dialect"), dialect, faults_);
    table.dialect = dialect.dialect;
    table.nulls = dialect.nulls;
    table.time_zone = time_zone.empty() ? dialect.time_zone : time_zone;
    static constexpr std::pair<const char*, Table::Mode> kModes[] = {
        {"rows", Table::Mode::kRows},
        {"groups", Table::Mode::kGroups},
        {"state", Table::Mode::kState},
        {"history", Table::Mode::kHistory}};
    for (const auto& [name, mode] : kModes)
      if (json["mode"] == name) table.mode = mode;
    auto conflict = json.value("conflict", std::string("reject"));
    table.conflict = conflict == "ours"     ? Table::Conflict::kOurs
                     : conflict == "theirs" ? Table::Conflict::kTheirs
                                            : Table::Conflict::kReject;
    table.unmatched_accepted = json.value("unmatched", std::string()) == "accept";
    for (const auto& name : json.value("ignore", Json::array())) {
      if (name == "*")
        table.ignores_rest = true;
      else
        table.ignored.insert(name.get<std::string>());
    }
    Scope scope{plan_, table, {}, facts_, faults_};
    compile_columns(json, place, scope);
    compile_keys(json, place, scope);
    compile_commands(json, place, scope);
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      table.columns[i].hashed_on_reading =
          table.columns[i].personal && !scope.facts[i].used_as_text;
    table.shape = shape_of(json, table);
    facts_.push_back(std::move(scope.facts));
    plan_.tables.push_back(std::move(table));
  }

  void compile_keys(const Json& json, const std::string& place, Scope& scope) {
    auto& table = scope.table;
    auto names = [&](const char* member, std::vector<std::size_t>& to) {
      if (!json.contains(member)) return;
      auto at = below(place, member);
      for (std::size_t i = 0; i < json[member].size(); ++i)
        if (auto column = scope.need(json[member][i].get<std::string>(), below(at, i)))
          to.push_back(*column);
    };
    names("key", table.key);
    names("orderBy", table.order_by);
    table.key_columns.assign(table.columns.size(), false);
    for (auto column : table.key) mark(column, scope);
    for (auto column : table.order_by) mark(column, scope);
    if (json.contains("pivot")) {
      auto at = below(place, "pivot");
      auto name = scope.need(json["pivot"]["name"].get<std::string>(), below(at, "name"));
      auto value = scope.need(json["pivot"]["value"].get<std::string>(), below(at, "value"));
      if (name && value) {
        table.pivot = Table::Pivot{*name, *value};
        for (auto column : {*name, *value})
          if (!table.columns[column].source || table.columns[column].pivoted)
            faults_.add(at,
                        "\"" + table.columns[column].name + "\" must be a column of the source");
      }
    }
    for (const auto& column : table.columns) {
      if (!column.pivoted) continue;
      if (!table.pivot) faults_.add(below(column.place, "pivoted"), "the table has no pivot");
      if (!column.source)
        faults_.add(below(column.place, "pivoted"), "only a column of the source can be pivoted");
    }
  }

  static void mark(std::size_t column, Scope& scope) {
    if (scope.table.key_columns[column]) return;
    scope.table.key_columns[column] = true;
    for (auto needed : scope.facts[column].needs) mark(needed, scope);
  }

  // Key, mode, source columns and their datatypes: what record ids are made of.
  static std::string shape_of(const Json& json, const Table& table) {
    nlohmann::json shape = {{"mode", json["mode"]}, {"key", json.value("key", Json::array())}};
    if (json.contains("pivot")) shape["pivot"] = json["pivot"];
    auto& columns = shape["columns"] = nlohmann::json::array();
    for (const auto& source : table.sources) {
      const auto& name = table.columns[source.column].name;
      columns.push_back({name, json["columns"][name].value("datatype", Json("string"))});
    }
    return shape.dump();
  }

  const Json& json_;
  Plan& plan_;
  Faults& faults_;
  DialectPlan dialect_;
  std::vector<std::vector<ColumnFacts>> facts_;  // of the tables compiled so far
};

Error invalid(const std::string& file, const std::vector<MappingFault>& faults) {
  Error error{ErrorCode::kInvalid, "mapping.invalid", {}, faults.front().pointer};
  for (const auto& fault : faults) {
    if (!error.message.empty()) error.message += '\n';
    error.message +=
        file + " " + (fault.pointer.empty() ? "/" : fault.pointer) + ": " + fault.message;
  }
  return error;
}

}  // namespace

Result<Plan> compile_mapping(std::string_view text, const std::string& file,
                             const std::string& time_zone) try {
  if (!time_zone.empty() && !TimeZone::find(time_zone)) {
    return Error{ErrorCode::kInvalid, "time_zone.unknown",
                 "\"" + time_zone + "\" is no time zone of the tz database, like Europe/London"};
  }
  // Strict about repeated members, UTF-8 and depth; the parse that keeps the members' order is not.
  if (auto strict =
          parse_json(text, {.bytes_max = 4u << 20, .depth_max = 64, .reason_prefix = "mapping."});
      !strict) {
    auto error = strict.error();
    error.message = file + " " + (error.field.empty() ? "/" : error.field) + ": " + error.message;
    return error;
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  auto json = Json::parse(text);
  static const Json kSchema = Json::parse(mapping_schema());
  if (auto faults = check_structure(json, kSchema); !faults.empty()) return invalid(file, faults);
  Plan plan;
  plan.file = file;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), plan.sha256.data());
  Faults faults;
  MappingCompiler(json, plan, faults).compile(time_zone);
  if (!faults.all().empty()) return invalid(file, faults.all());
  return plan;
} catch (const std::exception& wrong) {  // nlohmann and std::regex throw
  return Error{ErrorCode::kInvalid, "mapping.malformed", file + ": " + wrong.what()};
}

}  // namespace rapport::import
