// A restore to an older position: what came later is gone from every file, and the log goes on under a name of its own.
#include <algorithm>

#include "tests/backup/backup_fixture.h"

namespace rapport::program {
namespace {

struct PointInTime : Backups {
  void SetUp() override {
    fill();
    ASSERT_EQ(back_up().code, 0);
  }
  static std::vector<nlohmann::json> events(const std::string& data) {
    std::vector<nlohmann::json> all;
    auto text = json({"events", "--data", data}).out;
    for (std::size_t at = 0; at < text.size();) {
      auto end = std::min(text.find('\n', at), text.size());
      all.push_back(nlohmann::json::parse(text.substr(at, end - at)));
      at = end + 1;
    }
    return all;
  }
  // Its last bytes, which are random where the program chose it: so no compression hides them.
  static std::string raw_id(const nlohmann::json& event) {
    auto text = event["id"].get<std::string>();
    std::string hex, raw;
    for (auto c : text.substr(0, 36))
      if (c != '-') hex += c;
    for (std::size_t i = 0; i < hex.size(); i += 2) raw += static_cast<char>(std::stoul(hex.substr(i, 2), nullptr, 16));
    return raw.substr(8);
  }
  static bool any_file_has(const std::string& folder, const std::string& bytes) {
    auto all = files(folder);
    return std::any_of(all.begin(), all.end(), [&](auto& file) { return file.second.find(bytes) != std::string::npos; });
  }
};

TEST_F(PointInTime, EveryPositionGivesTheLogAsItWasThen) {
  auto all = events(store());
  auto root_at = [&](std::uint64_t position) {
    return json({"proof", "consistency", std::to_string(position), "--data", store()}).json()["fromRoot"];
  };
  for (std::uint64_t to : {std::uint64_t{1}, std::uint64_t{13}, std::uint64_t{14}, std::uint64_t{all.size() - 1}}) {
    auto name = "to-" + std::to_string(to);
    auto restored = restore(name, {"--to", std::to_string(to), "--compare", store()});
    ASSERT_EQ(restored.code, 0) << restored.err;
    EXPECT_TRUE(verifies(path(name))) << to;
    auto inspected = inspect(path(name));
    EXPECT_EQ(inspected["position"], to);
    EXPECT_EQ(inspected["root"], root_at(to));
    EXPECT_EQ(events(path(name)), std::vector(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(to)));
  }
}

TEST_F(PointInTime, WhatCameLaterIsInNoFile) {
  for (int i = 0; i < 6; ++i)
    ASSERT_EQ(json({"command", "account/late-" + std::to_string(i), "create", R"({"kind":"person","name":"Li"})", "--data", store()}).code, 0);
  ASSERT_EQ(back_up().code, 0);
  auto all = events(store());
  const std::size_t to = all.size() - 5;
  ASSERT_EQ(restore("restored", {"--to", std::to_string(to)}).code, 0);
  ASSERT_TRUE(verifies(path("restored")));
  for (std::size_t i = to; i < all.size(); ++i) {
    EXPECT_TRUE(any_file_has(store(), raw_id(all[i]))) << "the search finds what is there";
    EXPECT_FALSE(any_file_has(path("restored"), raw_id(all[i]))) << all[i];
  }
  EXPECT_TRUE(any_file_has(path("restored"), raw_id(all[to - 1])));
}

TEST_F(PointInTime, HalfOfAnAppendIsNeverRestored) {
  fs::remove_all(backup());
  fs::remove_all(keys());
  ASSERT_EQ(json({"demo", "--data", path("enterprise"), "--customers", "20", "--years", "1"}).code, 0);
  ASSERT_EQ(json({"backup", backup(), "--keys", keys(), "--data", path("enterprise")}).code, 0);
  auto all = events(path("enterprise"));
  auto second = std::find_if(all.begin(), all.end(), [](auto& event) { return event["id"].template get<std::string>().ends_with(".1"); });
  ASSERT_NE(second, all.end()) << "the demo appends several events at once";
  auto within = (*second)["position"].get<std::uint64_t>() - 1;
  auto restored = run({"restore", backup(), path("restored"), "--keys", keys(), "--to", std::to_string(within), "--format", "json"});
  ASSERT_EQ(restored.code, 0) << restored.err;
  EXPECT_EQ(restored.json()["position"], within - 1);
  EXPECT_NE(restored.err.find("appended together"), std::string::npos) << restored.err;
  EXPECT_TRUE(verifies(path("restored")));
}

TEST_F(PointInTime, ATimeIsTheLastEventRecordedUpToIt) {
  auto all = events(store());
  auto to = all.size() - 3;
  auto restored = restore("restored", {"--to", all[to - 1]["recordedAt"].get<std::string>()});
  ASSERT_EQ(restored.code, 0) << restored.err;
  EXPECT_EQ(position(restored), to);
  EXPECT_EQ(restore("before", {"--to", "1999-12-31"}).error()["code"], "restore.nothing");
  EXPECT_EQ(restore("after", {"--to", std::to_string(all.size() + 1)}).error()["code"], "position.unknown");
  EXPECT_EQ(restore("never", {"--to", "yesterday"}).error()["code"], "time.malformed");
  for (const auto* refused : {"before", "after", "never"}) EXPECT_FALSE(names().contains(refused));
}

TEST_F(PointInTime, TwoHistoriesNeverShareAName) {
  auto origin = inspect(store())["origin"].get<std::string>();
  ASSERT_EQ(restore("second", {"--to", "18"}).code, 0);
  ASSERT_EQ(restore("third", {"--to", "18"}).code, 0);
  ASSERT_EQ(restore("whole").code, 0);
  EXPECT_EQ(inspect(path("second"))["origin"], origin + "/2");
  EXPECT_EQ(inspect(path("third"))["origin"], origin + "/3");
  EXPECT_EQ(inspect(path("whole"))["origin"], origin) << "nothing is known to have followed";
  ASSERT_EQ(add_person(70).code, 0);
  ASSERT_EQ(restore("behind", {"--compare", store()}).code, 0);
  EXPECT_EQ(inspect(path("behind"))["origin"], origin + "/4") << "the live log went on";
}

TEST_F(PointInTime, CheckpointsOfTheCommonPartStillHoldAndLaterOnesDoNot) {
  auto late = write("late.txt", json({"checkpoint", "--data", store()}).out);
  ASSERT_EQ(restore("early", {"--to", "18"}).code, 0);
  auto second = path("early");
  ASSERT_EQ(json({"verify", "--data", second, "--checkpoint", late}).code, 1);
  auto fresh = json({"checkpoint", "--data", second}).out;
  EXPECT_EQ(fresh.substr(0, fresh.find('\n')), inspect(second)["origin"]);
  auto own = write("own.txt", fresh);
  EXPECT_EQ(json({"verify", "--data", second, "--checkpoint", own}).code, 0);
  // A store that was restored whole and then to an older position knows checkpoints of all of its names.
  ASSERT_EQ(json({"backup", path("backup-2"), "--keys", path("keys-2"), "--data", second}).code, 0);
  ASSERT_EQ(json({"restore", path("backup-2"), path("later"), "--keys", path("keys-2")}).code, 0);
  EXPECT_EQ(json({"verify", "--data", path("later"), "--checkpoint", own}).code, 0);
}

TEST_F(PointInTime, AnOldNamesCheckpointOfTheCommonPartHolds) {
  auto early = write("early.txt", json({"checkpoint", "--data", store()}).out);
  auto size = inspect(store())["position"].get<std::uint64_t>();
  ASSERT_EQ(add_person(80).code, 0);
  ASSERT_EQ(add_person(81).code, 0);
  auto late = write("late.txt", json({"checkpoint", "--data", store()}).out);
  ASSERT_EQ(back_up().code, 0);
  ASSERT_EQ(restore("restored", {"--to", std::to_string(size + 1)}).code, 0);
  EXPECT_EQ(json({"verify", "--data", path("restored"), "--checkpoint", early}).json()["checkpoint"], size);
  auto refused = json({"verify", "--data", path("restored"), "--checkpoint", late});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.json()["position"], size + 1) << "where the two part";
}

TEST_F(PointInTime, TheMemoryOfImportsIsNeverAheadOfTheLog) {
  ASSERT_EQ(json({"restore", backup(), path("restored"), "--keys", keys(), "--to", "6"}).code, 0);
  ASSERT_TRUE(verifies(path("restored")));
  fs::remove_all(store());
  fs::rename(path("restored"), store());
  auto again = import_deals();
  EXPECT_EQ(again.json()["events"], 7) << "the rows that were cut off come again: " << again.out << again.err;
  EXPECT_EQ(json({"query", "pipeline/summary", "--data", store()}).json()["rows"].size(), 3u);
}

TEST_F(PointInTime, AnotherHistoryIsNotBackedUpIntoTheSameFolder) {
  ASSERT_EQ(restore("restored", {"--to", "18"}).code, 0);
  auto refused = json({"backup", backup(), "--data", path("restored")});
  EXPECT_EQ(refused.error()["code"], "backup.other_history");
  EXPECT_EQ(json({"verify", backup()}).json()["ok"], true);
}

TEST_F(PointInTime, LogsThatPartAreToldWhere) {
  ASSERT_EQ(restore("other", {"--to", "18"}).code, 0);
  ASSERT_EQ(json({"command", "account/elsewhere", "create", R"({"kind":"person","name":"Li"})", "--data", path("other")}).code, 0);
  auto refused = restore("restored", {"--compare", path("other")});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.error()["code"], "compare.differs");
  EXPECT_NE(refused.error()["message"].get<std::string>().find("from position 19 on"), std::string::npos) << refused.err;
  EXPECT_FALSE(names().contains("restored"));
}

TEST_F(PointInTime, ACheckpointWithItsTilesProvesThePrefix) {
  ASSERT_EQ(add_person(90).code, 0);
  auto note = write("checkpoint.txt", json({"checkpoint", "--data", store()}).out);
  ASSERT_EQ(json({"export", "tiles", path("tlog"), "--data", store()}).code, 0);
  EXPECT_EQ(restore("by-tiles", {"--compare", path("tlog")}).json()["liveSize"], inspect(store())["position"]);
  EXPECT_EQ(restore("by-note", {"--compare", note}).error()["code"], "compare.no_tiles") << "a longer log's checkpoint alone proves nothing";
  ASSERT_EQ(back_up().code, 0);
  EXPECT_EQ(restore("by-note", {"--compare", note}).code, 0) << "but it does where the restored log is as long";
  auto tile = path("tlog") + "/tile/0/000.p/" + inspect(store())["position"].dump();
  auto bytes = read_file(tile);
  bytes[40] ^= 1;
  std::ofstream(tile, std::ios::binary) << bytes;
  EXPECT_NE(restore("forged", {"--to", "18", "--compare", path("tlog")}).code, 0) << "tiles are held to the checkpoint";
}

// Somebody copied an old copy of the directory back.
TEST_F(PointInTime, AnOlderCopyGoesOnUnderItsOwnNameWhenThatIsSaid) {
  auto origin = inspect(store())["origin"].get<std::string>();
  auto accepted = json({"verify", "--accept", "older-copy", "--data", store()});
  EXPECT_EQ(accepted.json()["ok"], true) << accepted.err;
  EXPECT_EQ(inspect(store())["origin"], origin + "/2");
  EXPECT_EQ(json({"checkpoint", "--data", store()}).out.substr(0, origin.size() + 2), origin + "/2");
  EXPECT_EQ(add_person(95).json()["already"], false);
  EXPECT_TRUE(verifies(store()));
}

}  // namespace
}  // namespace rapport::program
