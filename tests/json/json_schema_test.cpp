// The published schemas say what the reader takes and the writer writes.
#include "adapters/json/json_schema.h"

#include <capnp/message.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "adapters/json/field_plan.h"
#include "adapters/json/read_json.h"
#include "adapters/json/write_json.h"
#include "tests/json/random_message.h"
#include "tests/json/schema_check.h"

namespace rapport {
namespace {

using Json = nlohmann::json;

Json schema_of(const std::string& type) { return Json::parse(*schema_text(type)); }

TEST(JsonSchema, FitsWhateverTheWriterWrites) {
  for (auto& aggregate : aggregate_plans()) {
    for (auto* all : {&aggregate.commands, &aggregate.events}) {
      for (auto& member : all->members) {
        auto schema = schema_of(member.type);
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
          capnp::MallocMessageBuilder message;
          auto field = all->schema.getFieldByName(member.name.c_str());
          std::string text;
          ASSERT_TRUE(append_member(*all, test::random_member(message, all->schema, field, seed),
                                    kPlainTexts, text));
          EXPECT_EQ(test::misfit(schema, Json::parse(text)), "") << member.type << "\n" << text;
        }
      }
    }
  }
}

// What the reader refuses, the schema refuses too, but for what a schema cannot say (bytes of
// UTF-8, days of a month).
TEST(JsonSchema, RefusesWhatTheReaderRefuses) {
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"opportunity.open", R"({"pipelineId":"p"})", "/stageId: required"},
      {"opportunity.open", R"({"pipelineId":"p","stageId":null})", "/stageId: type"},
      {"opportunity.open", R"({"pipelineId":"p","stageId":"s","x":1})", "/x: additionalProperties"},
      {"opportunity.open", R"({"pipelineId":"p","stageId":"a\nb"})", "/stageId: pattern"},
      {"opportunity.open", R"({"pipelineId":"p","stageId":"s","type":"unspecified"})",
       "/type: anyOf"},
      {"opportunity.open", R"({"pipelineId":"p","stageId":"s","type":"other"})", "/type: anyOf"},
      {"opportunity.changeAmount", R"({"amount":{"amountMinor":1.5,"currency":"EUR"}})",
       "/amount/amountMinor: type"},
      {"opportunity.changeAmount",
       R"({"amount":{"amountMinor":9223372036854775808,"currency":"EUR"}})",
       "/amount/amountMinor: range"},
      {"opportunity.changeAmount", R"({"amount":{"amountMinor":1,"currency":"euro"}})",
       "/amount/currency: pattern"},
      {"opportunity.correct", R"({"target":"1","new":{},"approverId":"a"})", "/target: pattern"},
      {"order.fulfil", R"({"lines":[{"line":65536,"qtyMilli":1}]})", "/lines/0/line: range"},
      {"account.create", R"({"kind":"robot"})", "/kind: enum"},
      {"account.create", R"({"kind":"person","regionCode":"1234567"})", "/regionCode: anyOf"},
  };
  for (auto& [type, text, wanted] : rows) {
    std::string_view name = type;
    auto dot = name.find('.');
    EXPECT_FALSE(read_command(name.substr(0, dot), name.substr(dot + 1), text)) << text;
    EXPECT_EQ(test::misfit(schema_of(type), Json::parse(text)), wanted) << text;
  }
}

TEST(JsonSchema, SaysLimitsFormatsAndWhatIsPersonal) {
  auto lost = schema_of("opportunity.lost");
  EXPECT_EQ(lost["$schema"], "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(lost["title"], "opportunity.lost");
  EXPECT_EQ(lost["$id"], "urn:rapport:schema:opportunity.lost:1");
  EXPECT_FALSE(schema_of("opportunity.lose").contains("$id"));
  // An optional field may have come later than records that lie in topics.
  EXPECT_EQ(lost["required"], Json::parse(R"(["reasonCode"])"));
  auto& text = lost["properties"]["text"];
  EXPECT_EQ(text["x-personal"], true);
  EXPECT_EQ(text["anyOf"][0]["x-maxBytes"], 4000);
  EXPECT_TRUE(text["anyOf"][1]["properties"].contains("sealed"));
  EXPECT_EQ(schema_of("case.pended")["properties"]["since"]["format"], "date-time");
  EXPECT_EQ(schema_of("opportunity.changeCloseDate")["properties"]["closeDate"]["format"], "date");
  // A sealed text and an erased one are values of an event, and of no command.
  auto sealed =
      Json::parse(R"({"reasonCode":"r","competitor":null,"text":{"sealed":"AAAA"},"amount":null})");
  EXPECT_EQ(test::misfit(lost, sealed), "");
  EXPECT_NE(test::misfit(schema_of("opportunity.lose"),
                         Json::parse(R"({"reasonCode":"r","text":{"sealed":"AAAA"}})")),
            "");
}

// Comments stand behind what they are about: a field, a group, a struct on one line or on several.
TEST(JsonSchema, SaysWhatTheSchemasCommentsSayAndInWhatNumbersAreCounted) {
  auto described = [](const Json& schema, const char* field) { return schema["properties"][field].value("description", ""); };
  auto opened = schema_of("opportunity.opened");
  EXPECT_EQ(opened["description"], "a deal came into a pipeline");
  EXPECT_EQ(described(opened, "probabilityBp"), "copied from the pipeline's policy at entry");
  EXPECT_EQ(described(opened, "closeDate"), "expected");
  EXPECT_EQ(described(opened, "stageId"), "");
  EXPECT_EQ(opened["properties"]["probabilityBp"]["x-unit"], "basis points: 10000 = 100 %");
  EXPECT_EQ(schema_of("opportunity.won")["description"], "the customer bought");
  EXPECT_EQ(schema_of("opportunity.won")["properties"]["amount"]["properties"]["amountMinor"]["x-unit"],
            "the currency's smallest unit: cents, yen");
  EXPECT_EQ(schema_of("opportunity.reopened")["description"], "a closed deal is open again");
  EXPECT_EQ(schema_of("opportunity.detailsChanged")["properties"]["new"]["description"],
            "A patch: present = changed, an empty text = cleared.");
  for (auto& aggregate : aggregate_plans())
    for (auto& event : aggregate.events.members) EXPECT_FALSE(event.plan->title.empty()) << event.type << " has no comment";
}

TEST(Catalogue, ListsEveryCommandAndEvent) {
  std::size_t commands = 0, events = 0;
  for (auto& aggregate : aggregate_plans()) {
    commands += aggregate.commands.members.size();
    events += aggregate.events.members.size();
  }
  auto listed = [](const char* what) { return Json::parse(*schema_text(what)); };
  EXPECT_EQ(listed("commands").size(), commands);
  EXPECT_EQ(listed("events").size(), events);
  EXPECT_EQ(listed("").size(), commands + events);
  EXPECT_EQ(listed("principal").size(), find_aggregate("principal")->commands.members.size() +
                                            find_aggregate("principal")->events.members.size());
  auto all = listed("events");
  auto won = std::ranges::find_if(all, [](auto& e) { return e["type"] == "opportunity.won"; });
  ASSERT_NE(won, all.end());
  EXPECT_EQ(*won,
            Json::parse(
                R"({"aggregate":"opportunity","name":"won","type":"opportunity.won","kind":"event",
    "fields":["amount","orderId"],"personal":[],"facet":"status","title":"the customer bought"})"));
}

TEST(Catalogue, AnUnknownNameIsToldWithTheNearest) {
  for (auto& [what, hint] :
       {std::pair{"opportunity.wom", "did you mean won?"},
        std::pair{"oportunity.won", "did you mean opportunity?"},
        std::pair{"event", "did you mean events?"}, std::pair{"opportunity.unspecified", ""}}) {
    auto text = schema_text(what);
    ASSERT_FALSE(text) << what;
    EXPECT_EQ(text.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(text.error().reason, "schema.unknown");
    EXPECT_EQ(text.error().hint, hint);
  }
}

}  // namespace
}  // namespace rapport
