// Whatever is wrong gives one clear line, a stable code, the right exit code, and loses nothing.
#include <signal.h>
#include <unistd.h>

#include "tests/program/program.h"

namespace rapport::program {
namespace {

struct BadInput : Folder {
  std::string header = "deal,customer,seller,stage,value,opened,closed\n";
  Ran import_text(const std::string& text, const std::vector<std::string>& more = {}) {
    auto file = write("bad.csv", text);
    std::vector<std::string> arguments{"import", deals_mapping(), file, "--data", store(), "--format", "json", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  // The code of the only reject, from the rejects file.
  std::string reject_code(const Ran& ran) {
    auto summary = ran.json();
    if (summary.value("rejected", 0) != 1) return "rejected " + std::to_string(summary.value("rejected", 0));
    auto text = read_file(summary["rejects"].get<std::string>());
    auto line = text.substr(text.find('\n') + 1);
    for (int commas = 0; commas < 3; ++commas) line = line.substr(line.find(',') + 1);
    return line.substr(0, line.find(','));
  }
  void expect_refused(const Ran& ran, int code, const std::string& reason) {
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_EQ(ran.error().value("code", ""), reason) << ran.err;
    EXPECT_TRUE(ran.err.starts_with("rapport: ")) << ran.err;
    EXPECT_EQ(ran.out, "");
  }
};

TEST_F(BadInput, ARejectedRowIsNamedAndTheOthersAreImported) {
  auto ran = import_text(header + "D-1,Acme,anna,proposal,1.00,2025-01-10,\nD-2,Acme,anna,dreaming,1.00,2025-01-10,\n");
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.json()["accepted"], 1);
  EXPECT_EQ(reject_code(ran), "map.unknown_value");
  EXPECT_EQ(import_text(header + "D-1,Acme,anna,proposal,1.00,2025-01-10,\nD-2,Acme,anna,dreaming,1.00,2025-01-10,\n", {"--allow-rejects"}).code, 0);
}

TEST_F(BadInput, EveryKindOfBadCellHasItsCode) {
  auto code = [&](const std::string& row) { return reject_code(import_text(header + row + "\n")); };
  EXPECT_EQ(code("D-1,Acme,anna,proposal,1.00,2025-02-30,"), "time.malformed");
  EXPECT_EQ(code("D-2,Acme,anna,proposal,1.005,2025-02-03,"), "money.too_many_decimals");
  EXPECT_EQ(code("D-3,Acme,anna,proposal,lots,2025-02-03,"), "number.malformed");
  EXPECT_EQ(code("D-4,,anna,proposal,1.00,2025-02-03,"), "value.missing");
  EXPECT_EQ(code("D-5,Acme,anna,proposal,1.00,,"), "time.missing");
  EXPECT_EQ(code("D-6,Acme,anna,proposal,-1.00,2025-02-03,"), "opportunity.amount_negative");
}

TEST_F(BadInput, RejectedRowsAddNothingWhenTheyComeAgain) {
  auto text = header + "D-1,Acme,anna,dreaming,1.00,2025-02-03,\n";
  auto first = import_text(text).json();
  auto again = import_text(text).json();
  EXPECT_EQ(again["rejected"], 1);
  EXPECT_EQ(again["events"], 0) << again;
  EXPECT_EQ(again["position"], first["position"]);
}

TEST_F(BadInput, AHeaderThatFitsNoTableIsRefusedWithTheNearest) {
  auto ran = import_text("deal,customer\nD-1,Acme\n");
  EXPECT_EQ(ran.code, 2) << ran.err;
  EXPECT_EQ(ran.error().value("code", ""), "import.no_table");
  EXPECT_NE(ran.err.find("deals"), std::string::npos);
}

TEST_F(BadInput, BrokenQuotesAndBytesThatAreNoUtf8AreNamedWithTheirLine) {
  auto quotes = import_text(header + "\"D-1,Acme,anna,proposal,1.00,2025-02-03,\n");
  EXPECT_NE(quotes.code, 0);
  EXPECT_NE((quotes.err + quotes.out).find("2"), std::string::npos);
  auto bytes = import_text(header + "D-1,Ac\xffme,anna,proposal,1.00,2025-02-03,\n");
  EXPECT_NE(bytes.code, 0);
  EXPECT_EQ(run({"inspect", "--data", store(), "--format", "json"}).code, 0);
}

TEST_F(BadInput, AMissingFileAndAMissingMappingAreSaid) {
  EXPECT_NE(run({"import", deals_mapping(), path("none.csv"), "--data", store()}).code, 0);
  auto none = run({"import", "no-such-preset", path("none.csv"), "--data", store(), "--format", "json"});
  EXPECT_EQ(none.error().value("code", ""), "import.no_mapping") << none.err;
  EXPECT_NE(none.err.find("crm-sales"), std::string::npos) << none.err;
}

TEST_F(BadInput, AMappingIsRefusedWithThePlaceAndAGuess) {
  auto mapping = read_file(deals_mapping());
  mapping.replace(mapping.find("\"when\""), 6, "\"whne\"");
  auto ran = run({"import", write("bad.json", mapping), RAPPORT_SOURCE_DIR "/tests/tour/deals.csv", "--data", store(), "--format", "json"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_NE(ran.err.find("when"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("/tables/0/commands/2"), std::string::npos) << ran.err;
}

TEST_F(BadInput, ACommandsMistakesAreNamedByField) {
  ASSERT_EQ(import_deals().code, 0);
  auto before = run({"inspect", "--data", store(), "--format", "json"}).json()["root"];
  auto send = [&](const std::string& stream, const std::string& name, const std::string& body) {
    return run({"command", stream, name, body, "--data", store(), "--format", "json"});
  };
  expect_refused(send("opportunity/D-2", "win", "{"), 2, "command.malformed");
  expect_refused(send("opportunity/D-2", "win", "{\"amuont\":1}"), 2, "command.unknown_field");
  expect_refused(send("opportunity/D-2", "win", "{\"orderId\":\"a\",\"orderId\":\"b\"}"), 2, "command.duplicate_field");
  expect_refused(send("opportunity/D-2", "win", "{\"amount\":{\"amountMinor\":1.5,\"currency\":\"EUR\"}}"), 2, "command.type");
  expect_refused(send("opportunity/D-2", "win", "{\"amount\":{\"amountMinor\":1,\"currency\":\"USD\"}}"), 1, "opportunity.currency_differs");
  expect_refused(send("opportunity/D-2", "wiin", "{}"), 2, "command.unknown_command");
  expect_refused(send("oportunity/D-2", "win", "{}"), 2, "command.unknown_aggregate");
  expect_refused(send("opportunity/" + std::string(201, 'x'), "win", "{}"), 2, "stream.id_invalid");
  expect_refused(send("opportunity/none", "win", "{}"), 1, "opportunity.not_found");
  expect_refused(run({"command", "opportunity/D-2", "win", "{}", "--id", "7", "--data", store(), "--format", "json"}), 2, "command.bad_id");
  expect_refused(send("opportunity/D-2", "win", std::string(100, '[')), 2, "command.too_deep");
  EXPECT_EQ(run({"inspect", "--data", store(), "--format", "json"}).json()["root"], before);
}

TEST_F(BadInput, AReusedCommandIdAndAMissedVersionAreConflicts) {
  ASSERT_EQ(import_deals().code, 0);
  const std::string id = "0190b1c2-7a10-7000-8000-000000000001";
  auto win = run({"command", "opportunity/D-2", "win", "{}", "--id", id, "--data", store(), "--format", "json"});
  ASSERT_EQ(win.code, 0) << win.err;
  auto again = run({"command", "opportunity/D-2", "win", "{}", "--id", id, "--data", store(), "--format", "json"});
  EXPECT_EQ(again.json()["already"], true);
  EXPECT_EQ(again.json()["leaves"], win.json()["leaves"]);
  expect_refused(run({"command", "opportunity/D-4", "win", "{}", "--id", id, "--data", store(), "--format", "json"}), 1, "command.id_reused");
  expect_refused(run({"command", "opportunity/D-4", "win", "{}", "--expect", "7", "--data", store(), "--format", "json"}), 1,
                 "stream.version_differs");
}

TEST_F(BadInput, UnknownViewsReportsFiltersAndTimesAreNamed) {
  ASSERT_EQ(import_deals().code, 0);
  auto query = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "query");
    for (auto* word : {"--data", "", "--format", "json"}) arguments.push_back(*word ? word : store());
    return run(arguments);
  };
  expect_refused(query({"pipelines/summary"}), 2, "view.unknown");
  expect_refused(query({"pipeline/summery"}), 2, "view.unknown_report");
  expect_refused(query({"pipeline/summary", "colour=red"}), 2, "report.unknown_filter");
  expect_refused(query({"pipeline/opportunities", "--sort", "colour"}), 2, "report.unknown_sort");
  expect_refused(query({"pipeline/waterfall"}), 2, "report.missing_parameter");
  expect_refused(query({"pipeline/summary", "--as-of", "2025-02-30"}), 2, "time.malformed");
  expect_refused(query({"pipeline/summary", "--known-at", "999999"}), 2, "position.unknown");
  expect_refused(query({"pipeline/summary", "--time-zone", "Mars/Olympus", "--as-of", "2025-01-01"}), 2, "time_zone.unknown");
  expect_refused(query({"pipeline"}), 2, "usage");
}

TEST_F(BadInput, ADirectoryThatIsMissingForeignOrOfANewerFormatIsRefused) {
  expect_refused(run({"query", "pipeline/summary", "--data", path("none"), "--format", "json"}), 3, "store.missing");
  EXPECT_FALSE(std::filesystem::exists(path("none")));
  std::filesystem::create_directory(path("foreign"));
  write("foreign/letter.txt", "dear all");
  expect_refused(run({"import", deals_mapping(), RAPPORT_SOURCE_DIR "/tests/tour/deals.csv", "--data", path("foreign"), "--format", "json"}), 3,
                 "store.not_ours");
  EXPECT_EQ(read_file(path("foreign/letter.txt")), "dear all");
  ASSERT_EQ(import_deals().code, 0);
  auto config = read_file(store() + "/rapport.json");
  auto newer = config;
  newer.replace(newer.find("\"format\":1"), 10, "\"format\":9");
  write("store/rapport.json", newer);
  expect_refused(run({"query", "pipeline/summary", "--data", store(), "--format", "json"}), 3, "store.newer_format");
  write("store/rapport.json", config);
  EXPECT_EQ(run({"query", "pipeline/summary", "--data", store(), "--format", "json"}).code, 0);
}

TEST_F(BadInput, ADamagedLogIsRefusedOrReportedAndAViewMendsByRebuild) {
  ASSERT_EQ(import_deals().code, 0);
  for (auto& entry : std::filesystem::recursive_directory_iterator(store() + "/log")) {
    if (entry.path().extension() != ".sst") continue;
    auto bytes = read_file(entry.path());
    auto damaged = bytes;
    damaged[damaged.size() / 3] = static_cast<char>(damaged[damaged.size() / 3] ^ 0x20);
    write("store/log/" + entry.path().filename().string(), damaged);
    auto verified = run({"verify", "--data", store(), "--format", "json", "--quiet"});
    EXPECT_NE(verified.code, 0) << entry.path();
    EXPECT_GT(verified.code, 0) << "died of a signal on " << entry.path();
    write("store/log/" + entry.path().filename().string(), bytes);
  }
  EXPECT_EQ(run({"verify", "--data", store(), "--format", "json", "--quiet"}).code, 0);
  for (auto& entry : std::filesystem::recursive_directory_iterator(store() + "/views"))
    if (entry.path().extension() == ".sst" && entry.path().parent_path().filename().string().starts_with("pipeline."))
      std::filesystem::resize_file(entry.path(), 100);
  EXPECT_NE(run({"query", "pipeline/summary", "--data", store(), "--format", "json"}).code, 0);
  ASSERT_EQ(run({"rebuild", "pipeline", "--data", store(), "--format", "json", "--quiet"}).code, 0);
  EXPECT_EQ(run({"query", "pipeline/summary", "--data", store(), "--format", "json"}).json()["rows"].size(), 3u);
}

TEST_F(BadInput, WrongUsageIsTwoAndSaysWhatIsMissing) {
  EXPECT_EQ(run({}).code, 2);
  EXPECT_EQ(run({"frobnicate"}).code, 2);
  EXPECT_EQ(run({"query"}).code, 2);
  EXPECT_EQ(run({"query", "pipeline/summary", "--format", "xml"}).code, 2);
  EXPECT_EQ(run({"serve", "--listen", "nonsense", "--data", store()}).code, 2);
  EXPECT_EQ(run({"serve", "--listen", "0.0.0.0:0", "--data", store(), "--format", "json"}).error().value("code", ""), "http.not_loopback");
}

TEST_F(BadInput, ABrokerThatIsNotThereIsNamedWithinSeconds) {
  ASSERT_EQ(import_deals().code, 0);
  auto ran = run({"publish", "--data", store(), "--kafka", "127.0.0.1:1", "--until-caught-up", "--format", "json", "--quiet"});
  expect_refused(ran, 3, "bus.unreachable");
  EXPECT_NE(ran.err.find("127.0.0.1:1"), std::string::npos);
}

TEST_F(BadInput, EveryVerbHasHelpWithAnExample) {
  for (auto* verb : {"import", "revert", "command", "demo", "query", "events", "inspect", "schema", "verify", "rebuild", "dump", "load", "serve",
                     "publish", "worker", "bench"}) {
    auto help = run({verb, "--help"});
    EXPECT_EQ(help.code, 0) << verb;
    EXPECT_NE(help.out.find("Example:\n  rapport " + std::string(verb)), std::string::npos) << verb;
  }
}

}  // namespace
}  // namespace rapport::program
