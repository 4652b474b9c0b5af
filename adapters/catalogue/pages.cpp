#include "adapters/catalogue/pages.h"

#include <fmt/format.h>

#include "adapters/catalogue/example.h"
#include "adapters/catalogue/markup.h"
#include "adapters/catalogue/record_headers.h"
#include "adapters/catalogue/rows.h"
#include "adapters/json/field_plan.h"
#include "adapters/json/json_schema.h"
#include "adapters/kafka/topics.h"
#include "domain/schema_comments.h"

namespace rapport::catalogue {
namespace {

std::string about(const AggregatePlan& aggregate) {
  return std::string(schema_comment(aggregate.events.schema.getProto().getScopeId()));
}

std::string listed(const std::vector<std::string>& names) {
  std::string all;
  for (std::size_t i = 1; i < names.size(); ++i) all += (i == 1 ? "" : ", ") + code(names[i]);
  return all;
}

std::string kind_of(const FieldPlan& field, const ValuePlan& value) {
  switch (value.kind) {
    case FieldKind::kBool:
      return "true or false";
    case FieldKind::kEnum:
      return "one of " + listed(*value.names);
    case FieldKind::kDate:
      return "date, " + code("2026-03-31");
    case FieldKind::kTimestamp:
      return "time in UTC, " + code("2026-03-31T09:30:00Z");
    case FieldKind::kCurrency:
      return "currency, ISO 4217";
    case FieldKind::kText:
      return field.max_length == 0 ? "text" : fmt::format("text, up to {} bytes", field.max_length);
    case FieldKind::kData:
      return "bytes, base64";
    case FieldKind::kEventId:
      return "an event's id";
    case FieldKind::kStruct:
      return "object";
    case FieldKind::kList:
      return field.element.kind == FieldKind::kStruct ? "list of objects" : "list of " + kind_of(field, field.element);
    default:
      return unit_of(field).empty() ? "whole number" : "whole number: " + escaped(unit_of(field));
  }
}

std::string meaning_of(const FieldPlan& field) {
  std::vector<std::string> parts;
  if (!field.title.empty()) parts.push_back(escaped(field.title));
  if (field.presence != Presence::kRequired) parts.push_back("null if not known");
  if (field.personal)
    parts.push_back("<span class=\"personal\">personal</span>: sealed under the person's key; null once that is destroyed");
  std::string all;
  for (auto& part : parts) all += (all.empty() ? "" : "; ") + part;
  return all;
}

// Rows of a struct and of the structs in it; a part of a list is `lines[].qtyMilli`.
void add_rows(const StructPlan& plan, const std::string& path, std::vector<std::vector<std::string>>& rows) {
  for (auto& field : plan.fields) {
    const auto name = path + field.name;
    rows.push_back({code(name), kind_of(field, field.value), meaning_of(field)});
    if (field.value.kind == FieldKind::kStruct) add_rows(*field.value.type, name + ".", rows);
    if (field.element.kind == FieldKind::kStruct) add_rows(*field.element.type, name + "[].", rows);
  }
}

std::string event_section(const AggregatePlan& aggregate, const MemberPlan& event) {
  std::vector<std::vector<std::string>> rows;
  add_rows(*event.plan, "", rows);
  const auto example = example_of(aggregate, event);
  std::string headers = "key: " + example.key + "\n";
  for (auto& [name, value] : example.headers.items()) headers += name + ": " + value.get<std::string>() + "\n";
  std::string made = fmt::format("<section>\n<h2 id=\"{0}\">{1}</h2>\n", escaped(event.name), code(event.type));
  if (!event.plan->title.empty()) made += element("p", escaped(event.plan->title)) + "\n";
  made += element("p", "Changes the " + escaped(event.facet) + ". Schemas: " + link("schemas/" + event.type + ".json", "value") + ", " +
                           link("schemas/" + event.type + ".headers.json", "headers") + ".") +
          "\n";
  if (rows.empty()) made += element("p", "It has no fields.") + "\n";
  else made += table("Fields of " + code(event.type), {"Field", "Kind and unit", "Meaning"}, rows);
  made += "<h3>Example</h3>\n";
  made += element("pre tabindex=\"0\" aria-label=\"Key and headers of an example\"", escaped(headers)) + "\n";
  made += element("pre tabindex=\"0\" aria-label=\"Value of an example\"", escaped(example.value.dump(2))) + "\n</section>\n";
  return made;
}

std::string settings_of(const kafka::TopicPlan& topic) {
  std::string all = fmt::format("{} partition{}", topic.partitions, topic.partitions == 1 ? "" : "s");
  for (auto& [name, value] : kafka::topic_settings(kafka::kReplicationMax, topic.compacted)) all += ", " + code(name + "=" + value);
  return all;
}

std::string headers_table() {
  std::vector<std::vector<std::string>> rows;
  auto& aggregate = aggregate_plans().front();
  auto& event = aggregate.events.members.front();
  const auto example = example_of(aggregate, event);
  const auto headers = event_headers(aggregate, event);
  for (auto& [name, schema] : headers["properties"].items())
    rows.push_back({code(name), code(example.headers.value(name, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
                    escaped(schema["description"].get<std::string>())});
  return table("Headers of every event's record", {"Header", "Example", "Meaning"}, rows);
}

}  // namespace

std::string page_name(const AggregatePlan& aggregate) { return aggregate.name + ".html"; }

std::string aggregate_page(const AggregatePlan& aggregate) {
  std::string body = element("h1", escaped("Events of " + aggregate.name)) + "\n" + element("p", escaped(about(aggregate))) + "\n";
  body += element("p", "Topic " + code(kafka::events_topic(aggregate.name)) + ", key " + code(aggregate.name + "-ID") +
                           ": the events of one stream are in order.") +
          "\n<nav aria-label=\"Events\"><ul>\n";
  for (auto& event : aggregate.events.members) body += element("li", link("#" + event.name, code(event.type))) + "\n";
  body += "</ul></nav>\n";
  for (auto& event : aggregate.events.members) body += event_section(aggregate, event);
  return page("Events of " + aggregate.name, body, true);
}

std::string index_page() {
  std::vector<std::vector<std::string>> aggregates, topics;
  for (auto& aggregate : aggregate_plans()) {
    std::string events;
    for (auto& event : aggregate.events.members)
      events += (events.empty() ? "" : ", ") + link(page_name(aggregate) + "#" + event.name, code(event.name));
    aggregates.push_back({link(page_name(aggregate), code(aggregate.name)), escaped(about(aggregate)), events});
  }
  for (auto& topic : all_topics()) topics.push_back({code(topic.name), settings_of(topic)});
  std::string body = "<h1>Events of Rapport</h1>\n";
  body += element("p", "Every event of the log is one record of one topic, in order within its stream, from the first one on. Records are "
                       "CloudEvents 1.0 in binary mode: headers, and the event's data as JSON. Positions (" + code("ce_sequence") +
                           ") are dense over all topics, so that a subscriber sees any gap.") +
          "\n";
  body += element("p", "For programs: " + link("asyncapi.json", "AsyncAPI 3.0") + " with every topic and message, and a JSON Schema of "
                       "each event's value and headers under " + code("schemas/") + ".") +
          "\n";
  body += table("Aggregates", {"Aggregate", "What it is", "Events"}, aggregates);
  body += table("Topics", {"Topic", "Made with"}, topics);
  body += headers_table();
  return page("Events of Rapport", body, false);
}

}  // namespace rapport::catalogue
