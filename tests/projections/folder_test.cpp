// Folding: known-at equals a fresh fold, digests do not depend on how events came, and errors keep nothing of a batch.
#include <gtest/gtest.h>

#include "projections/digest.h"
#include "projections/views.h"
#include "tests/projections/random_log.h"
#include "tests/projections/stores.h"

namespace rapport::projections {
namespace {

using test::RandomLog;
using test::rows_at;

Result<void> fold(const ViewType& view, RowStore& store, const EventStore& log, std::size_t to, FolderOptions options) {
  auto folder = view.make_folder(store, options);
  auto reader = log.read({.to = {to}});
  for (;;) {
    auto event = reader->next();
    if (!event) return std::move(event).error();
    if (!*event) return folder->commit();
    if (auto done = folder->fold(**event); !done) return done;
  }
}

struct EveryView : testing::TestWithParam<std::string> {
  const ViewType& view = *find_view(GetParam());
};

TEST_P(EveryView, KnownAtEqualsAFreshFoldOfTheLogCutThere) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    RandomLog log(seed, 20);
    log.grow(500);
    test::Folder folder;
    RocksRowStores stores(folder.path(), test::kSmallBudget);
    auto whole = stores.open("v", view.declaration, StoreUse::kLive);
    ASSERT_TRUE(fold(view, **whole, log.store(), 500, {.batch_events_max = 100}));
    for (std::size_t p = 0; p <= 500; p += 1 + p % 7) {
      MemoryRowStore cut;
      ASSERT_TRUE(fold(view, cut, log.store(), p, {.batch_events_max = 7}));
      auto rows = rows_at(**whole, {p});
      ASSERT_EQ(rows, rows_at(cut, kNow)) << "seed " << seed << " position " << p;
      std::string body;
      for (auto& [key, expected] : rows) ASSERT_TRUE(*(*(*whole)->snapshot())->get(key, {p}, body) && body == expected);
    }
  }
}
TEST_P(EveryView, DigestsDoNotDependOnBatchesCacheStoreOrRestarts) {
  RandomLog log(7, 60);
  log.grow(3'000);
  MemoryRowStore one;
  ASSERT_TRUE(fold(view, one, log.store(), 3'000, {.batch_events_max = 1, .cached_rows_max = 3}));
  test::Folder folder;
  RocksRowStores stores(folder.path(), test::kSmallBudget);
  for (std::size_t end : {1ul, 700ul, 1'999ul, 3'000ul}) {
    auto store = stores.open("v", view.declaration, StoreUse::kLive);
    ASSERT_TRUE(fold(view, **store, log.store(), end, {.batch_events_max = 64, .cached_rows_max = 20}));
  }
  auto bulk = stores.open("w", view.declaration, StoreUse::kRebuild);
  ASSERT_TRUE(fold(view, **bulk, log.store(), 3'000, {.batch_events_max = 100'000}));
  auto many = stores.open("v", view.declaration, StoreUse::kLive);
  auto expected = *rows_digest(**one.snapshot());
  EXPECT_EQ(expected, *rows_digest(**(*many)->snapshot()));
  EXPECT_EQ(expected, *rows_digest(**(*bulk)->snapshot()));
  EXPECT_EQ(one.checkpoint(), (*many)->checkpoint());
  EXPECT_EQ(one.checkpoint(), (*bulk)->checkpoint());
  EXPECT_EQ(one.checkpoint().position, Position{3'000});
  EXPECT_EQ(rows_at(one, {1'500}), rows_at(**bulk, {1'500}));
}
TEST_P(EveryView, AsOfEqualsAFoldOfWhatHadOccurred) {
  RandomLog log(3, 30);
  log.grow(1'000);
  auto reader = log.store().read({.from = {600}, .to = {600}});
  auto t = (*reader->next())->occurred_at;
  MemoryRowStore as_of(false), reference;
  auto asked = view.make_folder(as_of, {}), all = view.make_folder(reference, {.batch_events_max = 50});
  auto events = log.store().read({});
  std::size_t left_out = 0;
  for (auto event = events->next(); *event; event = events->next()) {
    ASSERT_TRUE(asked->fold_as_of(t, **event));
    if ((*event)->occurred_at <= t) { ASSERT_TRUE(all->fold_as_of({INT64_MAX}, **event)); }
    else ++left_out;
  }
  ASSERT_TRUE(asked->commit());
  ASSERT_TRUE(all->commit());
  EXPECT_GT(left_out, 100u);
  EXPECT_EQ(rows_at(as_of, kNow), rows_at(reference, kNow));
}
INSTANTIATE_TEST_SUITE_P(Views, EveryView, testing::Values("pipeline", "service"), [](auto& of) { return of.param; });

struct Folding : testing::Test {
  // The log's event at a position, kept by its reader.
  const RecordedEvent& event(std::uint64_t position) {
    reader = log.store().read({.from = {position}, .to = {position}});
    return **reader->next();
  }
  RandomLog log{5};
  const ViewType& view = *find_view("pipeline");
  MemoryRowStore store;
  std::unique_ptr<EventReader> reader;
};
TEST_F(Folding, StopsAtAGapAndPassesOverWhatItHas) {
  log.grow(5);
  auto folder = view.make_folder(store, {});
  ASSERT_TRUE(folder->fold(event(1)));
  ASSERT_TRUE(folder->fold(event(1)));
  auto gap = folder->fold(event(3));
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().reason, "view.gap");
  EXPECT_EQ(folder->position(), Position{1});
}
TEST_F(Folding, KeepsNothingOfABatchThatFailed) {
  log.grow(300);
  {
    auto folder = view.make_folder(store, {.batch_events_max = 100});
    for (std::uint64_t p = 1; p <= 150; ++p) ASSERT_TRUE(folder->fold(event(p)));
    auto torn = event(151);
    torn.stream_type = "opportunity";
    torn.payload = torn.payload.slice(0, 1);
    ASSERT_FALSE(folder->fold(torn));
  }
  EXPECT_EQ(store.checkpoint().position, Position{100});
  MemoryRowStore fresh;
  ASSERT_TRUE(fold(view, fresh, log.store(), 120, {.batch_events_max = 100}));
  ASSERT_TRUE(fold(view, store, log.store(), 120, {.batch_events_max = 100}));
  EXPECT_EQ(store.checkpoint(), fresh.checkpoint());
  EXPECT_EQ(rows_at(store, kNow), rows_at(fresh, kNow));
  EXPECT_EQ(rows_at(store, {60}), rows_at(fresh, {60}));
}
TEST_F(Folding, EventsOfANewerProgramAndOtherAggregatesArePassedOver) {
  log.grow(1);
  auto strange = event(1);
  strange.stream_type = "spaceship";
  auto folder = view.make_folder(store, {});
  ASSERT_TRUE(folder->fold(strange));
  ASSERT_TRUE(folder->commit());
  EXPECT_EQ(store.checkpoint().position, Position{1});
  EXPECT_EQ(rows_at(store, kNow).size(), 0u);
}

}  // namespace
}  // namespace rapport::projections
