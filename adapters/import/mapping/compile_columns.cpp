#include "adapters/import/mapping/compile_columns.h"

#include <nlohmann/json.hpp>

namespace rapport::import {

namespace {

using Json = nlohmann::ordered_json;
using Kind = Value::Kind;

class ColumnCompiler {
 public:
  ColumnCompiler(const std::string& name, const Json& json, std::string place, Scope& scope)
      : json_(json), place_(std::move(place)), scope_(scope) {
    column_.name = name;
    column_.place = place_;
  }

  void compile() {
    column_.personal = json_.value("personal", false);
    column_.pivoted = json_.value("pivoted", false);
    column_.required = json_.value("required", false);
    if (json_.contains("value"))
      compile_value();
    else if (json_.contains("cases"))
      compile_cases();
    else if (json_.contains("lookup"))
      compile_lookup();
    else
      compile_source();
    if (json_.contains("map")) compile_map();
    if (json_.contains("datatype")) compile_type();
    if (json_.contains("default")) compile_default();
    check_personal();
    scope_.table.columns.push_back(std::move(column_));
    scope_.facts.push_back(std::move(facts_));
  }

 private:
  void fault(const char* member, std::string message) {
    scope_.faults.add(below(place_, member), std::move(message));
  }

  void needs(const Template& from) {
    for (const auto& part : from.parts)
      if (part.column) needs(*part.column);
  }
  void needs(std::size_t column) {
    facts_.needs.insert(column);
    if (scope_.personal(column)) {
      scope_.faults.add(place_, "column \"" + scope_.table.columns[column].name +
                                    "\" is personal: no other column can be made of it");
    }
  }

  void compile_source() {
    SourceColumn source{.column = scope_.table.columns.size(),
                        .titles = {column_.name},
                        .hashed = column_.personal};
    if (json_.contains("titles")) source.titles = json_["titles"].get<std::vector<std::string>>();
    column_.source = scope_.table.sources.size();
    scope_.table.sources.push_back(std::move(source));
    facts_.kinds = only(Kind::kText);
  }

  void compile_value() {
    column_.value =
        scope_.parse_template(json_["value"].get<std::string>(), below(place_, "value"));
    if (!column_.value) return;
    needs(*column_.value);
    facts_.kinds = scope_.kinds_of({.constant = {}, .from = column_.value});
    if (auto single = column_.value->single()) facts_.texts = scope_.facts[*single].texts;
  }

  void compile_cases() {
    facts_.texts.emplace();
    for (std::size_t i = 0; i < json_["cases"].size(); ++i) {
      const auto& one = json_["cases"][i];
      auto at = below(below(place_, "cases"), i);
      Case made;
      if (one.contains("when"))
        made.when = scope_.parse_when(one["when"], below(at, "when"), false);
      else if (i + 1 < json_["cases"].size())
        scope_.faults.add(
            at, "a case without \"when\" always holds: the cases after it are never reached");
      for (const auto& test : made.when) needs(test.column);
      auto value = scope_.parse_operand(one["value"], below(at, "value"));
      if (!value) continue;
      if (value->from) needs(*value->from);
      made.value = std::move(*value);
      facts_.kinds |= scope_.kinds_of(made.value);
      take_texts(made.value);
      column_.cases.push_back(std::move(made));
    }
  }

  void take_texts(const Operand& operand) {
    if (!facts_.texts) return;
    if (!operand.from) {
      if (operand.constant.kind == Kind::kText) facts_.texts->insert(operand.constant.text);
      return;
    }
    auto single = operand.from->single();
    if (!single || !scope_.facts[*single].texts) return facts_.texts.reset();
    facts_.texts->insert(scope_.facts[*single].texts->begin(), scope_.facts[*single].texts->end());
  }

  void compile_lookup() {
    const auto& json = json_["lookup"];
    auto at = below(place_, "lookup");
    auto name = json["table"].get<std::string>();
    auto& tables = scope_.plan.tables;
    Nearest nearest(name);
    Lookup lookup{
        .table = tables.size(), .table_name = name, .key = {}, .column = 0, .told_column = {}};
    for (std::size_t i = 0; i < tables.size(); ++i) {
      nearest.offer(tables[i].name);
      if (tables[i].name == name) lookup.table = i;
    }
    if (lookup.table == tables.size())
      return scope_.faults.add(below(at, "table"),
                               "no table \"" + name + "\" stands before this one" + nearest.hint());
    auto& other = tables[lookup.table];
    if (other.key.size() != json["key"].size()) {
      scope_.faults.add(below(at, "key"), "table \"" + name + "\" has a key of " +
                                              std::to_string(other.key.size()) + " columns");
    }
    for (std::size_t i = 0; i < json["key"].size(); ++i) {
      auto part =
          scope_.parse_template(json["key"][i].get<std::string>(), below(below(at, "key"), i));
      if (!part) continue;
      needs(*part);
      if (!lookup.told_column) lookup.told_column = part->single();
      lookup.key.push_back(std::move(*part));
    }
    auto wanted = json["column"].get<std::string>();
    Nearest column(wanted);
    for (std::size_t i = 0; i < other.columns.size(); ++i) {
      column.offer(other.columns[i].name);
      if (other.columns[i].name != wanted) continue;
      lookup.column = i;
      facts_.kinds = scope_.earlier[lookup.table][i].kinds;
      facts_.texts = scope_.earlier[lookup.table][i].texts;
      if (other.columns[i].personal)
        scope_.faults.add(below(at, "column"),
                          "column \"" + wanted + "\" is personal: it cannot be looked up");
      other.looked_up = true;
      column_.lookup = std::move(lookup);
      return;
    }
    scope_.faults.add(below(at, "column"),
                      "table \"" + name + "\" has no column \"" + wanted + "\"" + column.hint());
  }

  void compile_map() {
    column_.mapped = true;
    Kinds kinds;
    std::set<std::string> texts;
    auto take = [&](const Value& value) {
      if (!value.missing()) kinds |= only(value.kind);
      if (value.kind == Kind::kText) texts.insert(value.text);
    };
    for (const auto& [text, value] : json_["map"].items()) {
      auto mapped = constant_of(value);
      take(mapped);
      column_.map.emplace(text, std::move(mapped));
    }
    bool keep = false;
    if (auto otherwise = json_.find("otherwise");
        otherwise != json_.end() && *otherwise != "reject") {
      keep = *otherwise == "keep";
      column_.otherwise = keep ? Column::Otherwise::kKeep : Column::Otherwise::kValue;
      column_.otherwise_value = keep ? Value() : constant_of(*otherwise);
      take(column_.otherwise_value);
    }
    facts_.kinds = keep ? kinds | facts_.kinds : kinds;
    if (!keep)
      facts_.texts = std::move(texts);
    else if (facts_.texts)
      facts_.texts->insert(texts.begin(), texts.end());
  }

  void compile_type() {
    column_.datatype =
        compile_datatype(json_["datatype"], below(place_, "datatype"), scope_.faults);
    if (!column_.datatype) return;
    // Texts become values of the type; what a map already made a number or boolean stays as it is.
    if (!may_be(facts_.kinds, Kind::kText)) return;
    facts_.kinds &= ~only(Kind::kText);
    facts_.kinds |= only(column_.datatype->kind());
    if (column_.datatype->kind() != Kind::kText) facts_.texts.reset();
  }

  void compile_default() {
    auto value = constant_of(json_["default"]);
    bool text =
        value.kind == Kind::kText && column_.datatype && column_.datatype->kind() != Kind::kText;
    if (text) {
      TimeZone zone;
      Value typed;
      auto wrong = read_value(value.text, *column_.datatype, zone, typed);
      if (wrong) return fault("default", wrong.message);
      value = typed;
    }
    if (value.missing()) return fault("default", "null is what a missing value is already");
    facts_.kinds |= only(value.kind);
    if (facts_.texts && value.kind == Kind::kText) facts_.texts->insert(value.text);
    column_.default_value = std::move(value);
  }

  void check_personal() {
    if (!column_.personal) return;
    if (!column_.source)
      return scope_.faults.add(place_, "only a column of the source can be personal");
    bool typed = column_.datatype && column_.datatype->kind() != Kind::kText;
    if (column_.mapped || typed || column_.default_value) {
      scope_.faults.add(place_,
                        "a personal column is plain text: it has no map, datatype or default");
    }
  }

  const Json& json_;
  std::string place_;
  Scope& scope_;
  Column column_;
  ColumnFacts facts_;
};

char character(const Json& json, const char* member, char otherwise) {
  return json.contains(member) ? json[member].get_ref<const std::string&>()[0] : otherwise;
}

void compile_format(const std::string& format, const std::string& place, Datatype& made,
                    Faults& faults) {
  using Base = Datatype::Base;
  if (made.timed()) {
    auto pattern = TimePattern::parse(format);
    if (!pattern) return faults.add(place, pattern.error().message);
    made.pattern = std::move(*pattern);
  } else if (made.base == Base::kBoolean) {
    auto bar = format.find('|');
    if (bar == format.npos || bar == 0 || bar + 1 == format.size())
      return faults.add(place, "the format of a boolean is \"YES|NO\"");
    made.yes = format.substr(0, bar);
    made.no = format.substr(bar + 1);
  } else if (made.base == Base::kBp) {
    if (format != "percent" && format != "fraction")
      return faults.add(place, "the format of bp is percent or fraction");
    made.percent = format == "percent";
  } else {
    faults.add(place, "only boolean, bp, date and datetime have a format");
  }
}

}  // namespace

std::optional<Datatype> compile_datatype(const Json& json, const std::string& place,
                                         Faults& faults) {
  using Base = Datatype::Base;
  Datatype made;
  bool simple = json.is_string();
  made.base = *Datatype::base_named((simple ? json : json["base"]).get<std::string>());
  bool amount = made.base == Base::kMoney || made.base == Base::kPrice;
  if (simple) {
    if (amount)
      faults.add(place, "needs a currency: {\"base\": " + json.dump() + ", \"currency\": \"EUR\"}");
    return made;
  }
  if (amount && !json.contains("currency")) faults.add(place, "lacks \"currency\"");
  if (!amount && json.contains("currency"))
    faults.add(below(place, "currency"), "only money and price have a currency");
  if (json.contains("currency"))
    made.currency = Currency(std::string_view(json["currency"].get_ref<const std::string&>()));
  made.decimal_char = character(json, "decimalChar", '.');
  made.group_char = character(json, "groupChar", 0);
  if (made.decimal_char == made.group_char)
    faults.add(below(place, "groupChar"), "is the decimalChar, too");
  if (json.contains("format"))
    compile_format(json["format"].get<std::string>(), below(place, "format"), made, faults);
  return made;
}

void compile_columns(const Json& table, const std::string& place, Scope& scope) {
  auto at = below(place, "columns");
  for (const auto& [name, column] : table["columns"].items())
    ColumnCompiler(name, column, below(at, name), scope).compile();
}

}  // namespace rapport::import
