// Consumer groups and webhooks go on where they were, in what a backup or a dump makes; and never from behind the log's end.
#include "adapters/webhooks/place.h"
#include "tests/backup/backup_fixture.h"

namespace rapport::program {
namespace {

struct Places : Backups {
  // 25 events; group deals has done with four, parked one and has the rest before it; webhook crm, made at 26, is at 26.
  // Made once, copied for each test.
  void SetUp() override;
  struct Prepared;
  static void take_and_settle(const std::string& data, const std::vector<int>& done, int parked) {
    auto count = std::to_string(done.size() + (parked > 0));
    ASSERT_EQ(json({"group", "take", "deals", "--max", count, "--data", data}).code, 0);
    std::vector<std::string> acknowledge{"group", "acknowledge", "deals"};
    for (auto position : done) acknowledge.push_back(std::to_string(position));
    acknowledge.insert(acknowledge.end(), {"--data", data});
    ASSERT_EQ(json(acknowledge).code, 0);
    if (parked == 0) return;
    ASSERT_EQ(json({"group", "refuse", "deals", std::to_string(parked), "--park", "--error", "no such account", "--data", data}).code, 0);
  }
  static void put_webhook(const std::string& data, Position read_to) {
    webhooks::Place place{.created = {26}, .resumed = {}, .lanes = {{.from = {27}, .read_to = read_to}}};
    ASSERT_TRUE(webhooks::PlaceFile(fs::path(data) / "webhooks/crm").save(place));
  }
  static std::uint64_t webhook(const std::string& data) {
    auto place = webhooks::PlaceFile(fs::path(data) / "webhooks/crm").load();
    return place && *place ? (*place)->lanes.front().read_to.value : 0;
  }
  static nlohmann::json status(const std::string& data) {
    auto status = json({"group", "status", "deals", "--data", data}).json();
    status.erase("behindSeconds");  // by the clock
    return status;
  }
  static nlohmann::json next(const std::string& data) {
    auto taken = json({"group", "take", "deals", "--max", "1", "--data", data}).json();
    return taken["events"].empty() ? nlohmann::json() : taken["events"][0]["event"]["position"];
  }
};

struct Places::Prepared final : Backups {
  Prepared() {
    fill();
    EXPECT_EQ(json({"group", "create", "deals", "--data", store()}).code, 0);
    take_and_settle(store(), {1, 2, 3, 4}, 5);
    EXPECT_EQ(json({"webhook", "create", "crm", "--url", "https://hooks.example/crm", "--data", store()}).code, 0);
    put_webhook(store(), {26});
  }
  void TestBody() override {}
};

void Places::SetUp() {
  static const Prepared prepared;
  fs::copy(prepared.store(), store(), fs::copy_options::recursive);
}

TEST_F(Places, ARestoredStoreGoesOnWhereTheyWere) {
  ASSERT_EQ(back_up().code, 0);
  auto restored = restore("restored");
  ASSERT_EQ(restored.code, 0) << restored.err;
  EXPECT_TRUE(restored.json()["takenBack"].empty());
  EXPECT_EQ(status(path("restored")), status(store()));
  EXPECT_EQ(webhook(path("restored")), 26u);
  auto parked = json({"group", "parked", "deals", "--data", path("restored")});
  EXPECT_NE(parked.out.find("no such account"), std::string::npos) << parked.out;
  EXPECT_EQ(next(path("restored")), 6);
  EXPECT_TRUE(verifies(path("restored")));
  EXPECT_EQ(json({"verify", backup()}).json()["ok"], true);
}

TEST_F(Places, AnEarlierPositionTakesThemBackAndSaysSo) {
  take_and_settle(store(), {6, 7, 8, 9, 10}, 11);
  ASSERT_EQ(back_up().code, 0);
  auto restored = run({"restore", backup(), path("restored"), "--keys", keys(), "--to", "8", "--format", "json"});
  ASSERT_EQ(restored.code, 0) << restored.err;
  auto end = position(restored);
  ASSERT_LE(end, 8u);
  EXPECT_NE(restored.err.find("group deals knew of position 11"), std::string::npos) << restored.err;
  EXPECT_NE(restored.err.find("webhook crm knew of position 26"), std::string::npos) << restored.err;
  // Other events follow: none of them may be passed over as one that is done with.
  for (int i = 50; i < 56; ++i) ASSERT_EQ(add_person_to(path("restored"), i).code, 0);
  auto parked = json({"group", "parked", "deals", "--data", path("restored")});
  EXPECT_EQ(parked.out.find("\"position\":11"), std::string::npos) << parked.out;
  EXPECT_EQ(next(path("restored")), end + 1);
  EXPECT_FALSE(fs::exists(fs::path(path("restored")) / "webhooks/crm"));
}

// A place moves while the log stands still.
TEST_F(Places, ABackupOfTheSameLogHasTheNewPlaces) {
  ASSERT_EQ(back_up().code, 0);
  take_and_settle(store(), {6, 7}, 0);
  ASSERT_EQ(back_up().code, 0);
  ASSERT_EQ(restore("restored").code, 0);
  EXPECT_EQ(status(path("restored")), status(store()));
  EXPECT_EQ(next(path("restored")), 8);
  EXPECT_EQ(std::distance(fs::directory_iterator(backup() + "/places"), {}), 1);
}

TEST_F(Places, AFileOfThemThatWasAlteredIsDamage) {
  ASSERT_EQ(back_up().code, 0);
  for (auto& entry : fs::directory_iterator(backup() + "/places")) {
    auto bytes = read_file(entry.path());
    bytes[bytes.size() / 2] ^= 1;
    std::ofstream(entry.path(), std::ios::binary) << bytes;
  }
  EXPECT_EQ(json({"verify", backup()}).json()["ok"], false);
  EXPECT_EQ(restore("restored").error()["code"], "backup.damaged");
}

// The log's end is gone for good, and with it what the group had done with.
TEST_F(Places, AnAcceptedLossTakesThemBackAndSaysSo) {
  fs::copy(store() + "/log", path("log"), fs::copy_options::recursive);
  for (int i = 60; i < 64; ++i) ASSERT_EQ(add_person(i).code, 0);
  std::vector<int> rest;
  for (int position = 6; position <= inspect(store())["position"]; ++position) rest.push_back(position);
  ASSERT_GT(rest.back(), 29);
  take_and_settle(store(), rest, 0);
  for (auto* lost : {"/log", "/index", "/closed"}) fs::remove_all(store() + lost);
  fs::copy(path("log"), store() + "/log", fs::copy_options::recursive);
  ASSERT_EQ(json({"inspect", "--data", store()}).error()["code"], "store.tail_lost");
  auto accepted = run({"verify", "--accept", "lost-tail", "--data", store()});
  EXPECT_NE(accepted.err.find("group deals knew of position " + std::to_string(rest.back())), std::string::npos) << accepted.err;
  auto end = inspect(store())["position"].get<int>();
  ASSERT_EQ(add_person(70).code, 0);
  EXPECT_EQ(next(store()), end + 1);
}

TEST_F(Places, ADumpCarriesThem) {
  auto dumped = run({"dump", "--data", store()});
  ASSERT_EQ(dumped.code, 0);
  ASSERT_EQ(run({"load", write("dump.jsonl", dumped.out), "--data", path("copy"), "--quiet"}).code, 0);
  EXPECT_EQ(status(path("copy")), status(store()));
  EXPECT_EQ(webhook(path("copy")), 26u);
  EXPECT_EQ(next(path("copy")), 6);
}

// It would be written where it says.
TEST_F(Places, ADumpsPlaceIsAPlaceOrTheDumpIsRefused) {
  auto dumped = run({"dump", "--data", store()}).out;
  for (const auto* bad : {"groups/../../x.group", "webhooks/crm/deliveries.jsonl", "rapport.json"}) {
    auto text = dumped;
    text.replace(text.find("groups/deals.group"), 18, bad);
    auto loaded = json({"load", write("bad.jsonl", text), "--data", path("bad")});
    EXPECT_EQ(loaded.error()["code"], "dump.member") << bad << loaded.err;
    EXPECT_FALSE(fs::exists(path("bad")));
  }
}

}  // namespace
}  // namespace rapport::program
