// Taking an import back, and importing the corrected file after it.
#include "adapters/import/revert.h"

#include <algorithm>

#include "adapters/import/rocks/rocks_key_value.h"
#include "domain/schema/account.values.h"
#include "tests/import/import_fixture.h"

namespace rapport::import {
namespace {

const std::string kAccounts =
    R"({"mapping": "accounts", "tables": [{"table": "accounts", "mode": "state", "key": ["id"], "at": "always",
  "columns": {"id": {"required": true}, "sector": {}, "region": {}},
  "commands": [
    {"command": "account/create", "id": "{id}", "on": "first", "fields": {"kind": "organisation", "industry": "{sector}", "regionCode": "{region}"}},
    {"command": "account/changeDetails", "id": "{id}", "on": "later", "patch": {"industry": "{sector}", "regionCode": "{region}"}}]}]})";

const std::string kOrders = R"({"mapping": "orders",
  "policies": [{"kind": "loyaltyProgram", "id": "points", "effectiveFrom": "2019-01-01", "body": {
    "earn": {"on": "orderFulfilled", "points": 1, "per": {"amountMinor": 100, "currency": "EUR"}, "round": "down"}, "reverse": {"on": "creditNote", "lots": "newest"}}}],
  "tables": [{"table": "lines", "mode": "groups", "key": ["order"], "at": "{day}",
  "columns": {"order": {"required": true}, "day": {"datatype": "date", "required": true}, "customer": {}, "price": {"datatype": {"base": "price", "currency": "EUR"}}},
  "commands": [
    {"command": "loyaltyMember/enrol", "id": "{customer}", "once": true, "fields": {"programId": "points"}},
    {"command": "order/place", "id": "{order}", "fields": {"kind": "sale", "memberId": "{customer}", "currency": "EUR",
      "lines": {"each": {"productId": "p", "qtyMilli": 1000, "unitPrice": "{price}"}}}},
    {"command": "order/fulfil", "id": "{order}"}]}]})";

struct RevertTest : ImportTest {
  Result<RevertSummary> revert(const std::string& id, bool dry_run = false) {
    return revert_import(id, dry_run,
                         {.gateway = *target.gateway,
                          .store = target.store,
                          .keys = target.keys,
                          .memory = target.memory,
                          .make_scratch = [] { return open_scratch("/tmp"); }});
  }
  void change_industry(const char* id, const char* to) {
    account::ChangeDetails change{.new_ = {.industry = Text(std::string_view(to))}};
    capnp::MallocMessageBuilder message;
    change.write_member(message.initRoot<account::wire::Command>());
    auto body = capnp::messageToFlatArray(message);
    auto done = target.gateway->submit(
        {.aggregate = "account", .id = id, .body = body, .command_id = CommandId::of(7, ++sent)});
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  std::uint64_t sent = 0;
};

// Consents are withdrawn, one by one: that they were recorded stays.
TEST_F(RevertTest, ConsentsAreWithdrawnAgainAndNobodyIsErasedByAnImport) {
  const std::string consents =
      R"({"mapping": "consents", "tables": [{"table": "consents", "mode": "state", "key": ["id"], "at": "always",
  "columns": {"id": {"required": true}, "channel": {"required": true}},
  "commands": [{"command": "dataSubject/recordConsent", "id": "account-{id}", "fields": {"purpose": "news", "channel": "{channel}", "textVersion": "1"}}]}]})";
  auto imported = import(consents, {write("1.csv", "id,channel\na,email\nb,phone\n")});
  ASSERT_EQ(told(imported).substr(0, 7), "2/2/0/0");
  auto done = revert(imported->import);
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(done->left, 0u);
  std::size_t withdrawn = 0;
  auto reader = target.store.read({.filter = Term::type("dataSubject.consentWithdrawn")});
  for (auto event = reader->next(); *event; event = reader->next()) ++withdrawn;
  EXPECT_EQ(withdrawn, 2u);
  const std::string erasures =
      R"({"mapping": "erasures", "tables": [{"table": "erasures", "mode": "state", "key": ["id"], "at": "always",
  "columns": {"id": {"required": true}},
  "commands": [{"command": "dataSubject/eraseSubject", "id": "account-{id}"}]}]})";
  EXPECT_EQ(told(import(erasures, {write("2.csv", "id\na\n")})).substr(0, 7), "1/0/1/0");
}

TEST_F(RevertTest, ChangesGoBackToWhatWasThereBeforeAndMayComeAgain) {
  ASSERT_TRUE(
      import(kAccounts, {write("1.csv", "id,sector,region\na,it,DE\nb,it,FR\n")}).has_value());
  auto wrong = import(kAccounts, {write("2.csv", "id,sector,region\na,steel,AT\nb,it,FR\n")});
  ASSERT_EQ(told(wrong).substr(0, 7), "2/1/0/1");
  auto before = target.position();
  auto dry = revert(wrong->import, true);
  EXPECT_EQ(target.position(), before);
  auto done = revert(wrong->import);
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(done->compensated, 1u);
  EXPECT_EQ(done->left, 0u);
  EXPECT_EQ(done->records, 1u);
  EXPECT_EQ(std::tuple(dry->compensated, dry->left, dry->records, dry->events),
            std::tuple(done->compensated, done->left, done->records, done->events));
  EXPECT_EQ(
      target.events(before),
      (std::vector<std::string>{
          R"(account.detailsChanged a {"old":{"industry":"steel","regionCode":"AT"},"new":{"industry":"it","regionCode":"DE"}})"}));
  EXPECT_EQ(revert(wrong->import).error().reason, "import.already_reverted");
  // The corrected file, and then the very file that was taken back.
  auto at = target.position();
  EXPECT_EQ(told(import(kAccounts, {write("3.csv", "id,sector,region\na,steel,DE\nb,it,FR\n")}))
                .substr(0, 7),
            "2/1/0/1");
  EXPECT_EQ(
      target.events(at),
      (std::vector<std::string>{
          R"(account.detailsChanged a {"old":{"industry":"it"},"new":{"industry":"steel"}})"}));
  EXPECT_EQ(told(import(kAccounts, {write("2.csv", "id,sector,region\na,steel,AT\nb,it,FR\n")}))
                .substr(0, 7),
            "2/1/0/1");
}
TEST_F(RevertTest, WhatOthersBuiltOnIsLeftAndTold) {
  ASSERT_TRUE(
      import(kAccounts, {write("1.csv", "id,sector,region\na,it,DE\nb,it,FR\n")}).has_value());
  auto wrong = import(kAccounts, {write("2.csv", "id,sector,region\na,steel,DE\nb,steel,FR\n")});
  change_industry("a", "by hand");
  auto done = revert(wrong->import);
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->compensated, 1u);
  ASSERT_EQ(done->streams.size(), 1u);
  EXPECT_EQ(done->streams[0].stream, "account-a");
  EXPECT_EQ(done->streams[0].code, "changed_since");
}
TEST_F(RevertTest, OrdersGoBackWithThePointsThatTheyEarned) {
  auto wrong = import(
      kOrders,
      {write("1.csv", "order,day,customer,price\n1,2020-01-01,c,12.50\n2,2020-01-02,c,7.50\n")});
  ASSERT_EQ(told(wrong).substr(0, 7), "2/2/0/0") << told(wrong);
  auto before = target.position();
  auto done = revert(wrong->import);
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(done->left, 0u) << (done->streams.empty()
                                    ? ""
                                    : done->streams[0].stream + " " + done->streams[0].message);
  // The last first, each with its points; the member and the program after them.
  std::vector<std::string> types;
  std::int64_t points = 0;
  for (const auto& event : target.events(before)) {
    types.push_back(event.substr(0, event.find(' ', event.find(' ') + 1)));
    if (event.starts_with("loyaltyMember.movementRevoked"))
      points += std::stoll(event.substr(event.find("\"points\":") + 9));
  }
  EXPECT_EQ(points, 19);
  EXPECT_EQ(types, (std::vector<std::string>{
                       "loyaltyMember.movementRevoked c", "order.revoked 2",
                       "loyaltyMember.movementRevoked c", "order.revoked 1",
                       "loyaltyMember.revoked c", "policySet.revoked points"}));
  // The corrected file: the same ids once more, the member created anew.
  auto at = target.position();
  EXPECT_EQ(told(import(kOrders, {write("2.csv",
                                        "order,day,customer,price\n1,2020-01-01,c,12.50\n"
                                        "2,2020-01-02,c,70.50\n")}))
                .substr(0, 7),
            "2/2/0/0");
  auto events = target.events(at);
  EXPECT_TRUE(std::ranges::any_of(
      events, [](auto& event) { return event.starts_with("loyaltyMember.enrolled c"); }));
}
// Its mapping was wrong: it made nothing of the second row.
TEST_F(RevertTest, RowsThatChangedNothingMayComeAgainToo) {
  auto history = [](const std::string& more) {
    return R"({"mapping": "h", "tables": [{"table": "t", "mode": "history", "key": ["id"], "at": "{at}",
      "columns": {"id": {"required": true}, "at": {"datatype": "datetime", "required": true}, "sector": {}},
      "commands": [{"command": "account/create", "id": "{id}", "on": "first", "fields": {"kind": "customer", "industry": "{sector}"}})" +
           more + "]}]}";
  };
  auto file = write("1.csv", "id,at,sector\na,2020-01-01T00:00:00Z,it\na,2020-01-02T00:00:00Z,steel\n");
  auto wrong = import(history(""), {file});
  ASSERT_EQ(told(wrong).substr(0, 7), "2/2/0/0");
  auto done = revert(wrong->import);
  ASSERT_TRUE(done && done->left == 0);
  EXPECT_EQ(done->records, 2u);
  auto at = target.position();
  auto right = history(
      R"(, {"command": "account/changeDetails", "id": "{id}", "on": "later", "patch": {"industry": "{sector}"}})");
  EXPECT_EQ(told(import(right, {file})).substr(0, 7), "2/2/0/0");
  EXPECT_EQ(target.events(at),
            (std::vector<std::string>{
                R"(account.created a {"kind":"customer","industry":"it"})",
                R"(account.detailsChanged a {"old":{"industry":"it"},"new":{"industry":"steel"}})"}));
  EXPECT_EQ(told(import(right, {file})), "2/0/0/2 +0");
}
TEST_F(RevertTest, AnImportThatIsNotThereIsNotFound) {
  EXPECT_EQ(revert("nothing").error().reason, "import.not_found");
}

}  // namespace
}  // namespace rapport::import
