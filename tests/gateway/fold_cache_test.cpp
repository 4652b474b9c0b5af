// States between commands: bounded by what they take.
#include "eventstore/gateway/fold_cache.h"

#include <gtest/gtest.h>

#include "domain/loyalty_member.h"
#include "domain/opportunity.h"

namespace rapport {
namespace {

// What malloc would be asked for, one by one.
TEST(Footprint, CountsWhatAStateOwns) {
  loyalty_member::State empty;
  EXPECT_EQ(owned_bytes(empty), 0u);
  empty.tier = "gold";  // short: within the text itself
  EXPECT_EQ(owned_bytes(empty), 0u);

  loyalty_member::State member;
  member.program_id = std::string(1'000, 'p');
  EXPECT_GE(owned_bytes(member), 1'000u);
  auto before = owned_bytes(member);
  member.lots.resize(100);
  EXPECT_GE(owned_bytes(member), before + 100 * sizeof(loyalty_member::Lot));
  before = owned_bytes(member);
  for (int i = 0; i < 50; ++i) member.debits[std::string(40, 'd') + std::to_string(i)] = {};
  EXPECT_GE(owned_bytes(member), before + 50 * (40 + sizeof(loyalty_member::Debit)));
}

struct FoldCacheTest : testing::Test {
  static constexpr std::size_t kBytesMax = 1u << 20;

  Working working(std::uint64_t version) {
    return {.aggregate = opportunity, .fold = opportunity->open(), .version = {version}};
  }
  const std::vector<Aggregate> aggregates = all_aggregates();
  const Aggregate* opportunity = find_aggregate(aggregates, "opportunity");
  FoldCache cache{kBytesMax};
};

TEST_F(FoldCacheTest, NeverTakesMoreThanItMayAndForgetsTheOldestFirst) {
  const std::size_t many = 20'000;
  for (std::size_t i = 0; i < many; ++i) {
    cache.put("opportunity-" + std::to_string(i), working(1));
    ASSERT_LE(cache.bytes(), kBytesMax);
  }
  EXPECT_GT(cache.bytes(), kBytesMax / 2);
  EXPECT_FALSE(cache.take("opportunity-0"));
  EXPECT_TRUE(cache.take("opportunity-" + std::to_string(many - 1)));
}

TEST_F(FoldCacheTest, ForgetsTheLeastRecentlyUsed) {
  cache.put("opportunity-1", working(1));
  const auto one = cache.bytes();
  FoldCache two(2 * one);
  two.put("opportunity-1", working(1));
  two.put("opportunity-2", working(1));
  two.put("opportunity-1", *two.take("opportunity-1"));
  two.put("opportunity-3", working(1));
  EXPECT_TRUE(two.take("opportunity-1"));
  EXPECT_FALSE(two.take("opportunity-2"));
  EXPECT_TRUE(two.take("opportunity-3"));
}

TEST_F(FoldCacheTest, WhatIsTakenOutIsNotCounted) {
  const auto before = cache.bytes();
  cache.put("opportunity-1", working(1));
  EXPECT_GT(cache.bytes(), before);
  ASSERT_TRUE(cache.take("opportunity-1"));
  EXPECT_EQ(cache.bytes(), before);
}

TEST_F(FoldCacheTest, KeepsTheNewerOfTwoStates) {
  cache.put("opportunity-1", working(5));
  const auto once = cache.bytes();
  cache.put("opportunity-1", working(3));
  EXPECT_EQ(cache.bytes(), once);
  EXPECT_EQ(cache.take("opportunity-1")->version, StreamVersion{5});
}

// One state alone is kept even if it is too large: it would be read from the log for each command else.
TEST_F(FoldCacheTest, ASingleStateStays) {
  FoldCache small(1);
  small.put("opportunity-1", working(1));
  EXPECT_TRUE(small.take("opportunity-1"));
}

}  // namespace
}  // namespace rapport
