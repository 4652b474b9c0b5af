// What becomes of rows: the four modes, counting, memory, conflicts. Rows are small and ours; the
// real data sets are in presets_test.
#include <algorithm>
#include <set>

#include "domain/schema/account.values.h"
#include "tests/import/import_fixture.h"

namespace rapport::import {
namespace {

using Lines = std::vector<std::string>;

std::string mapping(const std::string& table, const std::string& name = "test") {
  return R"({"mapping": ")" + name +
         R"(", "policies": [{"kind": "pipeline", "id": "p", "effectiveFrom": "2000-01-01", "body": {"stages": [
      {"id": "a", "label": "A", "probabilityBp": 1000, "forecastCategory": "pipeline"}, {"id": "b", "label": "B", "probabilityBp": 5000, "forecastCategory": "pipeline"}]}}],
    "tables": [)" +
         table + "]}";
}

// Accounts as they are now.
const std::string kState =
    mapping(R"({"table": "accounts", "mode": "state", "key": ["id"], "at": "always",
  "columns": {"id": {"required": true}, "name": {}, "sector": {}},
  "commands": [
    {"command": "account/create", "id": "{id}", "on": "first", "fields": {"kind": "organisation", "name": "{name}", "industry": "{sector}"}},
    {"command": "account/changeDetails", "id": "{id}", "on": "later", "patch": {"name": "{name}", "industry": "{sector}"}}]})");

// Calls as they came in.
const std::string kRows =
    mapping(R"({"table": "calls", "mode": "rows", "key": ["case"], "at": "{at}",
  "columns": {"case": {"required": true}, "at": {"datatype": "datetime", "required": true}, "said": {}},
  "commands": [
    {"command": "case/open", "id": "{case}", "once": true, "fields": {"type": "question"}},
    {"command": "case/reply", "id": "{case}", "when": {"said": {"not": null}}, "fields": {"direction": "inbound", "public": true, "text": "{said}"}}]})");

// Orders line by line.
const std::string kGroups =
    mapping(R"({"table": "lines", "mode": "groups", "key": ["order"], "at": "{day}",
  "columns": {"order": {"required": true}, "day": {"datatype": "date", "required": true}, "item": {"required": true},
    "qty": {"datatype": "quantity"}, "price": {"datatype": {"base": "price", "currency": "EUR"}}},
  "commands": [{"command": "order/place", "id": "{order}", "fields": {"kind": "sale", "currency": "EUR",
    "lines": {"each": {"productId": "{item}", "qtyMilli": "{qty}", "unitPrice": "{price}"}}}}]})");

// Deals, state after state.
std::string history(const std::string& more = "") {
  return mapping(R"({"table": "deals", "mode": "history", "key": ["id"], "at": "{at}", )" + more +
                 R"(
  "columns": {"id": {"required": true}, "at": {"datatype": "datetime", "required": true}, "stage": {"map": {"A": "a", "B": "b"}}, "owner": {}},
  "commands": [
    {"command": "opportunity/open", "id": "{id}", "on": "first", "fields": {"pipelineId": "p", "stageId": "{stage}", "ownerId": "{owner}"}},
    {"command": "opportunity/moveStage", "id": "{id}", "on": "later", "ifChanged": ["stage"], "fields": {"stageId": "{stage}"}},
    {"command": "opportunity/assignOwner", "id": "{id}", "on": "later", "ifChanged": ["owner"], "fields": {"ownerId": "{owner}"}}]})");
}

struct ModesTest : ImportTest {
  Lines types(std::uint64_t from = 0) const {
    Lines out;
    for (auto& event : target.events(from))
      out.push_back(event.substr(0, event.find(' ', event.find(' ') + 1)));
    return out;
  }
};

TEST_F(ModesTest, AStateIsCreatedOnceAndThenOnlyItsChangesAreSent) {
  EXPECT_EQ(told(import(kState, {write("1.csv", "id,name,sector\nx,Xaver,it\ny,Ypsilon,\n")})),
            "2/2/0/0 +5");
  auto before = target.position();
  EXPECT_EQ(
      told(import(kState,
                  {write("2.csv", "id,name,sector\nx,Xaver,it\ny,Ypsilon,steel\nz,Zeta,it\n")})),
      "3/2/0/1 +4");
  EXPECT_EQ(target.events(before),
            (Lines{R"(account.detailsChanged y {"old":{"industry":""},"new":{"industry":"steel"}})",
                   R"(account.created z {"kind":"organisation","name":"Zeta","industry":"it"})"}));
}
TEST_F(ModesTest, AClearedValueIsSentAsCleared) {
  ASSERT_TRUE(import(kState, {write("1.csv", "id,name,sector\nx,Xaver,it\n")}).has_value());
  auto before = target.position();
  ASSERT_TRUE(import(kState, {write("2.csv", "id,name,sector\nx,Xaver,\n")}).has_value());
  EXPECT_EQ(target.events(before),
            (Lines{R"(account.detailsChanged x {"old":{"industry":"it"},"new":{"industry":""}})"}));
}
TEST_F(ModesTest, AStateThatComesBackIsAThirdState) {
  auto a = write("a.csv", "id,name,sector\nx,X,it\n"),
       b = write("b.csv", "id,name,sector\nx,X,steel\n");
  auto a_again = write("a2.csv", "id,name,sector\r\nx,X,it\r\n"),
       b_again = write("b2.csv", "id,name,sector\r\nx,X,steel\r\n");
  EXPECT_EQ(told(import(kState, {a})), "1/1/0/0 +4");
  EXPECT_EQ(told(import(kState, {b})), "1/1/0/0 +3");
  EXPECT_EQ(told(import(kState, {a_again})), "1/1/0/0 +3");
  EXPECT_EQ(told(import(kState, {b_again})), "1/1/0/0 +3");
  EXPECT_EQ(types(),
            (Lines{"policySet.published p", "account.created x", "account.detailsChanged x",
                   "account.detailsChanged x", "account.detailsChanged x"}));
}
TEST_F(ModesTest, AKeyHasOneRowAnImport) {
  auto done = import(kState, {write("1.csv", "id,name,sector\nx,X,it\nx,X,steel\n")});
  EXPECT_EQ(told(done), "2/1/1/0 +5");
  EXPECT_EQ(rejects(*done), (Lines{"3 row.key_repeated"}));
}
TEST_F(ModesTest, TheSameFileAgainAddsNothing) {
  auto file = write("1.csv", "id,name,sector\nx,X,it\n,Nobody,\n");
  EXPECT_EQ(told(import(kState, {file})), "2/1/1/0 +5");
  EXPECT_EQ(told(import(kState, {file})), "2/0/1/1 +0");
  EXPECT_EQ(told(import(kState, {file})), "2/0/1/1 +0");
}
TEST_F(ModesTest, GenuineRepeatsAreCountedNotSwallowed) {
  std::string header = "case,at,said\n", row = "c1,2020-01-01T10:00:00,again\n";
  EXPECT_EQ(told(import(kRows, {write("1.csv", header + row + row)})), "2/2/0/0 +6");
  EXPECT_EQ(told(import(kRows, {write("2.csv", header + row + row)})), "2/0/0/2 +0");
  EXPECT_EQ(told(import(kRows, {write("3.csv", header + row + row + row)})), "3/1/0/2 +3");
  EXPECT_EQ(
      std::ranges::count_if(types(), [](auto& type) { return type == "case.messageLogged c1"; }),
      3);
}
TEST_F(ModesTest, ARowThatNoCommandFitsIsRejectedUnlessTheMappingAcceptsIt) {
  auto rows =
      mapping(R"({"table": "t", "mode": "rows", "at": "unknown", "columns": {"id": {}, "kind": {}},
    "commands": [{"command": "account/create", "id": "{id}", "when": {"kind": "p"}, "fields": {"kind": "person"}}]})");
  auto file = write("1.csv", "id,kind\n1,p\n2,q\n");
  auto done = import(rows, {file});
  EXPECT_EQ(told(done), "2/1/1/0 +5");
  EXPECT_EQ(rejects(*done), (Lines{"3 row.no_command"}));
  auto accepting = rows;
  accepting.replace(accepting.find("\"mode\""), 0, "\"unmatched\": \"accept\", ");
  EXPECT_EQ(told(import(accepting, {file})),
            "2/1/0/1 +2");  // a new import, in which one row is known
}
TEST_F(ModesTest, RowsWithOneKeyAreOneOrderWhereverTheyStand) {
  auto done = import(kGroups, {write("1.csv",
                                     "order,day,item,qty,price\n1,2020-01-01,p,2,1.005\n2,2020-01-"
                                     "02,q,1,3\n1,2020-01-05,r,1,2.50\n")});
  EXPECT_EQ(told(done), "3/3/0/0 +5");
  auto events = target.events();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_TRUE(events[1].starts_with("order.placed 1 ")) << events[1];
  EXPECT_NE(events[1].find(R"("amount":1005,"scale":3)"), std::string::npos) << events[1];
  EXPECT_NE(events[1].find(R"("total":{"amountMinor":451)"), std::string::npos)
      << events[1];  // 2 x 1.005 + 2.50
  EXPECT_TRUE(events[2].starts_with("order.placed 2 "));
}
TEST_F(ModesTest, OneBadRowRejectsItsGroupAndNoOther) {
  auto done = import(kGroups, {write("1.csv",
                                     "order,day,item,qty,price\n1,2020-01-01,p,2,1\n2,2020-01-02,q,"
                                     "1,3\n1,2020-01-01,r,2.5555,2\n")});
  EXPECT_EQ(told(done), "3/1/2/0 +6");
  EXPECT_EQ(rejects(*done), (Lines{"2 group_rejected", "4 qty: quantity.too_many_decimals"}));
}
TEST_F(ModesTest, ARefusedOrderRejectsItsRowsWithTheDecidersCode) {
  auto done = import(
      kGroups,
      {write("1.csv", "order,day,item,qty,price\n1,2020-01-01,p,-2,1\n1,2020-01-01,r,1,2\n")});
  EXPECT_EQ(told(done), "2/0/2/0 +5");
  ASSERT_EQ(rejects(*done).size(), 2u);
  EXPECT_NE(rejects(*done)[0].find("order."), std::string::npos) << rejects(*done)[0];
  EXPECT_EQ(rejects(*done)[1], "3 group_rejected");
}
TEST_F(ModesTest, AnExportThatCutAGroupIsToldWhenTheRestComes) {
  std::string header = "order,day,item,qty,price\n", first = "1,2020-01-01,p,2,1\n",
              second = "1,2020-01-01,r,1,2\n";
  EXPECT_EQ(told(import(kGroups, {write("1.csv", header + first)})), "1/1/0/0 +4");
  auto whole = import(kGroups, {write("2.csv", header + first + second + "2,2020-01-02,q,1,3\n")});
  EXPECT_EQ(told(whole), "3/1/2/0 +5");
  EXPECT_EQ(rejects(*whole), (Lines{"2 group_changed", "3 group_changed"}));
}
TEST_F(ModesTest, AHistoryIsReadAsDifferences) {
  auto done = import(history(), {write("1.csv",
                                       "id,at,stage,owner\nd,2020-01-01T10:00:00,A,ann\nd,2020-01-"
                                       "02T10:00:00,A,bob\nd,2020-01-03T10:00:00,B,bob\n")});
  EXPECT_EQ(told(done), "3/3/0/0 +6");
  EXPECT_EQ(types(), (Lines{"policySet.published p", "opportunity.opened d",
                            "opportunity.ownerAssigned d", "opportunity.stageChanged d"}));
  EXPECT_EQ(done->commands.at("opportunity/moveStage"), 1u);
}
TEST_F(ModesTest, ARejectedRowLeavesItsChangeToTheNextGoodOne) {
  auto done = import(history(), {write("1.csv",
                                       "id,at,stage,owner\nd,2020-01-01T10:00:00,A,ann\nd,2020-01-"
                                       "02T10:00:00,-100,bob\nd,2020-01-03T10:00:00,B,bob\n")});
  EXPECT_EQ(told(done), "3/2/1/0 +7");
  EXPECT_EQ(rejects(*done), (Lines{"3 stage: map.unknown_value"}));
  auto events = target.events();
  EXPECT_EQ(types(), (Lines{"policySet.published p", "opportunity.opened d",
                            "opportunity.stageChanged d", "opportunity.ownerAssigned d"}));
}
TEST_F(ModesTest, ALogCutWithOverlapsEndsWithTheSameEvents) {
  std::string header = "id,at,stage,owner\n";
  Lines rows;
  for (int i = 0; i < 60; ++i) {
    auto day = std::to_string(10 + i / 6);
    rows.push_back("d" + std::to_string(i % 4) + ",2020-01-" + day + "T10:00:00," +
                   (i * 7 % 3 ? "A" : "B") + ",owner" + std::to_string(i * 5 % 7) + "\n");
  }
  auto part = [&](const std::string& name, std::size_t from, std::size_t to) {
    auto text = header;
    for (auto i = from; i < to; ++i) text += rows[i];
    return write(name, text);
  };
  ASSERT_EQ(told(import(history(), {part("whole.csv", 0, 60)})).substr(0, 10), "60/60/0/0 ");
  ImportStore pieces;
  EXPECT_EQ(told(import_into(pieces, history(), {part("1.csv", 0, 25)})).substr(0, 9), "25/25/0/0");
  EXPECT_EQ(told(import_into(pieces, history(), {part("2.csv", 10, 42)})).substr(0, 10),
            "32/17/0/15");
  EXPECT_EQ(told(import_into(pieces, history(), {part("3.csv", 30, 60)})).substr(0, 10),
            "30/18/0/12");
  EXPECT_EQ(pieces.events(), target.events());
}
TEST_F(ModesTest, AnOlderRowThatComesAfterANewerExportIsRejected) {
  ASSERT_TRUE(
      import(history(), {write("1.csv", "id,at,stage,owner\nd,2020-01-05T10:00:00,A,ann\n")})
          .has_value());
  auto late = import(
      history(),
      {write("2.csv",
             "id,at,stage,owner\nd,2020-01-01T10:00:00,B,ann\nd,2020-01-06T10:00:00,B,ann\n")});
  EXPECT_EQ(told(late), "2/1/1/0 +4");
  EXPECT_EQ(rejects(*late), (Lines{"2 row.older_than_snapshot"}));
}
TEST_F(ModesTest, OrderBySortsTheRowsFirst) {
  auto done = import(
      history(R"("orderBy": ["at"],)"),
      {write("1.csv",
             "id,at,stage,owner\nd,2020-01-03T10:00:00,B,bob\nd,2020-01-01T10:00:00,A,ann\n")});
  EXPECT_EQ(told(done), "2/2/0/0 +6");
  EXPECT_TRUE(target.events()[1].find("ann") != std::string::npos) << target.events()[1];
}
TEST_F(ModesTest, APivotFillsOneColumnARow) {
  auto pivoted = mapping(
      R"({"table": "changes", "mode": "history", "key": ["id"], "at": "{at}", "pivot": {"name": "field", "value": "value"},
    "columns": {"id": {"required": true}, "at": {"datatype": "datetime", "required": true}, "field": {}, "value": {},
      "stage": {"titles": ["dealstage"], "pivoted": true, "map": {"A": "a", "B": "b"}}, "owner": {"titles": ["owner_id"], "pivoted": true}},
    "commands": [
      {"command": "opportunity/open", "id": "{id}", "on": "first", "fields": {"pipelineId": "p", "stageId": "a"}},
      {"command": "opportunity/moveStage", "id": "{id}", "ifChanged": ["stage"], "when": {"stage": {"not": null}}, "fields": {"stageId": "{stage}"}},
      {"command": "opportunity/assignOwner", "id": "{id}", "ifChanged": ["owner"], "when": {"owner": {"not": null}}, "fields": {"ownerId": "{owner}"}}]})");
  auto done = import(
      pivoted,
      {write("1.csv",
             "id,at,field,value\nd,2020-01-01T10:00:00,owner_id,ann\nd,2020-01-02T10:00:00,"
             "dealstage,B\nd,2020-01-03T10:00:00,owner_id,bob\nd,2020-01-04T10:00:00,other,x\n")});
  EXPECT_EQ(told(done), "4/4/0/0 +7");
  EXPECT_EQ(types(),
            (Lines{"policySet.published p", "opportunity.opened d", "opportunity.ownerAssigned d",
                   "opportunity.stageChanged d", "opportunity.ownerAssigned d"}));
}
TEST_F(ModesTest, ACommandRefusedTakesItsWholeRecordWithIt) {
  auto both = mapping(R"({"table": "t", "mode": "rows", "at": "unknown", "columns": {"id": {}},
    "commands": [{"command": "account/create", "id": "new-{id}", "fields": {"kind": "person"}},
                 {"command": "opportunity/moveStage", "id": "{id}", "fields": {"stageId": "a"}}]})");
  auto done = import(both, {write("1.csv", "id\nnobody\n")});
  EXPECT_EQ(told(done), "1/0/1/0 +4");
  EXPECT_EQ(types(), (Lines{"policySet.published p"}));
}
TEST_F(ModesTest, ADryRunTellsTheSameAndWritesNothing) {
  auto file = write("1.csv",
                    "id,at,stage,owner\nd,2020-01-01T10:00:00,A,ann\nd,2020-01-01T10:00:00,A,"
                    "ann\nd,2020-01-02T10:00:00,C,bob\nd,2020-01-03T10:00:00,B,bob\n");
  auto dry = import(history(), {file}, true);
  EXPECT_EQ(target.position(), 0u);
  EXPECT_EQ(dry->rejects, "");
  auto real = import(history(), {file});
  EXPECT_EQ(told(dry), told(real));
  EXPECT_EQ(dry->commands, real->commands);
  EXPECT_EQ(dry->import, real->import);
  EXPECT_EQ(told(import(history(), {file}, true)), told(import(history(), {file})));
}
TEST_F(ModesTest, SomebodyElsesChangeOfTheSameFieldIsAConflict) {
  for (auto [word, counts, last] : {std::tuple{"reject", "1/0/1/0", "theirs-was-kept"},
                                    {"ours", "1/1/0/0", "theirs-was-kept"},
                                    {"theirs", "1/1/0/0", "steel"}}) {
    ImportStore store;
    auto with = kState;
    with.replace(with.find("\"mode\""), 0, "\"conflict\": \"" + std::string(word) + "\", ");
    ASSERT_TRUE(import_into(store, with, {write("1.csv", "id,name,sector\nx,X,it\n")}).has_value());
    account::ChangeDetails change{.new_ = {.industry = Text("theirs-was-kept")}};
    capnp::MallocMessageBuilder message;
    change.write_member(message.initRoot<account::wire::Command>());
    auto body = capnp::messageToFlatArray(message);
    ASSERT_TRUE(store.gateway
                    ->submit({.aggregate = "account",
                              .id = "x",
                              .body = body,
                              .command_id = CommandId::of(7, 7)})
                    .has_value());
    auto done = import_into(store, with, {write("2.csv", "id,name,sector\nx,X,steel\n")});
    EXPECT_TRUE(told(done).starts_with(counts)) << word << ": " << told(done);
    EXPECT_NE(store.events().back().find(last), std::string::npos)
        << word << ": " << store.events().back();
    EXPECT_EQ(rejects(*done), std::string(word) == "reject" ? Lines{"2 import.conflict"} : Lines());
  }
}
TEST_F(ModesTest, SomebodyElsesChangeOfAnotherFieldIsNone) {
  ASSERT_TRUE(import(kState, {write("1.csv", "id,name,sector\nx,X,it\n")}).has_value());
  account::ChangeDetails change{.new_ = {.region_code = Text("DE")}};
  capnp::MallocMessageBuilder message;
  change.write_member(message.initRoot<account::wire::Command>());
  auto body = capnp::messageToFlatArray(message);
  ASSERT_TRUE(
      target.gateway
          ->submit(
              {.aggregate = "account", .id = "x", .body = body, .command_id = CommandId::of(7, 7)})
          .has_value());
  EXPECT_EQ(told(import(kState, {write("2.csv", "id,name,sector\nx,X,steel\n")})), "1/1/0/0 +3");
}
TEST_F(ModesTest, ALookupFindsRowsOfThisImportAndOfEarlierOnes) {
  auto two = mapping(
      R"({"table": "products", "mode": "state", "key": ["sku"], "at": "always", "columns": {"sku": {}, "price": {"datatype": {"base": "money", "currency": "EUR"}}}, "commands": []},
    {"table": "deals", "mode": "state", "key": ["deal"], "at": "unknown", "columns": {"deal": {}, "product": {},
      "amount": {"lookup": {"table": "products", "key": ["{product}"], "column": "price"}}},
     "commands": [{"command": "opportunity/open", "id": "{deal}", "on": "first", "fields": {"pipelineId": "p", "stageId": "a", "amount": "{amount}"}}]})");
  auto deals = write("deals.csv", "deal,product\nd1,p1\nd2,p9\n");
  auto done = import(two, {deals, write("products.csv", "sku,price\np1,12.50\n")});
  EXPECT_EQ(told(done), "3/2/1/0 +5");
  EXPECT_EQ(rejects(*done), (Lines{"3 product: lookup.not_found"}));
  EXPECT_NE(target.events().back().find("1250"), std::string::npos);
  EXPECT_EQ(told(import(two, {write("more.csv", "deal,product\nd3,p1\n")})), "1/1/0/0 +3");
  EXPECT_NE(target.events().back().find("1250"), std::string::npos);
}
TEST_F(ModesTest, APersonIsKeptAsAHashInIdsAndAsSealedTextInPersonalFields) {
  auto people = mapping(
      R"({"table": "t", "mode": "state", "key": ["mail"], "at": "always", "columns": {"mail": {"personal": true}, "name": {"personal": true}, "sector": {}},
    "commands": [{"command": "account/create", "id": "{mail}", "on": "first", "fields": {"kind": "person", "name": "{name}", "industry": "{sector}", "ownerId": "{mail}"}},
      {"command": "account/changeDetails", "id": "{mail}", "on": "later", "patch": {"name": "{name}", "industry": "{sector}"}}]})");
  EXPECT_EQ(told(import(people, {write("1.csv", "mail,name,sector\nann@example.org,Ann,it\n")})),
            "1/1/0/0 +4");
  auto created = target.events().back();
  EXPECT_EQ(created.find("example"), std::string::npos) << created;
  EXPECT_NE(created.find("\"name\":\"Ann\""), std::string::npos) << created;
  auto hash = created.substr(16, 32);
  EXPECT_NE(created.find("\"ownerId\":\"" + hash + "\""), std::string::npos) << created;
  auto nothing_plain = target.memory.each("", [](std::string_view, std::string_view value) {
    EXPECT_EQ(value.find("example"), value.npos);
    EXPECT_EQ(value.find("Ann"), value.npos);
    return true;
  });
  EXPECT_TRUE(nothing_plain.has_value());
  auto before = target.position();
  EXPECT_EQ(told(import(people, {write("2.csv", "mail,name,sector\nann@example.org,Ann,steel\n")})),
            "1/1/0/0 +3");
  EXPECT_EQ(target.events(before).size(), 1u);
  EXPECT_EQ(target.events(before)[0].find("Ann"),
            std::string::npos);  // an unchanged name is not sent again
}
TEST_F(ModesTest, JsonLinesAreRowsToo) {
  auto json = mapping(
      R"({"table": "t", "dialect": {"format": "jsonl"}, "mode": "state", "key": ["id"], "at": "always",
    "columns": {"id": {}, "name": {"titles": ["/owner/name"]}, "big": {"datatype": "integer"}}, "ignore": ["*"],
    "commands": [{"command": "account/create", "id": "{id}", "on": "first", "fields": {"kind": "customer", "name": "{name}"}}]})");
  auto done = import(json, {write("a.jsonl",
                                  "{\"id\":17,\"owner\":{\"name\":\"Jürgen\"},\"x\":1}\n{\"id\":18,"
                                  "\"big\":5}\n{\"id\":\n")});
  EXPECT_EQ(told(done), "3/2/1/0 +6");
  EXPECT_EQ(target.events()[1], R"(account.created 17 {"kind":"customer","name":"Jürgen"})");
  EXPECT_EQ(rejects(*done), (Lines{"3 json.malformed"}));
}
TEST_F(ModesTest, AMemberThatJsonLinesHaveOnlyLateIsReadWhereItComes) {
  auto json = mapping(
      R"({"table": "t", "dialect": {"format": "jsonl"}, "mode": "state", "key": ["id"], "at": "always",
    "columns": {"id": {}, "sector": {"titles": ["branch", "/firm/sector"]}},
    "commands": [{"command": "account/create", "id": "{id}", "on": "first", "fields": {"kind": "customer", "industry": "{sector}"}}]})");
  std::string lines;
  for (int i = 1; i <= 1500; ++i) lines += "{\"id\":" + std::to_string(i) + "}\n";
  lines += "{\"id\":\"late\",\"branch\":\"steel\"}\n{\"id\":\"nested\",\"firm\":{\"sector\":\"it\"}}\n{\"id\":\"odd\",\"surprise\":1}\n";
  auto done = import(json, {write("a.jsonl", lines)});
  ASSERT_EQ(told(done).substr(0, 11), "1503/1503/0");
  auto events = target.events();
  EXPECT_EQ(events[events.size() - 3], R"(account.created late {"kind":"customer","industry":"steel"})");
  EXPECT_EQ(events[events.size() - 2], R"(account.created nested {"kind":"customer","industry":"it"})");
  EXPECT_EQ(done->unmapped["a.jsonl"], (Lines{"surprise"})) << "told, though it came late";
}
TEST_F(ModesTest, ARefusalNamesTheRowTheColumnAndTheValue) {
  auto done = import(kGroups, {write("1.csv",
                                     "order,day,item,qty,price\n1,2020-01-01,p,1,2.00\n1,2020-01-01,q,-3,2.00\n"
                                     "1,2020-01-01,r,1,2.00\n")});
  ASSERT_EQ(told(done).substr(0, 7), "3/0/3/0") << told(done);
  EXPECT_EQ(rejects(*done), (Lines{"2 group_rejected", "3 qty: order.quantity_not_positive", "4 group_rejected"}));
  auto text = read(done->rejects);
  EXPECT_NE(text.find("quantity not positive: \"\"-3\"\""), text.npos) << text;
  EXPECT_NE(text.find("line 3 of its group is bad"), text.npos) << text;
  EXPECT_NE(text.find("/tables/0/commands/0/fields/lines/each/qtyMilli"), text.npos) << text;
}

}  // namespace
}  // namespace rapport::import
