#include "adapters/catalogue/record_headers.h"

#include <algorithm>

#include "adapters/json/field_plan.h"
#include "adapters/json/json_schema.h"

namespace rapport::catalogue {
namespace {

constexpr const char* kPositive = "^[1-9][0-9]*$";
constexpr const char* kNumber = "^(0|[1-9][0-9]*)$";

Json constant(std::string_view value, const char* meaning) { return {{"const", value}, {"description", meaning}}; }
Json text(const char* meaning) { return {{"type", "string"}, {"description", meaning}}; }
Json pattern(const std::string& value, const char* meaning) {
  return {{"type", "string"}, {"pattern", value}, {"description", meaning}};
}

Json headers(Json properties, std::initializer_list<std::string_view> optional) {
  auto required = Json::array();
  for (auto& [name, unused] : properties.items())
    if (std::ranges::find(optional, name) == optional.end()) required.push_back(name);
  // A newer program's records may have more.
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", required}, {"additionalProperties", true}};
}

}  // namespace

Json event_headers(const AggregatePlan& aggregate, const MemberPlan& event) {
  const auto stream = "^" + aggregate.name + "-";
  return headers(
      {{"ce_specversion", constant("1.0", "CloudEvents, binary mode")},
       {"ce_id", pattern(kEventIdPattern, "the event's id: its command's, and which of that command's events it is")},
       {"ce_source", text("the log that it is from; with ce_sequence it names the event for ever")},
       {"ce_type", constant(event.type, "what happened")},
       {"ce_time", {{"type", "string"}, {"format", "date-time"}, {"description", "when it happened"}}},
       {"ce_subject", pattern(stream, "the stream: the aggregate and its id")},
       {"ce_dataschema", constant(schema_urn(event.type, kSchemaVersion), "the schema of the value; /v1/schemas/ has it by this name")},
       {"ce_sequence", pattern(kPositive, "the position in the log: dense over all topics, so a subscriber of all sees any gap")},
       {"ce_partitionkey", pattern(stream, "the record's key")},
       {"ce_streamversion", pattern(kPositive, "which event of its stream it is, from 1")},
       {"content-type", constant("application/json", "of the value")},
       {"id", pattern(kEventIdPattern, "as ce_id, for consumers of Debezium's outbox")},
       {"eventType", constant(event.type, "as ce_type, for consumers of Debezium's outbox")},
       {"rapport-prev", pattern(kNumber, "ce_sequence of the record before in this partition, 0 for the first: a subscriber of some "
                                         "partitions sees a gap by it")},
       {"traceparent", pattern("^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", "W3C trace of the request that led to it")}},
      {"traceparent"});
}

Json frame_headers() {
  return headers({{"ce_specversion", constant("1.0", "CloudEvents, binary mode")},
                  {"ce_id", pattern(kEventIdPattern, "the id of the frame's last event")},
                  {"ce_source", text("the log that it is from")},
                  {"ce_type", constant("rapport.frame", "a frame of the log")},
                  {"ce_sequence", pattern(kPositive, "the position of the frame's last event")},
                  {"content-type", constant("application/vnd.capnp", "of the value")},
                  {"rapport-first", pattern(kPositive, "the position of the frame's first event")},
                  {"rapport-prev", pattern(kNumber, "the position of the last event of the frame before, 0 for the first")}},
                 {});
}

}  // namespace rapport::catalogue
