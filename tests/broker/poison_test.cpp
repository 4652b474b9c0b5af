// Events that a worker cannot read, in records that are frames: left out, told of, said of the view, and folded by a program that can.
#include <gtest/gtest.h>

#include <capnp/any.h>
#include <capnp/schema.h>

#include <cstring>

#include <nlohmann/json.hpp>

#include "adapters/application/local_store.h"
#include "adapters/kafka/relay.h"
#include "adapters/kafka/worker.h"
#include "eventstore/frame.h"
#include "eventstore/memory/memory_event_store.h"
#include "projections/digest.h"
#include "projections/memory/memory_row_store.h"
#include "projections/rocks/rocks_row_stores.h"
#include "projections/views.h"
#include "tests/broker/broker.h"
#include "tests/broker/producers.h"
#include "tests/broker/proof.h"
#include "tests/kafka/enterprise.h"

namespace rapport::kafka {
namespace {

using projections::find_view;

// As an older program folds: events that it does not know it cannot read.
class OlderFolder final : public projections::Folder {
 public:
  explicit OlderFolder(std::unique_ptr<Folder> folder) : folder_(std::move(folder)) {}
  Position position() const override { return folder_->position(); }
  Result<void> fold(const RecordedEvent& event) override {
    if (event.type != "opportunity.won") return folder_->fold(event);
    const bool damaged = event.position.value % 16 == 0;
    if (event.position.value % 8 == 1) fail_producers();  // what tells of it has to be told by another one
    // Whatever came of it until it turned out to be damaged must not stay.
    if (auto done = damaged ? folder_->fold(event) : folder_->pass(event); !done) return done;
    return projections::unreadable_event(event, !damaged);
  }
  Result<void> fold_as_of(Timestamp t, const RecordedEvent& event) override { return folder_->fold_as_of(t, event); }
  Result<void> pass(const RecordedEvent& event) override { return folder_->pass(event); }
  Result<void> commit() override { return folder_->commit(); }

 private:
  const std::unique_ptr<Folder> folder_;
};

projections::ViewType older_pipeline() {
  const auto& now = *find_view("pipeline");
  return {.name = now.name,
          .version = now.version,
          .declaration = now.declaration,
          .by_stream = true,
          .make_folder = [](projections::RowStore& store, const projections::FolderOptions& options) -> std::unique_ptr<projections::Folder> {
            return std::make_unique<OlderFolder>(find_view("pipeline")->make_folder(store, options));
          },
          .reports = {},
          .published = {}};
}

// Appends an event of opportunity-NAME with any payload.
void append_poison(EventStore& store, const std::string& name, Words payload) {
  EventBuffer buffer;
  const auto stream = "opportunity-" + name;
  auto metadata = buffer.append<envelope::wire::Metadata>([&](envelope::wire::Metadata::Builder b) {
    b.setStreamType("opportunity");
    b.setStreamId(name);
    b.setType("opportunity.teleported");
    b.setSchemaVersion(1);
    b.setOccurredAt(1'600'000'000'000'000);
    b.setOccurredPrecision(Precision::INSTANT);
    b.setActorId("anna");
    b.setActorKind(ActorKind::USER);
  });
  std::vector<Append> appends(1);
  appends[0].command = CommandId::of(store.head().position.value, 99);
  appends[0].conditions.push_back({.stream = stream, .expected = {0}});
  appends[0].events.push_back({.stream = stream, .metadata = metadata, .payload = payload});
  auto stored = store.append(appends);
  ASSERT_TRUE(stored) << stored.error().message;
}

void append_unknown_type(EventStore& store) {
  EventBuffer buffer;
  const auto at = capnp::Schema::from<opportunity::wire::Event>().getProto().getStruct().getDiscriminantOffset();
  append_poison(store, "newer", buffer.append<opportunity::wire::Event>([&](opportunity::wire::Event::Builder b) {
    const std::uint16_t later = 700;
    std::memcpy(capnp::toAny(b).getDataSection().begin() + at * sizeof later, &later, sizeof later);
  }));
}

// A text where the event's own struct is expected.
void append_malformed(EventStore& store) {
  EventBuffer buffer;
  append_poison(store, "malformed", buffer.append<opportunity::wire::Event>([&](opportunity::wire::Event::Builder b) {
    b.initOpened();
    capnp::toAny(b).getPointerSection()[0].setAs<capnp::Text>("no struct");
  }));
}

struct PoisonTest : testing::Test {
  // The log in frames, by whoever can publish it.
  void publish() {
    MemoryEventStore none;
    Relay topics(none, {.connection = {.brokers = broker.address()}});
    ASSERT_TRUE(topics.run(RelayUntil::kCaughtUp));
    FrameBuilder builder;
    std::vector<RawRecord> frames;
    auto reader = store.read({});
    for (std::uint64_t i = 1; i <= store.head().position.value; ++i) {
      auto event = reader->next();
      ASSERT_TRUE(event && *event && builder.add(**event));
      if (i % 100 != 0 && i != store.head().position.value) continue;
      auto frame = builder.finish(*store.root_at({(i - 1) / 100 * 100}));
      frames.push_back({.topic = std::string(kLogTopic), .key = {}, .value = {frame.asChars().begin(), frame.asChars().size()}});
    }
    produce(broker.address(), frames);
  }
  Result<WorkerResult> work(const projections::ViewType& view, projections::RowStores& stores, bool replay = false) {
    return Worker(view, stores, {.connection = {.brokers = broker.address()}, .replay_parked = replay}).run(WorkerUntil::kCaughtUp);
  }
  // Of the pipeline without some events.
  template <class Left>
  Hash digest_without(Left&& left_out) {
    projections::MemoryRowStore rows;
    auto folder = find_view("pipeline")->make_folder(rows, {});
    auto reader = store.read({});
    for (std::uint64_t i = 1; i <= store.head().position.value; ++i) {
      auto event = reader->next();
      RAPPORT_ASSERT(event && *event && (left_out(**event) ? folder->pass(**event) : folder->fold(**event)));
    }
    RAPPORT_ASSERT(folder->commit());
    return *projections::rows_digest(**rows.snapshot());
  }

  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise{store};
};

TEST_F(PoisonTest, IsParkedByTheViewsThatTakeItAndFoldedByAProgramThatReadsIt) {
  enterprise.grow(350);
  append_unknown_type(store);
  append_malformed(store);
  enterprise.grow(350);
  publish();
  const auto poison = [](const RecordedEvent& event) { return event.type == "opportunity.teleported"; };
  const auto unknown = [&](const RecordedEvent& event) { return poison(event) || event.type == "opportunity.won"; };
  std::uint64_t won = 0, damaged = 0, failed = 0;
  auto reader = store.read({});
  for (auto event = reader->next(); event && *event; event = reader->next()) {
    if ((*event)->type != "opportunity.won") continue;
    ++won;
    damaged += (*event)->position.value % 16 == 0;
    failed += (*event)->position.value % 8 == 1;
  }
  ASSERT_GT(won, 10u);
  ASSERT_GT(damaged, 0u);
  ASSERT_GT(failed, 0u);

  const auto rows = broker.folder("rows").string();
  {
    projections::RocksRowStores stores(rows);
    auto older = work(older_pipeline(), stores);
    ASSERT_TRUE(older) << older.error().message;
    EXPECT_EQ(older->unread, won + 2);
    EXPECT_EQ(older->position, store.head().position);
    EXPECT_EQ(older->root, store.head().root);
    EXPECT_EQ(older->digest, digest_without(unknown));
    auto again = work(older_pipeline(), stores);
    ASSERT_TRUE(again);
    EXPECT_EQ(std::pair(again->unread, again->digest), std::pair(older->unread, older->digest));
  }
  const auto letters = consume(broker.address(), std::string(kDeadLettersTopic));
  EXPECT_EQ(letters.size(), won + 2);
  for (const auto& letter : letters) {
    EXPECT_GT(letter.number("rapport-position"), 0u);
    EXPECT_TRUE(letter.header("rapport-stream").starts_with("opportunity-"));
    EXPECT_NE(letter.header("rapport-reason").find(letter.header("eventType")), std::string::npos) << letter.header("rapport-reason");
  }

  // The view says so, to whoever asks it.
  auto state = open_worker_state({rows});
  ASSERT_TRUE(state) << state.error().message;
  QueryRequest request;
  request.view = "pipeline";
  request.report = "summary";
  auto answer = (*state)->query(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(nlohmann::json::parse(*answer).at("incomplete").size(), won + 2);
  auto inspected = (*state)->inspect();
  ASSERT_TRUE(inspected);
  EXPECT_EQ(nlohmann::json::parse(*inspected).at("views").at("pipeline").at("incomplete").size(), won + 2);
  state->reset();

  // This program reads more, and is told to.
  projections::RocksRowStores stores(rows);
  auto later = work(*find_view("pipeline"), stores, true);
  ASSERT_TRUE(later) << later.error().message;
  EXPECT_EQ(later->events, store.head().position.value) << "later events were folded without it: all of them again";
  EXPECT_EQ(later->unread, 2u);
  ASSERT_EQ(later->parked.size(), 2u);
  EXPECT_NE(later->parked[0].find("does not know"), std::string::npos) << later->parked[0];
  EXPECT_NE(later->parked[1].find("cannot be read"), std::string::npos) << later->parked[1];
  EXPECT_EQ(later->digest, digest_without(poison));

  // A view that takes nothing of that aggregate lacks nothing.
  auto other = work(*find_view("service"), stores);
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(other->unread, 0u);
  EXPECT_EQ(other->digest, local_digest(store, "service"));
}

}  // namespace
}  // namespace rapport::kafka
