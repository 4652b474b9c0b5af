// The shares of a view, joined, are the view: row for row, whatever position each of them has reached.
#include "projections/share.h"

#include <gtest/gtest.h>

#include "adapters/kafka/partitioner.h"
#include "eventstore/memory/memory_event_store.h"
#include "projections/digest.h"
#include "projections/joined_rows.h"
#include "projections/memory/memory_row_store.h"
#include "projections/views.h"
#include "tests/kafka/enterprise.h"

namespace rapport::projections {
namespace {

// Folds what a share takes of the first `events` events.
std::unique_ptr<MemoryRowStore> fold(const ViewType& view, const EventStore& store, Share share, std::uint64_t events) {
  auto rows = std::make_unique<MemoryRowStore>();
  auto folder = view.make_folder(*rows, {});
  auto reader = store.read({.to = {events}});
  for (std::uint64_t i = 0; i < events; ++i) {
    auto event = reader->next();
    RAPPORT_ASSERT(event && *event);
    const auto stream = stream_name((*event)->stream_type, (*event)->stream_id);
    const bool takes = kafka::partition_of(stream, static_cast<std::int32_t>(share.count)) == static_cast<std::int32_t>(share.number - 1);
    RAPPORT_ASSERT(takes ? folder->fold(**event) : folder->pass(**event));
  }
  RAPPORT_ASSERT(folder->commit());
  return rows;
}

TEST(Share, IsReadAndWritten) {
  for (const auto* text : {"1/1", "2/3", "1024/1024"}) EXPECT_EQ(to_text(parse_share(text).value()), text);
  for (const auto* text : {"", "1", "0/1", "2/1", "1/1025", "1/", "/1", "1/2/3", "-1/2", "1/2 "}) EXPECT_FALSE(parse_share(text)) << text;
}

TEST(Share, JoinedTheyAreTheViewAtThePositionThatAllHaveReached) {
  MemoryEventStore store;
  Enterprise(store).grow(3'000);
  int shared = 0;
  for (const auto& view : all_views()) {
    if (!view.by_stream) continue;
    ++shared;
    for (std::uint32_t count : {2u, 5u}) {
      std::vector<std::unique_ptr<MemoryRowStore>> stores;
      std::vector<std::unique_ptr<RowSnapshot>> snapshots;
      for (std::uint32_t i = 1; i <= count; ++i) {
        stores.push_back(fold(view, store, {i, count}, 3'000 - 100 * (i % 3)));  // some are behind
        snapshots.push_back(std::move(*stores.back()->snapshot()));
      }
      const JoinedSnapshot joined(std::move(snapshots));
      const auto whole = fold(view, store, {}, 2'800);
      auto snapshot = whole->snapshot();
      EXPECT_EQ(joined.checkpoint().position, Position{2'800});
      EXPECT_EQ(joined.checkpoint().recorded_at, (*snapshot)->checkpoint().recorded_at);
      EXPECT_EQ(*rows_digest(joined), *rows_digest(**snapshot)) << view.name << " in " << count;
      EXPECT_EQ(*rows_digest(joined, {1'000}), *rows_digest(**snapshot, {1'000})) << view.name << " in " << count;
      std::string one, other;
      auto scanned = (*snapshot)->scan("", kNow, [&](std::string_view key, std::string_view body) {
        EXPECT_TRUE(*joined.get(key, kNow, one));
        EXPECT_EQ(one, body);
        return true;
      });
      EXPECT_TRUE(scanned);
    }
  }
  EXPECT_EQ(shared, 3);
}

TEST(Share, TwoOfTheSameAreRefused) {
  MemoryEventStore store;
  Enterprise(store).grow(300);
  const auto* view = find_view("pipeline");
  auto one = fold(*view, store, {1, 2}, 300), again = fold(*view, store, {1, 2}, 300);
  std::vector<std::unique_ptr<RowSnapshot>> snapshots;
  snapshots.push_back(std::move(*one->snapshot()));
  snapshots.push_back(std::move(*again->snapshot()));
  auto digest = rows_digest(JoinedSnapshot(std::move(snapshots)));
  ASSERT_FALSE(digest);
  EXPECT_EQ(digest.error().reason, "state.overlap");
}

}  // namespace
}  // namespace rapport::projections
