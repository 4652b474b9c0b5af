// One row a mistake: its reason, its place, what was expected.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "adapters/json/read_json.h"

namespace rapport {
namespace {

struct Mistake {
  const char* command;  // "opportunity.open"
  std::string text;
  const char* reason;  // after "command."
  const char* field;
  const char* expected;  // a part of it
  const char* hint = "";
};

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}
std::string quoted(std::size_t bytes) { return '"' + std::string(bytes, 'x') + '"'; }

std::vector<Mistake> mistakes() {
  return {
      // The text as a whole.
      {"opportunity.open", "{", "malformed", "", "one JSON value"},
      {"opportunity.open", "{} {}", "malformed", "", "one JSON value"},
      {"opportunity.open", " ", "malformed", "", "one JSON value"},
      {"opportunity.open", "{'stageId':1}", "malformed", "", "one JSON value"},
      {"opportunity.open", R"({"stageId":"a",})", "malformed", "", "one JSON value"},
      {"opportunity.open", R"({"stageId":1e999})", "malformed", "/stageId", "one JSON value"},
      {"opportunity.open", "{\"name\":\"a\nb\"}", "malformed", "/name", "one JSON value"},
      {"opportunity.open", "[]", "type", "", "an object"},
      {"opportunity.open", "null", "type", "", "an object"},
      {"opportunity.open", "17", "type", "", "an object"},
      {"opportunity.open", R"({"name":)" + nested(40) + "}", "too_deep",
       "/name/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0", "32 levels"},
      {"opportunity.open", R"({"name":)" + quoted(1u << 20) + "}", "too_large", "",
       "1048576 bytes"},
      {"opportunity.open", R"({"stageId":"a","stageId":"a"})", "duplicate_field", "/stageId",
       "once"},
      {"opportunity.open", R"({"stageId":"a","\u0073tageId":"a"})", "duplicate_field", "/stageId",
       "once"},
      {"opportunity.open", R"({"amount":{"currency":"EUR","currency":"USD"}})", "duplicate_field",
       "/amount/currency", "once"},
      {"order.fulfil", R"({"lines":[{"line":1,"qtyMilli":1},{"line":1,"line":2}]})",
       "duplicate_field", "/lines/1/line", "once"},
      // UTF-8.
      {"opportunity.open", "{\"name\":\"\xFF\"}", "bad_utf8", "/name", "UTF-8"},
      {"opportunity.open", "{\"name\":\"\xED\xA0\x80\"}", "bad_utf8", "/name", "UTF-8"},
      {"opportunity.open", "{\"name\":\"\xC0\x80\"}", "bad_utf8", "/name", "UTF-8"},
      {"opportunity.open", R"({"name":"\ud83d"})", "bad_utf8", "/name", "surrogates"},
      {"opportunity.open", R"({"name":"\ude00"})", "bad_utf8", "/name", "surrogates"},
      {"opportunity.open", R"({"amount":{"currency":"\ud83dx"}})", "bad_utf8", "/amount/currency",
       "surrogates"},
      // Members.
      {"opportunity.open", R"({"stageID":"a"})", "unknown_field", "/stageID", "stageId",
       "did you mean stageId?"},
      {"opportunity.open", R"({"colour":null})", "unknown_field", "/colour", "one of accountId"},
      {"opportunity.open", R"({"a/b~c":1})", "unknown_field", "/a~1b~0c", "one of"},
      {"opportunity.open", R"({"":1})", "unknown_field", "/", "one of"},
      {"opportunity.open",
       R"({"stageId":"s","pipelineId":"p","amount":{"amountMinor":1,"currency":"EUR","x":1}})",
       "unknown_field", "/amount/x", "amountMinor, currency"},
      {"case.close", R"({"now":true})", "unknown_field", "/now", "no fields at all"},
      {"opportunity.open", R"({"pipelineId":"p"})", "missing", "/stageId", "a value"},
      {"opportunity.open", R"({"pipelineId":"p","stageId":null})", "missing", "/stageId",
       "a value"},
      {"opportunity.open", R"({"pipelineId":"p","stageId":"s","amount":{"amountMinor":1}})",
       "missing", "/amount/currency", ""},
      {"order.fulfil", R"({"lines":[{"line":1,"qtyMilli":1},{"line":2}]})", "missing",
       "/lines/1/qtyMilli", "a value"},
      {"opportunity.changeAmount", "{}", "missing", "/amount", "a value"},
      {"order.fulfil", "{}", "missing", "/lines", "a value"},
      {"case.reply", R"({"direction":"inbound"})", "missing", "/public", "a value"},
      // Types.
      {"opportunity.moveStage", R"({"stageId":7})", "type", "/stageId", "a text"},
      {"opportunity.moveStage", R"({"stageId":["a"]})", "type", "/stageId", "a text"},
      {"opportunity.changeAmount", R"({"amount":"5 EUR"})", "type", "/amount", "an object"},
      {"opportunity.changeAmount", R"({"amount":{"amountMinor":"5","currency":"EUR"}})", "type",
       "/amount/amountMinor", "integer"},
      {"opportunity.changeAmount", R"({"amount":{"amountMinor":5.0,"currency":"EUR"}})", "type",
       "/amount/amountMinor", "integer"},
      {"opportunity.changeAmount", R"({"amount":{"amountMinor":5e2,"currency":"EUR"}})", "type",
       "/amount/amountMinor", "integer"},
      {"opportunity.changeAmount", R"({"amount":{"amountMinor":true,"currency":"EUR"}})", "type",
       "/amount/amountMinor", "integer"},
      {"case.reply", R"({"direction":"inbound","public":1})", "type", "/public", "true or false"},
      {"case.reply", R"({"direction":1,"public":true})", "type", "/direction",
       "one of inbound, outbound"},
      {"order.fulfil", R"({"lines":{}})", "type", "/lines", "an array"},
      {"order.fulfil", R"({"lines":[1]})", "type", "/lines/0", "an object"},
      {"order.fulfil", R"({"lines":[null]})", "type", "/lines/0", "an object"},
      {"opportunity.changeCloseDate", R"({"closeDate":17000})", "type", "/closeDate", "YYYY-MM-DD"},
      {"case.open", R"({"openedAt":0})", "type", "/openedAt", "RFC 3339"},
      {"opportunity.changeAmount", R"({"amount":{"amountMinor":5,"currency":978}})", "type",
       "/amount/currency", "ISO 4217"},
      {"opportunity.correct", R"({"target":1,"new":{},"approverId":"a"})", "type", "/target",
       "uuid.n"},
      // Ranges.
      {"opportunity.changeAmount",
       R"({"amount":{"amountMinor":9223372036854775808,"currency":"EUR"}})", "out_of_range",
       "/amount/amountMinor", "9223372036854775807"},
      {"opportunity.changeAmount",
       R"({"amount":{"amountMinor":-9223372036854775809,"currency":"EUR"}})", "type",
       "/amount/amountMinor", "-9223372036854775808"},  // JSON's parser makes a float of it
      {"opportunity.overrideForecast", R"({"probabilityBp":65536})", "out_of_range",
       "/probabilityBp", "0 to 65535"},
      {"opportunity.overrideForecast", R"({"probabilityBp":-1})", "out_of_range", "/probabilityBp",
       "0 to 65535"},
      {"case.open", R"({"impact":256})", "out_of_range", "/impact", "0 to 255"},
      {"batch.completeImport", R"({"rows":-1})", "out_of_range", "/rows",
       "0 to 18446744073709551615"},
      // Lengths, in bytes.
      {"opportunity.moveStage", R"({"stageId":)" + quoted(65) + "}", "too_long", "/stageId",
       "at most 64 bytes"},
      {"opportunity.lose", R"({"reasonCode":"r","text":)" + quoted(4001) + "}", "too_long", "/text",
       "4000"},
      {"account.create", R"({"kind":"person","regionCode":"王王王"})", "too_long", "/regionCode",
       "at most 6 bytes"},
      // Values.
      {"case.open", R"({"type":"unspecified"})", "unknown_value", "/type",
       "one of question, incident"},
      {"account.create", R"({"kind":"unspecified"})", "unknown_value", "/kind",
       "one of organisation"},
      {"account.create", R"({"kind":"persom"})", "unknown_value", "/kind", "person",
       "did you mean person?"},
      {"account.create", R"({"kind":"Person"})", "unknown_value", "/kind", "person",
       "did you mean person?"},
      {"opportunity.changeCloseDate", R"({"closeDate":"2011-02-30"})", "bad_date", "/closeDate",
       "YYYY-MM-DD"},
      {"opportunity.changeCloseDate", R"({"closeDate":"30.06.2017"})", "bad_date", "/closeDate",
       "YYYY-MM-DD"},
      {"case.open", R"({"openedAt":"2011-02-28T24:00:00Z"})", "bad_time", "/openedAt", "RFC 3339"},
      {"case.open", R"({"openedAt":"2011-02-28T10:00:00"})", "bad_time", "/openedAt", "RFC 3339"},
      {"opportunity.changeAmount", R"({"amount":{"amountMinor":5,"currency":"euro"}})",
       "bad_currency", "/amount/currency", "ISO 4217"},
      {"opportunity.correct", R"({"target":"x.1","new":{},"approverId":"a"})", "bad_event_id",
       "/target", "uuid.n"},
      {"opportunity.moveStage", R"({"stageId":"a\u0000b"})", "control_character", "/stageId",
       "identifier"},
      {"opportunity.moveStage", R"({"stageId":"a\nb"})", "control_character", "/stageId",
       "identifier"},
      {"opportunity.lose", R"({"reasonCode":"\u007f"})", "control_character", "/reasonCode",
       "identifier"},
      {"opportunity.reopen", R"({"toStage":"a\tb"})", "control_character", "/toStage",
       "identifier"},
  };
}

TEST(Strictness, EachMistakeIsNamedWithItsPlace) {
  for (auto& row : mistakes()) {
    SCOPED_TRACE(std::string(row.command) + " " + row.text.substr(0, 120));
    std::string_view command = row.command;
    auto dot = command.find('.');
    auto read = read_command(command.substr(0, dot), command.substr(dot + 1), row.text);
    if (read) {
      ADD_FAILURE() << "was taken";
      continue;
    }
    auto& error = read.error();
    EXPECT_EQ(error.code, ErrorCode::kInvalid);
    EXPECT_EQ(error.reason, std::string("command.") + row.reason) << error.message;
    EXPECT_EQ(error.field, row.field);
    EXPECT_NE(error.expected.find(row.expected), std::string::npos) << error.expected;
    EXPECT_EQ(error.hint, row.hint);
    EXPECT_FALSE(error.message.empty());
  }
}

TEST(Strictness, WhatIsRightIsTaken) {
  const std::pair<const char*, const char*> rows[] = {
      {"open", R"({"pipelineId":"p","stageId":"s"})"},
      {"open",
       "\xEF\xBB\xBF{\"pipelineId\":\"p\",\"stageId\":\"s\"}"},  // a byte order mark in front
      {"open", R"({"pipelineId":"p","stageId":"s","type":null,"amount":null,"name":""})"},
      {"open",
       R"({"pipelineId":"p","stageId":"","name":"a\nb\u0000","type":"new","closeDate":"2012-02-29"})"},
      {"open", R"({"pipelineId":"p","stageId":"s","name":"\ud83d\ude00\uffff"})"},
      {"changeAmount", R"({"amount":{"amountMinor":-9223372036854775808,"currency":"USD"}})"},
      {"changeAmount", R"({"amount":{"amountMinor":-0,"currency":"USD"}})"},
      {"overrideForecast", "{}"},
      {"overrideForecast", ""},
  };
  for (auto& [command, text] : rows) {
    auto read = read_command("opportunity", command, text);
    EXPECT_TRUE(read) << text << (read ? "" : read.error().message);
  }
}

TEST(Strictness, AnUnknownCommandIsNotFoundAndTheNearestNamed) {
  auto aggregate = read_command("oportunity", "open", "{}");
  ASSERT_FALSE(aggregate);
  EXPECT_EQ(aggregate.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(aggregate.error().reason, "command.unknown_aggregate");
  EXPECT_EQ(aggregate.error().hint, "did you mean opportunity?");
  auto command = read_command("opportunity", "moveStages", "{}");
  ASSERT_FALSE(command);
  EXPECT_EQ(command.error().reason, "command.unknown_command");
  EXPECT_EQ(command.error().hint, "did you mean moveStage?");
  EXPECT_FALSE(read_command("opportunity", "unspecified", "{}"));
  EXPECT_FALSE(read_command("unspecified", "open", "{}"));
}

TEST(Strictness, LimitsAndReasonsAreTheCallers) {
  JsonLimits limits{20, 2, "mapping."};
  EXPECT_TRUE(parse_json("[[1]]", limits));
  EXPECT_EQ(parse_json("[[[1]]]", limits).error().reason, "mapping.too_deep");
  EXPECT_EQ(parse_json("[11111111111111111111]", limits).error().reason, "mapping.too_large");
}

// Whatever bytes come in, they are refused or taken: nothing crashes, and what is taken is a whole
// command.
TEST(Strictness, BrokenTextsNeverGetThrough) {
  const std::string whole =
      R"({"pipelineId":"p","stageId":"s","name":"王\ud83d\ude00","amount":{"amountMinor":5,"currency":"EUR"}})";
  for (std::size_t cut = 1; cut < whole.size(); ++cut)
    EXPECT_FALSE(read_command("opportunity", "open", whole.substr(0, cut))) << cut;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int byte : {0, 0x22, 0x5C, 0x7B, 0x80, 0xFF}) {
      auto broken = whole;
      broken[at] = static_cast<char>(byte);
      auto read = read_command("opportunity", "open", broken);
      EXPECT_TRUE(read || !read.error().reason.empty());
    }
  }
}

}  // namespace
}  // namespace rapport
