// What a relay notices, names, and does about it, each with a real broker.
#include <gtest/gtest.h>

#include <thread>

#include "adapters/kafka/relay.h"
#include "eventstore/memory/memory_event_store.h"
#include "eventstore/rocks/rocks_event_store.h"
#include "tests/broker/broker.h"
#include "tests/broker/producers.h"
#include "tests/broker/proof.h"
#include "tests/broker/soon.h"
#include "tests/kafka/enterprise.h"

namespace rapport::kafka {
namespace {

using std::chrono::milliseconds;
const std::string kCases = "crm.case.events.v1";

RelayOptions options(const Broker& broker) {
  return {.connection = {.brokers = broker.address()}, .state_folder = broker.folder("state")};
}

// A relay that follows its log until the end of the scope.
struct Running {
  Running(const EventStore& of, RelayOptions with) : store(of), relay(of, std::move(with)) {
    thread = std::jthread([this](std::stop_token stop) {
      auto done = relay.run(RelayUntil::kStopped, {}, stop);
      EXPECT_TRUE(done) << done.error().message;
    });
  }
  bool caught_up() {
    return soon([&] { return relay.status().position == store.head().position; });
  }
  // How often something of that code was noticed.
  std::uint64_t alarms(std::string_view code) const {
    std::uint64_t times = 0;
    for (const auto& alarm : relay.alarms())
      if (alarm.what.code == code) times += alarm.times;
    return times;
  }
  std::string all_alarms() const {
    std::string all = relay.status().trouble + "\n";
    for (const auto& alarm : relay.alarms()) all += alarm.what.code + ": " + alarm.what.message + "\n";
    return all;
  }
  const EventStore& store;
  Relay relay;
  std::jthread thread;
};

// Partitions that are filled apart, and others that have everything.
struct Passes {
  bool behind = false, others_out = true;
};
Passes passes(const Running& running) {
  Passes now;
  for (const auto& partition : running.relay.status().partitions) {
    const bool out = partition.through == running.store.head().position;
    if (partition.behind) now.behind = now.behind || !out;
    else now.others_out = now.others_out && out;
  }
  return now;
}

TEST(Trouble, OfBrokersIsOutwaitedAndWhatTheyLostIsPublishedAgain) {
  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise(store);
  enterprise.grow(3'000);
  auto impatient = options(broker);
  impatient.stalled_after = milliseconds(1'000);
  Running running(store, impatient);
  ASSERT_TRUE(running.caught_up());

  broker.freeze(true);  // nothing answers, nothing breaks off
  enterprise.grow(500);
  EXPECT_TRUE(soon([&] { return running.alarms("bus.stalled") > 0; })) << running.all_alarms();
  EXPECT_TRUE(soon([&] { return !running.relay.status().connected; }));
  broker.freeze(false);
  ASSERT_TRUE(running.caught_up()) << running.all_alarms();

  broker.kill();
  enterprise.grow(200);  // the log is the buffer
  broker.lose(kCases, 2);
  broker.start();
  ASSERT_TRUE(running.caught_up()) << running.all_alarms();
  EXPECT_EQ(running.alarms("bus.records_lost"), 1u) << running.all_alarms();
  EXPECT_GE(running.alarms("bus.connection_lost"), 1u) << running.all_alarms();
  running.thread = {};
  expect_published_once(store, broker.address());
}

TEST(Trouble, OfATopicThatWasRemovedHoldsNewEventsOfOthersUpInNoWay) {
  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise(store);
  enterprise.grow(30'000);
  ASSERT_TRUE(Relay(store, options(broker)).run(RelayUntil::kCaughtUp));
  broker.topics("--delete --topic " + kCases);
  auto slowly = options(broker);
  slowly.records_a_second = 1'000;  // so that filling takes a while
  {
    Running running(store, slowly);
    ASSERT_TRUE(soon([&] { return running.relay.status().position > Position{1'000} && passes(running).behind; }));
    enterprise.grow(100);
    EXPECT_TRUE(soon([&] { return passes(running).behind && passes(running).others_out; })) << "old events are still being filled in";
    EXPECT_EQ(running.alarms("bus.topic_recreated"), 1u) << running.all_alarms();
  }
  const auto there = consume(broker.address(), kCases).size();
  Running running(store, options(broker));  // goes on where that one was stopped
  ASSERT_TRUE(running.caught_up()) << running.all_alarms();
  EXPECT_EQ(running.alarms("bus.topic_recreated"), 0u);
  ASSERT_TRUE(soon([&] { return !passes(running).behind; })) << "both passes go on as one";
  enterprise.grow(50);
  ASSERT_TRUE(running.caught_up());
  running.thread = {};
  EXPECT_GT(there, 0u);
  expect_published_once(store, broker.address());
}

TEST(Trouble, OfATopicMadeAnewUnderTheRelayNeverLeavesAHole) {
  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise(store);
  enterprise.grow(2'000);
  Running running(store, options(broker));
  ASSERT_TRUE(running.caught_up());
  broker.topics("--delete --topic " + kCases);
  broker.topics("--create --topic " + kCases + " --partitions 6");
  enterprise.grow(500);
  ASSERT_TRUE(soon([&] {
    return running.alarms("bus.topic_incomplete") || running.relay.status().position == store.head().position;
  })) << running.all_alarms();
  // Later events came first: once more, now that the relay waits.
  if (running.alarms("bus.topic_incomplete")) broker.topics("--delete --topic " + kCases);
  ASSERT_TRUE(running.caught_up()) << running.all_alarms();
  running.thread = {};
  expect_published_once(store, broker.address());

  auto records = consume(broker.address(), kCases);
  ASSERT_EQ(records[9].partition, 0);
  expire(broker.address(), kCases, 0, 10);
  Relay relay(store, options(broker));
  auto more = relay.run(RelayUntil::kCaughtUp);
  ASSERT_TRUE(more) << more.error().message;
  EXPECT_EQ(more->published, 0u) << "what expired is not sent again by itself";
  auto alarms = relay.alarms();
  ASSERT_FALSE(alarms.empty());
  EXPECT_EQ(alarms.back().what.code, "bus.events_expired");
  EXPECT_NE(alarms.back().what.message.find(kCases + "[0] no longer has its events up to " + std::to_string(records[9].number("ce_sequence"))),
            std::string::npos)
      << alarms.back().what.message;
}

TEST(Trouble, OfASecondRelayIsNamedAndNothingIsMissing) {
  Broker broker;
  const auto first = broker.folder("first"), second = broker.folder("second");
  {
    auto directory = StoreDirectory::open(first, true);
    ASSERT_TRUE(directory);
    auto store = RocksEventStore::open(**directory);
    ASSERT_TRUE(store);
    Enterprise(**store).grow(20'000);
  }
  std::filesystem::copy(first, second, std::filesystem::copy_options::recursive);
  std::vector<Result<Published>> ends(2, Published{});
  std::vector<char> noticed(2, false);
  {
    std::vector<std::jthread> both;
    for (std::size_t i : {0u, 1u})
      both.emplace_back([&, i] {
        auto directory = StoreDirectory::open(i ? second : first, false);
        auto store = RocksEventStore::open(**directory);
        Relay relay(**store, {.connection = {.brokers = broker.address()}, .records_a_second = 10'000});
        ends[i] = relay.run(RelayUntil::kCaughtUp);
        for (const auto& alarm : relay.alarms()) noticed[i] = noticed[i] || alarm.what.code == "bus.second_publisher";
      });
  }
  EXPECT_TRUE(noticed[0] || noticed[1]);
  for (const auto& end : ends) EXPECT_TRUE(end || end.error().reason == "bus.second_publisher") << end.error().message;
  auto directory = StoreDirectory::open(first, false);
  auto store = RocksEventStore::open(**directory);
  auto alone = Relay(**store, {.connection = {.brokers = broker.address()}}).run(RelayUntil::kCaughtUp);
  ASSERT_TRUE(alone) << alone.error().message;
  const auto doubles = expect_published_with_doubles(**store, broker.address());
  std::printf("two relays of one log: %zu records twice, ended by a clear word: %d\n", doubles, !ends[0] + !ends[1]);

  MemoryEventStore another;
  Enterprise(another, 99).grow(21'000);
  auto other = Relay(another, {.connection = {.brokers = broker.address()}}).run(RelayUntil::kCaughtUp);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().reason, "bus.other_log");
}

TEST(Trouble, AProducerThatGivesUpForGoodIsFollowedByAnotherOneThatGoesOnExactly) {
  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise(store);
  enterprise.grow(500);
  Running running(store, options(broker));
  ASSERT_TRUE(running.caught_up());
  for (int i = 1; i <= 4; ++i) {
    enterprise.grow(5'000);
    // With records on the way, or with none.
    if (i % 3 == 0) {
      ASSERT_TRUE(running.caught_up());
    } else {
      ASSERT_TRUE(soon([&] { return running.relay.status().position.value + 4'000 > store.head().position.value; }));
    }
    EXPECT_GT(fail_producers(), 0u);
    ASSERT_TRUE(soon([&] { return running.alarms("bus.producer_failed") >= static_cast<std::uint64_t>(i); }))
        << running.all_alarms();
  }
  enterprise.grow(500);
  EXPECT_TRUE(running.caught_up()) << running.all_alarms();
  EXPECT_TRUE(soon([&] { return running.relay.status().connected; })) << running.all_alarms();
  running.thread = {};
  expect_published_once(store, broker.address());
}

}  // namespace
}  // namespace rapport::kafka
