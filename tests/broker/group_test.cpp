// Workers that share a view out by themselves: each share is answered for by one of them, whoever comes, leaves or dies, and together
// their rows are the local view's.
#include "adapters/kafka/worker_group.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "adapters/kafka/relay.h"
#include "eventstore/memory/memory_event_store.h"
#include "projections/digest.h"
#include "projections/held_shares.h"
#include "projections/joined_rows.h"
#include "projections/rocks/rocks_row_stores.h"
#include "projections/views.h"
#include "tests/broker/broker.h"
#include "tests/broker/child.h"
#include "tests/broker/proof.h"
#include "tests/broker/soon.h"
#include "tests/kafka/enterprise.h"

namespace rapport::kafka {
namespace {

using projections::find_view;
using projections::Share;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

constexpr std::uint32_t kShares = 4;

std::set<std::uint32_t> held_by(const fs::path& dir) {
  std::set<std::uint32_t> numbers;
  auto held = projections::held_shares(dir, "pipeline");
  EXPECT_TRUE(held);
  if (held && *held)
    for (const auto& share : **held) {
      EXPECT_EQ(share.count, kShares);
      numbers.insert(share.number);
    }
  return numbers;
}

// Whether the members hold every share, each of them once.
bool covered(const std::vector<fs::path>& members) {
  std::set<std::uint32_t> all;
  std::size_t sum = 0;
  for (const auto& member : members) {
    auto its = held_by(member);
    sum += its.size();
    all.insert(its.begin(), its.end());
  }
  return sum == kShares && all.size() == kShares;
}

class Member final {
 public:
  Member(const fs::path& dir, const Broker& broker)
      : group_(*find_view("pipeline"), [](const fs::path& folder) { return std::make_unique<projections::RocksRowStores>(folder.string()); },
               {.connection = {.brokers = broker.address()}, .group = "test", .state = dir}) {
    thread_ = std::jthread([this](std::stop_token stop) { result = group_.run(WorkerUntil::kStopped, {}, stop); });
  }
  ~Member() { stop(); }
  void stop() { thread_ = {}; }
  Result<std::vector<WorkerResult>> result = std::vector<WorkerResult>();

 private:
  WorkerGroup group_;
  std::jthread thread_;
};

struct GroupTest : testing::Test {
  GroupTest() { broker.topics("--create --topic crm.pipeline.state.v1 --partitions " + std::to_string(kShares)); }
  void grow(std::size_t events) {
    enterprise.grow(events);
    Relay relay(store, {.connection = {.brokers = broker.address()}, .state_folder = broker.folder("state")});
    ASSERT_TRUE(relay.run(RelayUntil::kCaughtUp));
  }
  // Over the rows of all shares, each where it is held, at the position that all have reached.
  std::pair<Position, Hash> joined(const std::vector<fs::path>& members) {
    std::vector<std::unique_ptr<projections::RowStores>> folders;
    std::vector<std::unique_ptr<projections::RowStore>> stores;
    std::vector<std::unique_ptr<projections::RowSnapshot>> snapshots;
    const auto& type = *find_view("pipeline");
    for (const auto& member : members)
      for (auto number : held_by(member)) {
        folders.push_back(std::make_unique<projections::RocksRowStores>(projections::share_folder(member, "pipeline", {number, kShares}).string(),
                                                                        projections::RocksBudget{}, true));
        auto opened = folders.back()->open(type.store_name(), type.declaration, projections::StoreUse::kLive);
        RAPPORT_ASSERT(opened);
        stores.push_back(std::move(*opened));
        snapshots.push_back(std::move(*stores.back()->snapshot()));
      }
    const projections::JoinedSnapshot all(std::move(snapshots));
    return {all.checkpoint().position, *projections::rows_digest(all)};
  }
  // While the members are at work.
  void expect_the_local_view(const std::vector<fs::path>& members) {
    EXPECT_TRUE(soon([&] { return covered(members) && joined(members).first == store.head().position; }));
    EXPECT_EQ(joined(members).second, local_digest(store, "pipeline"));
  }

  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise{store};
  const fs::path a = broker.folder("a"), b = broker.folder("b"), c = broker.folder("c");
};

// Looks all the time whether two members answer for one share. Files are read one after the other: what one gave up and the other took
// meanwhile is no harm, so it has to be seen again and again.
class Watch final {
 public:
  void over(std::vector<fs::path> members) {
    std::lock_guard lock(mutex_);
    members_ = std::move(members);
  }

 private:
  void look() {
    std::lock_guard lock(mutex_);
    constexpr int kLooks = 3;
    std::map<std::uint32_t, int> twice;
    for (int i = 0; i < kLooks; ++i) {
      std::set<std::uint32_t> seen;
      for (const auto& member : members_)
        for (auto number : held_by(member))
          if (!seen.insert(number).second) ++twice[number];
    }
    for (auto& [number, times] : twice) EXPECT_LT(times, kLooks) << "share " << number << " has two that answer for it";
  }
  std::mutex mutex_;
  std::vector<fs::path> members_;  // guarded by mutex_; those that live
  std::jthread thread_{[this](std::stop_token stop) {
    while (!stop.stop_requested()) {
      look();
      std::this_thread::sleep_for(milliseconds(1));
    }
  }};
};

TEST_F(GroupTest, SpreadsAViewOverWhoeverIsThereAndEachShareIsAnsweredForByOneOrByNobody) {
  grow(3'000);
  auto first = std::make_unique<Member>(a, broker);
  ASSERT_TRUE(soon([&] { return covered({a}); }));
  expect_the_local_view({a});

  // Two come: shares go to them, and whoever lost some has kept their rows.
  Watch watch;
  watch.over({a, b, c});
  Member second(b, broker);
  Child killed({"group", c.string(), broker.address(), "pipeline"});
  ASSERT_TRUE(soon([&] { return covered({a, b, c}) && !held_by(b).empty() && !held_by(c).empty(); }));
  EXPECT_TRUE(fs::exists(projections::share_folder(a, "pipeline", {kShares, kShares})));
  grow(500);
  expect_the_local_view({a, b, c});

  // One dies and cannot say so.
  watch.over({a, b});
  killed.kill_after_start({});
  ASSERT_TRUE(soon([&] { return covered({a, b}); }));
  grow(500);
  expect_the_local_view({a, b});

  // One leaves. What it holds is what it held when it ended; the other one has everything.
  watch.over({b});
  first->stop();
  ASSERT_TRUE(first->result) << first->result.error().message;
  EXPECT_FALSE(first->result->empty());
  ASSERT_TRUE(soon([&] { return covered({b}); }));
  grow(500);
  expect_the_local_view({b});

  // It comes back and finds its rows: it folds what came meanwhile, and nothing again.
  first = std::make_unique<Member>(a, broker);
  ASSERT_TRUE(soon([&] { return covered({a, b}) && !held_by(a).empty() && !held_by(b).empty(); }));
  expect_the_local_view({a, b});
  first->stop();
  ASSERT_TRUE(first->result);
  for (const auto& share : *first->result) EXPECT_LE(share.events, 500u) << to_text(share.share);
}

TEST(WorkerGroup, AViewWhoseRowsJoinStreamsHasNoShares) {
  WorkerGroup group(*find_view("customer360"), {}, {.connection = {.brokers = "127.0.0.1:1"}, .group = "test", .state = "nowhere"});
  auto done = group.run(WorkerUntil::kCaughtUp);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, "view.not_shared");
}

}  // namespace
}  // namespace rapport::kafka
