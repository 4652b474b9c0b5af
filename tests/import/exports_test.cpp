// Exports that no preset knows: mappings as an analyst writes them for Salesforce, HubSpot, Zendesk
// and for Chinese lists. Small files in the layouts of those products; the real samples too, where
// they lie beside the repository.
#include <algorithm>

#include "adapters/import/mapping/value.h"
#include "adapters/import/source/record_reader.h"
#include "tests/import/import_fixture.h"

namespace rapport::import {
namespace {

using Lines = std::vector<std::string>;
struct ExportsTest : ImportTest {
  // Skips the test if the data sets are not beside the repository.
  static std::string sample(const std::string& path) {
    auto folder = samples();
    auto whole = folder / path;
    return folder.empty() || !std::filesystem::exists(whole) ? std::string() : whole.string();
  }
};

const std::string kPipeline =
    R"("policies": [{"kind": "pipeline", "id": "sales", "effectiveFrom": "2000-01-01", "body": {"stages": [
  {"id": "open", "label": "Open", "probabilityBp": 1000, "forecastCategory": "pipeline"}]}}],)";

// Opportunities of Salesforce, as they are now; the open or closed flags together say what became
// of them.
const std::string kSalesforce = R"({"mapping": "sf-opportunities", )" + kPipeline + R"(
  "dialect": {"null": ["", "[]"], "timeZone": "UTC"},
  "tables": [{"table": "opportunities", "mode": "state", "key": ["id"],
    "columns": {
      "id": {"required": true}, "account_id": {}, "owner_id": {}, "name": {},
      "amount": {"datatype": {"base": "money", "currency": "USD"}},
      "created": {"titles": ["created_date"], "datatype": {"base": "datetime", "format": "yyyy-MM-dd H:mm:ss"}},
      "closes": {"titles": ["close_date"], "datatype": {"base": "date", "format": "yyyy-MM-dd H:mm:ss"}},
      "is_closed": {}, "is_won": {},
      "status": {"value": "{is_closed}/{is_won}", "map": {"true/true": "won", "true/false": "lost", "false/false": "open"}}},
    "ignore": ["*"],
    "commands": [
      {"command": "opportunity/open", "id": "{id}", "on": "first", "at": ["{created}", "unknown"],
       "fields": {"accountId": "{account_id}", "name": "{name}", "ownerId": "{owner_id}", "pipelineId": "sales", "stageId": "open", "amount": "{amount}", "closeDate": "{closes}"}},
      {"command": "opportunity/changeDetails", "id": "{id}", "on": "later", "at": "unknown", "patch": {"accountId": "{account_id}", "name": "{name}"}},
      {"command": "opportunity/win", "id": "{id}", "ifChanged": ["status"], "when": {"status": "won"}, "at": ["{closes}", "unknown"], "fields": {}},
      {"command": "opportunity/lose", "id": "{id}", "ifChanged": ["status"], "when": {"status": "lost"}, "at": ["{closes}", "unknown"], "reason": "not-recorded", "fields": {"reasonCode": "not-recorded"}}]}]})";

TEST_F(ExportsTest, SalesforceOpportunitiesAreStates) {
  std::string header =
      "_fivetran_synced,account_id,amount,close_date,created_date,id,is_closed,is_won,name,owner_"
      "id,stage_name\n";
  auto first = import(
      kSalesforce,
      {write("sf.csv", header + "2019-04-04 18:47:01,001A,24120000,2018-12-19 00:00:00,2018-12-19 "
                                "19:51:13,006q01,true,true,$1m deal,005x,Closed Won\n"
                                "2019-04-04 18:47:01,001B,,2019-01-18 00:00:00,2018-12-18 "
                                "9:21:17,006q02,false,false,Testing,005y,Prospecting\n"
                                "2019-04-04 18:47:01,001C,5.005,2019-01-18 00:00:00,2018-12-18 "
                                "9:21:17,006q03,false,true,Odd,005y,Prospecting\n")});
  EXPECT_EQ(told(first).substr(0, 7), "3/2/1/0") << told(first);
  EXPECT_EQ(rejects(*first), (Lines{"4 amount: money.too_many_decimals"}));
  auto events = target.events();
  EXPECT_TRUE(std::ranges::any_of(events, [](auto& e) {
    return e.starts_with("opportunity.won 006q01") && e.find("2412000000") != e.npos;
  }));
  auto before = target.position();
  auto later = import(
      kSalesforce,
      {write("sf2.csv", header + "2019-05-04 18:47:01,001A,24120000,2018-12-19 00:00:00,2018-12-19 "
                                 "19:51:13,006q01,true,true,$1m deal,005x,Closed Won\n"
                                 "2019-05-04 18:47:01,001B,,2019-04-30 00:00:00,2018-12-18 "
                                 "9:21:17,006q02,true,false,Testing,005y,Closed Lost\n")});
  EXPECT_EQ(told(later).substr(0, 7), "2/1/0/1") << told(later);
  ASSERT_EQ(target.events(before).size(), 1u);
  EXPECT_TRUE(target.events(before)[0].starts_with("opportunity.lost 006q02"));
}

TEST_F(ExportsTest, TheRealSalesforceSampleComesInAndAgainAddsNothing) {
  auto file = sample("export_samples/salesforce/sf_opportunity_data.csv");
  if (file.empty()) GTEST_SKIP() << "the data sets are not beside the repository";
  auto done = import(kSalesforce, {file});
  ASSERT_TRUE(done.has_value()) << told(done);
  EXPECT_GT(done->rows, 0u);
  EXPECT_GT(done->accepted, done->rows / 2) << told(done);
  auto again = import(kSalesforce, {file});
  EXPECT_EQ(again->events, 0u);
  EXPECT_EQ(again->accepted, 0u);
  EXPECT_EQ(again->already, done->accepted);
}

// Ticket fields of Zendesk, a changed field a row.
const std::string kZendesk =
    R"({"mapping": "zd-history", "dialect": {"null": [""], "timeZone": "UTC"},
  "tables": [{"table": "history", "mode": "history", "key": ["ticket_id"], "orderBy": ["updated"], "at": "{updated}", "actor": "{user_id}",
    "pivot": {"name": "field_name", "value": "value"},
    "columns": {"ticket_id": {"required": true}, "updated": {"datatype": {"base": "datetime", "format": "yyyy-MM-dd H:mm:ss"}, "required": true}, "user_id": {}, "field_name": {}, "value": {},
      "status": {"pivoted": true, "map": {"new": "new", "open": "open", "pending": "customer", "hold": "vendor", "solved": "resolved", "closed": "closed", "deleted": "closed"}},
      "assignee": {"titles": ["assignee_id"], "pivoted": true}, "group": {"titles": ["group_id"], "pivoted": true},
      "priority": {"pivoted": true, "map": {"urgent": 1, "high": 2, "normal": 3, "low": 4}}},
    "ignore": ["*"],
    "commands": [
      {"command": "case/open", "id": "{ticket_id}", "on": "first", "fields": {"priority": "{priority}"}},
      {"command": "case/classify", "id": "{ticket_id}", "on": "later", "patch": {"priority": "{priority}"}},
      {"command": "case/assign", "id": "{ticket_id}", "ifChanged": ["assignee", "group"], "reason": "not-recorded", "fields": {"group": "{group}", "assignee": "{assignee}"}},
      {"command": "case/start", "id": "{ticket_id}", "ifChanged": ["status"], "when": {"status": {"is": "open", "was": ["new", null]}}},
      {"command": "case/resume", "id": "{ticket_id}", "ifChanged": ["status"], "when": {"status": {"is": "open", "was": ["customer", "vendor"]}}},
      {"command": "case/pend", "id": "{ticket_id}", "ifChanged": ["status"], "when": {"status": ["customer", "vendor"]}, "fields": {"on": "{status}"}},
      {"command": "case/resolve", "id": "{ticket_id}", "ifChanged": ["status"], "when": {"status": "resolved"}, "fields": {"resolutionCode": "not-recorded"}},
      {"command": "case/reopen", "id": "{ticket_id}", "ifChanged": ["status"], "reason": "not-recorded", "when": {"status": {"not": ["resolved", "closed"], "was": ["resolved", "closed"]}}},
      {"command": "case/close", "id": "{ticket_id}", "ifChanged": ["status"], "when": {"status": "closed"}}]}]})";

TEST_F(ExportsTest, ZendeskFieldHistoryIsAPivot) {
  auto done = import(kZendesk,
                     {write("zd.csv",
                            "field_name,ticket_id,updated,_fivetran_synced,user_id,value\n"
                            "status,11071,2020-08-28 11:01:27,2020-10-02 14:08:33.216,7,open\n"
                            "assignee_id,11071,2020-08-28 11:01:27,2020-03-11 14:32:23.872,7,1111\n"
                            "status,11071,2020-08-30 9:00:00,2020-10-02 14:08:33.216,7,solved\n"
                            "status,11071,2020-08-29 11:01:27,2020-10-02 14:08:33.216,,pending\n"
                            "priority,11071,2020-08-29 12:01:27,2020-10-02 14:08:33.216,8,high\n"
                            "status,11071,2020-08-31 9:00:00,2020-10-02 14:08:33.216,7,odd\n")});
  EXPECT_EQ(told(done).substr(0, 7), "6/5/1/0") << told(done);
  EXPECT_EQ(rejects(*done), (Lines{"7 status: map.unknown_value"}));
  Lines types;
  for (const auto& event : target.events()) types.push_back(event.substr(0, event.find(' ')));
  EXPECT_EQ(types, (Lines{"case.opened", "case.started", "case.assigned", "case.pended",
                          "case.classified", "case.resumed", "case.resolved"}));
}

TEST_F(ExportsTest, TheRealZendeskHistoryComesInAndAgainAddsNothing) {
  auto file = sample("export_samples/zendesk/ticket_field_history_data.csv");
  if (file.empty()) GTEST_SKIP() << "the data sets are not beside the repository";
  auto done = import(kZendesk, {file});
  ASSERT_TRUE(done.has_value()) << told(done);
  EXPECT_GT(done->accepted, 0u);
  auto again = import(kZendesk, {file});
  EXPECT_EQ(again->events, 0u);
  EXPECT_EQ(again->accepted, 0u);
}

// Stages that deals of HubSpot went through.
const std::string kHubspot = R"({"mapping": "hs-stages", )" + kPipeline + R"(
  "tables": [{"table": "stages", "mode": "history", "key": ["deal_id"], "orderBy": ["entered"], "at": "{entered}",
    "columns": {"deal_id": {"required": true}, "entered": {"titles": ["date_entered"], "datatype": {"base": "datetime", "format": "yyyy-MM-dd H:mm:ss"}, "required": true}, "stage": {"titles": ["value"], "required": true}},
    "ignore": ["*"],
    "commands": [
      {"command": "opportunity/open", "id": "{deal_id}", "on": "first", "fields": {"pipelineId": "sales", "stageId": "open"}},
      {"command": "opportunity/changeDetails", "id": "{deal_id}", "on": "later", "patch": {"name": "{stage}"}}]}]})";

TEST_F(ExportsTest, TheRealHubspotStagesComeInAndAgainAddNothing) {
  auto file = sample("export_samples/hubspot/deal_stage_data.csv");
  if (file.empty()) GTEST_SKIP() << "the data sets are not beside the repository";
  auto done = import(kHubspot, {file});
  ASSERT_TRUE(done.has_value()) << told(done);
  EXPECT_EQ(done->rejected, 0u) << told(done);
  EXPECT_EQ(import(kHubspot, {file})->events, 0u);
}

const std::string kChinese =
    R"({"mapping": "zh", "tables": [{"table": "people", "mode": "state", "key": ["序号"], "at": "unknown",
  "columns": {"序号": {}, "文本": {"personal": true}, "说明": {}}, "ignore": ["码位"],
  "commands": [{"command": "account/create", "id": "{序号}", "on": "first", "fields": {"kind": "person", "name": "{文本}"}}]}]})";

TEST_F(ExportsTest, ChineseTextsComeThroughByteForByte) {
  const Lines texts = {
      "𠮷野家",           "阿卜杜拉·买买提", "阿卜杜拉•买买提",    "ＡＢＣ１２３",
      "零\xE2\x80\x8B宽", "\xE2\x80\xAEgnp", "👨‍👩‍👧", "=HYPERLINK(\"x\")",
      "a\r\nb",           " 空格 ",          "'; DROP TABLE--"};
  std::string csv = "序号,说明,文本,码位\n";
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::string quoted;
    for (char c : texts[i]) quoted += c == '"' ? "\"\"" : std::string(1, c);
    csv += std::to_string(i) + ",x,\"" + quoted + "\",U\n";
  }
  EXPECT_EQ(told(import(kChinese, {write("zh.csv", csv)})).substr(0, 9), "11/11/0/0");
  auto events = target.events();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::string json;
    append_canonical(std::string_view(texts[i]), json);
    if (texts[i].find('\r') != std::string::npos) json = "\"a\\r\\nb\"";
    EXPECT_NE(events[i].find(json), std::string::npos) << events[i];
  }
}

TEST_F(ExportsTest, TheRealChineseEdgeCasesComeThroughByteForByte) {
  auto file = sample("zh/edge_cases_zh.csv");
  if (file.empty()) GTEST_SKIP() << "the data sets are not beside the repository";
  auto done = import(kChinese, {file});
  ASSERT_TRUE(done.has_value()) << told(done);
  EXPECT_EQ(done->accepted + done->rejected, 48u);
  EXPECT_EQ(done->rejected, 0u) << (rejects(*done).empty() ? "" : rejects(*done)[0]);
  auto reader = RecordReader::open(file, {});
  (*reader)->select({2u});
  Record record;
  auto events = target.events();
  for (std::size_t i = 0; *(*reader)->next(record); ++i) {
    std::string json;
    append_canonical(*record.values[0], json);
    auto plain = record.values[0]->find_first_of("\n\r\t\x7f") == std::string_view::npos;
    if (plain && !record.values[0]->empty()) {
      EXPECT_NE(events[i].find(json), std::string::npos) << events[i];
    }
  }
}

}  // namespace
}  // namespace rapport::import
