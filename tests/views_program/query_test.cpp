// Questions as they are typed: what is no question is refused with the field at fault, pages stay of one moment, answers without
// rows still say what they would have told.
#include "tests/program/program.h"

namespace rapport::program {
namespace {

struct QueryVerb : Folder {
  void SetUp() override { ASSERT_EQ(import_deals().code, 0); }
  Ran ask(std::vector<std::string> arguments, const std::string& format = "json") {
    for (auto& more : {std::string("--data"), store(), std::string("--format"), format}) arguments.push_back(more);
    return run(arguments);
  }
  Ran query(std::vector<std::string> arguments, const std::string& format = "json") {
    arguments.insert(arguments.begin(), "query");
    return ask(arguments, format);
  }
  static void expect_usage(const Ran& ran, const std::string& field) {
    EXPECT_EQ(ran.code, 2) << ran.out << ran.err;
    EXPECT_EQ(ran.error().value("field", ""), field) << ran.err;
    EXPECT_EQ(ran.out, "");
  }
};

TEST_F(QueryVerb, RefusesAnOptionWithNothingInIt) {
  expect_usage(query({"pipeline/summary", "--as-of", ""}), "asOf");
  expect_usage(query({"pipeline/summary", "--known-at", ""}), "knownAt");
  expect_usage(query({"pipeline/summary", "--sort", ""}), "sort");
  expect_usage(query({"pipeline/summary", "--limit", ""}), "limit");
}
TEST_F(QueryVerb, RefusesNumbersThatAreNone) {
  for (std::string number : {"-1", "1.5", "99999999999999999999", "0x10", "ten"}) {
    expect_usage(query({"pipeline/opportunities", "--limit", number}), "limit");
    expect_usage(ask({"events", "--from", number}), "from");
    expect_usage(ask({"events", "--to", number}), "to");
    expect_usage(ask({"events", "--limit", number}), "limit");
    expect_usage(ask({"command", "opportunity/D-2", "win", "{}", "--expect", number}), "expect");
  }
}
TEST_F(QueryVerb, RefusesArgumentsThatContradictEachOther) {
  expect_usage(query({"pipeline/win-rate", "by=owner", "by=team"}), "by");
  expect_usage(query({"pipeline/waterfall", "from=2025-03-01", "to=2025-02-01"}), "to");
  expect_usage(query({"pipeline/waterfall", "from=2025-01-01", "to=2025-02-01", "closing=2025-02-01..2025-01-01"}), "closing");
  expect_usage(query({"pipelines/summary"}), "view");
  expect_usage(query({"pipeline/summery"}), "report");
  expect_usage(query({"pipeline/summary", "colour=red"}), "colour");
}

TEST_F(QueryVerb, EveryPageReportsThePositionAndRootOfTheFirst) {
  auto now = ask({"inspect"}).json()["position"].dump();
  std::vector<std::vector<std::string>> asked = {
      {}, {"--as-of", "2025-12-31"}, {"--known-at", now}, {"--known-at", now, "--as-of", "2025-12-31"}};
  int later = 0;
  for (auto& times : asked) {
    std::vector<std::string> arguments{"pipeline/opportunities", "--limit", "1"};
    arguments.insert(arguments.end(), times.begin(), times.end());
    auto first = query(arguments).json();
    ASSERT_TRUE(first.contains("next")) << first;
    ASSERT_EQ(ask({"command", "account/later-" + std::to_string(++later), "create", R"({"kind":"organisation"})"}).code, 0);
    arguments.insert(arguments.end(), {"--cursor", first["next"].get<std::string>()});
    auto second = query(arguments).json();
    ASSERT_EQ(second["rows"].size(), 1u) << second;
    for (auto* same : {"position", "root", "asOf", "knownAt"}) EXPECT_EQ(second[same], first[same]) << same;
    EXPECT_NE(second["rows"], first["rows"]);
  }
}
TEST_F(QueryVerb, RefusesACursorOfAnotherQuestion) {
  auto next = query({"pipeline/opportunities", "--limit", "1", "--as-of", "2025-12-31"}).json()["next"].get<std::string>();
  expect_usage(query({"pipeline/opportunities", "--cursor", next}), "cursor");
  expect_usage(query({"pipeline/opportunities", "--cursor", next, "--as-of", "2025-12-30"}), "cursor");
  expect_usage(query({"pipeline/opportunities", "--cursor", next, "--as-of", "2025-12-31", "--known-at", "5"}), "cursor");
  expect_usage(query({"pipeline/opportunities", "status=open", "--cursor", next, "--as-of", "2025-12-31"}), "cursor");
  EXPECT_EQ(query({"pipeline/opportunities", "--cursor", next, "--as-of", "2025-12-31"}).code, 0);
}

TEST_F(QueryVerb, KnownAtTheBeginningIsOfNoTime) {
  auto answer = query({"pipeline/summary", "--known-at", "0"}).json();
  EXPECT_EQ(answer["position"], 0);
  EXPECT_TRUE(answer["knownAt"].is_null()) << answer;
  EXPECT_FALSE(query({"pipeline/summary", "--known-at", "1"}).json()["knownAt"].is_null());
}
TEST_F(QueryVerb, AnAnswerWithoutRowsStillHasItsHeader) {
  EXPECT_EQ(query({"pipeline/summary", "status=none"}, "csv").out, "status,stage,currency,count,amountMinor,weightedMinor\r\n");
  auto table = query({"pipeline/summary", "status=none"}, "table").out;
  EXPECT_TRUE(table.starts_with("status  stage  currency  count  amount  weighted\n")) << table;
  EXPECT_NE(table.find("0 rows"), table.npos);
}
TEST_F(QueryVerb, EveryColumnOfBasisPointsIsShownInPercent) {
  EXPECT_EQ(ask({"command", "case/1", "open", "{}"}).code, 0);
  EXPECT_EQ(ask({"command", "case/1", "startMilestone", R"({"kind":"resolution"})"}).code, 0);
  EXPECT_EQ(ask({"command", "case/1", "meetMilestone", R"({"kind":"resolution"})"}).code, 0);
  auto table = query({"service/sla"}, "table").out;
  EXPECT_NE(table.find("100.00 %"), table.npos) << table;
  EXPECT_EQ(table.find("10,000"), table.npos) << table;
}

}  // namespace
}  // namespace rapport::program
