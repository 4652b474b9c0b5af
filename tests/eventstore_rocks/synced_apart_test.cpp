// A group is written while the one before is synced: nobody is answered, and nothing is seen, before its own sync.
#include <gtest/gtest.h>

#include <thread>

#include "eventstore/rocks/verify_store.h"
#include "tests/eventstore_rocks/gated_files.h"
#include "tests/eventstore_samples/whole_store.h"

namespace rapport::test {
namespace {

constexpr std::uint64_t kCallers = 6, kCalls = 20, kEvents = 3;
constexpr std::uint64_t kFew = 3, kManyCalls = 60'000;
constexpr std::uint64_t kCrowd = 48, kCrowdCalls = 1'000;

class SyncedApart : public testing::Test {
 protected:
  WholeStore open() { return *WholeStore::open(path_, clock_, true, {.sync_apart_bytes = 1, .env = env_.get()}); }
  // The n-th call of a caller, each on a stream of its own.
  static void fill(Sample& sample, std::uint64_t caller, std::uint64_t n) {
    sample.on("opportunity-" + std::to_string(caller), n * kEvents, kEvents, "opened", 100);
  }
  static std::uint64_t command(std::uint64_t caller, std::uint64_t n) { return caller * 1'000 + n; }
  // Calls until all are done or one is refused; counts those who were answered.
  void call(EventStore& store, std::uint64_t caller) {
    for (std::uint64_t n = 0; n < kCalls; ++n) {
      Sample sample(command(caller, n));
      fill(sample, caller, n);
      auto outcome = store.append({&sample.append(), 1});
      if (!outcome) return void(++refused_);
      EXPECT_TRUE(std::holds_alternative<Appended>(outcome->front()));
      EXPECT_GE(store.head().position, std::get<Appended>(outcome->front()).outcome.events.back().position);
      answered_[caller] = n + 1;
    }
  }
  void start_callers(EventStore& store) {
    for (std::uint64_t caller = 0; caller < kCallers; ++caller) callers_.emplace_back([&, caller] { call(store, caller); });
  }
  std::uint64_t answered() const {
    std::uint64_t sum = 0;
    for (auto& n : answered_) sum += n;
    return sum;
  }

  TemporaryDirectory temporary_;
  std::filesystem::path path_ = temporary_.path() / "store";
  ManualClock clock_{kNow};
  std::shared_ptr<GatedFiles> files_ = std::make_shared<GatedFiles>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
  std::array<std::atomic<std::uint64_t>, kCallers> answered_{};
  std::atomic<std::uint64_t> refused_{0};
  std::vector<std::jthread> callers_;
};

TEST_F(SyncedApart, WritesOnWhileASyncWaitsAndAnswersInOrder) {
  auto store = open();
  files_->open_gate(false);
  start_callers(*store.events);
  auto written_meanwhile = false;
  while (answered() < kCallers * kCalls) {
    // Of the last calls nobody may come any more.
    if (answered() + kCallers >= kCallers * kCalls || written_meanwhile) {
      files_->open_gate(true);
      break;
    }
    files_->wait_for_somebody();
    auto head = store.events->head().position;
    for (int i = 0; i < 100 && !written_meanwhile; ++i) {
      written_meanwhile = files_->written_meanwhile();
      std::this_thread::yield();
    }
    EXPECT_EQ(store.events->head().position, head) << "what waits for its sync is not seen";
    files_->let_one_pass();
  }
  callers_.clear();
  EXPECT_TRUE(written_meanwhile);
  EXPECT_EQ(answered(), kCallers * kCalls);
  EXPECT_EQ(store.events->head().position.value, kCallers * kCalls * kEvents);
  auto verified = verify_store(*store.events, *store.keys);
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->ok) << verified->what;
}

TEST_F(SyncedApart, AFailedSyncRefusesAlsoWhatWasWrittenAfterIt) {
  {
    auto store = open();
    files_->open_gate(false);
    start_callers(*store.events);
    files_->wait_for_somebody();
    for (int i = 0; i < 5; ++i) files_->let_one_pass();
    files_->fail_syncs();
    files_->open_gate(true);
    callers_.clear();
    EXPECT_EQ(refused_, kCallers);
    EXPECT_EQ(store.events->health().error().reason, "store.stopped");
    EXPECT_LE(answered() * kEvents, store.events->head().position.value);
  }
  env_ = rocksdb::NewCompositeEnv(std::make_shared<GatedFiles>());
  auto store = open();
  for (std::uint64_t caller = 0; caller < kCallers; ++caller)
    for (std::uint64_t n = 0; n < kCalls; ++n) {
      Sample sample(command(caller, n));
      fill(sample, caller, n);
      auto outcome = store.events->append({&sample.append(), 1});
      ASSERT_TRUE(outcome);
      if (n < answered_[caller]) EXPECT_TRUE(std::holds_alternative<AlreadyAppended>(outcome->front()));
      else EXPECT_FALSE(std::holds_alternative<Conflict>(outcome->front())) << "in doubt: there once, or taken now";
    }
  EXPECT_EQ(store.events->head().position.value, kCallers * kCalls * kEvents);
  auto verified = verify_store(*store.events, *store.keys);
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->ok) << verified->what;
}

// On a disk without delay groups follow each other as fast as they can.
class WithoutDelay : public SyncedApart {
 protected:
  void append_each(std::uint64_t callers, std::uint64_t calls) {
    files_->skip_syncs();
    auto store = *WholeStore::open(path_, clock_, true, {.env = env_.get()});
    for (std::uint64_t caller = 0; caller < callers; ++caller)
      callers_.emplace_back([&, caller] {
        for (std::uint64_t n = 0; n < calls; ++n) {
          Sample sample(caller * calls + n + 1);
          sample.on("opportunity-" + std::to_string(caller), n, 1, "opened", 16);
          auto outcome = store.events->append({&sample.append(), 1});
          if (!outcome || !std::holds_alternative<Appended>(outcome->front())) return void(++refused_);
        }
      });
    callers_.clear();
    EXPECT_EQ(refused_, 0u);
    EXPECT_EQ(store.events->head().position.value, callers * calls);
  }
};

// Few callers: the pen is free most of the time, so that now and then one is written by another before it has asked who writes, and
// finds nobody waiting.
TEST_F(WithoutDelay, ACallerMayFindThatItWasWrittenAlready) { append_each(kFew, kManyCalls); }

// Each is woken by one of its group: who slept on would wait for ever.
TEST_F(WithoutDelay, EverybodyOfACrowdWakesUp) { append_each(kCrowd, kCrowdCalls); }

}  // namespace
}  // namespace rapport::test
