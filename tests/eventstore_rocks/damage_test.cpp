// One flipped byte anywhere in a store is refused at open or reported by verification; or, in index/, mended.
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "eventstore/rocks/files.h"
#include "eventstore/rocks/log_database.h"
#include "eventstore/rocks/verify_store.h"
#include "eventstore/schema/envelope.capnp.h"
#include "tests/eventstore_samples/whole_store.h"

namespace rapport::test {
namespace {

namespace fs = std::filesystem;

// How many bytes of each file are tried; RAPPORT_FLIPS=1000000 tries every one.
std::size_t flips_per_file() {
  const char* wanted = std::getenv("RAPPORT_FLIPS");
  return wanted ? std::stoul(wanted) : 12;
}

// RocksDB's own notes, and the lock, whose content means nothing while nobody holds it.
bool carries_something(const fs::path& file) {
  auto name = file.filename().string();
  return !name.starts_with("LOG") && name != "LOCK" && !name.starts_with("OPTIONS-") && name != "IDENTITY";
}

class DamageTest : public testing::Test {
 protected:
  // Two rounds, so that the files have been through an open and hold several tables.
  void make_closed() {
    for (std::uint64_t round = 0; round < 2; ++round) {
      auto store = *WholeStore::open(whole_, clock_, true);
      if (round == 0) fill(store);
      else append_one(*store.events, Sample(77).on("opportunity-later", 0, 5));
    }
  }
  void make_crashed() {
    auto live = temporary_.path() / "live";
    auto store = *WholeStore::open(live, clock_, true);
    fill(store);
    copy_as_crashed(live, whole_);
  }
  void restore() {
    fs::remove_all(store_);
    fs::copy(whole_, store_, fs::copy_options::recursive);
  }
  // "refused: …", "reported: …" or the root.
  std::string outcome() {
    auto store = WholeStore::open(store_, clock_, false);
    if (!store) return "refused: " + store.error().reason;
    auto verified = verify_store(*store->events, *store->keys);
    if (!verified) return "reported: " + verified.error().reason;
    return verified->ok ? to_hex(verified->root) : "reported: " + verified->what;
  }
  template <class Check>
  void flip_each(Check&& check) {
    for (const auto& entry : fs::recursive_directory_iterator(whole_)) {
      if (!entry.is_regular_file() || !carries_something(entry.path())) continue;
      auto file = fs::relative(entry.path(), whole_);
      auto content = *read_file(entry.path());
      auto step = std::max<std::size_t>(1, content.size() / flips_per_file());
      for (std::size_t i = step / 2; i < content.size(); i += step) {
        restore();
        auto altered = content;
        altered[i] = static_cast<char>(altered[i] ^ 1 << i % 8);
        std::ofstream(store_ / file, std::ios::binary) << altered;
        check(file, i, content.size());
      }
    }
  }

  TemporaryDirectory temporary_;
  fs::path whole_ = temporary_.path() / "whole", store_ = temporary_.path() / "store";
  ManualClock clock_{kNow};
};

TEST_F(DamageTest, OfAnyByteOfAClosedStoreIsNoticed) {
  make_closed();
  restore();
  auto whole = outcome();
  ASSERT_EQ(whole.size(), 64u) << whole;
  std::size_t flips = 0;
  flip_each([&](const fs::path& file, std::size_t at, std::size_t size) {
    auto now = outcome();
    ++flips;
    if (*file.begin() == "index") EXPECT_EQ(now, whole) << file << " byte " << at << " of " << size;
    else EXPECT_TRUE(now.starts_with("refused") || now.starts_with("reported")) << file << " byte " << at << " of " << size;
  });
  EXPECT_GT(flips, 100u);
}

// What a crash leaves may end anywhere; nothing that was acknowledged may be missing or altered all the same.
TEST_F(DamageTest, OfAnyByteOfACrashedStoreIsNoticedOrHarmless) {
  make_crashed();
  restore();
  auto whole = outcome();
  ASSERT_EQ(whole.size(), 64u) << whole;
  flip_each([&](const fs::path& file, std::size_t at, std::size_t size) {
    auto now = outcome();
    EXPECT_TRUE(now == whole || now.starts_with("refused") || now.starts_with("reported"))
        << file << " byte " << at << " of " << size << ": " << now;
  });
}

TEST_F(DamageTest, IsNamedByItsFirstPosition) {
  {
    auto store = *WholeStore::open(whole_, clock_, true);
    for (std::uint64_t c = 0; c < 10; ++c) append_one(*store.events, Sample(c + 1).on("case-" + std::to_string(c), 0, 400));
  }
  restore();
  // The largest table is the log's. What an open reads of it, the last kilo of events, is far from here.
  fs::path table;
  for (const auto& entry : fs::directory_iterator(whole_ / "log"))
    if (entry.path().extension() == ".sst" && (table.empty() || entry.file_size() > fs::file_size(table))) table = entry.path();
  auto content = *read_file(table);
  content[content.size() / 5] ^= 1;
  std::ofstream(store_ / "log" / table.filename(), std::ios::binary) << content;
  auto store = WholeStore::open(store_, clock_, false);
  ASSERT_TRUE(store) << store.error().message;
  auto verified = *verify_store(*store->events, *store->keys);
  EXPECT_FALSE(verified.ok);
  EXPECT_GT(verified.position.value, 400u) << verified.what;
  EXPECT_LT(verified.position.value, 2000u) << verified.what;
  EXPECT_EQ(verified.events, verified.position.value - 1);
}

// Times of a frame that whole bytes tell: what a checksum cannot notice.
TEST_F(DamageTest, OfAFramesTimeIsNoticed) {
  auto store = *WholeStore::open(whole_, clock_, true);
  append_one(*store.events, Sample(1).on("case-1", 0, 3));
  const auto& log = store.events->database();
  std::string bytes;
  ASSERT_TRUE(log.log().Get({}, log[Family::kLog], log_key({1}), &bytes).ok());
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  std::memcpy(words.begin(), bytes.data(), bytes.size());
  capnp::FlatArrayMessageReader reader(words);
  capnp::MallocMessageBuilder altered;
  altered.setRoot(reader.getRoot<envelope::wire::Frame>());
  altered.getRoot<envelope::wire::Frame>().setCommittedAt(kNow.micros + 1);
  auto out = capnp::messageToFlatArray(altered);
  auto chars = out.asChars();
  ASSERT_TRUE(log.log().Put({}, log[Family::kLog], log_key({1}), rocksdb::Slice(chars.begin(), chars.size())).ok());
  auto verified = *verify_store(*store.events, *store.keys);
  EXPECT_FALSE(verified.ok);
  EXPECT_EQ(verified.position.value, 1u);
  EXPECT_NE(verified.what.find("committed at another time"), std::string::npos) << verified.what;
}

}  // namespace
}  // namespace rapport::test
