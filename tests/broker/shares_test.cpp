// One view kept by several workers, and records that are no frames: parked, told of, taken up again.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "adapters/kafka/relay.h"
#include "adapters/kafka/worker.h"
#include "eventstore/memory/memory_event_store.h"
#include "projections/digest.h"
#include "projections/joined_rows.h"
#include "projections/memory/memory_row_store.h"
#include "projections/views.h"
#include "tests/broker/broker.h"
#include "tests/broker/proof.h"
#include "tests/kafka/enterprise.h"

namespace rapport::kafka {
namespace {

using projections::find_view;
using projections::Share;

void publish(const EventStore& store, const Broker& broker) {
  Relay relay(store, {.connection = {.brokers = broker.address()}, .state_folder = broker.folder("state")});
  ASSERT_TRUE(relay.run(RelayUntil::kCaughtUp));
}

Result<WorkerResult> work(projections::RowStores& stores, const Broker& broker, WorkerOptions options, std::string_view view = "pipeline") {
  options.connection.brokers = broker.address();
  return Worker(*find_view(view), stores, std::move(options)).run(WorkerUntil::kCaughtUp);
}

// Over the rows of all shares.
Hash joined_digest(std::vector<projections::MemoryRowStores>& shares, std::string_view view = "pipeline") {
  std::vector<std::unique_ptr<projections::RowStore>> stores;
  std::vector<std::unique_ptr<projections::RowSnapshot>> snapshots;
  const auto& type = *find_view(view);
  for (auto& share : shares) {
    auto store = share.open(type.store_name(), type.declaration, projections::StoreUse::kLive);
    RAPPORT_ASSERT(store);
    stores.push_back(std::move(*store));
    snapshots.push_back(std::move(*stores.back()->snapshot()));
  }
  return *projections::rows_digest(projections::JoinedSnapshot(std::move(snapshots)));
}

TEST(Shares, OfSeveralWorkersAreTheViewAndStayItWhenTheirNumberChanges) {
  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise(store);
  enterprise.grow(5'000);
  publish(store, broker);
  std::vector<projections::MemoryRowStores> shares(3);
  for (std::uint32_t i = 1; i <= 3; ++i) {
    auto done = work(shares[i - 1], broker, {.connection = {}, .share = {i, 3}});
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->root, store.head().root);
    EXPECT_EQ(done->events, 5'000u);
  }
  EXPECT_EQ(joined_digest(shares), local_digest(store, "pipeline"));
  enterprise.grow(500);
  publish(store, broker);
  // The third one leaves: the others take its streams over, by folding again.
  shares.pop_back();
  for (std::uint32_t i = 1; i <= 2; ++i) {
    auto done = work(shares[i - 1], broker, {.connection = {}, .share = {i, 2}});
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->events, 5'500u);
    auto again = work(shares[i - 1], broker, {.connection = {}, .share = {i, 2}});
    ASSERT_TRUE(again);
    EXPECT_EQ(again->events, 0u) << "the same share is not built again";
  }
  EXPECT_EQ(joined_digest(shares), local_digest(store, "pipeline"));
}

TEST(Shares, AViewWhoseRowsJoinStreamsHasNone) {
  projections::MemoryRowStores stores;
  auto done = Worker(*find_view("customer360"), stores, {.connection = {.brokers = "127.0.0.1:1"}, .share = {1, 2}}).run(WorkerUntil::kCaughtUp);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, "view.not_shared");
}

TEST(DeadLetters, TellWhatWasParkedAndWhyAndItIsTakenUpAgainWhenAsked) {
  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise(store);
  enterprise.grow(300);
  publish(store, broker);
  produce(broker.address(), {{.topic = std::string(kLogTopic), .key = {}, .value = "not a frame"}});
  enterprise.grow(300);
  publish(store, broker);
  projections::MemoryRowStores share;
  auto parked = work(share, broker, {.connection = {}, .share = {2, 3}});
  ASSERT_TRUE(parked) << parked.error().message;
  ASSERT_EQ(parked->parked.size(), 1u);
  const auto letters = consume(broker.address(), std::string(kDeadLettersTopic));
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].value, "not a frame");
  EXPECT_EQ(letters[0].key, "crm.log.v1/0/" + std::string(letters[0].header("rapport-offset")));
  EXPECT_EQ(letters[0].header("rapport-topic"), kLogTopic);
  EXPECT_EQ(letters[0].header("rapport-worker"), "rapport-worker-pipeline-2-of-3");
  EXPECT_NE(parked->parked[0].find(letters[0].header("rapport-reason")), std::string::npos) << parked->parked[0];
  projections::MemoryRowStores stores;
  ASSERT_TRUE(work(stores, broker, {}));
  {
    // As if an older program had not understood the first frame, either.
    const auto& type = *find_view("pipeline");
    auto rows = stores.open(type.store_name(), type.declaration, projections::StoreUse::kLive);
    auto note = nlohmann::json::parse((*rows)->source());
    note["parked"].push_back({{"offset", 0}, {"why", "of a newer format"}});
    (*rows)->put_source(note.dump());
    ASSERT_TRUE((*rows)->commit((*rows)->checkpoint()));
  }
  auto before = work(stores, broker, {});
  ASSERT_TRUE(before);
  EXPECT_EQ(before->parked.size(), 2u);
  auto done = work(stores, broker, {.connection = {}, .replay_parked = true});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->parked.size(), 1u) << "the frame is one, the other record is none";
  EXPECT_EQ(done->events, 0u);
  EXPECT_EQ(done->position, Position{600});
  EXPECT_EQ(done->root, store.head().root);
  EXPECT_EQ(done->digest, local_digest(store, "pipeline"));
}

}  // namespace
}  // namespace rapport::kafka
