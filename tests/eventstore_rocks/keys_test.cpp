#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "eventstore/rocks/files.h"
#include "tests/eventstore_samples/whole_store.h"

namespace rapport::test {
namespace {

namespace fs = std::filesystem;

class KeysTest : public testing::Test {
 protected:
  // A directory and the keys in it, closed in order.
  struct Open {
    std::unique_ptr<StoreDirectory> directory;
    std::unique_ptr<RocksSubjectKeys> keys;
  };
  Result<Open> try_open() {
    auto directory = StoreDirectory::open(path_, true);
    if (!directory) return directory.error();
    auto keys = RocksSubjectKeys::open(**directory);
    if (!keys) return keys.error();
    return Open{std::move(*directory), std::move(*keys)};
  }
  Open open() {
    auto opened = try_open();
    RAPPORT_ASSERT(opened);
    return std::move(*opened);
  }
  std::string refusal() {
    auto opened = try_open();
    return opened ? "opened" : opened.error().reason;
  }

  TemporaryDirectory temporary_;
  fs::path path_ = temporary_.path() / "store";
};

TEST_F(KeysTest, SealsUnderOneKeyASubjectForEver) {
  std::string sealed;
  Hash digest;
  {
    auto store = open();
    auto key = *store.keys->key_for("account-1");
    EXPECT_EQ(store.keys->key_for("account-1")->secret, key.secret);
    EXPECT_NE(store.keys->key_for("account-2")->secret, key.secret);
    EXPECT_TRUE(store.keys->sync());
    sealed = seal(key, "Ann");
    digest = store.keys->keyed_digest("request", "x");
    EXPECT_NE(store.keys->keyed_digest("import", "x"), digest);
  }
  auto store = open();
  EXPECT_EQ(**store.keys->open(sealed), "Ann");
  EXPECT_EQ(store.keys->key_for("account-1")->id, sealing_key(sealed));
  EXPECT_EQ(store.keys->keyed_digest("request", "x"), digest);
  EXPECT_EQ(store.keys->count(), 2u);
  EXPECT_TRUE(store.keys->verify());
}

TEST_F(KeysTest, ThatAreMadeTogetherAreKeptWhenEachSyncEndsAlsoAcrossAnErasure) {
  constexpr int kThreads = 8, kEach = 25;
  std::string sealed[kThreads];
  auto copied = temporary_.path() / "copied";  // what the files have once all were told so: nothing is closed before
  {
    auto store = open();
    auto first = store.keys->key_for("account-erased")->id;
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread)
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kEach; ++i) {
          auto key = store.keys->key_for("account-" + std::to_string(thread) + "-" + std::to_string(i));
          EXPECT_TRUE(key && store.keys->sync());
          sealed[thread] = seal(*key, "Ann");
        }
      });
    EXPECT_TRUE(store.keys->destroy(std::vector<Erasure>{{first, {7}, {5}}}));
    threads.clear();
    fs::copy(path_, copied, fs::copy_options::recursive);
  }
  path_ = copied;
  auto store = open();
  for (auto& text : sealed) EXPECT_EQ(**store.keys->open(text), "Ann");
  EXPECT_EQ(store.keys->count(), std::uint64_t{kThreads} * kEach + 1);
  EXPECT_TRUE(store.keys->verify());
}

TEST_F(KeysTest, OpensNothingUnderAKeyItDoesNotHave) {
  auto store = open();
  EXPECT_FALSE(*store.keys->open(seal({77, {}}, "Ann")));
  auto sealed = seal(*store.keys->key_for("account-1"), "Ann");
  sealed.back() = static_cast<char>(sealed.back() ^ 1);
  EXPECT_EQ(store.keys->open(sealed).error().reason, "keys.altered");
  EXPECT_EQ(store.keys->open("plain").error().reason, "keys.not_sealed");
}

TEST_F(KeysTest, RefusesAnotherMasterKey) {
  { open(); }
  auto file = path_ / "keys" / "master.key";
  auto text = *read_file(file);
  fs::remove(path_ / "closed");
  for (std::size_t i = 0; i < text.size(); i += 9) {
    auto altered = text;
    altered[i] = altered[i] == '7' ? '8' : '7';
    std::ofstream(file, std::ios::binary) << altered;
    EXPECT_EQ(refusal(), "keys.master_key_wrong") << i;
    fs::remove(path_ / "closed");
  }
  fs::remove(file);
  EXPECT_EQ(refusal(), "keys.master_key_missing");
}

TEST_F(KeysTest, TakesTheMasterKeyFromTheEnvironment) {
  setenv("RAPPORT_MASTER_KEY", std::string(64, 'a').c_str(), 1);
  { open(); }
  EXPECT_FALSE(fs::exists(path_ / "keys" / "master.key"));
  EXPECT_EQ(refusal(), "opened");
  setenv("RAPPORT_MASTER_KEY", std::string(64, 'b').c_str(), 1);
  EXPECT_EQ(refusal(), "keys.master_key_wrong");
  setenv("RAPPORT_MASTER_KEY", "short", 1);
  EXPECT_EQ(refusal(), "keys.master_key_wrong");
  unsetenv("RAPPORT_MASTER_KEY");
  EXPECT_EQ(refusal(), "keys.master_key_missing");
}

TEST_F(KeysTest, NoticesThatKeysAreGone) {
  {
    auto store = open();
    EXPECT_TRUE(store.keys->key_for("account-1"));
  }
  fs::copy(path_ / "keys" / "db", temporary_.path() / "older", fs::copy_options::recursive);
  {
    auto store = open();
    EXPECT_TRUE(store.keys->key_for("account-2"));
  }
  fs::remove(path_ / "closed");
  fs::remove_all(path_ / "keys" / "db");
  fs::copy(temporary_.path() / "older", path_ / "keys" / "db", fs::copy_options::recursive);
  EXPECT_EQ(refusal(), "keys.tail_lost");
}

TEST_F(KeysTest, RestoresKeysOfAnotherStoreUnderTheirIds) {
  SubjectKeys::NamedKey theirs{"account-1", {5, {}}};
  theirs.key.secret.fill(3);
  auto sealed = seal(theirs.key, "Ann");
  {
    auto store = open();
    auto own = store.keys->key_for("account-9");
    EXPECT_TRUE(store.keys->restore(theirs));
    EXPECT_TRUE(store.keys->restore(theirs));  // again changes nothing
    EXPECT_EQ(store.keys->restore({"account-2", {own->id, {}}}).error().reason, "keys.id_taken");
    EXPECT_TRUE(store.keys->sync());
  }
  auto store = open();
  EXPECT_EQ(**store.keys->open(sealed), "Ann");
  EXPECT_EQ(store.keys->key_for("account-1")->id, 5u);
  EXPECT_EQ(store.keys->key_for("account-2")->id, 6u);
  EXPECT_EQ((*store.keys->find(5))->subject, "account-1");
  EXPECT_FALSE(*store.keys->find(4));
  EXPECT_TRUE(store.keys->verify());
}

TEST_F(KeysTest, TellsAnErasedKeyFromAnUnknownOne) {
  std::string sealed;
  {
    auto store = open();
    sealed = seal(*store.keys->key_for("account-1"), "Ann");
    EXPECT_TRUE(store.keys->key_for("account-2"));
    ASSERT_TRUE(store.keys->destroy(std::vector<Erasure>{{1, {7}, {5}}}));
    EXPECT_FALSE(*store.keys->open(sealed));
    EXPECT_TRUE(store.keys->erased(1));
    EXPECT_FALSE(store.keys->erased(2));
    EXPECT_FALSE(store.keys->erased(77));
  }
  auto store = open();
  EXPECT_FALSE(*store.keys->open(sealed));
  EXPECT_TRUE(store.keys->erased(1));
  EXPECT_EQ(store.keys->erased_up_to(), Position{7});
  EXPECT_EQ(store.keys->count(), 2u);
  EXPECT_TRUE(store.keys->verify());
}

TEST_F(KeysTest, AnErasureThatFailedIsNotTakenForDoneAndIsFinishedAtTheNextOpen) {
  auto in_the_way = path_ / "keys" / "db.next";
  {
    auto store = open();
    auto sealed = seal(*store.keys->key_for("account-1"), "Ann");
    fs::create_directories(in_the_way / "folder");
    EXPECT_FALSE(store.keys->destroy(std::vector<Erasure>{{1, {7}, {5}}}));
    EXPECT_FALSE(*store.keys->open(sealed));  // though its bytes are still there
    EXPECT_EQ(store.keys->destroy({}).error().reason, "keys.stopped");
  }
  fs::remove_all(in_the_way);
  auto store = open();
  EXPECT_EQ(*store.keys->current_key("account-1"), 0u);
  EXPECT_TRUE(store.keys->verify());
}

TEST_F(KeysTest, NeverGivesTheIdOfAnErasedKeyAgain) {
  for (std::uint64_t id = 1; id <= 3; ++id) {
    auto store = open();
    EXPECT_EQ(store.keys->key_for("account-1")->id, id);
    ASSERT_TRUE(store.keys->destroy(std::vector<Erasure>{{id, {id}, {5}}}));
    EXPECT_EQ(*store.keys->current_key("account-1"), 0u);
  }
  auto store = open();
  EXPECT_EQ(store.keys->key_for("account-1")->id, 4u);
  EXPECT_TRUE(store.keys->verify());
}

TEST_F(KeysTest, TakesNoErasedKeyFromAnotherStore) {
  auto store = open();
  ASSERT_TRUE(store.keys->destroy(std::vector<Erasure>{{5, {7}, {5}}}));
  ASSERT_TRUE(store.keys->restore({"account-1", {5, {}}}));
  EXPECT_FALSE(*store.keys->find(5));
  EXPECT_EQ(store.keys->key_for("account-1")->id, 6u);
  EXPECT_TRUE(store.keys->verify());
}

TEST_F(KeysTest, ARegistersLineThatACrashCutOffDoesNotCount) {
  {
    auto store = open();
    EXPECT_TRUE(store.keys->key_for("account-1"));
    EXPECT_TRUE(store.keys->key_for("account-2"));
    ASSERT_TRUE(store.keys->destroy(std::vector<Erasure>{{1, {7}, {5}}}));
  }
  fs::remove(path_ / "closed");
  std::ofstream(path_ / "keys" / "erased", std::ios::app) << "2 5 8 0123";
  auto store = open();
  EXPECT_FALSE(store.keys->erased(2));
  ASSERT_TRUE(store.keys->destroy(std::vector<Erasure>{{2, {9}, {5}}}));
  EXPECT_TRUE(store.keys->verify());
}

TEST_F(KeysTest, KeepsNoSecretInTheClear) {
  std::string secret;
  {
    auto store = open();
    auto key = *store.keys->key_for("account-1");
    secret.assign(key.secret.begin(), key.secret.end());
  }
  for (const auto& entry : fs::recursive_directory_iterator(path_)) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(read_file(entry.path())->find(secret), std::string::npos) << entry.path();
  }
}

}  // namespace
}  // namespace rapport::test
