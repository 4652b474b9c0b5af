// A backup is the store: what comes back from it is the same in everything, whoever wrote meanwhile and whatever broke it off.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <thread>

#include "tests/backup/backup_fixture.h"

namespace rapport::program {
namespace {

TEST_F(Backups, ARestoredStoreIsTheOneThatWasBackedUp) {
  fill();
  auto made = back_up();
  ASSERT_EQ(made.code, 0) << made.err;
  auto restored = restore("restored", {"--compare", store()});
  ASSERT_EQ(restored.code, 0) << restored.err;
  EXPECT_TRUE(verifies(path("restored")));
  EXPECT_EQ(inspect(path("restored")), inspect(store())) << "log, name and views are the same";
  // A dump has the store's secret, every stored byte, the keys and the memory of imports.
  EXPECT_EQ(json({"dump", "--data", path("restored")}).out, json({"dump", "--data", store()}).out);
}

TEST_F(Backups, ARestoredStoreKnowsWhatItWasToldBefore) {
  fill();
  ASSERT_EQ(back_up().code, 0);
  fs::remove_all(store());
  ASSERT_EQ(json({"restore", backup(), store(), "--keys", keys()}).code, 0);
  EXPECT_EQ(add_person(3).json()["already"], true);
  auto again = import_deals();
  EXPECT_EQ(again.json()["events"], 0) << again.out;
  EXPECT_EQ(again.json()["already"], 4) << again.out;
  EXPECT_EQ(add_person(100).json()["already"], false) << "and goes on";
  EXPECT_TRUE(verifies(store()));
}

TEST_F(Backups, ALaterRunCopiesOnlyWhatIsNew) {
  fill();
  auto first = back_up();
  auto before = files(backup());
  ASSERT_EQ(add_person(50).code, 0);
  auto second = back_up();
  EXPECT_EQ(second.json()["events"], 1);
  EXPECT_EQ(position(second), position(first) + 1);
  auto after = files(backup());
  for (auto& [name, bytes] : before) {
    if (name.starts_with("log/") || name.starts_with("checkpoints/")) { EXPECT_EQ(after[name], bytes) << name; }
  }
  EXPECT_EQ(back_up().json()["bytes"], 0) << "nothing new, nothing copied";
  EXPECT_EQ(json({"verify", backup()}).json()["events"], position(second));
  ASSERT_EQ(restore("restored").code, 0);
  EXPECT_EQ(inspect(path("restored"))["root"], inspect(store())["root"]);
}

// Through the server that holds it, while a client appends: whatever was acknowledged before a run began is in it.
TEST_F(Backups, AStoreIsBackedUpWhileItRuns) {
  fill();
  Running server({"serve", "--data", store(), "--listen", "127.0.0.1:0", "--quiet"});
  auto url = server.first_line().substr(std::string("listening on ").size());
  std::atomic<int> acknowledged = 100;
  std::jthread client([&](std::stop_token stop) {
    for (int next = 101; !stop.stop_requested(); ++next) {
      ASSERT_EQ(add_person_to(url, next).code, 0);
      acknowledged = next;
    }
  });
  for (int run = 0; run < 3; ++run) {
    int certain = acknowledged;
    while (acknowledged < certain + 3) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    certain = acknowledged;
    auto made = back_up();
    ASSERT_EQ(made.code, 0) << made.err;
    auto name = "restored-" + std::to_string(run);
    auto restored = restore(name, {"--compare", url});
    ASSERT_EQ(restored.code, 0) << restored.err;
    EXPECT_EQ(position(restored), position(made));
    EXPECT_TRUE(verifies(path(name)));
    auto events = json({"events", "--data", path(name), "--type", "account.created"}).out;
    for (int person = 101; person <= certain; ++person)
      EXPECT_NE(events.find("\"account-person-" + std::to_string(person) + "\""), events.npos) << person << " of " << certain;
    EXPECT_EQ(events.find("\"name\":null"), events.npos) << "every name opens: its key came along";
  }
  client.request_stop();
  client.join();
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0);
}

TEST_F(Backups, OneThatIsBrokenOffLeavesTheEarlierOne) {
  ASSERT_EQ(json({"demo", "--data", store(), "--customers", "60", "--years", "2"}).code, 0);
  fs::copy(store(), path("young"), fs::copy_options::recursive);
  ASSERT_EQ(json({"backup", path("earlier"), "--keys", path("earlier-keys"), "--data", path("young")}).code, 0);
  auto earlier = json({"verify", path("earlier")}).json();
  ASSERT_EQ(earlier["ok"], true);
  for (int i = 0; i < 5; ++i) ASSERT_EQ(add_person(i).code, 0);
  const unsigned seed = std::random_device()();
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random(seed);
  int broken_off = 0;
  for (int round = 0; round < 20 && broken_off < 6; ++round) {
    fs::remove_all(backup());
    fs::remove_all(keys());
    fs::copy(path("earlier"), backup(), fs::copy_options::recursive);
    fs::copy(path("earlier-keys"), keys(), fs::copy_options::recursive);
    Running run({"backup", backup(), "--keys", keys(), "--data", store(), "--quiet", "--format", "json"});
    ::usleep(static_cast<useconds_t>(random() % 30'000));
    run.signal(SIGKILL);
    broken_off += run.wait() == -SIGKILL;
    auto left = json({"verify", backup()});
    ASSERT_EQ(left.json()["ok"], true) << "seed " << seed << ", round " << round << ": " << left.out << left.err;
    ASSERT_GE(left.json()["events"], earlier["events"]);
    auto again = back_up();
    ASSERT_EQ(again.code, 0) << "seed " << seed << ", round " << round << ": " << again.err;
  }
  EXPECT_GT(broken_off, 0) << "no run was broken off; seed " << seed;
  ASSERT_EQ(restore("restored").code, 0);
  EXPECT_EQ(inspect(path("restored"))["root"], inspect(store())["root"]);
}

TEST_F(Backups, AFullDiskIsSaidAndLeavesTheEarlierOne) {
  fill();
  ASSERT_EQ(back_up().code, 0);
  auto before = json({"verify", backup()}).json();
  ASSERT_EQ(json({"demo", "--data", store(), "--customers", "60", "--years", "2"}).code, 0);
  auto refused = run_without_room({"backup", backup(), "--keys", keys(), "--data", store(), "--format", "json", "--quiet"}, 100u << 10);
  EXPECT_EQ(refused.code, 3) << refused.out << refused.err;
  EXPECT_EQ(refused.error().value("code", ""), "backup.full") << refused.err;
  EXPECT_EQ(json({"verify", backup()}).json(), before);
  EXPECT_EQ(back_up().code, 0) << "with room it goes on";
  EXPECT_EQ(json({"verify", backup()}).json()["events"], inspect(store())["events"]);
}

TEST_F(Backups, AFolderWithOtherThingsIsLeftAlone) {
  fill();
  fs::create_directory(path("photos"));
  write("photos/sea.jpg", "…");
  for (auto& into : {path("photos"), store() + "/backup", store()}) {
    auto before = files(path("photos"));
    auto refused = json({"backup", into, "--data", store()});
    EXPECT_NE(refused.code, 0) << into << refused.err;
    EXPECT_EQ(files(path("photos")), before);
  }
  auto refused = json({"backup", backup(), "--keys", path("photos"), "--data", store()});
  EXPECT_EQ(refused.error()["code"], "keys.not_ours");
  ASSERT_EQ(back_up().code, 0);
  ASSERT_EQ(json({"demo", "--data", path("other"), "--customers", "3"}).code, 0);
  EXPECT_EQ(json({"backup", backup(), "--data", path("other")}).error()["code"], "backup.other_store");
  EXPECT_EQ(json({"verify", backup()}).json()["ok"], true);
}

// An erased key must not live on in what was copied before.
TEST_F(Backups, ACopyOfTheKeysTakesThePlaceOfTheOneBefore) {
  fill();
  ASSERT_EQ(back_up().code, 0);
  auto before = files(keys());
  ASSERT_EQ(add_person(60).code, 0);
  ASSERT_EQ(back_up().code, 0);
  auto after = files(keys());
  EXPECT_EQ(before.size(), after.size()) << "no file of the copy before is left";
  EXPECT_NE(before["rapport-keys"], after["rapport-keys"]);
  EXPECT_EQ(fs::status(keys()).permissions() & fs::perms::all, fs::perms::owner_all);
  EXPECT_FALSE(names().contains("keys.new"));
}

}  // namespace
}  // namespace rapport::program
