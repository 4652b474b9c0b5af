#include "adapters/import/mapping/compile_fields.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "adapters/json/text_forms.h"

namespace rapport::import {

namespace {

using Json = nlohmann::ordered_json;
using Kind = Value::Kind;

bool is_integer(FieldKind kind) { return kind >= FieldKind::kInt8 && kind <= FieldKind::kUInt64; }
bool is_money(const FieldPlan& field) {
  return field.value.kind == FieldKind::kStruct && field.value.type->name == "Money";
}
bool is_price(const FieldPlan& field) {
  return field.value.kind == FieldKind::kStruct && field.value.type->name == "UnitPrice";
}

// Fields that hold the id of something: of a person, the keyed hash stands there.
bool is_reference(const FieldPlan& field) {
  return field.name == "id" || field.name.ends_with("Id") || field.name == "assignee";
}

// What a field takes; its name's unit counts: qtyMilli takes quantities, probabilityBp bp.
Kinds accepted(const FieldPlan& field) {
  switch (field.value.kind) {
    case FieldKind::kBool:
      return only(Kind::kBoolean);
    case FieldKind::kEnum:
    case FieldKind::kCurrency:
      return only(Kind::kText);
    case FieldKind::kDate:
    case FieldKind::kTimestamp:
      return only(Kind::kDate) | only(Kind::kTime);
    case FieldKind::kText:
      return ~Kinds();
    default:
      break;
  }
  if (is_money(field)) return only(Kind::kMoney);
  if (is_price(field)) return only(Kind::kPrice) | only(Kind::kMoney);
  if (!is_integer(field.value.kind)) return {};
  if (field.name.ends_with("Milli")) return only(Kind::kQuantity);
  if (field.name.ends_with("Bp")) return only(Kind::kBp);
  if (field.name.ends_with("Minor")) return only(Kind::kMoney);
  return only(Kind::kInteger);
}

class ScalarCompiler {
 public:
  ScalarCompiler(const FieldPlan& field, const std::string& place, Scope& scope)
      : field_(field), place_(place), scope_(scope) {}

  bool compile(const Json& json, FieldsMode mode, Operand& operand) {
    if (mode.constants) {
      operand.constant = constant_of(json);
    } else {
      auto parsed = scope_.parse_operand(json, place_);
      if (!parsed) return false;
      operand = std::move(*parsed);
    }
    // Into a personal field goes the text itself; everywhere else the hash of a personal column.
    if (operand.from && field_.personal)
      for (auto& part : operand.from->parts) part.hashed = false;
    return operand.from ? check_columns(*operand.from) : check_constant(operand.constant);
  }

 private:
  bool fault(std::string message) {
    scope_.faults.add(place_, std::move(message));
    return false;
  }

  bool check_columns(const Template& from) {
    bool ok = true;
    for (const auto& part : from.parts) {
      if (!part.column || !scope_.personal(*part.column)) continue;
      if (field_.personal) {
        scope_.facts[*part.column].used_as_text = true;
      } else if (!is_reference(field_)) {
        ok = fault(
            "column \"" + scope_.table.columns[*part.column].name +
            "\" is personal: it may go only into ids, references and personal fields, which \"" +
            field_.name + "\" is not");
      }
    }
    auto kinds = scope_.kinds_of({.constant = {}, .from = from});
    if (auto wrong = kinds & ~accepted(field_); wrong.any()) {
      auto wanted = accepted(field_).any() ? names_of(accepted(field_)) : "an object";
      return fault("\"" + field_.name + "\" wants " + wanted + ", the mapping gives " +
                   names_of(kinds));
    }
    auto single = from.single();
    if (field_.value.kind != FieldKind::kEnum || !single || !scope_.facts[*single].texts) return ok;
    for (const auto& text : *scope_.facts[*single].texts) ok &= check_enumerant(text);
    return ok;
  }

  bool check_enumerant(const std::string& text) {
    const auto& names = *field_.value.names;
    Nearest nearest(text);
    std::string all;
    for (std::size_t i = 1; i < names.size(); ++i) {
      if (names[i] == text) return true;
      nearest.offer(names[i]);
      all += (all.empty() ? "" : ", ") + names[i];
    }
    return fault("\"" + text + "\" is none of " + all + nearest.hint());
  }

  bool check_constant(Value& constant) {
    if (constant.missing()) return fault("null: leave the member out");
    if (field_.value.kind == FieldKind::kDate || field_.value.kind == FieldKind::kTimestamp) {
      TimeZone zone;
      Value time;
      bool ok =
          constant.kind == Kind::kText &&
          TimePattern::iso().read(constant.text, false, zone, time) == TimePattern::Fault::kNone;
      if (!ok) return fault("is no date or time of ISO 8601");
      constant = time;
      return true;
    }
    if (field_.value.kind == FieldKind::kEnum) {
      return constant.kind == Kind::kText ? check_enumerant(constant.text) : fault("must be text");
    }
    if (field_.value.kind == FieldKind::kCurrency) {
      bool ok = constant.kind == Kind::kText &&
                Currency(std::string_view(constant.text)).well_formed() &&
                constant.text.size() == 3;
      return ok || fault("is no currency of ISO 4217");
    }
    // A constant number is in the field's own unit.
    if (is_integer(field_.value.kind))
      return constant.kind == Kind::kInteger || fault("must be a whole number");
    if (field_.value.kind == FieldKind::kBool)
      return constant.kind == Kind::kBoolean || fault("must be true or false");
    if (field_.value.kind == FieldKind::kText)
      return constant.kind == Kind::kText || fault("must be text");
    return fault("must be an object");
  }

  const FieldPlan& field_;
  const std::string& place_;
  Scope& scope_;
};

bool compile_field(const Json& json, const FieldPlan& field, const std::string& place, Scope& scope,
                   FieldsMode mode, FieldWriter& writer);

bool compile_list(const Json& json, const FieldPlan& field, const std::string& place, Scope& scope,
                  FieldsMode mode, FieldWriter& writer) {
  bool structs = field.element.kind == FieldKind::kStruct;
  if (json.is_object() && json.contains("each")) {
    writer.form = FieldWriter::Form::kEach;
    if (json.size() != 1) scope.faults.add(place, "\"each\" stands alone");
    if (!mode.groups)
      scope.faults.add(place,
                       "\"each\" makes an element of every row of a group: it needs mode groups");
    if (!structs || !json["each"].is_object()) {
      scope.faults.add(place, "\"each\" must be the object of one element");
      return false;
    }
    writer.members =
        compile_object(json["each"], *field.element.type, below(place, "each"), scope, mode);
    return true;
  }
  if (!json.is_array()) {
    scope.faults.add(place,
                     "\"" + field.name + "\" is a list: it wants an array or {\"each\": {…}}");
    return false;
  }
  writer.form = FieldWriter::Form::kList;
  for (std::size_t i = 0; i < json.size(); ++i) {
    auto at = below(place, i);
    FieldWriter element;
    element.place = at;
    element.field = &field;
    if (!structs || !json[i].is_object()) {
      scope.faults.add(at, "must be an object");
      continue;
    }
    element.form = FieldWriter::Form::kObject;
    element.members = compile_object(json[i], *field.element.type, at, scope, mode);
    writer.elements.push_back(std::move(element));
  }
  return true;
}

bool compile_field(const Json& json, const FieldPlan& field, const std::string& place, Scope& scope,
                   FieldsMode mode, FieldWriter& writer) {
  writer.field = &field;
  writer.place = place;
  if (field.value.kind == FieldKind::kList)
    return compile_list(json, field, place, scope, mode, writer);
  if (json.is_object()) {
    if (field.value.kind != FieldKind::kStruct) {
      scope.faults.add(place, "\"" + field.name + "\" is no object");
      return false;
    }
    writer.form = FieldWriter::Form::kObject;
    writer.members = compile_object(json, *field.value.type, place, scope, mode);
    return true;
  }
  if (json.is_array()) {
    scope.faults.add(place, "\"" + field.name + "\" is no list");
    return false;
  }
  return ScalarCompiler(field, place, scope).compile(json, mode, writer.operand);
}

}  // namespace

std::vector<FieldWriter> compile_object(const Json& object, const StructPlan& plan,
                                        const std::string& place, Scope& scope, FieldsMode mode,
                                        bool partial) {
  std::vector<FieldWriter> writers;
  for (const auto& [name, json] : object.items()) {
    auto at = below(place, name);
    const auto* field = plan.find(name);
    if (!field) {
      Nearest nearest(name);
      for (const auto& known : plan.fields) nearest.offer(known.name);
      scope.faults.add(at, plan.name + " has no field \"" + name + "\"" + nearest.hint());
      continue;
    }
    FieldWriter writer;
    if (compile_field(json, *field, at, scope, mode, writer)) writers.push_back(std::move(writer));
  }
  if (partial) return writers;
  for (const auto& field : plan.fields) {
    bool must = field.presence == Presence::kRequired &&
                (field.value.kind == FieldKind::kText || field.value.kind == FieldKind::kEnum ||
                 field.value.kind == FieldKind::kStruct);
    if (must && !object.contains(field.name))
      scope.faults.add(place, plan.name + " needs \"" + field.name + "\"");
  }
  return writers;
}

void columns_of(const FieldWriter& writer, std::vector<std::size_t>& columns) {
  if (writer.operand.from)
    for (const auto& part : writer.operand.from->parts)
      if (part.column && std::ranges::find(columns, *part.column) == columns.end())
        columns.push_back(*part.column);
  for (const auto& member : writer.members) columns_of(member, columns);
  for (const auto& element : writer.elements) columns_of(element, columns);
}

}  // namespace rapport::import
