// A backup that is not as it was written is never taken for one.
#include "tests/backup/backup_fixture.h"

namespace rapport::program {
namespace {

struct DamagedBackups : Backups {
  void SetUp() override {
    fill();
    ASSERT_EQ(back_up().code, 0);
    ASSERT_EQ(add_person(30).code, 0);
    ASSERT_EQ(back_up().code, 0);
  }
  // Verification says no, and a restore says no or gives the store all the same if what is damaged is not part of it.
  void expect_refused(const std::string& what) {
    auto verified = json({"verify", backup()});
    EXPECT_NE(verified.code, 0) << what << " went unseen: " << verified.out;
    EXPECT_LE(verified.code, 3) << what;
    auto before = names();
    auto restored = restore("restored");
    if (restored.code == 0) {
      EXPECT_EQ(inspect(path("restored"))["root"], inspect(store())["root"]) << what << " was restored";
      fs::remove_all(path("restored"));
    }
    EXPECT_EQ(names(), before) << what << ": something is left of it";
  }
};

TEST_F(DamagedBackups, EveryByteCounts) {
  constexpr std::size_t kStep = 211;
  std::size_t offset = 0;
  for (auto& [name, bytes] : files(backup())) {
    for (auto at = offset++ % kStep; at < bytes.size(); at += kStep) {
      auto changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
      write("backup/" + name, changed);
      expect_refused(name + ", byte " + std::to_string(at));
    }
    write("backup/" + name, bytes);
  }
  EXPECT_EQ(json({"verify", backup()}).json()["ok"], true);
}

TEST_F(DamagedBackups, AFileThatIsCutOrGoneIsNamed) {
  for (auto& [name, bytes] : files(backup())) {
    if (name == "LOCK") continue;  // says nothing
    write("backup/" + name, bytes.substr(0, bytes.size() / 2));
    expect_refused(name + " cut");
    fs::remove(backup() + "/" + name);
    expect_refused(name + " gone");
    write("backup/" + name, bytes);
  }
}

// Another history with right hashes all over, signed by another key of the same name.
TEST_F(DamagedBackups, ABackupIsHeldToANamedKey) {
  auto key = json({"inspect", "--data", store()}).json()["verifierKey"].get<std::string>();
  EXPECT_EQ(json({"verify", backup(), "--key", key}).json()["ok"], true);
  ASSERT_EQ(json({"demo", "--data", path("other"), "--customers", "3"}).code, 0);
  auto other = json({"keygen", "--data", path("other")}).json()["verifierKeys"][0].get<std::string>();
  auto refused = json({"verify", backup(), "--key", other});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.json()["what"].get<std::string>().find("not signed"), std::string::npos);
}

TEST_F(DamagedBackups, KeysThatAreNotTheirsAreRefused) {
  auto before = names();
  auto refused = [&](const std::string& keys_folder) { return json({"restore", backup(), path("restored"), "--keys", keys_folder}); };
  EXPECT_EQ(refused(path("nothing")).error()["code"], "keys.copy_missing");
  ASSERT_EQ(json({"demo", "--data", path("other"), "--customers", "3"}).code, 0);
  ASSERT_EQ(json({"backup", path("other-backup"), "--keys", path("other-keys"), "--data", path("other")}).code, 0);
  EXPECT_EQ(refused(path("other-keys")).error()["code"], "keys.other_store");
  for (auto& [name, bytes] : files(keys())) {
    if (bytes.empty()) continue;
    auto changed = bytes;
    changed[bytes.size() / 2] ^= 1;
    write("keys/" + name, changed);
    EXPECT_EQ(refused(keys()).error()["code"], "keys.copy_damaged") << name;
    write("keys/" + name, bytes);
  }
  fs::rename(keys(), path("old-keys"));
  ASSERT_EQ(add_person(31).code, 0);
  ASSERT_EQ(back_up().code, 0);
  EXPECT_EQ(refused(path("old-keys")).error()["code"], "keys.older");
  for (const auto* made_here : {"other", "other-backup", "other-keys", "old-keys"}) before.insert(made_here);
  EXPECT_EQ(names(), before) << "nothing is left of any of them";
}

TEST_F(DamagedBackups, WithoutKeysTheStoreWaitsForThem) {
  auto restored = json({"restore", backup(), path("restored")});
  ASSERT_EQ(restored.code, 0) << restored.err;
  EXPECT_EQ(json({"inspect", "--data", path("restored")}).error()["code"], "keys.missing");
  fs::copy(store() + "/keys", path("restored") + "/keys", fs::copy_options::recursive);
  EXPECT_TRUE(verifies(path("restored")));
}

}  // namespace
}  // namespace rapport::program
