// Which rows changed since somebody looked.
#include "projections/row_changes.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rapport::projections {
namespace {

std::vector<std::string> sorted(std::vector<std::string> keys) {
  std::ranges::sort(keys);
  return keys;
}

TEST(RowChanges, TheFirstLookSeesAllAndLaterOnesWhatWasCommittedSince) {
  RowChanges changes("oa");
  EXPECT_TRUE(changes.take().all);
  changes.note("o1");
  changes.note("a1");
  changes.note("o1");
  changes.note("v1");  // a table that nobody follows
  auto open = changes.take();
  EXPECT_FALSE(open.all);
  EXPECT_TRUE(open.keys.empty());  // not yet committed
  changes.committed();
  EXPECT_EQ(sorted(changes.take().keys), (std::vector<std::string>{"a1", "o1"}));
  EXPECT_TRUE(changes.take().keys.empty());
}

TEST(RowChanges, ABatchThatBeganBeforeAnyoneLookedIsSeenWhole) {
  RowChanges changes("o");
  changes.note("o1");
  EXPECT_TRUE(changes.take().all);
  changes.note("o2");
  changes.committed();
  EXPECT_TRUE(changes.take().all);
  EXPECT_FALSE(changes.take().all);
}

TEST(RowChanges, WhatWasDiscardedIsNotSeen) {
  RowChanges changes("o");
  changes.take();
  changes.note("o1");
  changes.discarded();
  changes.committed();
  EXPECT_TRUE(changes.take().keys.empty());
}

TEST(RowChanges, TooManyAreNoLongerToldApart) {
  RowChanges changes("o");
  changes.take();
  for (std::size_t i = 0; i <= RowChanges::kKeysMax; ++i) changes.note("o" + std::to_string(i));
  changes.committed();
  auto taken = changes.take();
  EXPECT_TRUE(taken.all);
  EXPECT_TRUE(taken.keys.empty());
}

TEST(RowChanges, ExchangedRowsAreSaid) {
  RowChanges changes("o");
  changes.take();
  changes.replaced();
  EXPECT_TRUE(changes.take().replaced);
  EXPECT_FALSE(changes.take().replaced);
}

}  // namespace
}  // namespace rapport::projections
