// Erasure on the real program: what is left of a key, what is shown of its texts, and what a crash in between leaves.
#include <fstream>

#include "tests/erasure/erasure_fixture.h"

namespace rapport::program {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const Json kNameErased = Json::array({"/name"}), kDataErased = Json::array({"/data/name"});

TEST_F(Subjects, NoByteOfADestroyedKeyIsInAnyFile) {
  auto anna = *key_of("account-4711"), ben = *key_of("account-4712");
  ASSERT_FALSE(files_with(anna).empty());  // the search finds what is there
  auto receipt = erase("account-4711").json();
  EXPECT_EQ(receipt["events"], Json::array({"dataSubject.subjectKeyDestroyed"}));
  EXPECT_EQ(files_with(anna), std::vector<std::string>());
  EXPECT_FALSE(key_of("account-4711"));
  EXPECT_EQ(key_of("account-4712")->raw, ben.raw);
  EXPECT_TRUE(verifies());
}

TEST_F(Subjects, NorWhileAServerHasTheStoreOpen) {
  auto anna = *key_of("account-4711");
  Running server({"serve", "--data", store(), "--listen", "127.0.0.1:0"});
  ASSERT_TRUE(server.first_line().starts_with("listening on "));
  EXPECT_EQ(account("4711")["name"], "Anna Grün");
  EXPECT_FALSE(files_with(anna).empty());
  erase("account-4711");
  EXPECT_EQ(files_with(anna), std::vector<std::string>());
  EXPECT_EQ(account("4711")["name"], nullptr);  // no opened text was kept
  EXPECT_EQ(account("4711")["erased"], kNameErased);
  command("account/4711", "changeDetails", R"({"new":{"name":"Anna Blau"}})");  // under a new key
  EXPECT_EQ(account("4711")["name"], "Anna Blau");
  EXPECT_FALSE(account("4711").contains("erased"));
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
  EXPECT_EQ(files_with(anna), std::vector<std::string>());
  EXPECT_TRUE(verifies());
}

TEST_F(Subjects, AnErasedTextIsNullAndNamedEverywhere) {
  auto before = rapport({"inspect"}).json();
  erase("account-4711");
  auto created = events("account-4711")[0];
  EXPECT_EQ(created["data"]["name"], nullptr);
  EXPECT_EQ(created["erased"], kDataErased);
  for (const auto& when : std::vector<std::vector<std::string>>{
           {}, {"--known-at", before["position"].dump()}, {"--as-of", before["lastRecordedAt"].get<std::string>()}}) {
    EXPECT_EQ(account("4711", when)["name"], nullptr);
    EXPECT_EQ(account("4711", when)["erased"], kNameErased);
    EXPECT_EQ(account("4712", when)["name"], "Ben");
    EXPECT_FALSE(account("4712", when).contains("erased"));
    for (const auto* part : {"Anna", "erased"}) {
      std::vector<std::string> search{"query", "customer360/accounts", std::string("name~=") + part};
      search.insert(search.end(), when.begin(), when.end());
      EXPECT_EQ(rapport(search).json()["rows"], Json::array()) << part;
    }
  }
  auto timeline = rapport({"query", "customer360/timeline", "id=4711"}).json()["rows"];
  ASSERT_EQ(timeline.size(), 2u);
  EXPECT_EQ(timeline[0]["words"], nullptr);
  EXPECT_EQ(timeline[0]["erased"], Json::array({"/words"}));
  EXPECT_EQ(timeline[1]["type"], "dataSubject.subjectKeyDestroyed");
  auto table = run({"query", "customer360/accounts", "id=4711", "--data", store(), "--format", "table", "--quiet"}).out;
  EXPECT_NE(table.find("[erased]"), table.npos) << table;
  auto csv = run({"query", "customer360/accounts", "id=4711", "--data", store(), "--format", "csv", "--quiet"}).out;
  EXPECT_NE(csv.find("4711,[erased],"), csv.npos) << csv;
}

TEST_F(Subjects, EveryProofHoldsAfterAnErasure) {
  rapport({"keygen"});
  std::ofstream(path("checkpoint")) << rapport({"checkpoint"}).out;
  auto proof = rapport({"proof", "inclusion", "1", "2"}).json();
  auto views = rapport({"inspect"}).json()["views"];
  erase("account-4711");
  EXPECT_EQ(rapport({"verify", "--checkpoint", path("checkpoint")}).json()["ok"], true);
  EXPECT_EQ(rapport({"proof", "inclusion", "1", "2"}).json(), proof);
  rapport({"proof", "consistency", "2"});
  auto now = rapport({"inspect"}).json()["views"];
  for (const auto* view : {"pipeline", "service", "loyalty"}) EXPECT_EQ(now[view]["digest"], views[view]["digest"]) << view;
  auto rebuilt = rapport({"rebuild"}).json()["views"];
  for (auto& [view, facts] : rebuilt.items()) EXPECT_EQ(facts["same"], true) << view;
}

TEST_F(Subjects, AnErasureIsRefusedWithWordsAndAnExitCode) {
  EXPECT_EQ(erase("account-nobody", 1).error()["code"], "subject.not_found");
  command("dataSubject/account-9", "receiveRequest", R"({"kind":"erase"})");
  EXPECT_EQ(erase("account-9", 1).error()["code"], "subject.nothing_to_erase");
  EXPECT_EQ(rapport({"command", "dataSubject/account-4711", "eraseSubject"}, 1).error()["code"], "subject.reason_missing");
  command("dataSubject/account-4711", "setLegalHold");
  auto refused = erase("account-4711", 1).error();
  EXPECT_EQ(refused["code"], "subject.legal_hold");
  EXPECT_NE(refused["hint"], nullptr);
  EXPECT_EQ(account("4711")["name"], "Anna Grün");
  command("dataSubject/account-4711", "liftLegalHold");
  erase("account-4711");
}

TEST_F(Subjects, AnErasureIsDoneOnceAndKeepsItsReason) {
  const std::string id = "0190b1c2-7a10-7000-8000-000000000001";
  auto first = rapport({"command", "dataSubject/account-4711", "eraseSubject", "--id", id, "--reason", "gdpr-17:asked by letter"}).json();
  auto again = rapport({"command", "dataSubject/account-4711", "eraseSubject", "--id", id, "--reason", "gdpr-17:asked by letter"}).json();
  EXPECT_EQ(again["already"], true);
  EXPECT_EQ(again["position"], first["position"]);
  EXPECT_EQ(erase("account-4711").json()["events"], Json::array());
  EXPECT_EQ(events("dataSubject-account-4711")[0]["reason"]["text"], "asked by letter");
}

TEST_F(Subjects, WhoComesBackHasANewKeyAndTheOldTextsStayErased) {
  auto old = *key_of("account-4711");
  erase("account-4711");
  command("account/4711", "changeDetails", R"({"new":{"name":"Anna Blau"}})");
  EXPECT_GT(key_of("account-4711")->id, old.id);
  auto told = events("account-4711");
  EXPECT_EQ(told[0]["data"]["name"], nullptr);
  EXPECT_EQ(told[1]["data"]["new"]["name"], "Anna Blau");
  erase("account-4711");
  EXPECT_EQ(events("account-4711")[1]["erased"], Json::array({"/data/new/name"}));
  EXPECT_TRUE(verifies());
}

TEST_F(Subjects, AnOlderCopyOfTheKeysLearnsOfTheErasureFromTheRegister) {
  auto anna = *key_of("account-4711");
  fs::copy(store() + "/keys/db", path("older"), fs::copy_options::recursive);
  erase("account-4711");
  fs::remove_all(store() + "/keys/db");
  fs::copy(path("older"), store() + "/keys/db", fs::copy_options::recursive);
  fs::remove(store() + "/closed");
  ASSERT_FALSE(files_with(anna).empty());
  EXPECT_EQ(account("4711")["erased"], kNameErased);
  EXPECT_EQ(files_with(anna), std::vector<std::string>());
  EXPECT_TRUE(verifies());
}

TEST_F(Subjects, AnOlderCopyOfAllOfKeysLearnsOfTheErasureFromTheLog) {
  auto anna = *key_of("account-4711");
  fs::copy(store() + "/keys", path("older"), fs::copy_options::recursive);
  erase("account-4711");
  fs::remove_all(store() + "/keys");
  fs::copy(path("older"), store() + "/keys", fs::copy_options::recursive);
  fs::remove(store() + "/closed");
  EXPECT_EQ(account("4711")["erased"], kNameErased);
  EXPECT_EQ(files_with(anna), std::vector<std::string>());
  EXPECT_TRUE(verifies());
}

TEST_F(Subjects, ADumpLeavesTheKeyBehindAndTheLoadedStoreKnowsOfTheErasure) {
  erase("account-4711");
  auto dump = rapport({"dump"}).out;
  std::ofstream(path("dump.jsonl")) << dump;
  std::istringstream lines(dump);
  std::string line;
  std::getline(lines, line);
  std::getline(lines, line);
  auto created = Json::parse(line);
  EXPECT_EQ(created["data"]["name"], nullptr);
  EXPECT_EQ(created["erased"], kDataErased);
  EXPECT_FALSE(created.contains("subjectSecret"));
  fs::rename(store(), path("first"));
  rapport({"load", path("dump.jsonl")});
  EXPECT_EQ(events("account-4711")[0]["erased"], kDataErased);
  EXPECT_EQ(events("account-4712")[0]["data"]["name"], "Ben");
  EXPECT_EQ(erase("account-4711").json()["events"], Json::array());
  command("account/4711", "changeDetails", R"({"new":{"name":"Anna Blau"}})");
  EXPECT_EQ(account("4711")["name"], "Anna Blau");
  EXPECT_TRUE(verifies());
}

TEST_F(Subjects, TheRegisterCannotBeCutOrAltered) {
  erase("account-4711");
  erase("account-4712");
  auto file = store() + "/keys/erased";
  auto text = read_file(file);
  auto first_line = text.substr(0, text.find('\n') + 1);
  for (const auto& wrong : {std::string(), first_line, text.substr(first_line.size()), text.substr(0, text.size() - 1), "9" + text}) {
    fs::remove(store() + "/closed");
    std::ofstream(file, std::ios::binary | std::ios::trunc) << wrong;
    auto refused = run({"inspect", "--data", store(), "--format", "json"});
    EXPECT_EQ(refused.code, 3);
    EXPECT_EQ(refused.error()["code"], "keys.damaged") << wrong;
  }
  fs::remove(store() + "/closed");
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
  EXPECT_TRUE(verifies());
}

TEST_F(Subjects, KilledAtAnyMomentAnErasureIsDoneOrNotBegun) {
  auto anna = *key_of("account-4711");
  int done = 0, not_begun = 0;
  auto changes = kill_at_every_change(
      *this, [&] { return run({"command", "dataSubject/account-4711", "eraseSubject", "--reason", "gdpr-17", "--data", store()}); },
      [&](bool ended) {
        EXPECT_TRUE(verifies());  // also finishes what was begun
        auto report = rapport({"subject", "account-4711"}).json();
        bool logged = report["events"].size() == 2;
        EXPECT_EQ(report["events"][0]["data"]["name"], logged ? Json(nullptr) : Json("Anna Grün"));
        EXPECT_EQ(files_with(anna).empty(), logged);
        EXPECT_TRUE(logged || !ended);
        (logged ? done : not_begun)++;
        for (const auto* part : {"db.next", "db.old"}) EXPECT_FALSE(fs::exists(store() + "/keys/" + part)) << part;
        if (logged) return;
        erase("account-4711");
        EXPECT_EQ(files_with(anna), std::vector<std::string>());
      });
  RecordProperty("changes", static_cast<int>(changes));
  EXPECT_GT(done, 20);
  std::cout << changes << " kills: " << done << " erasures done, " << not_begun << " not begun\n";
}

}  // namespace
}  // namespace rapport::program
