// The generated enterprise, told to a gateway on the memory store.
#include "adapters/demo/demo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "domain/reading.h"
#include "domain/schema/account.values.h"
#include "domain/schema/opportunity.values.h"
#include "domain/schema/principal.values.h"
#include "eventstore/memory/memory_event_store.h"
#include "eventstore/memory/memory_subject_keys.h"

namespace rapport {
namespace {

constexpr std::string_view kPersonal[] = {"account.created", "case.opened",      "case.messageLogged",
                                          "case.resolved",   "opportunity.lost", "principal.provisioned"};

std::string_view actor_of(const RecordedEvent& event) { return read_text(event.metadata.getActorId()); }

// One store with its gateway, as the program wires them.
struct World {
  World() {
    auto opened = CommandGateway::open(aggregates, store, keys, clock);
    RAPPORT_ASSERT(opened.has_value());
    gateway = std::move(*opened);
  }
  DemoTotals run(const DemoOptions& options) {
    auto totals = run_demo(*gateway, options);
    if (!totals) {
      ADD_FAILURE() << totals.error().reason << ": " << totals.error().message << " " << totals.error().field;
      return {};
    }
    return *totals;
  }
  void each(auto&& f) {
    auto reader = store.read({});
    for (;;) {
      auto event = reader->next();
      RAPPORT_ASSERT(event.has_value());
      if (!*event) return;
      f(**event);
    }
  }
  // One line an event: what it is, and its bytes unless they are sealed (nonces are random).
  std::vector<std::string> lines() {
    std::vector<std::string> all;
    each([&](const RecordedEvent& event) {
      auto line = std::string(event.stream_type) + "-" + std::string(event.stream_id) + " " +
                  std::string(event.type) + " " + std::to_string(event.occurred_at.micros) + " " +
                  std::string(actor_of(event));
      auto bytes = event.payload.asBytes();
      if (std::ranges::find(kPersonal, event.type) == std::end(kPersonal))
        line.append(bytes.begin(), bytes.end());
      all.push_back(std::move(line));
    });
    return all;
  }
  std::map<std::string, std::size_t> counts() {
    std::map<std::string, std::size_t> counts;
    each([&](const RecordedEvent& event) { ++counts[std::string(event.type)]; });
    return counts;
  }

  std::vector<Aggregate> aggregates = all_aggregates();
  ManualClock clock{{kDemoEnd.micros + kMicrosPerDay}};
  MemoryEventStore store{clock};
  MemorySubjectKeys keys{"demo"};
  std::unique_ptr<CommandGateway> gateway;
};

constexpr DemoOptions kSmall{.customers = 40, .years = 2, .seed = 7};

TEST(Demo, TheSameSeedGivesTheSameEvents) {
  World one, two;
  one.run(kSmall);
  two.run(kSmall);
  EXPECT_GT(one.store.head().position.value, 1'000u);
  EXPECT_EQ(one.lines(), two.lines());
}

TEST(Demo, AnotherSeedGivesAnotherEnterprise) {
  World one, two;
  one.run(kSmall);
  auto other = kSmall;
  other.seed = 8;
  two.run(other);
  EXPECT_NE(one.counts(), two.counts());
}

TEST(Demo, ASecondRunAddsNothing) {
  World world;
  auto first = world.run(kSmall);
  EXPECT_EQ(first.already, 0u);
  EXPECT_EQ(first.events, world.store.head().position.value);
  auto second = world.run(kSmall);
  EXPECT_EQ(second.events, 0u);
  EXPECT_EQ(second.commands, first.commands);
  EXPECT_GT(second.already,
            first.commands * 9 / 10);  // the rest had changed nothing: lots that were spent when they expired
}

TEST(Demo, TwoSeedsLiveSideBySideInOneStore) {
  World world;
  auto one = world.run(kSmall);
  auto other = kSmall;
  other.seed = 8;
  auto two = world.run(other);
  EXPECT_EQ(two.already, 0u);
  EXPECT_EQ(world.store.head().position.value, one.events + two.events);
}

TEST(Demo, ARunThatWasCutShortIsFinishedByTheNext) {
  World whole, cut;
  auto totals = whole.run(kSmall);
  struct Stop {};
  EXPECT_THROW((void)run_demo(*cut.gateway, kSmall, [](auto, auto) { throw Stop(); }),
               Stop);  // after the first flush
  EXPECT_GT(cut.store.head().position.value, 0u);
  EXPECT_LT(cut.store.head().position.value, totals.events);
  cut.run(kSmall);
  EXPECT_EQ(cut.lines(), whole.lines());
}

// Rare things meet only in many customers' lives.
TEST(Demo, NoCommandIsEverRefused) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    World world;
    EXPECT_GT(world.run({.customers = 1'000, .years = 2, .seed = seed}).events, 40'000u);
  }
}

TEST(Demo, EventsComeInOrderOfTimeFromTheFirstDayToTheLast) {
  World world;
  world.run({.customers = 40, .years = 3, .seed = 2});
  std::int64_t last = kDemoEnd.micros - 3 * 365 * kMicrosPerDay;
  std::set<std::int64_t> months;
  world.each([&](const RecordedEvent& event) {
    if (event.type.ends_with(".correctionRecorded")) return;  // keeps its target's time
    EXPECT_GE(event.occurred_at.micros, last);
    last = event.occurred_at.micros;
    months.insert(last / (30 * kMicrosPerDay));
  });
  EXPECT_LT(last, kDemoEnd.micros);
  EXPECT_GE(months.size(), 36u);
}

// The size that quickstart shows.
struct DemoOfTwoHundred : testing::Test {
  static World& world() {
    static World world;
    static DemoTotals totals = world.run({});
    EXPECT_EQ(totals.events, world.store.head().position.value);
    return world;
  }
};

TEST_F(DemoOfTwoHundred, EveryKindOfEventOccurs) {
  auto counts = world().counts();
  std::size_t events = 0;
  for (auto& [type, count] : counts) events += count;
  EXPECT_GE(events, 10'000u);
  EXPECT_LE(events, 20'000u);
  for (auto type : {"account.created",
                    "account.detailsChanged",
                    "account.relationSet",
                    "account.ownerAssigned",
                    "account.lifecycleChanged",
                    "account.correctionRecorded",
                    "opportunity.opened",
                    "opportunity.stageChanged",
                    "opportunity.amountChanged",
                    "opportunity.closeDateChanged",
                    "opportunity.ownerAssigned",
                    "opportunity.forecastOverridden",
                    "opportunity.won",
                    "opportunity.lost",
                    "opportunity.reopened",
                    "opportunity.correctionRecorded",
                    "opportunity.competitorNoted",
                    "case.opened",
                    "case.started",
                    "case.assigned",
                    "case.classified",
                    "case.firstResponded",
                    "case.messageLogged",
                    "case.pended",
                    "case.resumed",
                    "case.resolved",
                    "case.reopened",
                    "case.closed",
                    "case.slaMilestoneStarted",
                    "case.slaMilestoneMet",
                    "case.slaMilestoneBreached",
                    "order.placed",
                    "order.fulfilled",
                    "order.cancelled",
                    "order.returned",
                    "loyaltyMember.enrolled",
                    "loyaltyMember.pointsEarned",
                    "loyaltyMember.pointsRedeemed",
                    "loyaltyMember.pointsReversed",
                    "loyaltyMember.pointsExpired",
                    "loyaltyMember.pointsAdjusted",
                    "loyaltyMember.tierChanged",
                    "loyaltyMember.statusChanged",
                    "principal.provisioned",
                    "principal.assigned",
                    "principal.deactivated",
                    "policySet.published"})
    EXPECT_GT(counts[type], 0u) << type;
}

TEST_F(DemoOfTwoHundred, EverySellerWinsSomeAndLosesSome) {
  std::set<std::string> sellers, winners, losers;
  world().each([&](const RecordedEvent& event) {
    auto actor = std::string(actor_of(event));
    if (event.type == "opportunity.opened") sellers.insert(actor);
    if (event.type == "opportunity.won") winners.insert(actor);
    if (event.type == "opportunity.lost") losers.insert(actor);
  });
  EXPECT_GE(sellers.size(), 8u);
  EXPECT_TRUE(std::ranges::includes(winners, sellers));
  EXPECT_TRUE(std::ranges::includes(losers, sellers));
}

TEST_F(DemoOfTwoHundred, PromisesAreKeptMoreOftenThanBroken) {
  auto counts = world().counts();
  EXPECT_GT(counts["case.slaMilestoneMet"], 2 * counts["case.slaMilestoneBreached"]);
  EXPECT_GT(counts["case.slaMilestoneBreached"], counts["case.slaMilestoneMet"] / 20);
  EXPECT_GT(counts["opportunity.won"] * 2, counts["opportunity.lost"]);
}

TEST_F(DemoOfTwoHundred, NamesAreLatinAndChineseAndSealed) {
  std::size_t latin = 0, chinese = 0;
  world().each([&](const RecordedEvent& event) {
    if (event.type != "account.created") return;
    capnp::FlatArrayMessageReader message(event.payload, reading_limits(event.payload));
    auto sealed = read_text(message.getRoot<account::wire::Event>().getCreated().getName());
    auto name = world().keys.open(sealed);
    ASSERT_TRUE(name && *name);
    EXPECT_EQ(sealed.find(**name), sealed.npos);
    ++(static_cast<unsigned char>((**name)[0]) >= 0xE4 ? chinese
                                                       : latin);  // the first byte of U+4E00 and later
  });
  EXPECT_EQ(latin + chinese, 200u);
  EXPECT_GT(chinese, 30u);
  EXPECT_GT(latin, 100u);
}

TEST_F(DemoOfTwoHundred, AWonDealCausesItsOrder) {
  std::map<std::string, std::string> won;  // event id, opportunity
  std::size_t caused = 0;
  world().each([&](const RecordedEvent& event) {
    if (event.type == "opportunity.won") won[to_text(event.id())] = std::string(event.stream_id);
    if (event.type != "order.placed" || !event.metadata.hasCausation()) return;
    ++caused;
    EXPECT_EQ(won[to_text(EventId::read(event.metadata.getCausation()))] + "-O", event.stream_id);
  });
  EXPECT_GT(caused, 50u);
}

TEST(Demo, OptionsHaveLimits) {
  World world;
  for (auto options : {DemoOptions{.customers = 0}, DemoOptions{.years = 0},
                       DemoOptions{.customers = 1'000'001}, DemoOptions{.years = 21}}) {
    auto refused = run_demo(*world.gateway, options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "demo.options_invalid");
  }
  EXPECT_EQ(world.run({.customers = 1, .years = 1}).already, 0u);
}

}  // namespace
}  // namespace rapport
