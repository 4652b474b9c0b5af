// More appends than a disk takes: what waits is bounded, the rest is refused at once and can be sent again.
#include <gtest/gtest.h>

#include <thread>

#include "eventstore/rocks/group_commit.h"
#include "tests/eventstore_rocks/gated_files.h"
#include "tests/eventstore_samples/whole_store.h"

namespace rapport::test {
namespace {

TEST(Overload, IsRefusedAtOnceAndNothingOfItIsStored) {
  TemporaryDirectory temporary;
  ManualClock clock(kNow);
  auto files = std::make_shared<GatedFiles>();
  auto env = rocksdb::NewCompositeEnv(files);
  auto store = WholeStore::open(temporary.path() / "store", clock, true, {.env = env.get()});
  ASSERT_TRUE(store) << store.error().message;
  // Each about 3.8 MiB: seventeen and some are what may wait.
  auto large = [](std::uint64_t command) {
    auto sample = std::make_unique<Sample>(command);
    sample->on("opportunity-" + std::to_string(command), 0, 20, "opened", 190'000);
    return sample;
  };
  constexpr std::uint64_t kCallers = 40;
  files->open_gate(false);
  std::atomic<std::uint64_t> stored{0}, refused{0};
  std::vector<std::thread> callers;
  auto call = [&](std::uint64_t command) {
    auto sample = large(command);
    auto outcome = store->events->append({&sample->append(), 1});
    if (outcome) return void(++stored);
    EXPECT_EQ(outcome.error().reason, "store.overloaded");
    EXPECT_EQ(outcome.error().code, ErrorCode::kUnavailable);
    ++refused;
  };
  callers.emplace_back(call, 1);
  files->wait_for_somebody();
  for (std::uint64_t command = 2; command <= kCallers; ++command) callers.emplace_back(call, command);
  // Those who are refused do not wait for the disk.
  while (refused < kCallers - 1 - (GroupCommit::kWaitingBytesMax >> 20) / 3) std::this_thread::yield();
  EXPECT_EQ(stored, 0u);
  files->open_gate(true);
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(stored + refused, kCallers);
  EXPECT_GE(stored, 10u);
  EXPECT_EQ(store->events->head().position.value, stored * 20);
  // With room again everybody is served.
  auto before = stored.load();
  call(kCallers + 1);
  EXPECT_EQ(stored, before + 1);
}

}  // namespace
}  // namespace rapport::test
