// How an event becomes a line of a table, by the schemas: README.md.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "domain/result.h"

namespace rapport {

struct EventColumn {
  std::string name;
  nlohmann::ordered_json::json_pointer place;  // in the event object
};

// Those of every event, and its data as one; of a type that is there, a column for each of its fields.
std::vector<EventColumn> columns_of_events(const std::string& type);
std::vector<std::optional<std::string>> fields_of(const nlohmann::ordered_json& event, const std::vector<EventColumn>& columns);
// A value as a field: text as it is, null as nothing, the rest as JSON.
std::optional<std::string> field_of(const nlohmann::ordered_json& value);

// Sets what is personal in an event to null.
void hide_personal(nlohmann::ordered_json& event);

}  // namespace rapport
