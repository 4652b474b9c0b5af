// The relay against a real broker: once, in order, whoever dies.
#include "adapters/kafka/relay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "adapters/kafka/cluster.h"
#include "adapters/kafka/cursor.h"
#include "eventstore/memory/memory_event_store.h"
#include "eventstore/rocks/rocks_event_store.h"
#include "tests/broker/broker.h"
#include "tests/broker/child.h"
#include "tests/broker/proof.h"
#include "tests/broker/soon.h"
#include "tests/kafka/enterprise.h"

namespace rapport::kafka {
namespace {

using std::chrono::milliseconds;

Result<Published> publish(const EventStore& store, const Broker& broker,
                          std::filesystem::path folder = {}) {
  Relay relay(store,
              {.connection = {.brokers = broker.address()}, .state_folder = std::move(folder)});
  return relay.run(RelayUntil::kCaughtUp);
}

std::size_t kcat_lines(const Broker& broker, const std::string& topic) {
  auto out =
      output_of("kcat -b " + broker.address() + " -C -t " + topic + " -e -q -f '%k\\t%h\\n'");
  return static_cast<std::size_t>(std::count(out.begin(), out.end(), '\n'));
}

TEST(Relay, PublishesEveryEventOnceAndNothingTheSecondTime) {
  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise(store);
  enterprise.grow(20'000);
  // A queue that is full most of the time: reading the log waits, nothing is dropped.
  auto first = Relay(store, {.connection = {.brokers = broker.address()}, .state_folder = broker.folder("state"), .queue_kib = 5 << 10})
                   .run(RelayUntil::kCaughtUp);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->published, 20'000u);
  EXPECT_EQ(first->already, 0u);
  EXPECT_EQ(first->position, Position{20'000});
  expect_published_once(store, broker.address());
  std::size_t records = 0;
  for (const auto& [topic, count] : first->topics) {
    EXPECT_EQ(kcat_lines(broker, topic), count) << topic;
    if (topic != kLogTopic) records += count;
  }
  EXPECT_EQ(records, 20'000u);

  auto again = publish(store, broker, broker.folder("state"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->published, 0u);
  EXPECT_EQ(again->already, 20'000u);
  EXPECT_EQ(again->position, Position{20'000});
  auto forgetful = publish(store, broker);
  ASSERT_TRUE(forgetful) << forgetful.error().message;
  EXPECT_EQ(forgetful->published, 0u);
  EXPECT_EQ(forgetful->already, 20'000u);

  enterprise.grow(137);
  auto more = publish(store, broker, broker.folder("state"));
  ASSERT_TRUE(more) << more.error().message;
  EXPECT_EQ(more->published, 137u);
  EXPECT_EQ(more->already, 20'000u);
  expect_published_once(store, broker.address());
}

TEST(Relay, GoesOnWhereAKilledPublisherStopped) {
  Broker broker;
  const auto folder = broker.folder("store");
  {
    auto directory = StoreDirectory::open(folder, true);
    ASSERT_TRUE(directory);
    auto store = RocksEventStore::open(**directory);
    ASSERT_TRUE(store);
    Enterprise(**store).grow(150'000);
  }
  int kills = 0;
  for (int delay_ms : {250, 350, 450, 600, 300}) {
    Child child({"relay", folder.string(), broker.address()});
    kills += child.kill_after_start(milliseconds(delay_ms));
    if (delay_ms == 450)
      std::filesystem::remove_all(folder / "kafka");  // and its memory is lost, too
  }
  EXPECT_GE(kills, 3);
  auto directory = StoreDirectory::open(folder, false);
  ASSERT_TRUE(directory) << directory.error().message;
  auto store = RocksEventStore::open(**directory);
  ASSERT_TRUE(store);
  auto last = publish(**store, broker, folder / "kafka");
  ASSERT_TRUE(last) << last.error().message;
  EXPECT_EQ(last->published + last->already, 150'000u);
  expect_published_once(**store, broker.address());
}

TEST(Relay, OutlivesAKilledBroker) {
  Broker broker;
  MemoryEventStore store;
  Enterprise(store).grow(150'000);
  bool killed = false;
  std::jthread rescue;
  Relay relay(
      store, {.connection = {.brokers = broker.address()}, .state_folder = broker.folder("state")});
  auto published = relay.run(RelayUntil::kCaughtUp, [&](const Published&, Position) {
    if (killed) return;
    killed = true;
    rescue = std::jthread([&] {
      broker.kill();
      broker.start();
    });
  });
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_TRUE(killed);
  EXPECT_EQ(published->published, 150'000u);
  rescue = {};
  expect_published_once(store, broker.address());
}

TEST(Relay, LosesNothingWhenOneOfThreeBrokersDies) {
  Broker broker(3);
  MemoryEventStore store;
  Enterprise(store).grow(100'000);
  bool killed = false;
  Relay relay(
      store, {.connection = {.brokers = broker.address()}, .state_folder = broker.folder("state")});
  auto published = relay.run(RelayUntil::kCaughtUp, [&](const Published&, Position) {
    if (std::exchange(killed, true)) return;
    broker.kill(2);
  });
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_TRUE(killed);
  broker.start();
  expect_published_once(store, broker.address());
}

TEST(Relay, PublishesATopicAgainThatWasRemoved) {
  Broker broker;
  MemoryEventStore store;
  Enterprise(store).grow(3'000);
  ASSERT_TRUE(publish(store, broker, broker.folder("state")));
  broker.topics("--delete --topic crm.case.events.v1");
  auto again = publish(store, broker, broker.folder("state"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->published, again->topics["crm.case.events.v1"]);
  EXPECT_GT(again->published, 100u);
  EXPECT_EQ(again->topics["crm.opportunity.events.v1"], 0u);
  expect_published_once(store, broker.address());
}

TEST(Relay, PassesOverRecordsOfOthersAtTheEndOfATopic) {
  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise(store);
  enterprise.grow(2'000);
  ASSERT_TRUE(publish(store, broker));
  std::vector<RawRecord> strange(
      30, {.topic = "crm.opportunity.events.v1", .key = "x", .value = "{}", .partition = 2});
  produce(broker.address(), strange);
  enterprise.grow(500);
  auto more = publish(store, broker);
  ASSERT_TRUE(more) << more.error().message;
  EXPECT_EQ(more->published, 500u);
  EXPECT_EQ(more->already, 2'000u);
}

TEST(Relay, RefusesATopicWithFewerPartitionsThanBefore) {
  Broker broker;
  MemoryEventStore store;
  Enterprise(store).grow(1'000);
  ASSERT_TRUE(publish(store, broker, broker.folder("state")));
  broker.topics("--delete --topic crm.case.events.v1");
  broker.topics("--create --topic crm.case.events.v1 --partitions 3");
  auto again = publish(store, broker, broker.folder("state"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason, "bus.partitions");
  EXPECT_NE(again.error().message.find("crm.case.events.v1"), std::string::npos);
}

TEST(Relay, RefusesTopicsOfAnotherLogAndOfALaterState) {
  Broker broker;
  MemoryEventStore whole, part, other;
  Enterprise(whole).grow(1'000);
  Enterprise(part).grow(
      900);  // the same events as far as they go, but for the end of the last append
  ASSERT_TRUE(publish(whole, broker));
  auto behind = publish(part, broker);
  ASSERT_FALSE(behind);
  EXPECT_EQ(behind.error().reason, "bus.ahead_of_log");
  Enterprise(other, 99).grow(2'000);
  auto foreign = publish(other, broker);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().reason, "bus.other_log");
}

TEST(Relay, WaitsOutARefusalWhileItFollowsTheLog) {
  Broker broker;
  broker.topics(
      "--create --topic crm.case.events.v1 --partitions 6 --config max.message.bytes=100");
  MemoryEventStore store;
  Enterprise(store).grow(2'000);
  ASSERT_FALSE(publish(store, broker)) << "who wants to be done at once is told";
  Relay relay(
      store, {.connection = {.brokers = broker.address()}, .state_folder = broker.folder("state")});
  std::jthread running([&](std::stop_token stop) {
    auto done = relay.run(RelayUntil::kStopped, {}, stop);
    EXPECT_TRUE(done) << done.error().message;
  });
  EXPECT_TRUE(soon(
      [&] { return relay.status().trouble.find("crm.case.events.v1") != std::string::npos; }));
  EXPECT_FALSE(relay.status().connected);
  EXPECT_TRUE(soon([&] {
    const auto alarms = relay.alarms();
    return std::ranges::any_of(alarms, [](const Alarm& alarm) { return alarm.what.code == "bus.too_large"; });
  }));
  broker.topics("--delete --topic crm.case.events.v1");  // the relay makes a better one
  EXPECT_TRUE(soon([&] { return relay.status().position == store.head().position; }))
      << relay.status().trouble;
  running = {};
  expect_published_once(store, broker.address());
}

TEST(Relay, KnowsWhatOfATopicMayLoseEvents) {
  Broker broker(3);
  broker.topics(
      "--create --topic crm.case.events.v1 --partitions 6 --replication-factor 1 "
      "--config cleanup.policy=compact --config retention.ms=604800000");
  auto cluster = Cluster::connect({.brokers = broker.address()});
  ASSERT_TRUE(cluster) << cluster.error().message;
  Result<std::vector<std::string>> concerns = std::vector<std::string>();
  std::string all;
  auto says = [&](const char* concern) { return all.find(concern) != std::string::npos; };
  // Not every broker hears of a new topic at once.
  EXPECT_TRUE(soon([&] {
    all.clear();
    concerns = (*cluster)->concerns(planned_topics(6));
    if (!concerns) return all = concerns.error().message, false;
    for (const auto& concern : *concerns) all += concern + "\n";
    return says("crm.case.events.v1 is kept on 1 of 3 brokers") && says("crm.case.events.v1 has cleanup.policy=compact") &&
           says("crm.case.events.v1 has retention.ms=604800000");
  })) << all;
  MemoryEventStore store;
  Enterprise(store).grow(10);
  ASSERT_TRUE(publish(store, broker));
  ASSERT_TRUE(soon([&] {
    concerns = (*cluster)->concerns(planned_topics(6));
    return concerns.has_value();
  })) << concerns.error().message;
  for (const auto& concern : *concerns)
    EXPECT_NE(concern.find("crm.case.events.v1"), std::string::npos) << concern << ": of our own making";
}

TEST(Relay, SaysWithinSecondsThatNoBrokerAnswers) {
  MemoryEventStore store;
  Enterprise(store).grow(10);
  const auto began = std::chrono::steady_clock::now();
  Relay relay(store,
              {.connection = {.brokers = "127.0.0.1:1", .unreachable_after = milliseconds(2'000)}});
  auto published = relay.run(RelayUntil::kCaughtUp);
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().reason, "bus.unreachable");
  EXPECT_EQ(published.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(published.error().message.find("127.0.0.1:1"), std::string::npos)
      << published.error().message;
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(4'000));
}

TEST(Relay, SaysWhatIsWrongWithASetting) {
  MemoryEventStore store;
  Relay relay(store, {.connection = {.brokers = "127.0.0.1:1",
                                     .properties = {{"security.protocoll", "ssl"}}}});
  auto published = relay.run(RelayUntil::kCaughtUp);
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().reason, "bus.setting");
  EXPECT_EQ(published.error().field, "security.protocoll");
}

TEST(Relay, FollowsTheLogUntilToldToStop) {
  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise(store);
  Relay relay(
      store, {.connection = {.brokers = broker.address()}, .state_folder = broker.folder("state")});
  {
    std::jthread running([&](std::stop_token stop) {
      auto done = relay.run(RelayUntil::kStopped, {}, stop);
      ASSERT_TRUE(done) << done.error().message;
      EXPECT_EQ(done->published, store.head().position.value);
    });
    for (int i = 0; i < 50; ++i) {
      enterprise.grow(7);
      std::this_thread::sleep_for(milliseconds(20));
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (relay.status().position < store.head().position &&
           std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(milliseconds(20));
    EXPECT_EQ(relay.status().position, store.head().position);
    EXPECT_TRUE(relay.status().connected);
  }
  EXPECT_FALSE(relay.status().connected);
  auto cursors = read_cursors(broker.folder("state"));
  ASSERT_EQ(cursors.size(), 1u);
  EXPECT_TRUE(cursors[0].clean);
  EXPECT_EQ(cursors[0].position, store.head().position);
  expect_published_once(store, broker.address());
}

}  // namespace
}  // namespace rapport::kafka
