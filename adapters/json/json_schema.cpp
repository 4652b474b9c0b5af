#include "adapters/json/json_schema.h"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "adapters/json/field_plan.h"
#include "adapters/json/text_forms.h"

namespace rapport {
namespace {

using Json = nlohmann::ordered_json;

Json struct_schema(const StructPlan& plan, SchemaSide side);

template <class Int>
Json integer() {
  return {{"type", "integer"},
          {"minimum", std::numeric_limits<Int>::min()},
          {"maximum", std::numeric_limits<Int>::max()}};
}

Json text_schema(const FieldPlan& field) {
  Json schema{{"type", "string"}};
  if (field.max_length != 0) {
    schema["maxLength"] = field.max_length;  // a character has at least one byte
    schema["x-maxBytes"] = field.max_length;
  }
  if (field.identifier) schema["pattern"] = "^[^\\u0000-\\u001f\\u007f]*$";
  return schema;
}

Json value_schema(const FieldPlan& field, const ValuePlan& value, SchemaSide side) {
  switch (value.kind) {
    case FieldKind::kVoid:
      return {{"type", "null"}};
    case FieldKind::kBool:
      return {{"type", "boolean"}};
    case FieldKind::kInt8:
      return integer<std::int8_t>();
    case FieldKind::kInt16:
      return integer<std::int16_t>();
    case FieldKind::kInt32:
      return integer<std::int32_t>();
    case FieldKind::kInt64:
      return integer<std::int64_t>();
    case FieldKind::kUInt8:
      return integer<std::uint8_t>();
    case FieldKind::kUInt16:
      return integer<std::uint16_t>();
    case FieldKind::kUInt32:
      return integer<std::uint32_t>();
    case FieldKind::kUInt64:
      return integer<std::uint64_t>();
    case FieldKind::kEnum:
      return {{"enum", std::vector<std::string>(value.names->begin() + 1, value.names->end())}};
    case FieldKind::kDate:
      return {{"type", "string"}, {"format", "date"}};
    case FieldKind::kTimestamp:
      return {{"type", "string"}, {"format", "date-time"}};
    case FieldKind::kCurrency:
      return {{"type", "string"}, {"pattern", "^[A-Z]{3}$"}};
    case FieldKind::kText:
      return text_schema(field);
    case FieldKind::kData:
      return {{"type", "string"}, {"contentEncoding", "base64"}};
    case FieldKind::kEventId:
      return {{"type", "string"}, {"pattern", kEventIdPattern}};
    case FieldKind::kStruct:
      return struct_schema(*value.type, side);
    case FieldKind::kList:
      break;
  }
  Json schema{{"type", "array"}, {"items", value_schema(field, field.element, side)}};
  if (field.max_length != 0) schema["maxItems"] = field.max_length;
  return schema;
}

Json sealed_schema() {
  return {{"type", "object"},
          {"properties", {{"sealed", {{"type", "string"}, {"contentEncoding", "base64"}}}}},
          {"required", {"sealed"}},
          {"additionalProperties", false}};
}

Json field_schema(const FieldPlan& field, SchemaSide side) {
  auto schema = value_schema(field, field.value, side);
  Json either = Json::array({schema});
  if (field.personal && side == SchemaSide::kEvent) either.push_back(sealed_schema());
  // Null is how an absent value is written; in a command it says the same as leaving the member
  // out. A personal text of an event is null also when it was erased, and an enumerant that only a
  // newer program knows.
  bool nullable =
      field.presence != Presence::kRequired ||
      (side == SchemaSide::kEvent && (field.personal || field.value.kind == FieldKind::kEnum));
  if (nullable) either.push_back({{"type", "null"}});
  auto whole = either.size() == 1 ? schema : Json{{"anyOf", either}};
  if (!field.title.empty()) whole["description"] = field.title;
  if (auto unit = unit_of(field); !unit.empty()) whole["x-unit"] = unit;
  if (field.personal) whole["x-personal"] = true;
  return whole;
}

Json struct_schema(const StructPlan& plan, SchemaSide side) {
  Json schema{{"type", "object"}};
  if (!plan.title.empty()) schema["description"] = plan.title;
  schema["properties"] = Json::object();
  auto required = Json::array();
  for (auto& field : plan.fields) {
    schema["properties"][field.name] = field_schema(field, side);
    // Of an event, too: what came to it later is optional, and records of before lie in the topics without it.
    if (field.presence == Presence::kRequired) required.push_back(field.name);
  }
  if (!required.empty()) schema["required"] = required;
  // A newer program's event may have more; a command with more is refused.
  schema["additionalProperties"] = side == SchemaSide::kEvent;
  return schema;
}

Json listing_of(const AggregatePlan& aggregate, const MemberPlan& member, SchemaSide side) {
  Json entry{
      {"aggregate", aggregate.name}, {"name", member.name},
      {"type", member.type},         {"kind", side == SchemaSide::kEvent ? "event" : "command"},
      {"fields", Json::array()},     {"personal", Json::array()}};
  for (auto& field : member.plan->fields) {
    entry["fields"].push_back(field.name);
    if (field.personal) entry["personal"].push_back(field.name);
  }
  if (!member.facet.empty()) entry["facet"] = member.facet;
  if (!member.plan->title.empty()) entry["title"] = member.plan->title;
  return entry;
}

Json listing(std::string_view aggregate_name, bool commands, bool events) {
  auto entries = Json::array();
  for (auto& aggregate : aggregate_plans()) {
    if (!aggregate_name.empty() && aggregate.name != aggregate_name) continue;
    if (commands)
      for (auto& m : aggregate.commands.members)
        entries.push_back(listing_of(aggregate, m, SchemaSide::kCommand));
    if (events)
      for (auto& m : aggregate.events.members)
        entries.push_back(listing_of(aggregate, m, SchemaSide::kEvent));
  }
  return entries;
}

// `aggregate` is null if even that is not known.
Error unknown(std::string_view what, const AggregatePlan* aggregate) {
  auto dot = what.find('.');
  NearestName nearest(aggregate == nullptr ? what.substr(0, dot) : what.substr(dot + 1));
  if (aggregate == nullptr) {
    for (auto name : {"events", "commands"}) nearest.offer(name);
    for (auto& a : aggregate_plans()) nearest.offer(a.name);
  } else {
    for (auto& m : aggregate->commands.members) nearest.offer(m.name);
    for (auto& m : aggregate->events.members) nearest.offer(m.name);
  }
  return {ErrorCode::kNotFound,
          "schema.unknown",
          "there is no command, event or aggregate " + std::string(what),
          "",
          "events, commands, an aggregate, or a type like opportunity.won",
          nearest.hint()};
}

}  // namespace

std::string schema_urn(std::string_view type, std::uint16_t version) {
  return "urn:rapport:schema:" + std::string(type) + ":" + std::to_string(version);
}

std::string_view unit_of(const FieldPlan& field) {
  static constexpr std::pair<std::string_view, std::string_view> kUnits[] = {
      {"Minor", "the currency's smallest unit: cents, yen"},
      {"Bp", "basis points: 10000 = 100 %"},
      {"Milli", "thousandths"},
      {"Seconds", "seconds"},
      {"Days", "days"},
      {"DaysMax", "days"},
      {"bytes", "bytes"},
  };
  auto number = field.value.kind >= FieldKind::kInt8 && field.value.kind <= FieldKind::kUInt64;
  for (auto& [ending, unit] : kUnits)
    if (number && field.name.ends_with(ending)) return unit;
  return {};
}

std::string json_schema(const StructPlan& plan, std::string_view title, SchemaSide side) {
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}};
  if (side == SchemaSide::kEvent) schema["$id"] = schema_urn(title, kSchemaVersion);
  schema["title"] = title;
  schema.update(struct_schema(plan, side));
  return schema.dump(2);
}

Result<std::string> schema_text(std::string_view what) {
  if (what.empty()) return listing("", true, true).dump(2);
  if (what == "commands") return listing("", true, false).dump(2);
  if (what == "events") return listing("", false, true).dump(2);
  auto dot = what.find('.');
  auto* aggregate = find_aggregate(what.substr(0, dot));
  if (aggregate == nullptr) return unknown(what, nullptr);
  if (dot == what.npos) return listing(aggregate->name, true, true).dump(2);
  auto name = what.substr(dot + 1);
  if (auto* event = aggregate->events.find(name))
    return json_schema(*event->plan, event->type, SchemaSide::kEvent);
  if (auto* command = aggregate->commands.find(name))
    return json_schema(*command->plan, command->type, SchemaSide::kCommand);
  return unknown(what, aggregate);
}

}  // namespace rapport
