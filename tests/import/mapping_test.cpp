// Mappings that are wrong: every fault is told with its place in the mapping before the first row
// is read.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "adapters/import/mapping/compile.h"
#include "adapters/import/mapping/structure.h"
#include "adapters/import/presets.h"

namespace rapport::import {
namespace {

using Json = nlohmann::ordered_json;

// A mapping that is right, to be spoilt at one place.
Json good() {
  return Json::parse(R"({"mapping": "m", "dialect": {"timeZone": "UTC"},
    "policies": [{"kind": "pipeline", "id": "p", "effectiveFrom": "2020-01-01", "body": {"stages": [{"id": "a", "label": "A", "probabilityBp": 1, "forecastCategory": "pipeline"}]}}],
    "tables": [
      {"table": "products", "mode": "state", "key": ["sku"], "at": "always", "columns": {"sku": {}, "price": {"datatype": {"base": "money", "currency": "EUR"}}}, "commands": []},
      {"table": "deals", "mode": "history", "key": ["id"], "at": "{at}", "columns": {
        "id": {"required": true}, "at": {"datatype": "datetime"}, "mail": {"personal": true}, "open": {"datatype": "boolean"}, "count": {"datatype": "integer"},
        "stage": {"map": {"A": "a", "B": "b"}}, "product": {}, "owner": {},
        "amount": {"lookup": {"table": "products", "key": ["{product}"], "column": "price"}},
        "kind": {"cases": [{"when": {"open": true}, "value": "question"}, {"value": "incident"}]}},
       "commands": [
        {"command": "opportunity/open", "id": "{id}", "on": "first", "fields": {"accountId": "{mail}", "pipelineId": "p", "stageId": "{stage}", "amount": "{amount}"}},
        {"command": "opportunity/changeDetails", "id": "{id}", "on": "later", "patch": {"productId": "{product}"}},
        {"command": "opportunity/lose", "id": "{id}", "ifChanged": ["open"], "when": {"open": false}, "reason": "not-recorded", "fields": {"reasonCode": "x"}},
        {"command": "case/open", "id": "{id}", "fields": {"type": "{kind}"}}]},
      {"table": "lines", "mode": "groups", "key": ["order"], "at": "unknown", "columns": {"order": {}, "item": {}, "qty": {"datatype": "quantity"}, "price": {"datatype": {"base": "price", "currency": "EUR"}}},
       "commands": [{"command": "order/place", "id": "{order}", "fields": {"kind": "sale", "currency": "EUR", "lines": {"each": {"productId": "{item}", "qtyMilli": "{qty}", "unitPrice": "{price}"}}}}]}]})");
}

// What is told of the mapping with `value` at `pointer`; "-" as value takes the member away.
std::string told(const char* pointer, const std::string& value) {
  auto json = good();
  Json::json_pointer at(pointer);
  if (value == "-")
    json[at.parent_pointer()].erase(at.back());
  else
    json[at] = Json::parse(value);
  auto plan = compile_mapping(json.dump(), "m.json");
  return plan ? "fine" : plan.error().message;
}

struct Fault {
  const char* pointer;
  const char* value;
  const char* told;
};

TEST(Mapping, TheOneThatIsSpoiltBelowIsGood) {
  auto plan = compile_mapping(good().dump(), "m.json");
  EXPECT_TRUE(plan.has_value()) << plan.error().message;
}

TEST(Mapping, ItsStructureIsCheckedAgainstTheSchema) {
  const Fault faults[] = {
      {"/mapping", "-", "m.json /: lacks \"mapping\""},
      {"/mapping", "\"Has Blanks\"",
       "m.json /mapping: \"Has Blanks\" is not allowed: it must match ^[a-z0-9][a-z0-9-]{0,63}$"},
      {"/tabels", "[]", "m.json /: unknown member \"tabels\"; did you mean \"tables\"?"},
      {"/asFact", "\"yes\"", "m.json /asFact: must be boolean, is string"},
      {"/dialect/encoding", "\"utf8\"",
       "m.json /dialect/encoding: \"utf8\" is none of utf-8, utf-16, windows-1252, iso-8859-1, "
       "gb18030; did you mean \"utf-8\"?"},
      {"/dialect/delimiter", "\";;\"", "m.json /dialect/delimiter: is longer than 1"},
      {"/policies/0/kind", "\"pipelin\"",
       "m.json /policies/0/kind: \"pipelin\" is none of pipeline, loyaltyProgram, product, "
       "priceList; did you mean \"pipeline\"?"},
      {"/policies/0/effectiveFrom", "\"2020\"",
       "m.json /policies/0/effectiveFrom: \"2020\" is not allowed: it must match "
       "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
      {"/tables/1/mode", "\"historie\"",
       "m.json /tables/1/mode: \"historie\" is none of rows, groups, state, history; did you mean "
       "\"history\"?"},
      {"/tables/1/key", "-", "m.json /tables/1: lacks \"key\""},
      {"/tables/1/key", "[\"id\",\"id\"]", "m.json /tables/1/key/1: \"id\" stands there twice"},
      {"/tables/2/pivot", "{\"name\":\"order\",\"value\":\"item\"}",
       "m.json /tables/2: member \"pivot\" does not apply to this mode"},
      {"/tables/2/conflict", "\"ours\"",
       "m.json /tables/2: member \"conflict\" does not apply to this mode"},
      {"/tables/2/commands/0/ifChanged", "[\"item\"]",
       "m.json /tables/2/commands/0: member \"ifChanged\" does not apply to this mode"},
      {"/tables/1/unmatched", "\"accept\"",
       "m.json /tables/1: member \"unmatched\" does not apply to this mode"},
      {"/tables/1/columns/id/titel", "[\"x\"]",
       "m.json /tables/1/columns/id: unknown member \"titel\"; did you mean \"titles\"?"},
      {"/tables/1/columns/kind/value", "\"{id}\"",
       "m.json /tables/1/columns/kind: has more than one of titles, value, cases and lookup"},
      {"/tables/1/columns/id/otherwise", "\"keep\"",
       "m.json /tables/1/columns/id: \"otherwise\" needs \"map\""},
      {"/tables/1/columns/count/datatype", "\"int\"",
       "m.json /tables/1/columns/count/datatype: \"int\" is none of string, boolean, integer, "
       "quantity, money, price, bp, date, datetime; did you mean \"integer\"?"},
      {"/tables/1/columns/count/datatype", "{\"bas\":\"integer\"}",
       "m.json /tables/1/columns/count/datatype: lacks \"base\""},
      {"/tables/1/columns/stage/map", "{}",
       "m.json /tables/1/columns/stage/map: must not be empty"},
      {"/tables/1/columns/stage/map/A", "[1]",
       "m.json /tables/1/columns/stage/map/A: must be "
       "[\"string\",\"number\",\"boolean\",\"null\"], is array"},
      {"/tables/1/commands/0/whne", "{}",
       "m.json /tables/1/commands/0: unknown member \"whne\"; did you mean \"when\"?"},
      {"/tables/1/commands/0/once", "false", "m.json /tables/1/commands/0/once: must be true"},
      {"/tables/1/commands/0/command", "\"opportunity.open\"",
       "m.json /tables/1/commands/0/command: \"opportunity.open\" is not allowed: it must match "
       "^[a-z][A-Za-z0-9]*/[a-z][A-Za-z0-9]*$"},
      {"/tables/1/commands/2/when/open", "{\"isnt\":true}",
       "m.json /tables/1/commands/2/when/open: unknown member \"isnt\"; did you mean \"is\"?"},
  };
  for (const auto& fault : faults) {
    auto what = told(fault.pointer, fault.value);
    EXPECT_EQ(what.substr(0, what.find('\n')), fault.told);
  }
}

// Patterns are for short texts: matching one of a hundred thousand letters took more stack than there is.
TEST(Mapping, ATextThatIsTooLongForItsPatternIsAFault) {
  EXPECT_EQ(told("/tables/1/commands/0/command", Json("a/" + std::string(100'000, 'a')).dump()),
            "m.json /tables/1/commands/0/command: is longer than 1000");
}

TEST(Mapping, ItsColumnsAreCheckedAgainstEachOther) {
  const Fault faults[] = {
      {"/dialect/timeZone", "\"Europe/Londn\"",
       "m.json /dialect/timeZone: \"Europe/Londn\" is no time zone of the tz database, like "
       "Europe/London"},
      {"/tables/1/table", "\"products\"", "m.json /tables/1/table: another table has this name"},
      {"/tables/1/key", "[\"ID\"]",
       "m.json /tables/1/key/0: no column \"ID\"; did you mean \"id\"?"},
      {"/tables/1/orderBy", "[\"when\"]", "m.json /tables/1/orderBy/0: no column \"when\""},
      {"/tables/1/columns/kind", "{\"value\": \"{amoun}\"}",
       "m.json /tables/1/columns/kind/value: no column \"amoun\"; did you mean \"amount\"?"},
      {"/tables/1/columns/product", "{\"value\": \"{owner}\"}",
       "m.json /tables/1/columns/product/value: no column \"owner\""},
      {"/tables/1/columns/kind", "{\"value\": \"{id\"}",
       "m.json /tables/1/columns/kind/value: a \"{\" without its \"}\"; a brace as text is written "
       "twice"},
      {"/tables/1/columns/kind", "{\"value\": \"{mail}\"}",
       "m.json /tables/1/columns/kind: column \"mail\" is personal: no other column can be made of "
       "it"},
      {"/tables/1/columns/mail/datatype", "\"integer\"",
       "m.json /tables/1/columns/mail: a personal column is plain text: it has no map, datatype or "
       "default"},
      {"/tables/1/columns/kind/cases/0/when", "{\"open\": \"yes\"}",
       "m.json /tables/1/columns/kind/cases/0/when/open: never holds: column \"open\" is boolean, "
       "not text"},
      {"/tables/1/columns/kind/cases/0/when", "{\"owner\": {\"was\": \"x\"}}",
       "m.json /tables/1/columns/kind/cases/0/when/owner/was: \"was\" asks for the row before: "
       "only commands of mode state and history know it"},
      {"/tables/1/columns/kind/cases/0/when", "{\"owner\": {\"below\": 3}}",
       "m.json /tables/1/columns/kind/cases/0/when/owner/below: column \"owner\" is text, no "
       "number"},
      {"/tables/1/columns/kind/cases", "[{\"value\": \"question\"}, {\"value\": \"incident\"}]",
       "m.json /tables/1/columns/kind/cases/0: a case without \"when\" always holds: the cases "
       "after it are never reached"},
      {"/tables/1/columns/amount/lookup/table", "\"product\"",
       "m.json /tables/1/columns/amount/lookup/table: no table \"product\" stands before this one; "
       "did you mean \"products\"?"},
      {"/tables/1/columns/amount/lookup/column", "\"prise\"",
       "m.json /tables/1/columns/amount/lookup/column: table \"products\" has no column \"prise\"; "
       "did you mean \"price\"?"},
      {"/tables/1/columns/amount/lookup/key", "[\"{product}\",\"{id}\"]",
       "m.json /tables/1/columns/amount/lookup/key: table \"products\" has a key of 1 columns"},
      {"/tables/0/columns/price/datatype", "\"money\"",
       "m.json /tables/0/columns/price/datatype: needs a currency: {\"base\": \"money\", "
       "\"currency\": \"EUR\"}"},
      {"/tables/1/columns/count/datatype", "{\"base\":\"integer\",\"currency\":\"EUR\"}",
       "m.json /tables/1/columns/count/datatype/currency: only money and price have a currency"},
      {"/tables/1/columns/at/datatype", "{\"base\":\"datetime\",\"format\":\"dd.MM.\"}",
       "m.json /tables/1/columns/at/datatype/format: the pattern has no y"},
      {"/tables/1/columns/open/datatype", "{\"base\":\"boolean\",\"format\":\"yes\"}",
       "m.json /tables/1/columns/open/datatype/format: the format of a boolean is \"YES|NO\""},
      {"/tables/1/columns/count/default", "\"none\"",
       "m.json /tables/1/columns/count/default: \"none\" is no number"},
      {"/tables/1/columns/owner/pivoted", "true",
       "m.json /tables/1/columns/owner/pivoted: the table has no pivot"},
  };
  for (const auto& fault : faults) {
    auto what = told(fault.pointer, fault.value);
    EXPECT_EQ(what.substr(0, what.find('\n')), fault.told);
  }
}

TEST(Mapping, ItsCommandsAreCheckedAgainstTheCatalogue) {
  const Fault faults[] = {
      {"/tables/1/commands/0/command", "\"batch/changeViewVersion\"",
       "m.json /tables/1/commands/0/command: a batch tells of itself: no record is one"},
      {"/policies/0/body/stages/0/probability", "5",
       "m.json /policies/0/body/stages/0/probability: Stage has no field \"probability\"; did you "
       "mean \"probabilityBp\"?"},
      {"/policies/0/body/stages/0/forecastCategory", "\"sure\"",
       "m.json /policies/0/body/stages/0/forecastCategory: \"sure\" is none of pipeline, bestCase, "
       "commit, closed, omitted"},
      {"/tables/1/commands/0/command", "\"oportunity/open\"",
       "m.json /tables/1/commands/0/command: no aggregate \"oportunity\"; did you mean "
       "\"opportunity\"?"},
      {"/tables/1/commands/0/command", "\"opportunity/opne\"",
       "m.json /tables/1/commands/0/command: opportunity has no command \"opne\"; did you mean "
       "\"open\"?"},
      {"/tables/1/commands/0/id", "\"{idd}\"",
       "m.json /tables/1/commands/0/id: no column \"idd\"; did you mean \"id\"?"},
      {"/tables/1/commands/0/fields/amont", "\"{amount}\"",
       "m.json /tables/1/commands/0/fields/amont: Open has no field \"amont\"; did you mean "
       "\"amount\"?"},
      {"/tables/1/commands/0/fields/pipelineId", "-",
       "m.json /tables/1/commands/0/fields: Open needs \"pipelineId\""},
      {"/tables/1/commands/0/fields/amount", "\"{count}\"",
       "m.json /tables/1/commands/0/fields/amount: \"amount\" wants money, the mapping gives "
       "integer"},
      {"/tables/1/commands/0/fields/name", "\"{mail}\"",
       "m.json /tables/1/commands/0/fields/name: column \"mail\" is personal: it may go only into "
       "ids, references and personal fields, which \"name\" is not"},
      {"/tables/1/commands/0/fields/closeDate", "\"soon\"",
       "m.json /tables/1/commands/0/fields/closeDate: is no date or time of ISO 8601"},
      {"/tables/1/commands/0/fields/name", "{\"a\": 1}",
       "m.json /tables/1/commands/0/fields/name: \"name\" is no object"},
      {"/tables/1/commands/0/fields/name", "[1]",
       "m.json /tables/1/commands/0/fields/name: \"name\" is no list"},
      {"/tables/1/columns/kind/cases/1/value", "\"incidence\"",
       "m.json /tables/1/commands/3/fields/type: \"incidence\" is none of question, incident, "
       "request, complaint; did you mean \"incident\"?"},
      {"/tables/1/commands/2/reason", "\"{mail}\"",
       "m.json /tables/1/commands/2/reason: column \"mail\" is personal: it cannot be a reason"},
      {"/tables/1/commands/2/when", "{\"stage\": {\"was\": \"c\"}}",
       "m.json /tables/1/commands/2/when/stage/was: never holds: column \"stage\" is never \"c\""},
      {"/tables/1/commands/2/when", "{\"mail\": \"x\"}",
       "m.json /tables/1/commands/2/when/mail: column \"mail\" is personal: it can only be tested "
       "for null"},
      {"/tables/1/commands/2/ifChanged", "[\"opne\"]",
       "m.json /tables/1/commands/2/ifChanged/0: no column \"opne\"; did you mean \"open\"?"},
      {"/tables/1/commands/1/patch", "{\"stageId\": \"{stage}\"}",
       "m.json /tables/1/commands/1/patch/stageId: Details has no field \"stageId\""},
      {"/tables/1/commands/1/patch", "{\"productId\": \"fixed\"}",
       "m.json /tables/1/commands/1/patch/productId: no column: a constant never changes"},
      {"/tables/1/commands/2/patch", "{\"name\": \"{owner}\"}",
       "m.json /tables/1/commands/2/patch: opportunity/lose changes no fields: it takes no patch"},
      {"/tables/1/at", "-",
       "m.json /tables/1/commands/0: has no \"at\", and neither has its table: a time of "
       "\"unknown\" must be said"},
      {"/tables/1/at", "\"{owner}\"",
       "m.json /tables/1/at: must be one column of datatype date or datetime"},
      {"/tables/1/at", "\"later\"",
       "m.json /tables/1/at: \"later\" is no column, no date and none of the words unknown and "
       "always"},
      {"/tables/2/commands/0/fields/lines/each/qtyMilli", "\"{price}\"",
       "m.json /tables/2/commands/0/fields/lines/each/qtyMilli: \"qtyMilli\" wants quantity, the "
       "mapping gives price"},
      {"/tables/2/commands/0/fields/currency", "\"euro\"",
       "m.json /tables/2/commands/0/fields/currency: is no currency of ISO 4217"},
      {"/tables/2/mode", "\"rows\"",
       "m.json /tables/2/commands/0/fields/lines: \"each\" makes an element of every row of a "
       "group: it needs mode groups"},
  };
  for (const auto& fault : faults) {
    auto what = told(fault.pointer, fault.value);
    EXPECT_EQ(what.substr(0, what.find('\n')), fault.told);
  }
}

TEST(Mapping, AllFaultsAreToldAtOnce) {
  auto json = good();
  json["tables"][1]["commands"][0]["id"] = "{nobody}";
  json["tables"][1]["commands"][1]["id"] = "{nothing}";
  auto plan = compile_mapping(json.dump(), "m.json");
  ASSERT_FALSE(plan.has_value());
  EXPECT_NE(plan.error().message.find("commands/0/id"), std::string::npos);
  EXPECT_NE(plan.error().message.find("commands/1/id"), std::string::npos);
  EXPECT_EQ(plan.error().reason, "mapping.invalid");
}

TEST(Mapping, WhatIsNoJsonIsToldWithItsPlace) {
  EXPECT_EQ(compile_mapping("{\"mapping\": ", "m.json").error().reason, "mapping.malformed");
  EXPECT_EQ(compile_mapping(R"({"mapping": "a", "mapping": "b"})", "m.json").error().reason,
            "mapping.duplicate_field");
  EXPECT_EQ(compile_mapping("[]", "m.json").error().message, "m.json /: must be object, is array");
}

TEST(Mapping, TheTimeZoneOfTheCommandLineWins) {
  auto plan = compile_mapping(good().dump(), "m.json", "Asia/Shanghai");
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->tables[1].time_zone, "Asia/Shanghai");
  EXPECT_EQ(compile_mapping(good().dump(), "m.json", "Asia/Sjanghai").error().reason,
            "time_zone.unknown");
}

TEST(Mapping, EveryPresetIsGood) {
  EXPECT_EQ(presets().size(), 3u);
  for (const auto& preset : presets()) {
    auto plan = compile_mapping(preset.text, std::string(preset.name));
    ASSERT_TRUE(plan.has_value()) << plan.error().message;
    EXPECT_EQ(plan->name, preset.name);
  }
}

TEST(Structure, TheSchemaUsesOnlyWhatTheCheckerKnows) {
  // A keyword that the checker passes over would let wrong mappings through.
  const std::set<std::string> known = {"$schema",
                                       "$id",
                                       "$defs",
                                       "$ref",
                                       "$comment",
                                       "title",
                                       "description",
                                       "default",
                                       "format",
                                       "type",
                                       "const",
                                       "enum",
                                       "properties",
                                       "additionalProperties",
                                       "propertyNames",
                                       "required",
                                       "dependentRequired",
                                       "minProperties",
                                       "items",
                                       "minItems",
                                       "uniqueItems",
                                       "minLength",
                                       "maxLength",
                                       "pattern",
                                       "allOf",
                                       "anyOf",
                                       "oneOf",
                                       "not",
                                       "if",
                                       "then"};
  std::function<void(const Json&)> walk = [&](const Json& schema) {
    if (!schema.is_object()) return;
    for (const auto& [keyword, value] : schema.items()) {
      EXPECT_TRUE(known.contains(keyword)) << keyword;
      if (keyword == "properties" || keyword == "$defs") {
        for (const auto& [name, inner] : value.items()) walk(inner);
      } else if (keyword == "allOf" || keyword == "anyOf" || keyword == "oneOf") {
        for (const auto& inner : value) walk(inner);
      } else if (value.is_object() && keyword != "dependentRequired") {
        walk(value);
      }
    }
  };
  walk(Json::parse(mapping_schema()));
}

}  // namespace
}  // namespace rapport::import
