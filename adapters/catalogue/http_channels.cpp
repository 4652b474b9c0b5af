#include "adapters/catalogue/http_channels.h"

#include <algorithm>

#include "adapters/json/json_schema.h"

namespace rapport::catalogue {
namespace {

Json text(const char* meaning) { return {{"type", "string"}, {"description", meaning}}; }
Json number(int least, const char* meaning) { return {{"type", "integer"}, {"minimum", least}, {"description", meaning}}; }
Json pattern(const char* value, const char* meaning) { return {{"type", "string"}, {"pattern", value}, {"description", meaning}}; }
Json time(const char* meaning) { return {{"type", "string"}, {"format", "date-time"}, {"description", meaning}}; }
Json or_null(Json schema) { return {{"anyOf", {std::move(schema), {{"type", "null"}}}}}; }

Json object(Json properties, std::initializer_list<const char*> optional = {}) {
  auto required = Json::array();
  for (auto& [name, unused] : properties.items())
    if (std::ranges::find(optional, name) == optional.end()) required.push_back(name);
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", required}};
}

Json binding(const char* method) { return {{"http", {{"method", method}, {"bindingVersion", "0.3.0"}}}}; }
Json get(Json parameters) {
  auto made = binding("GET");
  made["http"]["query"] = {{"type", "object"}, {"properties", std::move(parameters)}};
  return made;
}

Json channel(Json address, const char* title, const char* description, const char* message_name, Json message) {
  return {{"address", std::move(address)},
          {"title", title},
          {"description", description},
          {"messages", {{message_name, std::move(message)}}}};
}

Json at_server(Json channel) {
  channel["servers"] = Json::array({{{"$ref", "#/servers/http"}}});
  return channel;
}

Json event_reference() { return {{"$ref", "#/components/schemas/event"}}; }

const char* const kMatch = "KIND=VALUE,KIND=VALUE: what holds together, given again any of it";

}  // namespace

Json event_schema() {
  return object({{"position", number(1, "in the log, dense; the id of a server-sent event")},
                 {"id", pattern(kEventIdPattern, "the event's own")},
                 {"stream", text("the aggregate and its id, as in opportunity-D-1")},
                 {"version", number(1, "which event of its stream it is")},
                 {"type", text("names the message of a topic, whose payload `data` is")},
                 {"occurredAt", time("when it happened")},
                 {"occurredPrecision", {{"enum", {"instant", "minute", "date", "unknown", "always"}}}},
                 {"recordedAt", time("when it was learnt")},
                 {"actor", object({{"id", or_null({{"type", "string"}})}, {"kind", or_null({{"type", "string"}})}})},
                 {"reason", or_null(object({{"code", or_null({{"type", "string"}})}, {"text", or_null({{"type", "string"}})}}))},
                 {"correlationId", text("what all that came of one command has in common")},
                 {"causation", or_null(pattern(kEventIdPattern, "the event that led to it"))},
                 {"asFact", {{"type", "boolean"}, {"description", "recorded as it was, whatever the rules said"}}},
                 {"source", or_null({{"type", "object"}})},
                 {"tags", {{"type", "array"}, {"items", {{"type", "string"}}}}},
                 {"leaf", pattern("^[0-9a-f]{64}$", "its hash in the log's tree")},
                 {"data", {{"type", "object"}}},
                 {"erased", {{"type", "array"}, {"items", {{"type", "string"}}}, {"description", "JSON pointers of texts that an erasure made null"}}}},
                {"tags", "erased"});
}

std::vector<HttpChannel> http_channels() {
  const Json filter{{"stream", text("of one stream")}, {"type", text("of one type")}, {"match", text(kMatch)}};
  Json live_parameters{{"from", number(1, "the first position")}};
  live_parameters.update(filter);
  Json page_parameters{{"from", number(1, "the first position")},
                       {"limit", number(0, "at most so many")},
                       {"wait", number(0, "seconds that a page without an event may wait for one")}};
  page_parameters.update(filter);
  Json live{{"name", "event"}, {"title", "a server-sent event"}, {"contentType", "application/json"}, {"payload", event_reference()}};
  Json page{{"name", "page"},
            {"title", "events in order; the header Link says where the next page begins"},
            {"contentType", "application/json"},
            {"payload", {{"type", "array"}, {"items", event_reference()}}}};
  Json delivery{{"name", "delivery"},
                {"title", "an event, signed"},
                {"contentType", "application/json"},
                {"headers", object({{"webhook-id", pattern("^[0-9a-f-]{36}_[0-9]+$", "the event's id: the same one again is the same event")},
                                    {"webhook-timestamp", pattern("^[0-9]+$", "seconds since 1970")},
                                    {"webhook-signature", text("v1,BASE64: HMAC-SHA-256 over id.timestamp.body; while a secret is rotated, two")}})},
                {"payload", object({{"type", text("what happened")}, {"timestamp", time("when it happened")}, {"data", event_reference()}})}};
  return {{"live",
           at_server(channel("/v1/events/live", "live events",
                             "Server-sent events: what is there from Last-Event-ID or `from` on, then what comes.", "event", std::move(live))),
           get(std::move(live_parameters))},
          {"page", at_server(channel("/v1/events", "events page by page", "With `wait` a page comes as soon as there is an event for it.", "page", std::move(page))),
           get(std::move(page_parameters))},
          {"delivery",
           channel(nullptr, "webhooks",
                   "To each subscription's own address (`webhook` is an aggregate), as Standard Webhooks has it, until it is answered with 2xx.",
                   "delivery", std::move(delivery)),
           binding("POST")}};
}

}  // namespace rapport::catalogue
