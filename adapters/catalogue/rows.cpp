#include "adapters/catalogue/rows.h"

#include "projections/views.h"

namespace rapport::catalogue {
namespace {

using projections::ColumnInfo;
using projections::ColumnType;

Json type_of(ColumnType type) {
  switch (type) {
    case ColumnType::kInteger:
    case ColumnType::kMoney:
      return {{"type", "integer"}};
    case ColumnType::kDate:
      return {{"type", "string"}, {"format", "date"}};
    case ColumnType::kTimestamp:
      return {{"type", "string"}, {"format", "date-time"}};
    case ColumnType::kBool:
      return {{"type", "boolean"}};
    case ColumnType::kText:
      break;
  }
  return {{"type", "string"}};
}

Json column_schema(const ColumnInfo& column) {
  Json either = Json::array({type_of(column.type)});
  if (column.personal)
    either.push_back({{"type", "object"}, {"properties", {{"sealed", {{"type", "string"}, {"contentEncoding", "base64"}}}}}, {"required", {"sealed"}}});
  either.push_back({{"type", "null"}});
  Json schema{{"anyOf", either}};
  if (column.type == ColumnType::kMoney) {
    schema["x-unit"] = "the currency's smallest unit: cents, yen";
    if (!column.currency_column.empty()) schema["x-currency"] = column.currency_column;
  }
  if (column.personal) schema["x-personal"] = true;
  return schema;
}

Json row_schema(const projections::PublishedRows& rows) {
  Json properties = Json::object();
  auto required = Json::array();
  for (auto& column : rows.columns) {
    properties[column.name] = column_schema(column);
    required.push_back(column.name);
  }
  properties["erased"] = {{"type", "array"}, {"items", {{"type", "string"}}}, {"description", "JSON pointers of texts that an erasure made null"}};
  return {{"type", "object"}, {"properties", properties}, {"required", required}};
}

Json headers() {
  auto number = [](const char* meaning) { return Json{{"type", "string"}, {"pattern", "^[1-9][0-9]*$"}, {"description", meaning}}; };
  return {{"type", "object"},
          {"properties",
           {{"content-type", {{"const", "application/json"}}},
            {"rapport-view-version", number("of the view whose rows they are")},
            {"rapport-since", number("the position in the log that made the row what it is")}}},
          {"required", {"content-type", "rapport-view-version"}}};
}

Json message(const std::string& name, const std::string& title, const std::string& key, Json payload) {
  return {{"name", name},
          {"title", title},
          {"contentType", "application/json"},
          {"headers", headers()},
          {"payload", std::move(payload)},
          {"bindings", {{"kafka", {{"key", {{"type", "string"}, {"description", key}}}, {"bindingVersion", "0.5.0"}}}}}};
}

}  // namespace

std::vector<kafka::TopicPlan> all_topics() {
  auto topics = kafka::planned_topics(kafka::kPartitionsDefault);
  topics.push_back({std::string(kafka::kCheckpointsTopic), 1});
  topics.push_back({std::string(kafka::kDeadLettersTopic), 1});
  for (auto& view : projections::all_views())
    if (!view.published.empty()) topics.push_back({kafka::state_topic(view.name), kafka::kPartitionsDefault, true});
  return topics;
}

Json row_messages(const projections::ViewType& view) {
  Json messages = Json::object();
  for (auto& rows : view.published) {
    auto name = view.name + "." + rows.stream_type + "." + rows.table;
    messages[name] = message(name, "a row about one " + rows.stream_type, "the stream that the row is about, and what else tells it apart",
                             row_schema(rows));
  }
  messages["gone"] = message(view.name + ".gone", "the row of that key is gone", "the row's key", {{"type", "null"}});
  return messages;
}

}  // namespace rapport::catalogue
