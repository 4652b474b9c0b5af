#include "adapters/export/columns.h"

#include "adapters/json/field_plan.h"
#include "adapters/json/json_pointer.h"

namespace rapport {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::pair<const char*, const char*> kEnvelope[] = {
    {"position", "/position"},       {"id", "/id"},
    {"stream", "/stream"},           {"version", "/version"},
    {"type", "/type"},               {"occurredAt", "/occurredAt"},
    {"occurredPrecision", "/occurredPrecision"},
    {"recordedAt", "/recordedAt"},   {"actorId", "/actor/id"},
    {"actorKind", "/actor/kind"},    {"reasonCode", "/reason/code"},
    {"reasonText", "/reason/text"},  {"correlationId", "/correlationId"},
    {"causation", "/causation"},     {"asFact", "/asFact"},
    {"tags", "/tags"},               {"leaf", "/leaf"},
};

const StructPlan* plan_of_type(const std::string& type) {
  auto dot = type.find('.');
  auto* aggregate = find_aggregate(std::string_view(type).substr(0, dot));
  if (aggregate == nullptr || dot == type.npos) return nullptr;
  auto* member = aggregate->events.find(std::string_view(type).substr(dot + 1));
  return member ? member->plan : nullptr;
}

void add_fields(const StructPlan& plan, const std::string& name, const std::string& place, std::vector<EventColumn>& columns) {
  for (auto& field : plan.fields) {
    auto deeper = place;
    append_pointer(field.name, deeper);
    auto title = name + "." + field.name;
    if (field.value.kind == FieldKind::kStruct) add_fields(*field.value.type, title, deeper, columns);
    else columns.push_back({title, Json::json_pointer(deeper)});
  }
}

void hide(const StructPlan& plan, Json& object) {
  if (!object.is_object()) return;
  for (auto& field : plan.fields) {
    auto found = object.find(field.name);
    if (found == object.end()) continue;
    if (field.personal) *found = nullptr;
    else if (field.value.kind == FieldKind::kStruct) hide(*field.value.type, *found);
    else if (field.value.kind == FieldKind::kList && field.element.kind == FieldKind::kStruct && found->is_array())
      for (auto& element : *found) hide(*field.element.type, element);
  }
}

}  // namespace

std::vector<EventColumn> columns_of_events(const std::string& type) {
  std::vector<EventColumn> columns;
  for (auto& [name, place] : kEnvelope) columns.push_back({name, Json::json_pointer(place)});
  if (auto* plan = plan_of_type(type)) add_fields(*plan, "data", "/data", columns);
  else columns.push_back({"data", Json::json_pointer("/data")});
  return columns;
}

std::optional<std::string> field_of(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::optional<std::string>> fields_of(const Json& event, const std::vector<EventColumn>& columns) {
  std::vector<std::optional<std::string>> fields;
  fields.reserve(columns.size());
  for (auto& column : columns) fields.push_back(event.contains(column.place) ? field_of(event.at(column.place)) : std::nullopt);
  return fields;
}

void hide_personal(Json& event) {
  if (auto reason = event.find("reason"); reason != event.end() && reason->is_object() && reason->contains("text")) (*reason)["text"] = nullptr;
  auto type = event.find("type"), data = event.find("data");
  if (type == event.end() || data == event.end() || !type->is_string()) return;
  if (auto* plan = plan_of_type(type->get<std::string>())) hide(*plan, *data);
}

}  // namespace rapport
