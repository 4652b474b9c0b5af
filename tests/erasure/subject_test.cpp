// The access report, from the command line and over HTTP, and the proof of what was handed over.
#include "eventstore/event.h"
#include "tests/erasure/erasure_fixture.h"

namespace rapport::program {
namespace {

using Json = nlohmann::json;

std::vector<std::string> types_of(const Json& report) {
  std::vector<std::string> types;
  for (auto& event : report["events"]) types.push_back(event["type"]);
  return types;
}

TEST_F(Subjects, AnAccessReportHasAllThatIsKnown) {
  command("case/C-1", "open", R"({"accountId":"4711","subject":"Anna's mixer","text":"It smokes."})");
  command("case/C-2", "open", R"({"accountId":"4712","subject":"Ben's toaster"})");
  command("dataSubject/account-4711", "recordConsent",
          R"({"purpose":"newsletter","channel":"email","textVersion":"3","evidence":"signed by Anna"})");
  command("dataSubject/account-4711", "receiveRequest", R"({"kind":"access"})");
  command("dataSubject/account-4711", "setLegalHold", R"({"until":"2099-12-31"})");
  auto report = rapport({"subject", "account-4711"}).json();
  EXPECT_EQ(report["subject"], "account-4711");
  EXPECT_EQ(report["key"]["state"], "in use");
  EXPECT_EQ(report["hold"]["until"], "2099-12-31");
  ASSERT_EQ(report["consents"].size(), 1u);
  EXPECT_EQ(report["consents"][0]["granted"], true);
  ASSERT_EQ(report["requests"].size(), 1u);
  EXPECT_EQ(report["requests"][0]["kind"], "access");
  EXPECT_EQ(report["requests"][0]["answeredAt"], nullptr);
  EXPECT_EQ(types_of(report), (std::vector<std::string>{"account.created", "case.opened", "dataSubject.consentGranted",
                                                        "dataSubject.subjectRequestReceived", "dataSubject.legalHoldChanged"}));
  EXPECT_EQ(report["events"][0]["data"]["name"], "Anna Grün");
  EXPECT_EQ(report["events"][1]["data"]["subject"], "Anna's mixer");
  EXPECT_EQ(report["events"][2]["data"]["evidence"], "signed by Anna");
}

TEST_F(Subjects, AskingRecordsNothingAndAnExportIsRecordedByItsDigest) {
  command("dataSubject/account-4711", "receiveRequest", R"({"kind":"access"})");
  auto first = rapport({"subject", "account-4711"}).out;
  command("account/4713", "create", R"({"kind":"person","name":"Carl"})");  // somebody else
  auto second = rapport({"subject", "account-4711"}).out;
  EXPECT_EQ(first, second);
  auto sha256 = to_hex(rapport::sha256({bytes_of(first)}));
  auto receipt = command("dataSubject/account-4711", "exportSubjectData", Json{{"sha256", sha256}}.dump());
  EXPECT_EQ(receipt["events"], Json::array({"dataSubject.subjectDataExported"}));
  auto report = rapport({"subject", "account-4711"}).json();
  EXPECT_EQ(report["exports"][0]["sha256"], sha256);
  EXPECT_NE(report["requests"][0]["answeredAt"], nullptr);
}

TEST_F(Subjects, AnErasedSubjectsReportSaysSo) {
  command("dataSubject/account-4711", "recordConsent", R"({"purpose":"newsletter","channel":"email","textVersion":"3"})");
  erase("account-4711");
  auto report = rapport({"subject", "account-4711"}).json();
  EXPECT_EQ(report["key"]["state"], "erased");
  EXPECT_EQ(report["key"]["erased"].size(), 1u);
  EXPECT_EQ(report["consents"][0]["granted"], false);
  EXPECT_EQ(report["events"][0]["data"]["name"], nullptr);
  EXPECT_EQ(report["events"][0]["erased"], Json::array({"/data/name"}));
  auto table = run({"subject", "account-4711", "--data", store(), "--format", "table"}).out;
  EXPECT_NE(table.find("key      erased\n"), table.npos) << table;
  EXPECT_NE(table.find("\"name\":\"[erased]\""), table.npos) << table;
}

TEST_F(Subjects, NobodyIsKnownByANameThatNothingHas) {
  EXPECT_EQ(rapport({"subject", "account-nobody"}, 1).error()["code"], "subject.not_found");
  EXPECT_EQ(rapport({"subject", "nobody"}, 2).error()["code"], "subject.name_malformed");
}

TEST_F(Subjects, AServerReportsAndErasesAsTheCommandLineDoes) {
  auto alone = rapport({"subject", "account-4711"}).json();
  Running server({"serve", "--data", store(), "--listen", "127.0.0.1:0"});
  auto line = server.first_line();
  auto url = line.substr(line.find("http://"));
  auto at_server = run({"subject", "account-4711", "--server", url, "--format", "json"});
  EXPECT_EQ(at_server.json(), alone);
  auto missing = run({"subject", "account-nobody", "--server", url, "--format", "json"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_EQ(missing.error()["code"], "subject.not_found");
  auto erased = run({"command", "dataSubject/account-4711", "eraseSubject", "--reason", "gdpr-17", "--server", url, "--format", "json"});
  EXPECT_EQ(erased.code, 0) << erased.err;
  EXPECT_EQ(run({"subject", "account-4711", "--server", url, "--format", "json"}).json()["key"]["state"], "erased");
}

}  // namespace
}  // namespace rapport::program
