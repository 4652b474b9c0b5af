// The power goes at any call that a store makes to its files. Whatever the disk then holds of what was not synced, the store opens,
// has everything that it acknowledged and nothing that nobody asked for, and takes what comes next.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/sim/compactions.h"
#include "tests/sim/disk.h"
#include "tests/sim/options.h"
#include "tests/sim/seeded_random.h"
#include "tests/sim/workload.h"

namespace rapport::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCutsPerRun = 100, kSteps = 50, kDeeperEvery = 5, kTwiceEvery = 5, kDeeperCuts = 2, kTold = 2000;

std::string where(std::uint64_t seed, std::size_t cut) { return "--seed " + std::to_string(seed) + " --cut " + std::to_string(cut); }

class PowerCut : public testing::Test {
 protected:
  Recorded record(std::uint64_t seed, bool crowded) {
    seed_random_bytes(seed);
    auto folder = scratch() / "live";
    fs::remove_all(folder);
    fs::create_directories(folder);
    Recorded recorded;
    std::optional<NoCompactions> by_the_seed_alone;
    if (!crowded) by_the_seed_alone.emplace();
    FaultFileSystem files(folder);
    {
      Workload workload(folder / "store", seed, crowded, files, recorded.history);
      auto failed = workload.run(kSteps);
      if (failed.empty() && crowded) failed = workload.crowd(4, 12);
      EXPECT_EQ(failed, "") << where(seed, 0);
    }
    recorded.journal = files.take();
    return recorded;
  }

  void cut(const Disk& disk, const History& history, std::uint64_t seed, std::size_t at, std::size_t number) {
    ++cuts_;
    std::mt19937_64 random(seed * 1'000'003 + at);
    auto folder = scratch() / "cut";
    fs::remove_all(folder);
    disk.cut_power(random, folder);
    auto known = history.cut(at);
    auto fresh = 900'000'000 + at;
    if (number % kDeeperEvery != 0) return expect_right(look(folder / "store", known, fresh, number % kTwiceEvery == 1, nullptr), folder, seed, at);
    NoCompactions by_the_seed_alone;
    FaultFileSystem files(folder);
    expect_right(look(folder / "store", known, fresh, true, &files), folder, seed, at);
    cut_recovery(files.take(), known, seed, at, random);
  }
  // The power goes again while the store recovers, or soon after.
  void cut_recovery(const Journal& journal, const History& history, std::uint64_t seed, std::size_t first, std::mt19937_64& random) {
    auto folder = scratch() / "cut again";
    for (std::size_t i = 0; i < kDeeperCuts && !HasFailure(); ++i) {
      ++cuts_;
      auto at = random() % (journal.calls.size() + 1);
      Disk disk(journal);
      for (std::size_t k = 0; k < at; ++k) disk.make(journal.calls[k]);
      fs::remove_all(folder);
      disk.cut_power(random, folder);
      auto known = history.cut(at);
      expect_right(look(folder / "store", known, 950'000'000 + first, false, nullptr), folder, seed, first);
    }
  }
  void expect_right(const std::string& wrong, const fs::path& folder, std::uint64_t seed, std::size_t at) {
    if (wrong.empty()) return;
    auto kept = fs::path("/tmp") / ("rapport-power-cut-" + std::to_string(seed) + "-" + std::to_string(at));
    fs::remove_all(kept);
    fs::copy(folder, kept, fs::copy_options::recursive);
    ADD_FAILURE() << wrong << "\n  replay with " << where(seed, at) << "; the disk as the cut left it, and as it was then opened: " << kept;
  }

  std::size_t cuts_ = 0;
};

TEST_F(PowerCut, AtAnyCallLosesNothingThatWasAcknowledged) {
  std::size_t runs = 0, told = 0;
  for (auto seed = options().seed; cuts_ < options().cuts && !HasFailure(); ++seed, ++runs) {
    auto recorded = record(seed, seed % 3 == 0);
    const auto& calls = recorded.journal.calls;
    Disk disk(recorded.journal);
    auto stride = std::max<std::size_t>(1, calls.size() / kCutsPerRun), next = seed % stride, number = std::size_t{0};
    for (std::size_t at = 0; at <= calls.size() && !HasFailure(); ++at) {
      if (options().cut ? at == *options().cut : at == next) {
        next = at + stride;
        cut(disk, recorded.history, seed, at, options().cut ? 0 : number++);
      }
      if (at < calls.size()) disk.make(calls[at]);
    }
    if (options().cut) break;
    if (cuts_ / kTold != told) std::cout << cuts_ << " cuts so far, the last with seed " << seed << std::endl;
    told = cuts_ / kTold;
  }
  std::cout << cuts_ << " cuts in " << runs << " runs\n";
}

// Found by seed 1 at cut 267: the folder of a new store was made and its name never synced.
TEST_F(PowerCut, LeavesANewStoreItsName) {
  auto recorded = record(options().seed, false);
  Disk disk(recorded.journal);
  for (const auto& call : recorded.journal.calls) {
    disk.make(call);
    if (call.kind == Call::Kind::kSync && call.file != kFolder) break;  // rapport.json, the first thing that is kept
  }
  for (std::uint64_t i = 0; i < 20; ++i) {
    std::mt19937_64 random(i);
    fs::remove_all(scratch() / "cut");
    disk.cut_power(random, scratch() / "cut");
    ASSERT_TRUE(fs::exists(scratch() / "cut" / "store"));
  }
}

// One thread's calls follow from the seed, so that a cut can be made again.
TEST_F(PowerCut, FallsAtTheSameCallForTheSameSeed) {
  auto seed = options().seed;
  auto first = record(seed, false).journal.calls, again = record(seed, false).journal.calls;
  std::size_t at = 0;
  while (at < std::min(first.size(), again.size()) && first[at].kind == again[at].kind && first[at].path == again[at].path) ++at;
  ASSERT_EQ(at, std::max(first.size(), again.size())) << to_text(first[std::min(at, first.size() - 1)]) << "; again: "
                                                     << to_text(again[std::min(at, again.size() - 1)]);
}

// The suite can fail: on a disk that says yes to a sync and does nothing, a store must lose what it acknowledged, and that is seen.
TEST_F(PowerCut, OnADiskThatLiesIsFoundOut) {
  auto seed = options().seed;
  auto recorded = record(seed, false);
  Disk disk(recorded.journal);
  for (const auto& call : recorded.journal.calls)
    if (call.kind != Call::Kind::kSync) disk.make(call);
  std::size_t losses = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    std::mt19937_64 random(seed + i);
    auto folder = scratch() / "cut";
    fs::remove_all(folder);
    disk.cut_power(random, folder);
    auto known = recorded.history.cut(recorded.journal.calls.size());
    losses += !look(folder / "store", known, 1'000'000 + i, false, nullptr).empty();
  }
  EXPECT_GE(losses, 5u) << "--seed " << seed;
}

}  // namespace
}  // namespace rapport::sim
