// The worker against a real broker: the rows of the local view, whoever dies.
#include "adapters/kafka/worker.h"

#include <gtest/gtest.h>

#include <thread>

#include "adapters/kafka/relay.h"
#include "adapters/kafka/topics.h"
#include "eventstore/frame.h"
#include "eventstore/memory/memory_event_store.h"
#include "projections/memory/memory_row_store.h"
#include "projections/rocks/rocks_row_stores.h"
#include "projections/views.h"
#include "tests/broker/broker.h"
#include "tests/broker/child.h"
#include "tests/broker/proof.h"
#include "tests/kafka/enterprise.h"

namespace rapport::kafka {
namespace {

using projections::find_view;
using std::chrono::milliseconds;

void publish(const EventStore& store, const Broker& broker) {
  Relay relay(
      store, {.connection = {.brokers = broker.address()}, .state_folder = broker.folder("state")});
  auto published = relay.run(RelayUntil::kCaughtUp);
  ASSERT_TRUE(published) << published.error().message;
}

Result<WorkerResult> work(projections::RowStores& stores, const Broker& broker,
                          std::string_view view = "pipeline") {
  Worker worker(*find_view(view), stores, {.connection = {.brokers = broker.address()}});
  return worker.run(WorkerUntil::kCaughtUp);
}

TEST(Worker, ComesToTheRowsOfTheLocalView) {
  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise(store);
  enterprise.grow(20'000);
  publish(store, broker);
  projections::RocksRowStores stores(broker.folder("rows").string());
  for (const auto* view : {"pipeline", "service"}) {
    auto done = work(stores, broker, view);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->view, view);
    EXPECT_EQ(done->position, Position{20'000});
    EXPECT_EQ(done->root, store.head().root);
    EXPECT_EQ(done->digest, local_digest(store, view));
    EXPECT_EQ(done->events, 20'000u);
  }
  enterprise.grow(333);
  publish(store, broker);
  auto more = work(stores, broker);
  ASSERT_TRUE(more) << more.error().message;
  EXPECT_EQ(more->events, 333u);
  EXPECT_EQ(more->root, store.head().root);
  EXPECT_EQ(more->digest, local_digest(store, "pipeline"));
}

TEST(Worker, GoesOnWhereAKilledOneStopped) {
  Broker broker;
  MemoryEventStore store;
  Enterprise(store).grow(150'000);
  publish(store, broker);
  const auto rows = broker.folder("rows").string();
  int kills = 0;
  for (int delay_ms : {200, 300, 400, 250, 350, 300}) {
    Child child({"worker", rows, broker.address(), "pipeline"});
    kills += child.kill_after_start(milliseconds(delay_ms));
  }
  EXPECT_GE(kills, 3);
  projections::RocksRowStores stores(rows);
  auto done = work(stores, broker);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_LT(done->events, 150'000u);  // and not from the beginning
  EXPECT_EQ(done->position, Position{150'000});
  EXPECT_EQ(done->root, store.head().root);
  EXPECT_EQ(done->digest, local_digest(store, "pipeline"));
}

TEST(Worker, ParksWhatIsNoFrameAndGoesOn) {
  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise(store);
  enterprise.grow(1'000);
  publish(store, broker);
  produce(broker.address(), {{.topic = std::string(kLogTopic), .key = {}, .value = "not a frame"},
                             {.topic = std::string(kLogTopic), .key = {}, .value = {}}});
  enterprise.grow(1'000);
  publish(store, broker);
  projections::MemoryRowStores stores;
  auto done = work(stores, broker);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->parked.size(), 2u);
  EXPECT_EQ(done->position, Position{2'000});
  EXPECT_EQ(done->digest, local_digest(store, "pipeline"));
  auto again = work(stores, broker);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->parked, done->parked);
}

TEST(Worker, StopsWhereEventsAreMissing) {
  Broker broker;
  MemoryEventStore store;
  publish(store, broker);  // makes the topics
  Enterprise(store).grow(300);
  FrameBuilder builder;
  auto reader = store.read({});
  std::string first, second;
  for (int i = 1; i <= 300; ++i) {
    auto event = reader->next();
    ASSERT_TRUE(event && *event && builder.add(**event));
    if (i % 100) continue;
    auto frame = builder.finish(*store.root_at({static_cast<std::uint64_t>(i) - 100}));
    auto& to = i == 100 ? first : second;
    to.assign(frame.asChars().begin(), frame.asChars().size());
  }
  produce(broker.address(), {{.topic = std::string(kLogTopic), .key = {}, .value = first},
                             {.topic = std::string(kLogTopic), .key = {}, .value = first},
                             {.topic = std::string(kLogTopic), .key = {}, .value = second}});
  projections::MemoryRowStores stores;
  auto done = work(stores, broker);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, "bus.gap");
  EXPECT_NE(done.error().message.find("event 201 after event 100"), std::string::npos)
      << done.error().message;
}

TEST(Worker, JumpsOverNothingWhenTheTopicWasCutAndBuildsAgainWhenItWasMadeAnew) {
  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise(store);
  projections::MemoryRowStores behind, stores, fresh;
  for (int i = 0; i < 5; ++i) {
    enterprise.grow(i < 4 ? 500 : 400);
    publish(store, broker);
    if (i == 0) {
      ASSERT_TRUE(work(behind, broker));
    }
  }
  ASSERT_TRUE(work(stores, broker));
  broker.cut(std::string(kLogTopic), 2);  // the frames of events 1 to 1,000 are gone
  for (auto* state : {&behind, &fresh}) {
    auto done = work(*state, broker);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().reason, "bus.gap");
  }
  const auto& view = *find_view("pipeline");
  auto rows = behind.open(view.store_name(), view.declaration, projections::StoreUse::kLive);
  EXPECT_EQ((*rows)->checkpoint().position, Position{500}) << "rows that cannot be had again are not thrown away";
  rows->reset();
  enterprise.grow(100);
  publish(store, broker);
  auto ahead = work(stores, broker);
  ASSERT_TRUE(ahead) << ahead.error().message;
  EXPECT_EQ(ahead->events, 100u);
  broker.topics("--delete --topic crm.log.v1");
  publish(store, broker);  // one frame now, where there were five
  auto done = work(stores, broker);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->position, Position{2'500});
  EXPECT_EQ(done->events, 2'500u);
  EXPECT_EQ(done->digest, local_digest(store, "pipeline"));
}

TEST(Worker, RefusesTheFramesOfAnotherLog) {
  Broker one, two;
  MemoryEventStore store, other;
  Enterprise(store).grow(1'000);
  Enterprise more(other, 99);
  more.grow(1'000);
  publish(store, one);
  Relay relay(other, {.connection = {.brokers = two.address()}});
  ASSERT_TRUE(relay.run(RelayUntil::kCaughtUp));
  more.grow(500);
  ASSERT_TRUE(relay.run(RelayUntil::kCaughtUp));
  projections::MemoryRowStores stores;
  ASSERT_TRUE(work(stores, one));
  auto done = work(stores, two);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, "bus.other_log");
}

TEST(Worker, SaysThatNothingWasPublished) {
  Broker broker;
  projections::MemoryRowStores stores;
  auto done = work(stores, broker);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, "bus.no_topic");
  Worker lost(*find_view("pipeline"), stores,
              {.connection = {.brokers = "127.0.0.1:1", .unreachable_after = milliseconds(1'500)}});
  auto unreachable = lost.run(WorkerUntil::kCaughtUp);
  ASSERT_FALSE(unreachable);
  EXPECT_EQ(unreachable.error().reason, "bus.unreachable");
}

TEST(Worker, FollowsARelayThroughABrokersDeath) {
  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise(store);
  projections::MemoryRowStores stores;
  Relay relay(
      store, {.connection = {.brokers = broker.address()}, .state_folder = broker.folder("state")});
  Worker worker(*find_view("pipeline"), stores, {.connection = {.brokers = broker.address()}});
  std::atomic<std::uint64_t> reached{0};
  auto reaches_head = [&] {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(40);
    while (reached < store.head().position.value && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(milliseconds(20));
    return reached == store.head().position.value;
  };
  std::jthread relaying(
      [&](std::stop_token stop) { EXPECT_TRUE(relay.run(RelayUntil::kStopped, {}, stop)); });
  std::jthread working([&](std::stop_token stop) {
    auto done = worker.run(
        WorkerUntil::kStopped, [&](Position p, std::uint64_t) { reached = p.value; }, stop);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->digest, local_digest(store, "pipeline"));
  });
  enterprise.grow(500);
  EXPECT_TRUE(reaches_head());
  broker.kill();
  enterprise.grow(500);
  broker.start();
  EXPECT_TRUE(reaches_head());
  enterprise.grow(500);
  EXPECT_TRUE(reaches_head());
}

}  // namespace
}  // namespace rapport::kafka
