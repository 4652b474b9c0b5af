// A view's changed version is in the log, once, whatever happened in between; and only the program itself says so.
#include "tests/program/program.h"

namespace rapport::program {
namespace {

namespace fs = std::filesystem;

struct VersionChange : Folder {
  Ran ask(std::vector<std::string> arguments) {
    for (auto& more : {std::string("--data"), store(), std::string("--format"), std::string("json")}) arguments.push_back(more);
    return run(arguments);
  }
  fs::path rows(unsigned version) const { return fs::path(store()) / "views" / ("pipeline.v" + std::to_string(version)); }
  // The version whose rows are there.
  unsigned version() const {
    for (unsigned v = 1;; ++v)
      if (fs::exists(rows(v))) return v;
  }
  std::vector<nlohmann::json> changes() {
    std::vector<nlohmann::json> events;
    std::istringstream lines(ask({"events", "--type", "batch.viewVersionChanged"}).out);
    for (std::string line; std::getline(lines, line);) events.push_back(nlohmann::json::parse(line));
    return events;
  }
};

TEST_F(VersionChange, IsInTheLogWithTheDigestsOfTheNewRows) {
  ASSERT_EQ(import_deals().code, 0);
  auto now = version();
  fs::rename(rows(now), rows(now - 1));  // what a program of the version before left
  auto rows_before = ask({"query", "pipeline/summary"}).json()["rows"];
  EXPECT_EQ(rows_before.size(), 3u);
  auto found = changes();
  ASSERT_EQ(found.size(), 1u);
  auto& event = found[0];
  EXPECT_EQ(event["stream"], "batch-view:pipeline");
  EXPECT_EQ(event["actor"]["kind"], "service");
  EXPECT_EQ(event["data"]["view"], "pipeline");
  EXPECT_EQ(event["data"]["from"], now - 1);
  EXPECT_EQ(event["data"]["to"], now);
  EXPECT_EQ(event["data"]["position"], event["position"].get<int>() - 1);
  auto inspected = ask({"inspect"}).json();
  EXPECT_EQ(inspected["position"], event["position"]);
  EXPECT_EQ(inspected["views"]["pipeline"]["position"], event["position"]);
  EXPECT_EQ(inspected["views"]["pipeline"]["digest"], event["data"]["digest"]);  // it takes no such events
  EXPECT_EQ(inspected["views"]["pipeline"]["historyDigest"], event["data"]["historyDigest"]);
  EXPECT_EQ(ask({"verify", "--quiet"}).json()["ok"], true);
  EXPECT_TRUE(fs::exists(rows(now - 1)));  // until somebody drops it
  EXPECT_EQ(changes().size(), 1u);
}

TEST_F(VersionChange, IsAppendedAtTheNextOpenIfTheProcessDiedBetweenSwapAndAppend) {
  ASSERT_EQ(import_deals().code, 0);
  auto now = version();
  fs::copy(rows(now), rows(now - 1), fs::copy_options::recursive);  // both versions' rows, and no word in the log
  EXPECT_EQ(ask({"query", "pipeline/summary"}).code, 0);            // opened only to read, it would seem
  EXPECT_EQ(changes().size(), 1u);
  EXPECT_EQ(ask({"rebuild", "--quiet"}).code, 0);
  EXPECT_EQ(ask({"verify", "--quiet"}).json()["ok"], true);
  EXPECT_EQ(changes().size(), 1u);
}

TEST_F(VersionChange, IsRecordedByARebuildToo) {
  ASSERT_EQ(import_deals().code, 0);
  auto now = version();
  fs::rename(rows(now), rows(now - 1));
  ASSERT_EQ(ask({"rebuild", "--quiet"}).code, 0);
  EXPECT_EQ(changes().size(), 1u);
}

TEST_F(VersionChange, NobodyElseMaySay) {
  ASSERT_EQ(import_deals().code, 0);
  auto before = ask({"inspect"}).json()["root"];
  const std::string zeros(64, '0');
  auto body = R"({"view":"pipeline","from":1,"to":9,"position":1,"digest":")" + zeros + R"(","historyDigest":")" + zeros + "\"}";
  auto start = R"({"mapping":"m","mappingSha256":")" + zeros + R"(","files":[]})";
  auto refused = [&](const Ran& ran) {
    EXPECT_EQ(ran.code, 1) << ran.err;
    EXPECT_EQ(ran.error().value("code", ""), "batch.of_a_view") << ran.err;
  };
  refused(ask({"command", "batch/view:pipeline", "changeViewVersion", body}));
  refused(ask({"command", "batch/other", "changeViewVersion", body}));
  refused(ask({"command", "batch/view:pipeline", "startImport", start}));  // it would bar the real change
  {
    Running server({"serve", "--data", store(), "--listen", "127.0.0.1:0"});
    auto line = server.first_line();
    ASSERT_TRUE(line.starts_with("listening on ")) << line;
    refused(run({"command", "batch/view:pipeline", "changeViewVersion", body, "--server", line.substr(13), "--format", "json"}));
    server.signal(15);
    EXPECT_EQ(server.wait(), 0);
  }
  EXPECT_EQ(ask({"inspect"}).json()["root"], before);
  EXPECT_TRUE(changes().empty());
}

}  // namespace
}  // namespace rapport::program
