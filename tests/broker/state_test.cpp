// The topics of rows against a real broker: whoever reads one has the view's rows, whatever died meanwhile.
#include "adapters/kafka/state_publisher.h"

#include <nlohmann/json.hpp>
#include <thread>

#include "adapters/kafka/state_cursor.h"
#include "domain/account.h"
#include "domain/data_subject.h"
#include "projections/memory/memory_row_store.h"
#include "projections/view_hosts.h"
#include "tests/broker/broker.h"
#include "tests/broker/producers.h"
#include "tests/broker/soon.h"
#include "tests/gateway/gateway_fixture.h"

namespace rapport::kafka {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

const std::string kPipeline = "crm.pipeline.state.v1", kCustomers = "crm.customer360.state.v1";

struct StateTest : CommandGatewayTest {
  StateTest() { publish_pipeline(); }
  StateOptions options(Personal of_customers = Personal::kSealed) {
    return {.connection = {.brokers = broker.address()}, .state_folder = broker.folder("state"), .personal = {{kCustomers, of_customers}}};
  }
  std::vector<projections::ViewHost*> hosts() {
    std::vector<projections::ViewHost*> all;
    for (auto& host : views.all()) all.push_back(host.get());
    return all;
  }
  Result<StatePublished> publish(StateOptions with) {
    if (auto done = views.catch_up(); !done) return done.error();
    StatePublisher publisher(hosts(), store, keys, std::move(with));
    return publisher.run(RelayUntil::kCaughtUp);
  }
  Result<StatePublished> publish() { return publish(options()); }
  void open(const std::string& id, const std::string& name = "Über 50 % 折扣") {
    auto with_name = kOpen;
    with_name.name = name;
    ASSERT_TRUE(send("opportunity", id, with_name));
  }
  // What a table of a compacted topic's reader holds.
  std::map<std::string, json> table(const std::string& topic) {
    std::map<std::string, json> rows;
    for (auto& record : consume(broker.address(), topic)) {
      if (record.value.empty()) rows.erase(record.key);
      else rows[record.key] = json::parse(record.value);
    }
    return rows;
  }
  // The pipeline's rows, by the report's own columns.
  std::map<std::string, json> expected() {
    std::map<std::string, json> rows;
    auto answer = (*views.find("pipeline"))->query("opportunities", {});
    RAPPORT_ASSERT(answer.has_value());
    for (auto& line : answer->lines.rows) rows["opportunity-" + text_of(line[0])] = text_of(line.back());
    return rows;
  }
  std::map<std::string, json> versions() {
    std::map<std::string, json> rows;
    for (auto& [key, row] : table(kPipeline)) rows[key] = std::to_string(row.at("version").get<int>());
    return rows;
  }

  Broker broker;
  projections::MemoryRowStores stores;
  projections::ViewHosts views{store, stores};
};

TEST_F(StateTest, EveryRowIsARecordUnderTheNameOfItsStreamAndOnlyChangesFollow) {
  for (int i = 0; i < 500; ++i) open("D-" + std::to_string(i));
  auto first = publish();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->topics.at(kPipeline), 500u);
  EXPECT_EQ(first->positions.at("pipeline"), store.head().position);
  auto rows = table(kPipeline);
  ASSERT_EQ(rows.size(), 500u);
  auto& row = rows.at("opportunity-D-7");
  EXPECT_EQ(row.at("id"), "D-7");
  EXPECT_EQ(row.at("name"), "Über 50 % 折扣");
  EXPECT_EQ(row.at("status"), "open");
  EXPECT_EQ(row.at("probabilityBp"), 1'000);
  EXPECT_EQ(row.at("closedAt"), nullptr);

  auto again = publish();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->topics.at(kPipeline), 0u);
  ASSERT_TRUE(send("opportunity", "D-7", opportunity::Win{.amount = Money{5, "EUR"}}));
  open("D-new");
  auto more = publish();
  ASSERT_TRUE(more) << more.error().message;
  EXPECT_EQ(more->topics.at(kPipeline), 2u);
  EXPECT_EQ(table(kPipeline).at("opportunity-D-7").at("status"), "won");
  EXPECT_EQ(versions(), expected());
  for (auto& record : consume(broker.address(), kPipeline)) {
    EXPECT_EQ(record.header("content-type"), "application/json");
    EXPECT_EQ(record.header("rapport-view-version"), std::to_string((*views.find("pipeline"))->type().version));
    EXPECT_GT(record.number("rapport-since"), 0u);
  }
  broker.topics("--describe --topic " + kPipeline + " | grep -q cleanup.policy=compact");
}

TEST_F(StateTest, WhileViewsFollowSoDoTheTopicsWhateverTheBrokerDoes) {
  open("D-1");
  ASSERT_TRUE(views.catch_up());
  views.follow();
  StatePublisher publisher(hosts(), store, keys, options());
  Result<StatePublished> done = StatePublished{};
  std::jthread running([&](std::stop_token stop) { done = publisher.run(RelayUntil::kStopped, stop); });
  ASSERT_TRUE(soon([&] { return publisher.status().connected; }));
  for (int i = 2; i < 40; ++i) {
    open("D-" + std::to_string(i));
    if (i % 3 == 0) {
      ASSERT_TRUE(send("opportunity", "D-" + std::to_string(i), opportunity::Win{.amount = Money{5, "EUR"}}));
    }
    if (i == 10) broker.kill();
    if (i == 30) broker.start();
    if (i % 8 == 7) fail_producers();
    std::this_thread::sleep_for(milliseconds(10));
  }
  ASSERT_TRUE(soon([&] { return publisher.status().positions["pipeline"] == store.head().position; }));
  running = {};
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(versions(), expected());
}

TEST_F(StateTest, AnErasedPersonsTextsArePublishedOnceMoreAsErased) {
  ASSERT_TRUE(send("account", "anna", account::Create{.kind = account::Kind::PERSON, .name = "Anna Grün"}));
  ASSERT_TRUE(send("account", "bo", account::Create{.kind = account::Kind::PERSON, .name = "Bo Li"}));
  ASSERT_TRUE(publish(options(Personal::kOpen)));
  EXPECT_EQ(table(kCustomers).at("account-anna").at("name"), "Anna Grün");
  ASSERT_TRUE(send("dataSubject", "account-anna", data_subject::EraseSubject{}, [](Command& c) { c.reason_code = "gdpr-17"; }));
  auto after = publish(options(Personal::kOpen));
  ASSERT_TRUE(after) << after.error().message;
  auto rows = table(kCustomers);
  EXPECT_EQ(rows.at("account-anna").at("name"), nullptr);
  EXPECT_EQ(rows.at("account-anna").at("erased"), json::array({"/name"}));
  EXPECT_EQ(rows.at("account-bo").at("name"), "Bo Li");
  EXPECT_LE(after->topics.at(kCustomers), 2u);
}

TEST_F(StateTest, PersonalTextsAreSealedUnlessTheHouseSaysOtherwise) {
  ASSERT_TRUE(send("account", "anna", account::Create{.kind = account::Kind::PERSON, .name = "Anna Grün"}));
  ASSERT_TRUE(publish());
  EXPECT_TRUE(table(kCustomers).at("account-anna").at("name").contains("sealed"));
  for (auto& record : consume(broker.address(), kCustomers)) EXPECT_EQ(record.value.find("Anna"), std::string::npos);
  // Another way is another set of records, of that topic.
  auto open = publish(options(Personal::kOpen));
  ASSERT_TRUE(open);
  EXPECT_EQ(table(kCustomers).at("account-anna").at("name"), "Anna Grün");
  EXPECT_EQ(open->topics.at(kPipeline), 0u);
  ASSERT_TRUE(publish(options(Personal::kMasked)));
  EXPECT_EQ(table(kCustomers).at("account-anna").at("name"), "***");
}

TEST_F(StateTest, WithoutItsMemoryOrTheTopicsItPublishesAllAndTakesBackWhatIsGone) {
  open("D-1");
  open("D-2");
  ASSERT_TRUE(publish());
  produce(broker.address(), {{.topic = kPipeline, .key = "opportunity-gone", .value = "{\"id\":\"gone\"}", .partition = 0}});
  ASSERT_TRUE(table(kPipeline).contains("opportunity-gone"));
  std::filesystem::remove_all(broker.folder("state"));
  auto again = publish();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->topics.at(kPipeline), 3u);
  EXPECT_FALSE(table(kPipeline).contains("opportunity-gone"));
  EXPECT_EQ(versions(), expected());

  // And what the topic lost it publishes again.
  broker.topics("--delete --topic " + kPipeline);
  ASSERT_TRUE(soon([&] { return output_of("kcat -L -b " + broker.address()).find(kPipeline) == std::string::npos; }));
  auto anew = publish();
  ASSERT_TRUE(anew) << anew.error().message;
  EXPECT_EQ(anew->topics.at(kPipeline), 2u);
  EXPECT_EQ(versions(), expected());
}

// As after a program whose fold was wrong, in the same version of the view.
TEST_F(StateTest, RowsThatARebuildExchangedArePublishedByTheNextPublisherWithoutBeingAsked) {
  open("D-1");
  open("D-2");
  ASSERT_TRUE(views.catch_up());
  const auto& type = (*views.find("pipeline"))->type();
  {
    auto rows = stores.open(type.store_name(), type.declaration, projections::StoreUse::kLive);
    std::string lost, gone;
    ASSERT_TRUE((*(*rows)->snapshot())->scan_stored(projections::RowSnapshot::Family::kRows, [&](std::string_view key, std::string_view stored) {
      if (key[0] == type.published.front().table && key.find("D-2") != key.npos) lost = key, gone = stored.substr(0, projections::StoredRow::kHead);
      return true;
    }));
    ASSERT_FALSE(lost.empty());
    (*rows)->put(lost, gone);
    ASSERT_TRUE((*rows)->commit((*rows)->checkpoint()));
  }
  ASSERT_TRUE(publish());
  ASSERT_FALSE(table(kPipeline).contains("opportunity-D-2"));

  auto publish_later = [&]() -> std::uint64_t {
    projections::ViewHosts later(store, stores);
    StatePublisher publisher({*later.find("pipeline")}, store, keys, options());
    auto done = publisher.run(RelayUntil::kCaughtUp);
    EXPECT_TRUE(done) << done.error().message;
    return done ? done->topics.at(kPipeline) : 0;
  };
  auto rebuild = [&] {
    projections::ViewHosts offline(store, stores);
    auto rebuilt = (*offline.find("pipeline"))->rebuild();
    EXPECT_TRUE(rebuilt);
    return rebuilt && rebuilt->same();
  };
  EXPECT_FALSE(rebuild());
  EXPECT_EQ(publish_later(), 2u);
  EXPECT_TRUE(table(kPipeline).contains("opportunity-D-2"));
  EXPECT_TRUE(rebuild());
  EXPECT_EQ(publish_later(), 0u) << "rows that a rebuild left as they were are there";
}

}  // namespace
}  // namespace rapport::kafka
