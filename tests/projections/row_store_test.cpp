// What holds for every row store: the one in memory and the one in RocksDB.
#include <gtest/gtest.h>

#include <random>

#include "projections/row.h"
#include "tests/projections/stores.h"

namespace rapport::projections {
namespace {

using test::rows_at;

std::unique_ptr<RowStores> make_memory(const std::string&) { return std::make_unique<MemoryRowStores>(); }
std::unique_ptr<RowStores> make_rocks(const std::string& path) { return std::make_unique<RocksRowStores>(path, test::kSmallBudget); }

struct AnyRowStore : testing::TestWithParam<std::unique_ptr<RowStores> (*)(const std::string&)> {
  std::unique_ptr<RowStore> open(StoreUse use = StoreUse::kLive, const std::string& declaration = "d", const std::string& name = "v") {
    auto store = stores->open(name, declaration, use);
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }
  static std::string stored(std::uint64_t created, std::uint64_t since, std::string_view body) {
    std::string out;
    StoredRow::put_head(out, {created}, {since});
    return out.append(body);
  }
  test::Folder folder;
  std::unique_ptr<RowStores> stores = GetParam()(folder.path());
};

TEST_P(AnyRowStore, BeginsEmpty) {
  auto store = open();
  EXPECT_EQ(store->checkpoint(), Checkpoint{});
  std::string bytes = "x";
  ASSERT_TRUE(store->load("k", bytes));
  EXPECT_EQ(bytes, "");
}
TEST_P(AnyRowStore, KeepsWhatWasCommittedAndNothingElse) {
  Checkpoint checkpoint{.position = {7}, .recorded_at = {9}, .past_versions = 1, .history = {1, 2, 3}};
  {
    auto store = open();
    store->put("a", stored(1, 7, "new"));
    store->put_past("a", {7}, stored(1, 1, "old"));
    ASSERT_TRUE(store->commit(checkpoint));
    store->put("b", stored(8, 8, "lost"));
    store->discard();
    store->put("c", stored(8, 8, "open"));
    EXPECT_EQ(rows_at(*store, kNow).size(), 1u);
  }
  auto store = open();
  EXPECT_EQ(store->checkpoint(), checkpoint);
  EXPECT_EQ((*store->snapshot())->checkpoint(), checkpoint);
  EXPECT_EQ(rows_at(*store, kNow), (std::map<std::string, std::string>{{"a", "new"}}));
  EXPECT_EQ(rows_at(*store, {6}), (std::map<std::string, std::string>{{"a", "old"}}));
  EXPECT_EQ(rows_at(*store, {0}).size(), 0u);
}
TEST_P(AnyRowStore, ASnapshotStaysAsItWas) {
  auto store = open();
  store->put("a", stored(1, 1, "one"));
  ASSERT_TRUE(store->commit({.position = {1}}));
  auto snapshot = store->snapshot();
  store->put_past("a", {2}, stored(1, 1, "one"));
  store->put("a", stored(1, 2, "two"));
  ASSERT_TRUE(store->commit({.position = {2}}));
  std::string body;
  ASSERT_TRUE(*(*snapshot)->get("a", kNow, body));
  EXPECT_EQ(body, "one");
  EXPECT_EQ((*snapshot)->checkpoint().position, Position{1});
  EXPECT_EQ(rows_at(*store, kNow)["a"], "two");
}
TEST_P(AnyRowStore, AnErasedRowIsGoneNowAndThereBefore) {
  auto store = open();
  store->put_past("a", {5}, stored(2, 2, "x"));
  store->put("a", stored(2, 5, ""));
  ASSERT_TRUE(store->commit({.position = {5}}));
  std::string body;
  auto snapshot = store->snapshot();
  EXPECT_FALSE(*(*snapshot)->get("a", {5}, body));
  EXPECT_TRUE(*(*snapshot)->get("a", {4}, body));
  EXPECT_FALSE(*(*snapshot)->get("a", {1}, body));
  EXPECT_FALSE(*(*snapshot)->get("nobody", kNow, body));
}
TEST_P(AnyRowStore, ScansAPrefixInKeyOrderFromAfterAKeyUntilTold) {
  auto store = open();
  for (auto key : {"b2", "a1", "b1", "c1", "b3"}) store->put(key, stored(1, 1, key));
  ASSERT_TRUE(store->commit({.position = {1}}));
  auto scan = [&](std::string_view after, std::size_t limit) {
    std::string seen;
    EXPECT_TRUE((*store->snapshot())->scan("b", after, kNow, [&](std::string_view key, std::string_view body) {
      EXPECT_EQ(key, body);
      seen.append(key).append(" ");
      return --limit > 0;
    }));
    return seen;
  };
  EXPECT_EQ(scan("", 9), "b1 b2 b3 ");
  EXPECT_EQ(scan("", 2), "b1 b2 ");
  EXPECT_EQ(scan("b1", 9), "b2 b3 ");
  EXPECT_EQ(scan("b1x", 9), "b2 b3 ");
  EXPECT_EQ(scan("b3", 9), "");
}
TEST_P(AnyRowStore, ShowsEveryStoredByteForVerification) {
  auto store = open();
  store->put_past("a", {5}, stored(2, 2, "x"));
  store->put("a", stored(2, 5, ""));
  ASSERT_TRUE(store->commit({.position = {5}}));
  std::vector<std::string> seen;
  auto snapshot = store->snapshot();
  for (auto family : {RowSnapshot::Family::kRows, RowSnapshot::Family::kHistory})
    ASSERT_TRUE((*snapshot)->scan_stored(family, [&](std::string_view key, std::string_view bytes) {
      seen.push_back(std::string(key).append("=").append(bytes));
      return true;
    }));
  std::string past = "a";
  put_key(past, std::uint64_t{5});
  EXPECT_EQ(seen, (std::vector<std::string>{"a=" + stored(2, 5, ""), past + "=" + stored(2, 2, "x")}));
}
TEST_P(AnyRowStore, ShowsStoredRowsFromAKeyOnAndSingleOnes) {
  auto store = open();
  for (auto* key : {"a1", "a2", "b1"}) store->put(key, stored(1, 1, key));
  store->put("a3", stored(1, 2, ""));
  ASSERT_TRUE(store->commit({.position = {2}}));
  auto snapshot = *store->snapshot();
  std::string seen;
  ASSERT_TRUE(snapshot->scan_stored(RowSnapshot::Family::kRows, "a1", [&](std::string_view key, std::string_view) {
    seen.append(key).append(" ");
    return key != "a3";
  }));
  EXPECT_EQ(seen, "a2 a3 ");
  std::string bytes;
  ASSERT_TRUE(snapshot->get_stored("a3", bytes));
  EXPECT_EQ(bytes, stored(1, 2, ""));
  ASSERT_TRUE(snapshot->get_stored("a4", bytes));
  EXPECT_EQ(bytes, "");
}
TEST_P(AnyRowStore, RefusesRowsOfAnotherDeclaration) {
  open();
  auto other = stores->open("v", "other", StoreUse::kLive);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().reason, "view.other_declaration");
}
TEST_P(AnyRowStore, ARebuildBeginsAfreshAndIsKeptOnceSettled) {
  {
    auto store = open();
    store->put("a", stored(1, 1, "old"));
    ASSERT_TRUE(store->commit({.position = {1}}));
  }
  {
    auto store = open(StoreUse::kRebuild);
    EXPECT_EQ(rows_at(*store, kNow).size(), 0u);
    for (int i = 0; i < 5'000; ++i) {
      auto key = "k" + std::to_string(i);
      store->put(key, stored(1, 2, key));
      store->put_past(key, {2}, stored(1, 1, std::string(50, 'p')));
      if (i % 500 == 0) { ASSERT_TRUE(store->commit({.position = {2}})); }
    }
    ASSERT_TRUE(store->commit({.position = {2}}));
    ASSERT_TRUE(store->settle());
    ASSERT_TRUE(store->verify_bytes());
  }
  auto store = open();
  EXPECT_EQ(store->checkpoint().position, Position{2});
  EXPECT_EQ(rows_at(*store, kNow).size(), 5'000u);
  EXPECT_EQ(rows_at(*store, {1})["k77"], std::string(50, 'p'));
}
TEST_P(AnyRowStore, AScratchStoreKeepsNoHistory) {
  EXPECT_FALSE(open(StoreUse::kScratch)->keeps_history());
  EXPECT_TRUE(open(StoreUse::kLive, "d", "w")->keeps_history());
}
TEST_P(AnyRowStore, NamesAreRenamedAndDropped) {
  open()->put("a", "");
  open(StoreUse::kLive, "d", "w");
  EXPECT_EQ(stores->names(), (std::vector<std::string>{"v", "w"}));
  ASSERT_TRUE(stores->rename("v", "x"));
  ASSERT_TRUE(stores->drop("w"));
  ASSERT_TRUE(stores->drop("nobody"));
  EXPECT_EQ(stores->names(), std::vector<std::string>{"x"});
}

// Random writes: both kinds of store show the same at every position.
TEST(RowStores, InMemoryAndInRocksShowTheSame) {
  test::Folder folder;
  RocksRowStores rocks(folder.path(), test::kSmallBudget);
  MemoryRowStore memory;
  auto durable = rocks.open("v", "d", StoreUse::kLive);
  ASSERT_TRUE(durable);
  std::mt19937_64 random(11);
  std::map<std::string, std::string> now;
  for (std::uint64_t position = 1; position <= 3'000; ++position) {
    std::string key = "k", bytes;
    put_key(key, std::to_string(random() % 200));
    auto& before = now[key];
    auto created = before.empty() ? Position{position} : StoredRow::parse(before).created;
    StoredRow::put_head(bytes, created, {position});
    if (random() % 5) bytes.append(std::to_string(random()));
    for (RowStore* store : {static_cast<RowStore*>(&memory), durable->get()}) {
      if (!before.empty()) store->put_past(key, {position}, before);
      store->put(key, bytes);
      if (position % 7 == 0) { ASSERT_TRUE(store->commit({.position = {position}})); }
    }
    before = bytes;
  }
  ASSERT_TRUE((*durable)->commit({.position = {3'000}}));
  ASSERT_TRUE(memory.commit({.position = {3'000}}));
  for (std::uint64_t p = 0; p <= 3'000; p += 101) ASSERT_EQ(rows_at(memory, {p}), rows_at(**durable, {p})) << p;
}

INSTANTIATE_TEST_SUITE_P(Memory, AnyRowStore, testing::Values(make_memory));
INSTANTIATE_TEST_SUITE_P(Rocks, AnyRowStore, testing::Values(make_rocks));

}  // namespace
}  // namespace rapport::projections
