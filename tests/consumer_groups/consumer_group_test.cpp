// Each event goes to one consumer of the group, again if it is not acknowledged, aside after too many tries; never lost, whenever
// the process ends.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include "eventstore/memory/memory_event_store.h"
#include "eventstore/rocks/group_files.h"
#include "tests/eventstore_samples/sample_events.h"
#include "tests/eventstore_samples/temporary_directory.h"

namespace rapport::test {
namespace {

using std::chrono::milliseconds;
using Positions = std::vector<std::uint64_t>;

class ConsumerGroupTest : public testing::Test {
 protected:
  ConsumerGroupTest() { append("case-1", 5); }

  void append(const std::string& stream, std::size_t events) {
    auto version = store_.version_of(stream)->value;
    RAPPORT_ASSERT(std::holds_alternative<Appended>(append_one(store_, Sample(++commands_).on(stream, version, events))));
  }
  // As a new process finds it.
  void open(GroupRecord record = {.name = "billing"}) {
    group_.reset();
    auto kept = files_.load();
    ASSERT_TRUE(kept) << kept.error().message;
    auto group = ConsumerGroup::open(store_, files_, clock_, kept->empty() ? record : kept->front());
    ASSERT_TRUE(group) << group.error().message;
    group_ = std::move(*group);
  }
  Positions take(std::size_t max = 100, milliseconds wait = milliseconds(0)) {
    auto taken = group_->take(max, wait);
    EXPECT_TRUE(taken);
    Positions positions;
    attempts_.clear();
    for (auto& event : *taken) {
      positions.push_back(event.position.value);
      attempts_.push_back(event.attempt);
    }
    return positions;
  }
  static std::vector<Position> at(const Positions& values) {
    std::vector<Position> positions;
    for (auto value : values) positions.push_back({value});
    return positions;
  }
  std::size_t acknowledge(const Positions& positions) { return group_->acknowledge(at(positions)).value(); }
  std::size_t refuse(const Positions& positions, bool park = false) { return group_->refuse(at(positions), "no", park).value(); }
  Position checkpoint() { return group_->status()->record.checkpoint; }
  void pass(std::int64_t seconds) { clock_.advance(seconds * kMicrosPerSecond); }

  ManualClock clock_{kNow};
  MemoryEventStore store_{clock_};
  TemporaryDirectory temporary_;
  GroupFiles files_{temporary_.path()};
  std::unique_ptr<ConsumerGroup> group_;
  std::vector<std::uint32_t> attempts_;
  std::uint64_t commands_ = 0;
};

TEST_F(ConsumerGroupTest, SharesTheEventsAmongItsConsumers) {
  open();
  EXPECT_EQ(take(2), (Positions{1, 2}));
  EXPECT_EQ(take(2), (Positions{3, 4}));
  EXPECT_EQ(take(2), (Positions{5}));
  EXPECT_EQ(take(2), Positions{});
  EXPECT_EQ(checkpoint(), Position{0});
}

TEST_F(ConsumerGroupTest, ItsCheckpointIsBeforeTheFirstEventThatIsNotAcknowledged) {
  open();
  take();
  EXPECT_EQ(acknowledge({1, 3, 4}), 3u);
  EXPECT_EQ(checkpoint(), Position{1});
  EXPECT_EQ(acknowledge({3}), 0u);
  EXPECT_EQ(acknowledge({2}), 1u);
  EXPECT_EQ(checkpoint(), Position{4});
  EXPECT_EQ(acknowledge({5, 99}), 1u);
  EXPECT_EQ(checkpoint(), Position{5});
}

TEST_F(ConsumerGroupTest, HandsOutAgainWhatWasNotAcknowledgedWhenTheProcessEnded) {
  open();
  take();
  acknowledge({1, 3});
  open();
  EXPECT_EQ(take(), (Positions{2, 4, 5}));
  EXPECT_EQ(attempts_, (std::vector<std::uint32_t>{1, 1, 1}));
}

TEST_F(ConsumerGroupTest, TakesTheAnswersAboutWhatAnEarlierProcessHandedOut) {
  open();
  take();
  open();
  EXPECT_EQ(acknowledge({2, 3}), 2u);
  EXPECT_EQ(refuse({4}, true), 1u);
  EXPECT_EQ(checkpoint(), Position{0});
  EXPECT_EQ(take(), (Positions{1, 5}));
  EXPECT_EQ(acknowledge({1, 5}), 2u);
  EXPECT_EQ(checkpoint(), Position{5});
}

TEST_F(ConsumerGroupTest, HandsOutAgainWhatALeaseRanOutFor) {
  open();
  take(3);
  pass(29);
  EXPECT_EQ(take(), (Positions{4, 5}));
  pass(2);
  EXPECT_EQ(take(), (Positions{1, 2, 3}));
  EXPECT_EQ(attempts_, (std::vector<std::uint32_t>{2, 2, 2}));
  EXPECT_EQ(acknowledge({1}), 1u);
}

TEST_F(ConsumerGroupTest, TriesAgainLaterAndLater) {
  open();
  take(1);
  for (auto seconds : {1, 2, 4, 8}) {
    EXPECT_EQ(refuse({1}), 1u);
    EXPECT_TRUE(take(0).empty());
    pass(seconds - 1);
    clock_.advance(kMicrosPerSecond - 1);
    EXPECT_EQ(group_->status()->retrying, 1u);
    auto early = group_->take(1, milliseconds(0));
    for (auto& other : *early) ASSERT_NE(other.position, Position{1}) << seconds;
    clock_.advance(1);
    EXPECT_EQ(take(1).front(), 1u);
  }
}

TEST_F(ConsumerGroupTest, ParksWhatWasTriedTooOftenAndGoesOn) {
  open({.name = "billing", .attempts_max = 2});
  take(1);
  refuse({1});
  pass(1);
  ASSERT_EQ(take(1), (Positions{1}));
  refuse({1});
  auto status = group_->status();
  ASSERT_EQ(status->record.parked.size(), 1u);
  EXPECT_EQ(status->record.parked.at({1}).error, "no");
  EXPECT_EQ(status->record.parked.at({1}).attempts, 2u);
  EXPECT_EQ(take(), (Positions{2, 3, 4, 5}));
  EXPECT_EQ(acknowledge({2, 3, 4, 5}), 4u);
  EXPECT_EQ(checkpoint(), Position{5});
  open();
  EXPECT_EQ(take(), Positions{});
  EXPECT_EQ(group_->status()->record.parked.size(), 1u);
}

TEST_F(ConsumerGroupTest, ParksWhatNobodyAcknowledgesInTime) {
  open({.name = "billing", .attempts_max = 1});
  take(1);
  pass(31);
  EXPECT_EQ(take(1), (Positions{2}));
  EXPECT_EQ(group_->status()->record.parked.at({1}).error, "not acknowledged in time");
}

TEST_F(ConsumerGroupTest, ReplaysWhatWasParkedAndKeepsItUntilItIsAcknowledged) {
  open();
  take();
  refuse({2, 4}, true);
  acknowledge({1, 3, 5});
  ASSERT_EQ(checkpoint(), Position{5});
  EXPECT_EQ(group_->replay_parked(at({4, 5})).value(), 1u);
  EXPECT_EQ(take(), (Positions{4}));
  open();
  EXPECT_EQ(take(), Positions{});
  EXPECT_EQ(group_->replay_parked({}).value(), 2u);
  EXPECT_EQ(take(), (Positions{2, 4}));
  EXPECT_EQ(acknowledge({2}), 1u);
  refuse({4}, true);
  open();
  auto parked = group_->status()->record.parked;
  EXPECT_EQ(parked.size(), 1u);
  EXPECT_TRUE(parked.contains({4}));
  EXPECT_EQ(checkpoint(), Position{5});
}

TEST_F(ConsumerGroupTest, TakesOnlyWhatItsFilterTakes) {
  append("order-1", 2);
  append("case-1", 1);
  open({.name = "billing", .match = {"category=order", "type=case.closed"}});
  EXPECT_EQ(take(), (Positions{6, 7}));
  EXPECT_EQ(acknowledge({6, 7}), 2u);
  EXPECT_EQ(checkpoint(), Position{8});
}

TEST_F(ConsumerGroupTest, WaitsForWhatIsAppended) {
  open({.name = "billing", .match = {"category=order"}});
  std::jthread appender([&] {
    std::this_thread::sleep_for(milliseconds(30));
    append("order-1", 1);
  });
  EXPECT_EQ(take(1, std::chrono::seconds(20)), (Positions{6}));
}

TEST_F(ConsumerGroupTest, TellsHowFarBehindItIs) {
  open();
  pass(60);
  EXPECT_EQ(group_->status()->behind, std::chrono::seconds(60));
  take();
  EXPECT_EQ(group_->status()->in_flight, 5u);
  EXPECT_EQ(group_->status()->behind, std::chrono::seconds(60));
  acknowledge({1, 2, 3, 4, 5});
  EXPECT_EQ(group_->status()->behind.count(), 0);
}

TEST_F(ConsumerGroupTest, GivesEveryEventToExactlyOneOfManyConsumers) {
  for (int i = 0; i < 40; ++i) append("case-2", 25);
  open();
  std::atomic<std::uint64_t> taken{0};
  std::array<std::atomic<int>, 1'006> times{};
  std::vector<std::thread> consumers;
  for (int c = 0; c < 4; ++c)
    consumers.emplace_back([&] {
      for (;;) {
        auto events = group_->take(7, milliseconds(0));
        ASSERT_TRUE(events);
        if (events->empty()) return;
        std::vector<Position> done;
        for (auto& event : *events) {
          ++times[event.position.value];
          done.push_back(event.position);
        }
        taken += group_->acknowledge(done).value();
      }
    });
  for (auto& consumer : consumers) consumer.join();
  EXPECT_EQ(taken, 1'005u);
  for (std::size_t position = 1; position <= 1'005; ++position) ASSERT_EQ(times[position], 1) << position;
  EXPECT_EQ(checkpoint(), Position{1'005});
}

TEST_F(ConsumerGroupTest, KeepsWhatIsHandedOutWhenItsLimitsChange) {
  open();
  take(2);
  ASSERT_TRUE(group_->limit(1, std::chrono::seconds(60)));
  EXPECT_EQ(group_->status()->in_flight, 2u);
  EXPECT_EQ(refuse({1}), 1u);  // tried as often as it may be now
  EXPECT_EQ(group_->status()->record.parked.size(), 1u);
  open();
  EXPECT_EQ(group_->status()->record.lease_ms, std::chrono::seconds(60));
}

TEST_F(ConsumerGroupTest, StaysRemovedWhoeverStillAnswersToIt) {
  open();
  take(2);
  ASSERT_TRUE(group_->remove());
  EXPECT_EQ(group_->acknowledge(at({1})).error().reason, "group.unknown");
  EXPECT_EQ(group_->take(1, milliseconds(0)).error().reason, "group.unknown");
  EXPECT_TRUE(files_.load()->empty());
}

TEST_F(ConsumerGroupTest, RefusesADamagedRecord) {
  open();
  take();
  acknowledge({1});
  auto path = temporary_.path() / "groups" / "billing.group";
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(40);
  file.put('\x7f');
  file.close();
  auto loaded = files_.load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().reason, "groups.damaged");
}

TEST_F(ConsumerGroupTest, HasAPlainName) {
  for (auto* name : {"billing", "a.b-c_9"}) EXPECT_TRUE(valid_group_name(name));
  for (auto* name : {"", ".hidden", "A", "a/b", "..", "a b"}) EXPECT_FALSE(valid_group_name(name));
}

// A log that lost its end goes on with other events at the positions that the group had done with.
TEST(GroupRecord, IsTakenBackToTheLogsEnd) {
  GroupRecord record{.name = "billing", .checkpoint = {4}, .acknowledged = {{6}, {9}}};
  for (Position parked : {Position{5}, Position{8}}) record.parked[parked].position = parked;
  auto unchanged = record;
  EXPECT_FALSE(take_back(unchanged, {9}));
  EXPECT_EQ(unchanged.acknowledged, record.acknowledged);
  EXPECT_EQ(take_back(record, {6}), Position{9}) << "the last that it knew of";
  EXPECT_EQ(record.checkpoint, Position{4});
  EXPECT_EQ(record.acknowledged, std::set<Position>{{6}});
  EXPECT_EQ(record.parked.size(), 1u);
  EXPECT_EQ(take_back(record, {3}), Position{6});
  EXPECT_EQ(record.checkpoint, Position{3});
  EXPECT_TRUE(record.acknowledged.empty());
  EXPECT_TRUE(record.parked.empty());
}

}  // namespace
}  // namespace rapport::test
