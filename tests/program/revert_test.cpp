// A wrong file is imported, taken back, and its corrected version is imported: what every report
// says before, after the revert, and at the end.
#include <map>

#include "tests/program/program.h"

namespace rapport::program {
namespace {

using Json = nlohmann::json;

const std::string kMapping = R"({"mapping": "shop", "asFact": true, "policies": [
  {"kind": "pipeline", "id": "shop", "effectiveFrom": "2020-01-01", "body": {"stages": [
    {"id": "talk", "label": "Talk", "probabilityBp": 2000, "forecastCategory": "pipeline"},
    {"id": "offer", "label": "Offer", "probabilityBp": 6000, "forecastCategory": "bestCase"}]}},
  {"kind": "loyaltyProgram", "id": "points", "effectiveFrom": "2020-01-01", "body": {
    "earn": {"on": "orderFulfilled", "points": 1, "per": {"amountMinor": 100, "currency": "EUR"}, "round": "down"},
    "reverse": {"on": "creditNote", "lots": "newest"}}}],
 "tables": [
  {"table": "accounts", "mode": "state", "key": ["account"], "at": "always",
   "columns": {"account": {"required": true}, "sector": {}},
   "commands": [
    {"command": "account/create", "id": "{account}", "on": "first", "fields": {"kind": "organisation", "industry": "{sector}"}},
    {"command": "account/changeDetails", "id": "{account}", "on": "later", "patch": {"industry": "{sector}"}}]},
  {"table": "sellers", "mode": "state", "key": ["seller"], "at": "always",
   "columns": {"seller": {"required": true}, "manager": {}},
   "commands": [
    {"command": "principal/provision", "id": "{seller}", "on": "first", "fields": {"kind": "user"}},
    {"command": "principal/assign", "id": "{seller}", "ifChanged": ["manager"], "fields": {"managerId": "{manager}"}}]},
  {"table": "deals", "mode": "state", "key": ["deal"], "at": "{opened}",
   "columns": {"deal": {"required": true}, "customer": {}, "owner": {}, "stage": {}, "status": {"required": true},
    "opened": {"datatype": "date", "required": true}, "closed": {"datatype": "date"}, "amount": {"datatype": {"base": "money", "currency": "EUR"}}},
   "commands": [
    {"command": "opportunity/open", "id": "{deal}", "on": "first", "fields": {"accountId": "{customer}", "ownerId": "{owner}", "pipelineId": "shop", "stageId": "talk", "amount": "{amount}"}},
    {"command": "opportunity/moveStage", "id": "{deal}", "ifChanged": ["stage"], "fields": {"stageId": "{stage}"}},
    {"command": "opportunity/win", "id": "{deal}", "ifChanged": ["status"], "when": {"status": "won"}, "at": "{closed}", "fields": {"amount": "{amount}"}},
    {"command": "opportunity/lose", "id": "{deal}", "ifChanged": ["status"], "when": {"status": "lost"}, "at": "{closed}", "fields": {"reasonCode": "price"}}]},
  {"table": "cases", "mode": "history", "key": ["case"], "at": "{at}",
   "columns": {"case": {"required": true}, "caller": {}, "at": {"datatype": "datetime", "required": true}, "state": {"required": true}},
   "commands": [
    {"command": "case/open", "id": "{case}", "on": "first", "fields": {"accountId": "{caller}", "category": "net"}},
    {"command": "case/startMilestone", "id": "{case}", "on": "first", "fields": {"kind": "resolution"}},
    {"command": "case/resolve", "id": "{case}", "ifChanged": ["state"], "when": {"state": "resolved"}, "fields": {"resolutionCode": "done"}},
    {"command": "case/meetMilestone", "id": "{case}", "ifChanged": ["state"], "when": {"state": "resolved"}, "fields": {"kind": "resolution"}}]},
  {"table": "orders", "mode": "groups", "key": ["order"], "at": "{day}",
   "columns": {"order": {"required": true}, "day": {"datatype": "date", "required": true}, "buyer": {}, "kind": {}, "qty": {"datatype": "quantity"}, "price": {"datatype": {"base": "price", "currency": "EUR"}}},
   "commands": [
    {"command": "loyaltyMember/enrol", "id": "{buyer}", "once": true, "fields": {"programId": "points", "accountId": "{buyer}"}},
    {"command": "order/place", "id": "{order}", "fields": {"kind": "{kind}", "accountId": "{buyer}", "currency": "EUR",
      "lines": {"each": {"productId": "p", "qtyMilli": "{qty}", "unitPrice": "{price}"}}}},
    {"command": "order/fulfil", "id": "{order}"}]}]})";

using Files = std::map<std::string, std::string>;
const Files kRight{
    {"accounts", "account,sector\nacme,it\nbolt,steel\n"},
    {"sellers", "seller,manager\nann,max\nben,max\n"},
    {"deals",
     "deal,customer,owner,stage,status,opened,closed,amount\n"
     "1,acme,ann,offer,won,2021-01-01,2021-02-01,100.00\n2,bolt,ben,talk,open,2021-01-02,,50.00\n"
     "3,bolt,ben,offer,lost,2021-01-03,2021-03-01,70.00\n"},
    {"cases", "case,caller,at,state\nc1,acme,2021-01-01T10:00:00Z,new\nc1,acme,2021-01-01T12:00:00Z,resolved\n"},
    {"orders",
     "order,day,buyer,kind,qty,price\no1,2021-01-05,acme,sale,2,10.00\no2,2021-01-06,bolt,sale,1,30.00\n"
     "o3,2021-01-07,acme,creditNote,-1,50.00\no4,2021-01-08,acme,sale,1,40.00\n"}};
// The same export with amounts, sectors and quantities that were shifted.
Files wrong() {
  auto files = kRight;
  files["accounts"] = "account,sector\nacme,steel\nbolt,it\n";
  files["deals"] =
      "deal,customer,owner,stage,status,opened,closed,amount\n"
      "1,bolt,ann,offer,won,2021-01-01,2021-02-01,1.00\n2,acme,ben,talk,lost,2021-01-02,2021-02-02,0.50\n"
      "4,acme,ben,offer,won,2021-01-03,2021-03-01,0.70\n";
  files["orders"] =
      "order,day,buyer,kind,qty,price\no1,2021-01-05,acme,sale,200,10.00\no2,2021-01-06,acme,sale,1,30.00\n"
      "o3,2021-01-07,acme,creditNote,-1,9000.00\no4,2021-01-08,bolt,sale,1,40.00\n";
  return files;
}

const std::vector<std::vector<std::string>> kReports{
    {"pipeline/summary"},
    {"pipeline/opportunities"},
    {"pipeline/win-rate", "by=team"},
    {"pipeline/win-rate", "by=sector"},
    {"pipeline/waterfall", "from=2021-01-01", "to=2021-12-31"},
    {"pipeline/durations"},
    {"service/summary"},
    {"service/cases"},
    {"service/flow", "from=2021-01-01", "to=2021-12-31"},
    {"service/sla"},
    {"service/backlog", "by=category"},
    {"loyalty/summary"},
    {"loyalty/members"},
    {"loyalty/rfm"},
    {"customer360/accounts"},
};

struct RevertTest : Folder {
  std::string mapping = write("mapping.json", kMapping);

  Ran import(const Files& files, const std::string& into) {
    std::vector<std::string> arguments{"import", mapping, "--data", into};
    for (auto& [name, text] : files) arguments.push_back(write(name + ".csv", text));
    return run(arguments);
  }
  Ran revert(const Ran& imported, const std::string& in) {
    return run({"revert", imported.json()["import"].get<std::string>(), "--data", in});
  }
  // The lines of every report. What tells of the log itself (versions, when it was recorded) is no part.
  std::map<std::string, Json> reports(const std::string& of, const std::vector<std::string>& more = {}) {
    std::map<std::string, Json> all;
    for (auto report : kReports) {
      auto name = report.size() > 1 ? report[0] + " " + report[1] : report[0];
      report.insert(report.begin(), "query");
      report.insert(report.end(), {"--data", of, "--format", "json"});
      report.insert(report.end(), more.begin(), more.end());
      auto ran = run(report);
      EXPECT_EQ(ran.code, 0) << name << " " << ran.err;
      auto rows = ran.json()["rows"];
      for (auto& row : rows)
        if (row.is_object()) row.erase("version");
      all[name] = rows;
    }
    return all;
  }
  static void expect_equal(const std::map<std::string, Json>& want, const std::map<std::string, Json>& got) {
    for (auto& [name, rows] : want) EXPECT_EQ(rows, got.at(name)) << name;
  }
  void expect_sound(const std::string& data) {
    EXPECT_EQ(run({"verify", "--data", data}).code, 0);
    auto before = run({"inspect", "--data", data}).json()["views"];
    EXPECT_EQ(run({"rebuild", "--data", data}).code, 0);
    auto after = run({"inspect", "--data", data}).json()["views"];
    EXPECT_EQ(before, after) << "folded live, and folded again";
  }
};

TEST_F(RevertTest, AfterARevertReportsAreAsBeforeAndTheCorrectedFilesImportWhole) {
  auto imported = import(wrong(), store());
  ASSERT_EQ(imported.code, 0) << imported.err << imported.out;
  auto done = revert(imported, store());
  ASSERT_EQ(done.code, 0) << done.err << done.out;
  EXPECT_EQ(done.json()["left"], 0) << done.out;
  for (auto& [name, rows] : reports(store())) {
    if (name == "pipeline/waterfall from=2021-01-01" || name.starts_with("service/flow")) continue;
    EXPECT_EQ(rows, Json::array()) << name;
  }
  expect_sound(store());

  auto corrected = import(kRight, store());
  ASSERT_EQ(corrected.code, 0) << corrected.err << corrected.out;
  EXPECT_EQ(corrected.json()["accepted"], corrected.json()["rows"]);
  auto fresh = path("fresh");
  ASSERT_EQ(import(kRight, fresh).code, 0);
  expect_equal(reports(fresh), reports(store()));
  for (std::string day : {"2021-01-02", "2021-01-31", "2021-02-28"})
    expect_equal(reports(fresh, {"--as-of", day}), reports(store(), {"--as-of", day}));
  expect_sound(store());
}

TEST_F(RevertTest, KnownAtAPositionBeforeTheRevertStillSaysWhatWasKnownThen) {
  auto imported = import(wrong(), store());
  auto position = imported.json()["position"].dump();
  auto then = reports(store());
  ASSERT_EQ(revert(imported, store()).code, 0);
  ASSERT_EQ(import(kRight, store()).code, 0);
  auto again = reports(store(), {"--known-at", position});
  // Recency counts from the reference instant, which is the same position's.
  expect_equal(then, again);
}

TEST_F(RevertTest, ALaterExportThatWasWrongIsTakenBackToTheOneBefore) {
  ASSERT_EQ(import(kRight, store()).code, 0);
  auto before = reports(store());
  Files later = {{"deals",
                  "deal,customer,owner,stage,status,opened,closed,amount\n"
                  "1,acme,ann,offer,won,2021-01-01,2021-02-01,100.00\n2,bolt,ben,offer,won,2021-01-02,2021-04-01,9.00\n"
                  "5,bolt,ben,offer,won,2021-01-03,2021-03-01,70.00\n"},
                 {"sellers", "seller,manager\nann,eva\nben,max\n"},
                 {"orders", "order,day,buyer,kind,qty,price\no9,2021-02-01,acme,sale,3,10.00\n"}};
  auto imported = import(later, store());
  ASSERT_EQ(imported.code, 0) << imported.err;
  auto done = revert(imported, store());
  EXPECT_EQ(done.code, 0) << done.out;
  auto after = reports(store());
  // Stays and flows are history: that the deal was won and opened again stays there.
  for (auto* history : {"pipeline/durations", "pipeline/waterfall from=2021-01-01"}) {
    before.erase(history);
    after.erase(history);
  }
  expect_equal(before, after);
  expect_sound(store());
}

TEST_F(RevertTest, WhatOthersTouchedSinceIsListedAndLeft) {
  auto imported = import(wrong(), store());
  ASSERT_EQ(run({"command", "opportunity/1", "noteCompetitor", R"({"name":"x","strength":"weak"})", "--data", store()}).code, 1)
      << "a won deal takes no competitor";
  ASSERT_EQ(run({"command", "account/acme", "assignOwner", R"({"ownerId":"ann"})", "--data", store()}).code, 0);
  ASSERT_EQ(run({"command", "loyaltyMember/bolt", "redeem", R"({"txnId":"r","points":1})", "--data", store()}).code, 0);
  auto done = revert(imported, store());
  EXPECT_EQ(done.code, 1) << "something had to be left";
  std::map<std::string, std::string> left;
  auto streams = done.json()["streams"];
  for (auto& stream : streams) left[stream["stream"]] = stream["code"];
  EXPECT_EQ(left, (std::map<std::string, std::string>{{"account-acme", "changed_since"},
                                                      {"loyaltyMember-bolt", "changed_since"},
                                                      {"order-o4", "loyalty_member.movement_built_on"},
                                                      {"policySet-points", "still_used"}}))
      << done.out;
  EXPECT_EQ(done.json()["left"], 4);
}

}  // namespace
}  // namespace rapport::program
