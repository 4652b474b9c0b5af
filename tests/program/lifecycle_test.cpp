// Stores and servers over their lives: import again, a held store, kills, Chinese text byte for byte.
#include <signal.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "tests/program/program.h"

namespace rapport::program {
namespace {

struct Lifecycle : Folder {
  nlohmann::json query(const std::string& report, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"query", report, "--data", store(), "--format", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    auto ran = run(arguments);
    EXPECT_EQ(ran.code, 0) << ran.err;
    return ran.json();
  }
  nlohmann::json inspect(const std::string& dir) { return run({"inspect", "--data", dir, "--format", "json"}).json(); }
};

TEST_F(Lifecycle, TheSameFileASecondTimeAddsNothing) {
  auto first = import_deals().json();
  EXPECT_EQ(first["accepted"], 4);
  auto again = import_deals().json();
  EXPECT_EQ(again["accepted"], 0);
  EXPECT_EQ(again["already"], 4);
  EXPECT_EQ(again["events"], 0);
  EXPECT_EQ(again["position"], first["position"]);
}

TEST_F(Lifecycle, ADryRunTellsTheSameCountsAndWritesNothing) {
  auto dry = import_deals({"--dry-run"}).json();
  EXPECT_EQ(dry["accepted"], 4);
  EXPECT_FALSE(std::filesystem::exists(store()));
  auto real = import_deals().json();
  EXPECT_EQ(dry["events"], real["events"]);
}

TEST_F(Lifecycle, AStoreDoesNotGrowByBeingOpened) {
  ASSERT_EQ(import_deals().code, 0);
  auto logs = [&] {
    std::ptrdiff_t count = 0;
    for (auto& entry : std::filesystem::recursive_directory_iterator(store())) count += entry.path().extension() == ".log";
    return count;
  };
  auto open_to_write = [&] { EXPECT_EQ(run({"command", "opportunity/none", "win", "{}", "--data", store()}).code, 1); };
  open_to_write();
  auto before = logs();
  for (int i = 0; i < 5; ++i) open_to_write();
  EXPECT_EQ(logs(), before);
}

TEST_F(Lifecycle, ReadingAClosedStoreChangesNoFile) {
  ASSERT_EQ(import_deals().code, 0);
  auto files = [&] {
    std::vector<std::pair<std::string, std::string>> all;
    for (auto& entry : std::filesystem::recursive_directory_iterator(store()))
      if (entry.is_regular_file() && entry.path().filename() != "LOCK") all.emplace_back(entry.path().string(), read_file(entry.path()));
    std::ranges::sort(all);
    return all;
  };
  auto before = files();
  query("pipeline/summary");
  inspect(store());
  ASSERT_EQ(run({"events", "--data", store()}).code, 0);
  EXPECT_TRUE(files() == before);
}

TEST_F(Lifecycle, AServedStoreIsReachedThroughItsServer) {
  ASSERT_EQ(import_deals().code, 0);
  Running server({"serve", "--data", store(), "--listen", "127.0.0.1:0", "--quiet"});
  auto line = server.first_line();
  ASSERT_TRUE(line.starts_with("listening on http://127.0.0.1:")) << line;
  auto won = run({"command", "opportunity/D-2", "win", "{}", "--data", store(), "--format", "json"});
  ASSERT_EQ(won.code, 0) << won.err;
  auto rows = query("pipeline/summary", {"status=won"})["rows"];
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["count"], 2);
  EXPECT_EQ(run({"verify", "--data", store(), "--format", "json", "--quiet"}).json()["ok"], true);
  auto refused = run({"rebuild", "--data", store(), "--format", "json"});
  EXPECT_EQ(refused.code, 3);
  EXPECT_EQ(refused.error().value("code", ""), "store.locked");
  EXPECT_NE(refused.err.find(std::to_string(server.pid())), std::string::npos) << refused.err;
  EXPECT_EQ(run({"serve", "--listen", line.substr(line.rfind("127")), "--data", path("other"), "--format", "json"}).error().value("code", ""),
            "http.port_in_use");
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
  EXPECT_EQ(query("pipeline/summary", {"status=won"})["rows"][0]["count"], 2);
}

TEST_F(Lifecycle, AServerKilledBetweenCommandsLosesNoneThatItAcknowledged) {
  std::vector<std::string> acknowledged;
  for (int round = 0; round < 5; ++round) {
    Running server({"serve", "--data", store(), "--listen", "127.0.0.1:0", "--quiet"});
    auto url = server.first_line().substr(std::string("listening on ").size());
    std::vector<std::thread> clients;
    std::mutex mutex;
    for (int client = 0; client < 4; ++client)
      clients.emplace_back([&, client] {
        for (int i = 0; i < 10; ++i) {
          auto id = "k-" + std::to_string(round) + "-" + std::to_string(client) + "-" + std::to_string(i);
          auto ran = run({"command", "account/" + id, "create", R"({"kind":"person","name":"王伟"})", "--server", url, "--format", "json"});
          if (ran.code != 0) return;
          std::lock_guard lock(mutex);
          acknowledged.push_back(id);
        }
      });
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + 40 * round));
    server.signal(SIGKILL);
    for (auto& client : clients) client.join();
    server.wait();
  }
  ASSERT_FALSE(acknowledged.empty());
  auto events = run({"events", "--data", store(), "--format", "json"}).out;
  for (auto& id : acknowledged) EXPECT_NE(events.find("\"account-" + id + "\""), events.npos) << id;
  EXPECT_EQ(run({"verify", "--data", store(), "--format", "json", "--quiet"}).json()["ok"], true);
}

TEST_F(Lifecycle, ChineseAndAwkwardTextComesBackByteForByte) {
  const std::vector<std::string> names{"北京星辰科技有限公司", "𠮷野家", "㐂", "Ａｃｍｅ（中国）", "a\u200bb", "\u202eevil", "👩‍👩‍👧", "=1+1",
                                       "O'Brien \"the\" <b>", "two\nlines", "张·伟", "張・偉"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto sent = run({"command", "account/zh" + std::to_string(i), "create", "-", "--data", store(), "--format", "json"},
                    nlohmann::json{{"kind", "organisation"}, {"name", names[i]}}.dump());
    ASSERT_EQ(sent.code, 0) << sent.err;
  }
  auto rows = query("customer360/accounts", {"--sort", "id"})["rows"];
  std::vector<std::string> shown;
  for (auto& row : rows) shown.push_back(row["name"]);
  for (auto& name : names) EXPECT_NE(std::ranges::find(shown, name), shown.end()) << name;
  auto csv = run({"query", "customer360/accounts", "--data", store(), "--format", "csv"}).out;
  EXPECT_NE(csv.find("\"two\nlines\""), csv.npos);
  EXPECT_NE(csv.find("𠮷野家"), csv.npos);
  auto table = run({"query", "customer360/accounts", "--data", store(), "--format", "table"}).out;
  EXPECT_EQ(table.find("\u202e"), table.npos) << "a mark that turns the line around reaches the terminal";
  EXPECT_NE(table.find("two\\nlines"), table.npos);
  for (auto& entry : std::filesystem::recursive_directory_iterator(store())) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(read_file(entry.path()).find("北京星辰"), std::string::npos) << entry.path() << " holds a plain name";
  }
}

TEST_F(Lifecycle, ADemoIsTheSameEnterpriseForTheSameSeed) {
  auto demo = [&](const std::string& dir, const std::string& seed) {
    auto ran = run({"demo", "--data", path(dir), "--customers", "20", "--years", "1", "--seed", seed, "--format", "json", "--quiet"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    return run({"query", "pipeline/summary", "--data", path(dir), "--format", "csv"}).out;
  };
  auto one = demo("one", "7");
  EXPECT_EQ(demo("same", "7"), one);
  EXPECT_NE(demo("other", "8"), one);
}

TEST_F(Lifecycle, CommandsThatComeTogetherTakeTurns) {
  ASSERT_EQ(import_deals().code, 0);
  const std::vector<std::vector<std::string>> verbs{
      {"query", "pipeline/summary"}, {"events"}, {"inspect"}, {"command", "account/turn", "create", R"({"kind":"person","name":"Li"})"}};
  std::vector<std::jthread> people;
  std::mutex mutex;
  for (int person = 0; person < 8; ++person)
    people.emplace_back([&, person] {
      auto arguments = verbs[static_cast<std::size_t>(person) % verbs.size()];
      if (person % 4 == 3) arguments[1] += std::to_string(person);
      arguments.insert(arguments.end(), {"--data", store(), "--format", "json"});
      auto ran = run(arguments);
      std::lock_guard lock(mutex);
      EXPECT_EQ(ran.code, 0) << ran.err;
    });
}

TEST_F(Lifecycle, AStoreWithoutEventsAnswersWithoutRows) {
  {
    Running server({"serve", "--data", store(), "--listen", "127.0.0.1:0", "--quiet"});
    ASSERT_NE(server.first_line(), "");
    server.signal(SIGTERM);
    ASSERT_EQ(server.wait(), 0);
  }
  std::filesystem::remove_all(store() + "/views");  // what a kill before the first row leaves
  EXPECT_EQ(query("pipeline/summary")["rows"].size(), 0u);
  EXPECT_EQ(query("pipeline/summary")["position"], 0);
  EXPECT_EQ(inspect(store())["position"], 0);
}

TEST_F(Lifecycle, ARebuildThatFindsOtherRowsThanTheLogGivesFails) {
  ASSERT_EQ(import_deals().code, 0);
  auto other = path("other");
  std::filesystem::copy(store(), other, std::filesystem::copy_options::recursive);
  ASSERT_EQ(run({"command", "opportunity/D-2", "win", "{}", "--data", store()}).code, 0);
  ASSERT_EQ(run({"command", "opportunity/D-2", "lose", R"({"reasonCode":"price"})", "--data", other}).code, 0);
  for (auto& dir : {other, store()}) ASSERT_EQ(run({"query", "pipeline/summary", "--data", dir}).code, 0);
  auto view = "/views/" + view_folder("pipeline");
  std::filesystem::remove_all(store() + view);
  std::filesystem::copy(other + view, store() + view, std::filesystem::copy_options::recursive);
  auto rebuilt = run({"rebuild", "--data", store(), "--format", "json", "--quiet"});
  EXPECT_EQ(rebuilt.code, 1);
  EXPECT_EQ(rebuilt.error().value("code", ""), "view.differed") << rebuilt.err;
  EXPECT_NE(rebuilt.err.find("pipeline"), std::string::npos);
  EXPECT_EQ(rebuilt.err.find("service"), std::string::npos) << rebuilt.err;
  EXPECT_EQ(run({"rebuild", "--data", store(), "--format", "json", "--quiet"}).code, 0);
}

TEST_F(Lifecycle, RebuiltViewsHaveTheDigestsOfLiveOnes) {
  ASSERT_EQ(run({"demo", "--data", store(), "--customers", "30", "--years", "1", "--format", "json", "--quiet"}).code, 0);
  auto before = inspect(store())["views"];
  ASSERT_EQ(run({"rebuild", "--data", store(), "--format", "json", "--quiet"}).code, 0);
  EXPECT_EQ(inspect(store())["views"], before);
}

}  // namespace
}  // namespace rapport::program
