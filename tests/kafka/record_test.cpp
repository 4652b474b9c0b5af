// What subscribers see of an event: key, headers, JSON.
#include "adapters/kafka/record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "eventstore/memory/memory_event_store.h"
#include "tests/kafka/enterprise.h"

namespace rapport::kafka {
namespace {

struct Record : testing::Test {
  Record() { Enterprise(store).grow(400); }

  // Calls f with every event of that type.
  void each(std::string_view type, auto&& f) {
    auto reader = store.read({});
    for (;;) {
      auto event = reader->next();
      ASSERT_TRUE(event);
      if (!*event) return;
      if ((*event)->type == type) f(**event);
    }
  }
  std::map<std::string, std::string> headers() {
    std::map<std::string, std::string> all;
    for (const auto& header : record.headers())
      EXPECT_TRUE(all.emplace(header.name, header.value).second) << header.name;
    return all;
  }

  MemoryEventStore store;
  EventRecord record{"rapport/test", nullptr};
};

TEST_F(Record, MasksPersonalTextsWhereItIsTold) {
  std::size_t seen = 0;
  each("account.created", [&](const RecordedEvent& event) {
    record.key_of(event);
    ASSERT_TRUE(record.write(event, 0));
    const std::string whole(record.value());
    ASSERT_TRUE(record.write(event, 0, Personal::kMasked));
    const auto masked = nlohmann::json::parse(record.value());
    const auto plain = nlohmann::json::parse(whole);
    EXPECT_EQ(masked["name"], plain["name"].is_null() ? nlohmann::json() : nlohmann::json("***"));
    EXPECT_EQ(masked["kind"], plain["kind"]) << "what is not personal stays";
    ++seen;
  });
  EXPECT_GT(seen, 0u);
}

TEST_F(Record, IsAWholeCloudEventInStructuredMode) {
  EventRecord structured("rapport/test", nullptr, Envelope::kStructured);
  std::size_t seen = 0;
  each("opportunity.opened", [&](const RecordedEvent& event) {
    record.key_of(event);
    ASSERT_TRUE(record.write(event, 17));
    structured.key_of(event);
    ASSERT_TRUE(structured.write(event, 17));
    const auto whole = nlohmann::json::parse(structured.value());
    EXPECT_EQ(whole["data"], nlohmann::json::parse(record.value()));
    EXPECT_EQ(whole["datacontenttype"], "application/json");
    for (const auto& [name, value] : headers()) {
      if (name.starts_with("ce_")) {
        EXPECT_EQ(whole[name.substr(3)], value) << name;
      }
    }
    const auto type = std::ranges::find(structured.headers(), std::string_view("content-type"), [](const Header& header) { return std::string_view(header.name); });
    ASSERT_NE(type, structured.headers().end());
    EXPECT_EQ(type->value, "application/cloudevents+json");
    EXPECT_EQ(structured.headers().size(), record.headers().size()) << "a relay resumes by headers";
    ++seen;
  });
  EXPECT_GT(seen, 0u);
}

TEST_F(Record, CarriesCloudEventsAndOutboxHeaders) {
  std::size_t seen = 0;
  each("opportunity.opened", [&](const RecordedEvent& event) {
    EXPECT_EQ(record.key_of(event), "opportunity-" + std::string(event.stream_id));
    ASSERT_TRUE(record.write(event, 17));
    auto all = headers();
    EXPECT_EQ(all["ce_specversion"], "1.0");
    EXPECT_EQ(all["ce_id"], to_text(event.id()));
    EXPECT_EQ(all["ce_source"], "rapport/test");
    EXPECT_EQ(all["ce_type"], "opportunity.opened");
    EXPECT_TRUE(all["ce_time"].starts_with("2017-07-14T")) << all["ce_time"];
    EXPECT_TRUE(all["ce_time"].ends_with("Z"));
    EXPECT_EQ(all["ce_subject"], stream_name("opportunity", event.stream_id));
    EXPECT_EQ(all["ce_partitionkey"], all["ce_subject"]);
    EXPECT_EQ(all["ce_dataschema"], "urn:rapport:schema:opportunity.opened:1");
    EXPECT_EQ(all["ce_sequence"], std::to_string(event.position.value));
    EXPECT_EQ(all["ce_streamversion"], std::to_string(event.version.value));
    EXPECT_EQ(all["content-type"], "application/json");
    EXPECT_EQ(all["id"], all["ce_id"]);
    EXPECT_EQ(all["eventType"], "opportunity.opened");
    EXPECT_EQ(all["rapport-prev"], "17");
    EXPECT_FALSE(all.contains("traceparent"));
    ++seen;
  });
  EXPECT_GT(seen, 10u);
}

TEST_F(Record, KeepsChineseByteForByte) {
  std::size_t seen = 0;
  each("opportunity.opened", [&](const RecordedEvent& event) {
    ASSERT_TRUE(record.write(event, 0));
    seen += record.value().find("\"name\":\"" + kChineseName + "\"") != std::string_view::npos;
    EXPECT_NE(record.value().find("\"ownerId\":\"李娜\""), std::string_view::npos)
        << record.value();
  });
  EXPECT_GT(seen, 5u);
}

TEST_F(Record, NamesTheSchemaOfEachTypeThatComes) {
  std::map<std::string, std::string> schemas;
  for (const auto* type :
       {"opportunity.opened", "case.opened", "account.created", "opportunity.opened"})
    each(type, [&](const RecordedEvent& event) {
      (void)record.key_of(event);
      ASSERT_TRUE(record.write(event, 0));
      schemas[type] = headers()["ce_dataschema"];
    });
  EXPECT_EQ(schemas["case.opened"], "urn:rapport:schema:case.opened:1");
  EXPECT_EQ(schemas["account.created"], "urn:rapport:schema:account.created:1");
  EXPECT_EQ(schemas["opportunity.opened"], "urn:rapport:schema:opportunity.opened:1");
}

TEST(FrameRecord, SaysWhichEventsItHas) {
  FrameRecord record("rapport/test");
  auto id = event_id(CommandId::of(1, 2), 3);
  record.write({101}, {250}, id);
  std::map<std::string, std::string> all;
  for (const auto& header : record.headers()) all.emplace(header.name, header.value);
  EXPECT_EQ(all["ce_sequence"], "250");
  EXPECT_EQ(all["rapport-first"], "101");
  EXPECT_EQ(all["rapport-prev"], "100");
  EXPECT_EQ(all["ce_id"], to_text(id));
}

}  // namespace
}  // namespace rapport::kafka
