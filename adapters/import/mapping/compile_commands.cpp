#include "adapters/import/mapping/compile_commands.h"

#include <map>
#include <nlohmann/json.hpp>

#include "adapters/import/mapping/compile_fields.h"

namespace rapport::import {

namespace {

using Json = nlohmann::ordered_json;

At::Choice compile_choice(const Json& json, const std::string& place, Scope& scope) {
  const auto& text = json.get_ref<const std::string&>();
  if (text == "unknown") return {.column = {}, .constant = {}, .word = At::Word::kUnknown};
  if (text == "always") return {.column = {}, .constant = {}, .word = At::Word::kAlways};
  auto operand = scope.parse_operand(json, place);
  if (!operand) return {};
  if (!operand->from) {
    TimeZone zone;
    Value time;
    if (TimePattern::iso().read(text, false, zone, time) != TimePattern::Fault::kNone) {
      scope.faults.add(
          place, "\"" + text + "\" is no column, no date and none of the words unknown and always");
      return {};
    }
    return {.column = {}, .constant = time, .word = {}};
  }
  auto column = operand->from->single();
  auto kinds = column ? scope.facts[*column].kinds : Kinds();
  bool timed = column && kinds.any() &&
               (kinds & ~(only(Value::Kind::kDate) | only(Value::Kind::kTime))).none();
  if (!timed) {
    scope.faults.add(place, "must be one column of datatype date or datetime");
    return {};
  }
  return {.column = column, .constant = {}, .word = {}};
}

class CommandCompiler {
 public:
  CommandCompiler(const Json& json, std::string place, Scope& scope)
      : json_(json), place_(std::move(place)), scope_(scope) {}

  void compile() {
    step_.place = place_;
    step_.command = json_["command"].get<std::string>();
    if (!find_member()) return;
    step_.order = scope_.plan.commands++;
    if (auto id = scope_.parse_template(json_["id"].get<std::string>(), below(place_, "id")))
      step_.id = std::move(*id);
    if (json_.contains("on"))
      step_.on = json_["on"] == "first" ? CommandStep::On::kFirst : CommandStep::On::kLater;
    step_.once = json_.value("once", false);
    if (json_.contains("ifChanged")) {
      auto at = below(place_, "ifChanged");
      for (std::size_t i = 0; i < json_["ifChanged"].size(); ++i)
        if (auto column = scope_.need(json_["ifChanged"][i].get<std::string>(), below(at, i)))
          step_.if_changed.push_back(*column);
    }
    if (json_.contains("when"))
      step_.when =
          scope_.parse_when(json_["when"], below(place_, "when"), scope_.table.keeps_snapshots());
    compile_time();
    step_.actor = optional_template("actor", true);
    step_.reason = optional_template("reason", false);
    auto whole = narrow();
    compile_body();
    for (auto& [column, texts] : whole) scope_.facts[column].texts = std::move(texts);
    scope_.table.commands.push_back(std::move(step_));
  }

 private:
  bool find_member() {
    auto slash = step_.command.find('/');
    step_.aggregate = step_.command.substr(0, slash);
    auto name = step_.command.substr(slash + 1);
    auto at = below(place_, "command");
    Nearest nearest(step_.aggregate);
    for (const auto& known : aggregate_plans()) nearest.offer(known.name);
    step_.plan = find_aggregate(step_.aggregate);
    if (!step_.plan)
      return scope_.faults.add(at, "no aggregate \"" + step_.aggregate + "\"" + nearest.hint()),
             false;
    if (step_.aggregate == "batch")
      return scope_.faults.add(at, "a batch tells of itself: no record is one"), false;
    if (step_.aggregate == "webhook")
      return scope_.faults.add(at, "a webhook is set up, not imported"), false;
    step_.commands = &step_.plan->commands;
    step_.member = step_.commands->find(name);
    Nearest command(name);
    for (const auto& known : step_.commands->members) command.offer(known.name);
    if (!step_.member)
      return scope_.faults.add(
                 at, step_.aggregate + " has no command \"" + name + "\"" + command.hint()),
             false;
    return true;
  }

  void compile_time() {
    if (json_.contains("at")) {
      step_.at = compile_at(json_["at"], below(place_, "at"), scope_);
    } else if (!scope_.table.at.choices.empty()) {
      step_.at = scope_.table.at;
    } else {
      scope_.faults.add(
          place_, "has no \"at\", and neither has its table: a time of \"unknown\" must be said");
    }
  }

  // While the body is compiled a column can only hold what the command's own `when` lets through;
  // answers what that replaced.
  std::map<std::size_t, std::optional<std::set<std::string>>> narrow() {
    std::map<std::size_t, std::optional<std::set<std::string>>> whole;
    for (const auto& test : step_.when) {
      auto& texts = scope_.facts[test.column].texts;
      std::set<std::string> named;
      for (const auto& value : test.values)
        if (value.kind == Value::Kind::kText) named.insert(value.text);
      if (test.kind == Test::Kind::kIs) {
        whole.try_emplace(test.column, texts);
        texts = std::move(named);
      } else if (test.kind == Test::Kind::kNot && texts) {
        whole.try_emplace(test.column, texts);
        for (const auto& text : named) texts->erase(text);
      }
    }
    return whole;
  }

  std::optional<Template> optional_template(const char* member, bool ids) {
    const Json* json = json_.contains(member) ? &json_[member] : nullptr;
    auto place = below(place_, member);
    if (!json && ids && actor_) {
      json = actor_;
      place = actor_place_;
    }
    if (!json) return std::nullopt;
    auto made = scope_.parse_template(json->get_ref<const std::string&>(), place);
    if (!made || ids) return made;
    for (const auto& part : made->parts)
      if (part.column && scope_.personal(*part.column))
        scope_.faults.add(place, "column \"" + scope_.table.columns[*part.column].name +
                                     "\" is personal: it cannot be a reason");
    return made;
  }

  void compile_body() {
    FieldsMode mode{.groups = scope_.table.mode == Table::Mode::kGroups, .constants = false};
    const auto& plan = *step_.member->plan;
    const auto* patched = plan.find("new");
    static const Json kNoFields = Json::object();
    const auto& fields = json_.contains("fields") ? json_["fields"] : kNoFields;
    step_.fields = compile_object(fields, plan, below(place_, "fields"), scope_, mode,
                                  json_.contains("patch"));
    if (!json_.contains("patch")) return;
    auto at = below(place_, "patch");
    if (!patched || patched->value.kind != FieldKind::kStruct)
      return scope_.faults.add(at, step_.command + " changes no fields: it takes no patch");
    step_.patched = patched;
    for (auto& writer :
         compile_object(json_["patch"], *patched->value.type, at, scope_, mode, true)) {
      CommandStep::Patch patch{.writer = std::move(writer), .columns = {}};
      columns_of(patch.writer, patch.columns);
      if (patch.columns.empty())
        scope_.faults.add(patch.writer.place, "no column: a constant never changes");
      step_.patch.push_back(std::move(patch));
    }
  }

 public:
  // The table's default actor.
  const Json* actor_ = nullptr;
  std::string actor_place_;

 private:
  const Json& json_;
  std::string place_;
  Scope& scope_;
  CommandStep step_;
};

}  // namespace

At compile_at(const Json& json, const std::string& place, Scope& scope) {
  At at{.choices = {}, .place = place};
  if (!json.is_array()) {
    at.choices.push_back(compile_choice(json, place, scope));
    return at;
  }
  for (std::size_t i = 0; i < json.size(); ++i)
    at.choices.push_back(compile_choice(json[i], below(place, i), scope));
  return at;
}

void compile_commands(const Json& table, const std::string& place, Scope& scope) {
  if (table.contains("at")) scope.table.at = compile_at(table["at"], below(place, "at"), scope);
  if (!table.contains("commands")) return;
  for (std::size_t i = 0; i < table["commands"].size(); ++i) {
    CommandCompiler compiler(table["commands"][i], below(below(place, "commands"), i), scope);
    if (table.contains("actor")) {
      compiler.actor_ = &table["actor"];
      compiler.actor_place_ = below(place, "actor");
    }
    compiler.compile();
  }
}

PolicyStep compile_policy(const Json& policy, const std::string& place, Scope& scope) {
  PolicyStep step;
  step.id = policy["id"].get<std::string>();
  step.place = place;
  auto& command = step.command;
  command.command = "policySet/publish";
  command.place = place;
  command.aggregate = "policySet";
  command.plan = find_aggregate(command.aggregate);
  command.commands = &command.plan->commands;
  command.member = command.commands->find("publish");
  command.id.parts.push_back({.literal = step.id, .column = {}, .hashed = false});
  Json body = Json::object();
  body["effectiveFrom"] = policy["effectiveFrom"];
  command.fields = compile_object(body, *command.member->plan, place, scope,
                                  {.groups = false, .constants = true});
  auto kind = policy["kind"].get<std::string>();
  const auto* field = command.member->plan->find(kind);
  RAPPORT_ASSERT(field);
  FieldWriter writer;
  writer.form = FieldWriter::Form::kObject;
  writer.field = field;
  writer.place = below(place, "body");
  writer.members = compile_object(policy["body"], *field->value.type, writer.place, scope,
                                  {.groups = false, .constants = true});
  command.fields.push_back(std::move(writer));
  if (!command.fields.front().operand.constant.missing()) {
    const auto& from = command.fields.front().operand.constant;
    step.effective_from = from.days;
    command.at.choices.push_back({.column = {}, .constant = from, .word = {}});
  }
  return step;
}

}  // namespace rapport::import
