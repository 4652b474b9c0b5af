// index/ is made from the log: it may be missing, of another log, or behind, and every answer stays the same.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "eventstore/proof/merkle_proof.h"
#include "eventstore/rocks/log_database.h"
#include "eventstore/rocks/verify_store.h"
#include "tests/eventstore_samples/whole_store.h"

namespace rapport::test {
namespace {

namespace fs = std::filesystem;

class IndexTest : public testing::Test {
 protected:
  static constexpr std::size_t kSettled = 16;  // fill() makes more than this many events
  WholeStore open() {
    RocksStoreOptions options;
    options.unsettled_events = kSettled;
    auto store = WholeStore::open(path_, clock_, true, options);
    RAPPORT_ASSERT(store);
    return std::move(*store);
  }
  static std::vector<std::uint64_t> positions(const WholeStore& store, const ReadQuery& query) {
    std::vector<std::uint64_t> positions;
    auto reader = store.events->read(query);
    while (const auto* event = *reader->next()) positions.push_back(event->position.value);
    return positions;
  }
  // Everything that the index answers, of a store that fill() filled.
  static std::vector<std::uint64_t> answers(const WholeStore& store) {
    std::vector<std::uint64_t> all;
    for (auto direction : {Direction::kForward, Direction::kBackward})
      for (auto query : {ReadQuery{.stream = "opportunity-3"}, ReadQuery{.filter = Term::type("opportunity.opened")},
                         ReadQuery{.filter = Term::category("opportunity")}}) {
        query.direction = direction;
        auto read = positions(store, query);
        EXPECT_FALSE(read.empty());
        all.insert(all.end(), read.begin(), read.end());
      }
    for (std::uint64_t c = 1; c <= 30; ++c) {
      auto found = *store.events->find(event_id(Sample(c).append().command, 1));
      EXPECT_TRUE(found);
      if (found) all.push_back(found->value);
    }
    auto size = store.events->head().position.value;
    auto tile = *store.events->tile({0, 0}, tile_width({0, 0}, size));
    for (const auto& hash : tile) all.push_back(hash[0]);
    all.push_back(store.events->facts().streams);
    for (int i = 0; i < 10; ++i) all.push_back(store.events->version_of("opportunity-" + std::to_string(i))->value);
    return all;
  }
  static void expect_verified(const WholeStore& store) {
    auto verified = verify_store(*store.events, *store.keys);
    ASSERT_TRUE(verified);
    EXPECT_TRUE(verified->ok) << verified->what;
  }

  TemporaryDirectory temporary_;
  fs::path path_ = temporary_.path() / "store";
  ManualClock clock_{kNow};
};

// 2,500 events of one stream, settled as one: three blocks. Then some more in memory.
TEST_F(IndexTest, ReadsAStreamFromAnyVersionOfItsBlocks) {
  auto store = *WholeStore::open(path_, clock_, true);
  constexpr std::uint64_t kEvents = 2'500, kMore = 10;
  std::uint64_t command = 0;
  for (std::uint64_t version = 0; version < kEvents; version += 50)
    for (auto* stream : {"opportunity-1", "opportunity-2"}) append_one(*store.events, Sample(++command).on(stream, version, 50));
  ASSERT_TRUE(store.events->settle());
  append_one(*store.events, Sample(++command).on("opportunity-1", kEvents, kMore));
  for (std::uint64_t from : {1ul, 2ul, 50ul, 51ul, 1'023ul, 1'024ul, 1'025ul, 2'048ul, 2'049ul, 2'500ul, 2'501ul, 2'510ul, 2'511ul})
    for (auto direction : {Direction::kForward, Direction::kBackward}) {
      std::vector<std::uint64_t> versions, expected;
      auto reader = store.events->read({.direction = direction, .stream = "opportunity-1", .from_version = {from}});
      while (const auto* event = *reader->next()) versions.push_back(event->version.value);
      if (direction == Direction::kForward)
        for (auto v = from; v <= kEvents + kMore; ++v) expected.push_back(v);
      else
        for (auto v = std::min(from, kEvents + kMore); v > 0; --v) expected.push_back(v);
      EXPECT_EQ(versions, expected) << "from " << from;
    }
  EXPECT_EQ(store.events->version_of("opportunity-1")->value, kEvents + kMore);
  EXPECT_EQ(store.events->version_of("opportunity-2")->value, kEvents);
  expect_verified(store);
}

TEST_F(IndexTest, IsMadeAnewWhereItIsMissing) {
  std::vector<std::uint64_t> before;
  {
    auto store = open();
    fill(store);
    before = answers(store);
  }
  fs::remove_all(path_ / "index");
  auto store = open();
  EXPECT_EQ(answers(store), before);
  expect_verified(store);
}

TEST_F(IndexTest, IsMadeAnewWhereItIsOfAnotherLog) {
  auto theirs = temporary_.path() / "theirs";
  {
    auto store = open();
    for (std::uint64_t c = 1; c <= 90; ++c) append_one(*store.events, Sample(c).on("case-" + std::to_string(c), 0));
  }
  fs::rename(path_, theirs);
  std::vector<std::uint64_t> before;
  {
    auto store = open();
    fill(store);
    before = answers(store);
  }
  fs::remove(path_ / "closed");
  fs::remove_all(path_ / "index");
  fs::rename(theirs / "index", path_ / "index");
  auto store = open();
  EXPECT_EQ(answers(store), before);
  expect_verified(store);
}

// What a crash leaves of index/ may be of any earlier time.
TEST_F(IndexTest, CatchesUpWithTheLog) {
  auto older = temporary_.path() / "older";
  {
    auto store = open();
    append_one(*store.events, Sample(1000).on("case-first", 0, 3));
  }
  fs::copy(path_ / "index", older, fs::copy_options::recursive);
  std::vector<std::uint64_t> before;
  {
    auto store = open();
    fill(store);
    before = answers(store);
  }
  fs::remove(path_ / "closed");
  fs::remove_all(path_ / "index");
  fs::rename(older, path_ / "index");
  auto store = open();
  EXPECT_EQ(answers(store), before);
  expect_verified(store);
}

// The closed store's first tile of leaves.
void change_tile(const fs::path& path, const std::function<void(std::string& entry)>& change) {
  {
    auto database = *LogDatabase::open(path, {});
    auto* family = (*database)[Family::kTile];
    std::string entry;
    ASSERT_TRUE(database->index().Get({}, family, tile_key({0, 0}), &entry).ok());
    change(entry);
    ASSERT_TRUE(database->index().Put({}, family, tile_key({0, 0}), entry).ok());
    ASSERT_TRUE(database->close());
  }
  fs::remove(path / "closed");
}

TEST_F(IndexTest, ProvesFromTilesThatEarlierProgramsWrote) {
  std::vector<Hash> leaves;
  {
    auto store = open();
    auto outcome = append_one(*store.events, Sample(1).on("case-1", 0, 300));
    for (const auto& event : std::get<Appended>(outcome).outcome.events) leaves.push_back(event.leaf);
  }
  change_tile(path_, [](std::string& entry) {
    ASSERT_EQ(entry.size(), (256 + 16) * sizeof(Hash));
    entry.resize(256 * sizeof(Hash));
  });
  auto store = open();
  for (std::uint64_t index = 0; index < leaves.size(); ++index)
    ASSERT_TRUE(includes(leaves[index], index, 300, store.events->head().root, *inclusion_proof(*store.events, index, 300))) << index;
  expect_verified(store);
}

TEST_F(IndexTest, AWrongHashAboveATilesHashesIsFound) {
  {
    auto store = open();
    append_one(*store.events, Sample(1).on("case-1", 0, 300));
  }
  change_tile(path_, [](std::string& entry) { entry.back() ^= 1; });
  auto store = open();
  auto verified = verify_store(*store.events, *store.keys);
  ASSERT_TRUE(verified);
  EXPECT_FALSE(verified->ok);
  EXPECT_EQ(verified->what, "tile/0/000 is not that of the leaves");
}

TEST_F(IndexTest, AnswersTheSameWhileItIsBeingSettled) {
  auto store = open();
  std::atomic<bool> over{false};
  std::vector<std::jthread> readers;
  for (int r = 0; r < 2; ++r)
    readers.emplace_back([&] {
      while (!over) {
        auto head = store.events->head().position.value;
        auto read = positions(store, {.filter = Term::type("opportunity.opened")});
        ASSERT_GE(read.size(), head);
        for (std::size_t i = 0; i < read.size(); ++i) ASSERT_EQ(read[i], i + 1);
      }
    });
  for (std::uint64_t c = 1; c <= 1500; ++c) append_one(*store.events, Sample(c).on("opportunity-" + std::to_string(c % 7), c / 7 - (c % 7 == 0)));
  over = true;
  readers.clear();
  expect_verified(store);
}

}  // namespace
}  // namespace rapport::test
