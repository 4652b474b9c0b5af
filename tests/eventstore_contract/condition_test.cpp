// What an append may demand of the log, and what it is told where that does not hold.
#include <thread>

#include "tests/eventstore_contract/stores.h"

namespace rapport::test {

template <class Kind>
class ConditionContract : public StoreTest<Kind> {
 protected:
  static std::vector<std::uint64_t> positions(const std::vector<StoredOutcome::Item>& events) {
    std::vector<std::uint64_t> all;
    for (const auto& event : events) all.push_back(event.position.value);
    return all;
  }
  Conflict conflict(const Sample& sample) {
    auto outcome = this->append(sample);
    if (auto* found = std::get_if<Conflict>(&outcome)) return std::move(*found);
    ADD_FAILURE() << "no conflict: alternative " << outcome.index();
    return {};
  }
};
TYPED_TEST_SUITE(ConditionContract, Stores);
using Positions = std::vector<std::uint64_t>;

TYPED_TEST(ConditionContract, NamesTheEventsThatTheCallerDidNotKnowOf) {
  this->appended(Sample(1).on("opportunity-A", 0, 2));
  this->appended(Sample(2).on("opportunity-B", 0).on("opportunity-A", 2, 2));
  auto conflict = this->conflict(Sample(3).on("opportunity-A", 1));
  EXPECT_EQ(conflict.stream, "opportunity-A");
  EXPECT_EQ(conflict.current, StreamVersion{4});
  EXPECT_EQ(this->positions(conflict.events), (Positions{2, 4, 5}));
  EXPECT_EQ(conflict.events[1].type, "opportunity.opened");
  EXPECT_EQ(conflict.events[1].version, StreamVersion{3});
  EXPECT_TRUE(this->conflict(Sample(3).on("opportunity-A", 9)).events.empty());
}

TYPED_TEST(ConditionContract, NamesAtMostSixteenEvents) {
  this->appended(Sample(1).on("opportunity-A", 0, 40));
  auto conflict = this->conflict(Sample(2).on("opportunity-A", 3));
  ASSERT_EQ(conflict.events.size(), kConflictEventsMax);
  EXPECT_EQ(conflict.events.front().version, StreamVersion{4});
}

TYPED_TEST(ConditionContract, TakesAStreamThatMustOnlyExist) {
  constexpr auto kAny = kMustExist.value;
  auto missing = this->conflict(Sample(1).on("case-1", 0).check("account-A", kAny));
  EXPECT_EQ(missing.stream, "account-A");
  EXPECT_EQ(missing.current, StreamVersion{0});
  this->appended(Sample(1).on("account-A", 0, 2));
  this->appended(Sample(2).on("case-1", 0).check("account-A", kAny));
  auto third = this->appended(Sample(3).on("account-A", kAny));
  EXPECT_EQ(third.events[0].version, StreamVersion{3});
}

TYPED_TEST(ConditionContract, RefusesWhatABoundaryForbids) {
  const EventFilter card = Term::tag("card:4711");
  this->appended(Sample(1).with({.tags = {"card:4711"}}).on("loyaltyMember-A", 0).after({}, card));
  auto conflict = this->conflict(Sample(2).with({.tags = {"card:4711"}}).on("loyaltyMember-B", 0).after({}, card));
  EXPECT_EQ(conflict.stream, "");
  EXPECT_EQ(this->positions(conflict.events), (Positions{1}));
  EXPECT_EQ(conflict.events[0].stream, "loyaltyMember-A");
  EXPECT_EQ(this->store_.head().position, Position{1});
  this->appended(Sample(3).on("loyaltyMember-B", 0).after({1}, card));  // who knows of it may decide all the same
  this->appended(Sample(4).with({.tags = {"card:4712"}}).on("loyaltyMember-C", 0).after({0}, Term::tag("card:4712")));
}

TYPED_TEST(ConditionContract, SeesWhatAnEarlierAppendOfTheSameCallStores) {
  Sample first(1), second(2), third(3);
  first.with({.tags = {"x"}}).on("case-1", 0).after({}, Term::tag("x"));
  second.with({.tags = {"x"}}).on("case-2", 0).after({}, Term::tag("x"));
  third.with({.tags = {"x"}}).on("case-3", 0).after({1}, Term::tag("x"));
  auto outcomes = this->store_.append(std::vector<Append>{first.append(), second.append(), third.append()});
  ASSERT_TRUE(outcomes);
  EXPECT_TRUE(std::holds_alternative<Appended>((*outcomes)[0]));
  ASSERT_TRUE(std::holds_alternative<Conflict>((*outcomes)[1]));
  EXPECT_EQ(this->positions(std::get<Conflict>((*outcomes)[1]).events), (Positions{1}));
  EXPECT_TRUE(std::holds_alternative<Appended>((*outcomes)[2]));
}

TYPED_TEST(ConditionContract, LetsExactlyOneOfManyRacersCrossNoBoundary) {
  constexpr std::uint64_t kThreads = 8, kRounds = 20;
  std::atomic<int> won{0};
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        for (std::uint64_t round = 0; round < kRounds; ++round) {
          auto tag = "slot:" + std::to_string(round);
          auto id = 1 + t * kRounds + round;
          auto outcome = this->append(Sample(id).with({.tags = {tag}}).on("case-" + std::to_string(id), 0).after({}, Term::tag(tag)));
          if (std::holds_alternative<Appended>(outcome)) ++won;
        }
      });
  }
  EXPECT_EQ(won, static_cast<int>(kRounds));
  EXPECT_EQ(this->store_.head().position.value, kRounds);
}

TYPED_TEST(ConditionContract, LooksAtWholeClauses) {
  EventFilter won_by_a{Clause{Term::type("opportunity.won"), Term::tag("a")}};
  won_by_a.any_of.push_back({Term::type("case.closed")});
  this->appended(Sample(1).with({.tags = {"a"}}).on("opportunity-A", 0));
  this->appended(Sample(2).with({.tags = {"b"}}).on("opportunity-B", 0, 1, "won"));
  this->appended(Sample(3).on("case-1", 0).after({}, won_by_a));
  this->appended(Sample(4).on("case-1", 1, 1, "closed").after({}, won_by_a));
  EXPECT_EQ(this->positions(this->conflict(Sample(5).on("case-2", 0).after({}, won_by_a)).events), (Positions{4}));
}

TYPED_TEST(ConditionContract, SaysWhatAReusedCommandIdStandsFor) {
  auto difference = [&](const Sample& sample) {
    auto outcome = this->append(sample);
    auto* reused = std::get_if<CommandIdReused>(&outcome);
    EXPECT_TRUE(reused);
    if (!reused) return std::string();
    EXPECT_EQ(reused->first.events.size(), 2u);
    return reused->difference;
  };
  this->appended(Sample(1, 1).on("opportunity-A", 0, 2));
  EXPECT_EQ(difference(Sample(1, 2).on("opportunity-B", 0, 2)), "event 0 went to opportunity-A, not to opportunity-B");
  EXPECT_EQ(difference(Sample(1, 2).on("opportunity-A", 0, 2, "won")), "event 0 is opportunity.opened, not opportunity.won");
  EXPECT_EQ(difference(Sample(1, 2).on("opportunity-A", 0)), "it has 2 events, not 1");
  EXPECT_EQ(difference(Sample(1, 2).on("opportunity-A", 0, 2)), "the request is another");
}

TYPED_TEST(ConditionContract, RefusesTagsThatAreNone) {
  auto reason = [&](std::vector<std::string> tags) {
    Sample sample(1);
    sample.with({.tags = std::move(tags)}).on("case-1", 0);
    auto outcome = this->store_.append({&sample.append(), 1});
    return outcome ? "" : outcome.error().reason;
  };
  EXPECT_EQ(reason({""}), "store.tag_size");
  EXPECT_EQ(reason({std::string(kTagBytesMax + 1, 'x')}), "store.tag_size");
  EXPECT_EQ(reason(std::vector<std::string>(kTagsMax + 1, "x")), "store.too_many_tags");
}

}  // namespace rapport::test
