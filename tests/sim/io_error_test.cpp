// One call fails: a sync, a write for want of room or otherwise, a read; or a read gives a flipped bit. The store says so with a code,
// or is not touched by it; what it acknowledged before is there once the disk is right again, with or without a power cut between.
#include <gtest/gtest.h>

#include <iostream>
#include <regex>

#include "tests/sim/compactions.h"
#include "tests/sim/disk.h"
#include "tests/sim/options.h"
#include "tests/sim/seeded_random.h"
#include "tests/sim/workload.h"

namespace rapport::sim {
namespace {

namespace fs = std::filesystem;
using Kind = Fault::Kind;

constexpr std::size_t kSteps = 30, kRunsMin = 60;

class AnIoError : public testing::TestWithParam<Kind> {
 protected:
  // One run with the fault; whether it was met.
  bool run(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    seed_random_bytes(seed);
    Fault fault{GetParam(), random() % 150, random() % 2 == 0};
    SCOPED_TRACE(to_text(fault) + ", replay with --seed " + std::to_string(seed) + " --runs 1");
    auto folder = scratch() / "live";
    fs::remove_all(folder);
    fs::create_directories(folder);
    History history;
    NoCompactions by_the_seed_alone;
    FaultFileSystem files(folder, fault);
    std::string said;
    {
      Workload workload(folder / "store", seed, false, files, history);
      said = workload.run(kSteps);
      // What is read meanwhile is right, or refused.
      if (said.empty() || said.find(": ") != said.npos) expect_no_lie(workload, history);
      if (random() % 2 == 0) files.mend();
    }
    auto met = files.met();
    files.mend();
    EXPECT_TRUE(met || said.empty()) << said;
    static const std::regex code("(store|keys)\\.[a-z_]+: .+");
    EXPECT_TRUE(said.empty() || std::regex_search(said, code)) << said;
    codes_[said.substr(0, said.find(':'))]++;
    auto cut = random() % 2 == 0;
    look_again(files.take(), history, folder, cut ? &random : nullptr);
    return met;
  }
  void expect_no_lie(Workload& workload, const History& history) {
    if (!workload.store().events) return;
    auto reader = workload.store().events->read({});
    for (auto event = reader->next(); event && *event; event = reader->next())
      ASSERT_TRUE(history.acknowledged_as(**event)) << "position " << (*event)->position.value << " is read otherwise than acknowledged";
  }
  void look_again(const Journal& journal, const History& history, fs::path folder, std::mt19937_64* cut) {
    auto known = history.cut(journal.calls.size());
    if (cut) {
      Disk disk(journal);
      for (const auto& call : journal.calls) disk.make(call);
      folder = scratch() / "cut";
      fs::remove_all(folder);
      disk.cut_power(*cut, folder);
    }
    auto wrong = look(folder / "store", known, 1'000'000, true, nullptr);
    // A close that reads falsely what it records is refused by the next open; the store itself is as it was.
    if (GetParam() == Kind::kReadFlips && wrong.find("as the last close left it") != wrong.npos && fs::remove(folder / "store" / "closed"))
      wrong = look(folder / "store", known, 1'000'001, true, nullptr);
    EXPECT_EQ(wrong, "") << (cut ? "after a power cut" : "after closing");
  }

  std::map<std::string, std::size_t> codes_;
};

TEST_P(AnIoError, IsSaidAndCostsNothingThatWasAcknowledged) {
  std::size_t runs = std::max(options().runs, options().runs ? 1 : kRunsMin), met = 0;
  for (std::size_t i = 0; i < runs && !HasFailure(); ++i) met += run(options().seed + i);
  EXPECT_TRUE(runs < kRunsMin || met > runs / 3) << met;
  std::cout << met << " faults met in " << runs << " runs:";
  for (const auto& [code, times] : codes_) std::cout << ' ' << (code.empty() ? "nothing" : code) << " (" << times << ')';
  std::cout << '\n';
}

// Found by seed 27 of failing syncs: a record of files that nobody had synced; after a power cut they differed from it, and the store
// was refused as damaged.
TEST(IoError, OfAnOpenLeavesNoRecordOfAClose) {
  std::size_t refused = 0;
  for (auto kind : {Kind::kSyncFails, Kind::kWriteFails, Kind::kNoRoom})
    for (std::size_t at = 0; at < 40; ++at) {
      auto folder = scratch() / "live";
      fs::remove_all(folder);
      fs::create_directories(folder);
      FaultFileSystem files(folder, {kind, at, true});
      ManualClock clock(test::kNow);
      auto store = test::WholeStore::open(folder / "store", clock);
      files.mend();
      if (store) continue;
      ++refused;
      // Before a part is opened there is nothing that could differ.
      EXPECT_TRUE(!fs::exists(folder / "store" / "closed") || !fs::exists(folder / "store" / "keys")) << at;
    }
  EXPECT_GT(refused, 50u);
}

std::string name_of_kind(const testing::TestParamInfo<Kind>& of) {
  switch (of.param) {
    case Kind::kSyncFails: return "AFailedSync";
    case Kind::kNoRoom: return "AFullDisk";
    case Kind::kWriteFails: return "AFailedWrite";
    case Kind::kReadFails: return "AFailedRead";
    default: return "AFlippedBitOfARead";
  }
}
INSTANTIATE_TEST_SUITE_P(, AnIoError, testing::Values(Kind::kSyncFails, Kind::kNoRoom, Kind::kWriteFails, Kind::kReadFails, Kind::kReadFlips),
                         name_of_kind);

}  // namespace
}  // namespace rapport::sim
