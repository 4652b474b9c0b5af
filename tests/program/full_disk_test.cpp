// A disk without room: one clear line, exit code 3, nothing that was acknowledged is lost, never a crash.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/program/program.h"

namespace rapport::program {
namespace {

struct FullDisk : Folder {
  static constexpr std::size_t kRoomBytes = 96u << 10;  // for each file: an empty store fits, some dozen commands do
  static std::vector<std::string> create(const std::string& id, const std::string& where, const std::string& name) {
    return {"command", "account/" + id, "create", R"({"kind":"person","name":"Li"})", where, name, "--format", "json"};
  }
  static void expect_full(const Ran& ran) {
    EXPECT_EQ(ran.code, 3) << ran.out << ran.err;
    EXPECT_EQ(ran.error().value("code", ""), "store.full") << ran.err;
    EXPECT_NE(ran.error().value("hint", "").find("make room"), std::string::npos) << ran.err;
  }
};

TEST_F(FullDisk, IsSaidByWhatFillsIt) {
  expect_full(run_without_room({"demo", "--data", store(), "--customers", "2000", "--years", "1", "--format", "json", "--quiet"}, 1u << 20));
  EXPECT_EQ(run({"verify", "--data", store(), "--format", "json", "--quiet"}).json()["ok"], true);
}

TEST_F(FullDisk, TakesNothingThatWasAcknowledged) {
  std::vector<std::string> acknowledged;
  {
    Running server({"serve", "--data", store(), "--listen", "127.0.0.1:0", "--quiet"}, kRoomBytes);
    auto url = server.first_line().substr(std::string("listening on ").size());
    Ran refused;
    for (int i = 0; i < 1'000; ++i) {
      auto id = "full-" + std::to_string(i) + ".";
      refused = run(create(id, "--server", url));
      if (refused.code != 0) break;
      acknowledged.push_back(id);
    }
    expect_full(refused);
    auto after = run(create("later", "--server", url));
    EXPECT_EQ(after.code, 3);
    EXPECT_EQ(after.error().value("code", ""), "store.stopped") << after.err;
    EXPECT_NE(std::system(("curl -sf " + url + "/readyz > /dev/null").c_str()), 0) << "a server that takes nothing is not ready";
    EXPECT_EQ(run({"query", "customer360/accounts", "--server", url, "--format", "json"}).code, 0) << "what is there can still be read";
    server.signal(SIGTERM);
    EXPECT_GE(server.wait(), 0) << "died of a signal";
  }
  ASSERT_FALSE(acknowledged.empty());
  auto events = run({"events", "--data", store(), "--format", "json"}).out;
  for (auto& id : acknowledged) EXPECT_NE(events.find("\"account-" + id + "\""), events.npos) << id;
  EXPECT_EQ(run({"verify", "--data", store(), "--format", "json", "--quiet"}).json()["ok"], true);
  EXPECT_EQ(run(create("later", "--data", store())).code, 0);
}

// The real thing, where this user may mount: every file of the store competes for the same blocks.
TEST_F(FullDisk, OfAFileSystemIsSaidTooAndGoesOnWhenThereIsRoom) {
  std::filesystem::create_directory(path("small"));
  auto mount = "mount -t tmpfs -o size=24m tmpfs " + path("small") + " 2>/dev/null";
  if (geteuid() != 0 || std::system(mount.c_str()) != 0) GTEST_SKIP() << "needs the right to mount; the limit on files stands in above";
  auto dir = path("small/store");
  EXPECT_EQ(run(create("before", "--data", dir)).code, 0);
  expect_full(run({"demo", "--data", dir, "--customers", "20000", "--years", "3", "--format", "json", "--quiet"}));
  EXPECT_EQ(std::system(("mount -o remount,size=200m " + path("small")).c_str()), 0);
  EXPECT_EQ(run({"verify", "--data", dir, "--format", "json", "--quiet"}).json()["ok"], true);
  EXPECT_NE(run({"events", "--data", dir, "--format", "json", "--limit", "9"}).out.find("\"account-before\""), std::string::npos);
  EXPECT_EQ(std::system(("umount " + path("small")).c_str()), 0);
}

}  // namespace
}  // namespace rapport::program
