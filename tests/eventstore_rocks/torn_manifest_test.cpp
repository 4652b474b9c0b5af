// A manifest in which a power cut left a hole keeps no store from opening, unless something would be lost.
#include <gtest/gtest.h>

#include <fstream>

#include "eventstore/rocks/files.h"
#include "eventstore/rocks/log_database.h"
#include "eventstore/rocks/verify_store.h"
#include "tests/eventstore_samples/whole_store.h"

namespace rapport::test {
namespace {

namespace fs = std::filesystem;

struct TornManifest : testing::Test {
  // `before`, and `after` its tables were written and the manifest named them, of one store that was never closed. What a cut leaves that
  // falls before the manifest is synced: the logs of before, the tables of after, and its manifest without some of the new bytes.
  void SetUp() override {
    {
      auto store = *WholeStore::open(live_, clock_, true);
      fill(store);
    }
    auto store = *WholeStore::open(live_, clock_, true);
    append_one(*store.events, Sample(71).on("opportunity-later", 0, 5));
    head_ = store.events->head();
    copy_as_crashed(live_, before_);
    auto& database = store.events->database();
    ASSERT_TRUE(database.log().Flush({}, {database[Family::kDefault], database[Family::kLog], database[Family::kTree]}).ok());
    copy_as_crashed(live_, after_);
    for (auto& entry : fs::directory_iterator(after_ / "log"))
      if (entry.path().filename().string().starts_with("MANIFEST-")) manifest_ = entry.path();
    named_ = fs::file_size(before_ / "log" / manifest_.filename());
    ASSERT_GT(fs::file_size(manifest_), named_ + 50);
  }
  void bring_back_the_logs() const {
    for (auto& entry : fs::directory_iterator(before_ / "log"))
      if (entry.path().extension() == ".log") fs::copy_file(entry.path(), after_ / "log" / entry.path().filename(), fs::copy_options::overwrite_existing);
  }
  void hole(std::uintmax_t at, std::size_t size) const {
    auto bytes = *read_file(manifest_);
    bytes.replace(at, size, std::string(size, '\0'));
    std::ofstream(manifest_, std::ios::binary) << bytes;
  }
  void expect_whole() {
    auto store = WholeStore::open(after_, clock_, false);
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_EQ(store->events->head().position, head_.position);
    EXPECT_EQ(store->events->head().root, head_.root);
    auto verified = verify_store(*store->events, *store->keys);
    ASSERT_TRUE(verified);
    EXPECT_TRUE(verified->ok) << verified->what;
    append_one(*store->events, Sample(72).on("opportunity-later", 5));
    store->close();
    ASSERT_TRUE(WholeStore::open(after_, clock_, false));
  }

  TemporaryDirectory temporary_;
  const fs::path live_ = temporary_.path() / "live", before_ = temporary_.path() / "before", after_ = temporary_.path() / "after";
  ManualClock clock_{kNow};
  Head head_;
  fs::path manifest_;
  std::uintmax_t named_ = 0;  // the manifest's size before the flush
};

TEST_F(TornManifest, AHoleInWhatWasNotSyncedIsCutOff) {
  bring_back_the_logs();
  hole(named_ + 10, 20);
  expect_whole();
}

TEST_F(TornManifest, AHoleWithMoreBehindItIsCutOffThere) {
  bring_back_the_logs();
  hole(named_, 8);
  expect_whole();
}

TEST_F(TornManifest, AStoreThatIsOnlyReadSaysThatItHasToBeMended) {
  bring_back_the_logs();
  hole(named_ + 10, 20);
  auto bytes = *read_file(manifest_);
  auto opened = LogDatabase::open(after_, {.read_only = true});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, "store.manifest_torn");
  EXPECT_EQ(*read_file(manifest_), bytes);
}

// The log of those events is gone, as once the manifest was synced: the tables alone have them.
TEST_F(TornManifest, AHoleThatWouldLoseEventsIsLeftAlone) {
  hole(named_ + 10, 20);
  auto bytes = *read_file(manifest_);
  auto store = WholeStore::open(after_, clock_, false);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().reason, "store.damaged") << store.error().message;
  EXPECT_EQ(*read_file(manifest_), bytes);
  std::size_t tables = 0;
  for (auto& entry : fs::directory_iterator(after_ / "log")) tables += entry.path().extension() == ".sst";
  EXPECT_GE(tables, 3u) << "RocksDB removes tables that it does not know";
}

}  // namespace
}  // namespace rapport::test
