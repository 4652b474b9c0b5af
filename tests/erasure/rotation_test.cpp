// The master key changes: every key is wrapped anew, the log stays as it is, and a crash leaves the old key or the new one.
#include <fstream>

#include "tests/erasure/erasure_fixture.h"

namespace rapport::program {
namespace {

namespace fs = std::filesystem;

const std::string kOld(64, 'a'), kNew(64, 'b');

TEST_F(Subjects, ANewMasterKeyOpensEverythingAndTheOldOneNothing) {
  auto anna = *key_of("account-4711");
  auto old_master = read_file(store() + "/keys/master.key");
  auto before = rapport({"inspect"}).json();
  auto rotated = rapport({"rotate-master-key", write("new.key", kNew + "\n")}).json();
  EXPECT_EQ(rotated["keys"], 2);
  EXPECT_EQ(read_file(store() + "/keys/master.key"), kNew + "\n");
  EXPECT_EQ(account("4711")["name"], "Anna Grün");
  EXPECT_EQ(rapport({"inspect"}).json(), before);
  EXPECT_TRUE(verifies());
  EXPECT_EQ(key_of("account-4711")->raw, anna.raw);
  EXPECT_EQ(files_with(anna), std::vector<std::string>());  // as the old master key had wrapped it
  fs::remove(store() + "/closed");
  std::ofstream(store() + "/keys/master.key", std::ios::binary | std::ios::trunc) << old_master;
  auto refused = run({"inspect", "--data", store(), "--format", "json"});
  EXPECT_EQ(refused.code, 3);
  EXPECT_EQ(refused.error()["code"], "keys.master_key_wrong");
}

TEST_F(Subjects, ARotationNeedsAnotherKeyThatIsOne) {
  EXPECT_EQ(rapport({"rotate-master-key"}, 2).error()["code"], "keys.master_key_missing");
  EXPECT_EQ(rapport({"rotate-master-key", write("new.key", "short")}, 2).error()["code"], "keys.master_key_malformed");
  EXPECT_EQ(rapport({"rotate-master-key", store() + "/keys/master.key"}, 2).error()["code"], "keys.master_key_same");
  EXPECT_EQ(account("4711")["name"], "Anna Grün");
}

TEST_F(Subjects, ErasuresStandAfterARotation) {
  erase("account-4711");
  rapport({"rotate-master-key", write("new.key", kNew)});
  EXPECT_EQ(account("4711")["name"], nullptr);
  EXPECT_EQ(account("4712")["name"], "Ben");
  erase("account-4712");
  EXPECT_TRUE(verifies());
}

TEST_F(Subjects, KilledAtAnyMomentARotationLeavesOneKeyThatOpens) {
  auto anna = *key_of("account-4711");
  auto old_master = read_file(store() + "/keys/master.key");
  write("new.key", kNew + "\n");
  int rotated = 0, as_before = 0;
  auto changes = kill_at_every_change(
      *this, [&] { return run({"rotate-master-key", path("new.key"), "--data", store()}); },
      [&](bool ended) {
        EXPECT_TRUE(verifies());  // unwraps every key
        auto master = read_file(store() + "/keys/master.key");
        bool is_new = master == kNew + "\n";
        EXPECT_TRUE(is_new || master == old_master) << master;
        EXPECT_EQ(files_with(anna).empty(), is_new);
        EXPECT_TRUE(is_new || !ended);
        (is_new ? rotated : as_before)++;
        for (const auto& part : fs::directory_iterator(store() + "/keys")) {
          auto name = part.path().filename().string();
          EXPECT_TRUE(name == "db" || name == "master.key" || name == "witness") << name;
        }
      });
  EXPECT_GT(rotated, 10);
  EXPECT_GT(as_before, 10);
  std::cout << changes << " kills: " << rotated << " rotated, " << as_before << " as before\n";
}

// A store that has its master key from the environment from the start.
struct ASubjects final : Subjects {
  void TestBody() override {}
};

TEST(MasterKeyOfTheEnvironment, KilledAtAnyMomentEitherTheOldKeyOrTheNewOneOpens) {
  int rotated = 0, as_before = 0;
  setenv("RAPPORT_MASTER_KEY", kOld.c_str(), 1);
  ASubjects subjects;
  auto opens_with = [&](const std::string& key) {
    setenv("RAPPORT_MASTER_KEY", key.c_str(), 1);
    auto ran = run({"query", "customer360/accounts", "id=4711", "--data", subjects.store(), "--format", "json", "--quiet"});
    if (ran.code == 0) EXPECT_EQ(ran.json()["rows"][0]["name"], "Anna Grün");
    else EXPECT_EQ(ran.error()["code"], "keys.master_key_wrong");
    return ran.code == 0;
  };
  kill_at_every_change(
      subjects,
      [&] {
        setenv("RAPPORT_MASTER_KEY", kOld.c_str(), 1);
        Variable next("RAPPORT_NEW_MASTER_KEY", kNew);
        return run({"rotate-master-key", "--data", subjects.store()});
      },
      [&](bool ended) {
        bool is_new = opens_with(kNew);
        EXPECT_NE(is_new, opens_with(kOld));
        EXPECT_TRUE(is_new || !ended);
        (is_new ? rotated : as_before)++;
        EXPECT_FALSE(fs::exists(subjects.store() + "/keys/master.key"));
      },
      3);
  unsetenv("RAPPORT_MASTER_KEY");
  EXPECT_GT(rotated, 5);
  EXPECT_GT(as_before, 5);
}

}  // namespace
}  // namespace rapport::program
