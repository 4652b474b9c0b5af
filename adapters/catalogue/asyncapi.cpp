#include "adapters/catalogue/asyncapi.h"

#include "adapters/catalogue/example.h"
#include "adapters/catalogue/http_channels.h"
#include "adapters/catalogue/record_headers.h"
#include "adapters/catalogue/rows.h"
#include "adapters/json/field_plan.h"
#include "adapters/json/json_schema.h"
#include "adapters/kafka/topics.h"
#include "domain/result.h"
#include "domain/schema_comments.h"
#include "projections/views.h"

namespace rapport::catalogue {
namespace {

constexpr const char* kBinding = "0.5.0";

Json reference(const std::string& to) { return {{"$ref", to}}; }

Json servers() {
  auto variable = [](const char* value, const char* meaning) {
    return Json{{"default", value}, {"description", meaning}};
  };
  return {{"kafka",
           {{"host", "{bootstrap}"},
            {"protocol", "kafka"},
            {"description", "the cluster that `rapport publish` or `rapport serve --kafka` writes to"},
            {"variables", {{"bootstrap", variable("localhost:9092", "a broker, HOST:PORT")}}}}},
          {"http",
           {{"host", "{address}"},
            {"protocol", "http"},
            {"description", "`rapport serve`"},
            {"variables", {{"address", variable("localhost:8080", "where it listens")}}}}}};
}

// The value's schema as AsyncAPI's own kind of schema: what is not JSON Schema's core stays out.
Json payload_of(const MemberPlan& event) {
  auto schema = Json::parse(json_schema(*event.plan, event.type, SchemaSide::kEvent));
  schema.erase("$schema");
  schema.erase("$id");
  return schema;
}

Json message_of(const AggregatePlan& aggregate, const MemberPlan& event) {
  auto example = example_of(aggregate, event);
  Json message{{"name", event.type}, {"title", event.type}};
  if (!event.plan->title.empty()) message["summary"] = event.plan->title;
  message["contentType"] = "application/json";
  message["headers"] = event_headers(aggregate, event);
  message["payload"] = reference("#/components/schemas/" + event.type);
  message["bindings"]["kafka"] = {
      {"key", {{"type", "string"}, {"pattern", "^" + aggregate.name + "-"}, {"description", "the stream: the aggregate and its id"}}},
      {"bindingVersion", kBinding}};
  message["examples"] = Json::array({{{"name", event.name}, {"headers", example.headers}, {"payload", example.value}}});
  return message;
}

Json frame_message() {
  return {{"name", "rapport.frame"},
          {"title", "a frame of the log"},
          {"summary", "events as they are stored, complete: a reader recomputes the log's root from them"},
          {"contentType", "application/vnd.capnp"},
          {"headers", frame_headers()},
          {"payload", {{"type", "string"}, {"format", "binary"}, {"description", "eventstore/schema/envelope.capnp, Frame"}}}};
}

Json kafka_channel(const kafka::TopicPlan& topic) {
  Json settings = Json::object();
  for (auto& [name, value] : kafka::topic_settings(kafka::kReplicationMax, topic.compacted)) {
    if (name == "cleanup.policy") settings[name] = Json::array({value});
    else settings[name] = std::stoll(value);
  }
  return {{"address", topic.name},
          {"servers", Json::array({reference("#/servers/kafka")})},
          {"messages", Json::object()},
          {"bindings",
           {{"kafka",
             {{"topic", topic.name},
              {"partitions", topic.partitions},
              {"replicas", kafka::kReplicationMax},
              {"topicConfiguration", settings},
              {"bindingVersion", kBinding}}}}}};
}

Json checkpoint_message() {
  auto constant = [](const char* value) { return Json{{"const", value}}; };
  return {{"name", "rapport.checkpoint"},
          {"title", "the log's size and root, signed"},
          {"summary", "a C2SP tlog-checkpoint: whoever kept one can tell later whether the log is that one with more behind it"},
          {"contentType", "text/plain; charset=utf-8"},
          {"headers",
           {{"type", "object"},
            {"properties",
             {{"ce_specversion", constant("1.0")},
              {"ce_id", {{"type", "string"}}},
              {"ce_source", {{"type", "string"}}},
              {"ce_type", constant("rapport.checkpoint")},
              {"ce_sequence", {{"type", "string"}, {"pattern", "^[1-9][0-9]*$"}, {"description", "the log's size"}}},
              {"content-type", constant("text/plain; charset=utf-8")}}}}},
          {"payload", {{"type", "string"}}}};
}

Json dead_letter_message() {
  Json properties = Json::object();
  for (auto [name, meaning] : {std::pair{"rapport-reason", "why a worker could not take it"},
                               std::pair{"rapport-topic", "where it is"},
                               std::pair{"rapport-partition", "where it is"},
                               std::pair{"rapport-offset", "where it is"},
                               std::pair{"rapport-worker", "who could not take it"},
                               std::pair{"rapport-position", "of an event of the record that could not be read: the value is then its payload"},
                               std::pair{"rapport-stream", "of such an event"},
                               std::pair{"eventType", "of such an event"}})
    properties[name] = {{"type", "string"}, {"description", meaning}};
  return {{"name", "rapport.deadLetter"},
          {"title", "what a worker could not take, as it was"},
          {"headers", {{"type", "object"}, {"properties", properties}}},
          {"payload", {{"type", "string"}, {"format", "binary"}}}};
}

// Rapport sends what a channel has; its subscribers receive.
void add_channel(Json& document, const std::string& name, Json channel) {
  RAPPORT_ASSERT(!document["channels"].contains(name));
  auto messages = Json::array();
  for (auto& [message, unused] : channel["messages"].items())
    messages.push_back(reference("#/channels/" + name + "/messages/" + message));
  document["channels"][name] = std::move(channel);
  document["operations"]["send-" + name] = {
      {"action", "send"}, {"channel", reference("#/channels/" + name)}, {"messages", messages}};
}

Json events_channel(const kafka::TopicPlan& topic, const AggregatePlan& aggregate, Json& components) {
  auto channel = kafka_channel(topic);
  channel["title"] = "events of " + aggregate.name;
  channel["description"] = schema_comment(aggregate.events.schema.getProto().getScopeId());
  for (auto& event : aggregate.events.members) {
    components["schemas"][event.type] = payload_of(event);
    components["messages"][event.type] = message_of(aggregate, event);
    channel["messages"][event.name] = reference("#/components/messages/" + event.type);
  }
  return channel;
}

// A topic that nothing here describes gets a channel without messages: tests/catalogue fails on it.
void add_topic(Json& document, const kafka::TopicPlan& topic, Json& components) {
  for (auto& aggregate : aggregate_plans())
    if (topic.name == kafka::events_topic(aggregate.name))
      return add_channel(document, aggregate.name, events_channel(topic, aggregate, components));
  auto channel = kafka_channel(topic);
  auto add = [&](const char* name, const char* title, const char* message_name, Json message) {
    channel["title"] = title;
    channel["messages"][message_name] = std::move(message);
    add_channel(document, name, channel);
  };
  if (topic.name == kafka::kLogTopic) return add("log", "the log", "frame", frame_message());
  if (topic.name == kafka::kCheckpointsTopic) return add("checkpoints", "signed checkpoints of the log", "checkpoint", checkpoint_message());
  if (topic.name == kafka::kDeadLettersTopic) return add("log-dlq", "what workers could not take", "deadLetter", dead_letter_message());
  for (auto& view : projections::all_views()) {
    if (topic.name != kafka::state_topic(view.name)) continue;
    channel["title"] = "rows of the view " + view.name;
    channel["description"] = "The rows as they are now: the last record of a key counts, one without a value says that the row is gone.";
    channel["messages"] = row_messages(view);
    return add_channel(document, view.name, channel);
  }
  add_channel(document, topic.name, channel);
}

}  // namespace

Json asyncapi() {
  Json document{{"asyncapi", "3.0.0"},
                {"id", "urn:rapport:events"},
                {"info",
                 {{"title", "Rapport"},
                  {"version", RAPPORT_VERSION},
                  {"description",
                   "Every event of the log, once, in order within its stream, from the first one on. Records are CloudEvents 1.0 in "
                   "binary mode. Positions (ce_sequence) are dense: who reads all topics sees any gap."},
                  {"license", {{"name", "Apache-2.0"}, {"url", "https://www.apache.org/licenses/LICENSE-2.0"}}}}},
                {"defaultContentType", "application/json"},
                {"servers", servers()},
                {"channels", Json::object()},
                {"operations", Json::object()}};
  Json components{{"schemas", Json::object()}, {"messages", Json::object()}};
  for (auto& topic : all_topics()) add_topic(document, topic, components);
  components["schemas"]["event"] = event_schema();
  for (auto& [name, channel, binding] : http_channels()) {
    add_channel(document, name, channel);
    document["operations"][std::string("send-") + name]["bindings"] = binding;
  }
  document["components"] = std::move(components);
  return document;
}

}  // namespace rapport::catalogue
