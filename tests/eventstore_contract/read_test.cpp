// What can be read back: everything, a stream both ways, types, categories, commands, events, times; and waiting for more.
#include <thread>

#include "tests/eventstore_contract/stores.h"

namespace rapport::test {

using Texts = std::vector<std::string>;

template <class Kind>
class ReadContract : public StoreTest<Kind> {
 protected:
  // 1:A@1 2:A@2 (won) 3:C@1 (case) 4:B@1 5:A@3 (won) 6:C@2 (case)
  void fill() {
    this->appended(Sample(1).on("opportunity-A", 0));
    this->appended(Sample(2).on("opportunity-A", 1, 1, "won").on("case-C", 0));
    this->appended(Sample(3).on("opportunity-B", 0));
    this->appended(Sample(4).on("opportunity-A", 2, 1, "won"));
    this->appended(Sample(5).on("case-C", 1, 1, "closed"));
  }
};
TYPED_TEST_SUITE(ReadContract, Stores);

TYPED_TEST(ReadContract, ReadsAllFromAnyPositionBothWays) {
  this->fill();
  EXPECT_EQ(this->read({}), (Texts{"1:A@1", "2:A@2", "3:C@1", "4:B@1", "5:A@3", "6:C@2"}));
  EXPECT_EQ(this->read({.from = {1}}), this->read({}));
  EXPECT_EQ(this->read({.from = {4}}), (Texts{"4:B@1", "5:A@3", "6:C@2"}));
  EXPECT_EQ(this->read({.from = {3}, .to = {4}}), (Texts{"3:C@1", "4:B@1"}));
  EXPECT_EQ(this->read({.from = {7}}), Texts{});
  EXPECT_EQ(this->read({.direction = Direction::kBackward}), (Texts{"6:C@2", "5:A@3", "4:B@1", "3:C@1", "2:A@2", "1:A@1"}));
  EXPECT_EQ(this->read({.direction = Direction::kBackward, .from = {2}}), (Texts{"2:A@2", "1:A@1"}));
  EXPECT_EQ(this->read({.direction = Direction::kBackward, .from = {99}}).size(), 6u);
}

TYPED_TEST(ReadContract, ReadsAStreamFromAnyVersionBothWays) {
  this->fill();
  EXPECT_EQ(this->read({.stream = "opportunity-A"}), (Texts{"1:A@1", "2:A@2", "5:A@3"}));
  EXPECT_EQ(this->read({.stream = "opportunity-A", .from_version = {2}}), (Texts{"2:A@2", "5:A@3"}));
  EXPECT_EQ(this->read({.to = {4}, .stream = "opportunity-A"}), (Texts{"1:A@1", "2:A@2"}));
  EXPECT_EQ(this->read({.stream = "opportunity-A", .from_version = {4}}), Texts{});
  EXPECT_EQ(this->read({.direction = Direction::kBackward, .stream = "opportunity-A"}), (Texts{"5:A@3", "2:A@2", "1:A@1"}));
  EXPECT_EQ(this->read({.direction = Direction::kBackward, .stream = "opportunity-A", .from_version = {2}}),
            (Texts{"2:A@2", "1:A@1"}));
  EXPECT_EQ(this->read({.stream = "opportunity-"}), Texts{});
  EXPECT_EQ(this->read({.stream = "opportunity-AA"}), Texts{});
}

TYPED_TEST(ReadContract, ReadsATypeAndACategory) {
  this->fill();
  EXPECT_EQ(this->read({.filter = Term::type("opportunity.won")}), (Texts{"2:A@2", "5:A@3"}));
  EXPECT_EQ(this->read({.from = {3}, .filter = Term::type("opportunity.won")}), (Texts{"5:A@3"}));
  EXPECT_EQ(this->read({.to = {4}, .filter = Term::type("opportunity.won")}), (Texts{"2:A@2"}));
  EXPECT_EQ(this->read({.filter = Term::type("opportunity.wo")}), Texts{});
  EXPECT_EQ(this->read({.filter = Term::category("opportunity")}), (Texts{"1:A@1", "2:A@2", "4:B@1", "5:A@3"}));
  EXPECT_EQ(this->read({.from = {2}, .to = {4}, .filter = Term::category("opportunity")}), (Texts{"2:A@2", "4:B@1"}));
  EXPECT_EQ(this->read({.filter = Term::category("case")}), (Texts{"3:C@1", "6:C@2"}));
  EXPECT_EQ(this->read({.filter = Term::category("cas")}), Texts{});
  EXPECT_EQ(this->read({.direction = Direction::kBackward, .filter = Term::category("opportunity")}), (Texts{"5:A@3", "4:B@1", "2:A@2", "1:A@1"}));
  EXPECT_EQ(this->read({.direction = Direction::kBackward, .from = {4}, .filter = Term::type("opportunity.won")}), (Texts{"2:A@2"}));
}

TYPED_TEST(ReadContract, TakesAllThatIsAskedForTogether) {
  this->fill();
  EXPECT_EQ(this->read({.stream = "opportunity-A", .filter = Term::type("opportunity.won")}), (Texts{"2:A@2", "5:A@3"}));
  EXPECT_EQ(this->read({.direction = Direction::kBackward, .stream = "opportunity-A", .filter = Term::type("opportunity.won")}),
            (Texts{"5:A@3", "2:A@2"}));
  EXPECT_EQ(this->read({.stream = "opportunity-A", .from_version = {3}, .filter = Term::type("opportunity.won")}), (Texts{"5:A@3"}));
  EXPECT_EQ(this->read({.to = {4}, .stream = "opportunity-A", .filter = Term::type("opportunity.won")}), (Texts{"2:A@2"}));
  EXPECT_EQ(this->read({.stream = "opportunity-B", .filter = Term::type("opportunity.won")}), Texts{});
  EXPECT_EQ(this->read({.stream = "opportunity-A", .filter = Term::category("case")}), Texts{});
  EXPECT_EQ(this->read({.filter = Clause{Term::category("case"), Term::type("case.closed")}}), (Texts{"6:C@2"}));
  EXPECT_EQ(this->read({.filter = Clause{Term::category("case"), Term::type("opportunity.won")}}), Texts{});
}

TYPED_TEST(ReadContract, GoesOnWhenMoreIsCommitted) {
  auto all = this->store_.read({});
  auto stream = this->store_.read({.stream = "opportunity-A"});
  auto won = this->store_.read({.filter = Term::type("opportunity.won")});
  auto cases = this->store_.read({.filter = Term::category("case")});
  EXPECT_EQ(this->rest_of(*all), Texts{});
  EXPECT_EQ(this->rest_of(*stream), Texts{});
  EXPECT_EQ(this->rest_of(*won), Texts{});
  this->fill();
  EXPECT_EQ(this->rest_of(*all).size(), 6u);
  EXPECT_EQ(this->rest_of(*stream), (Texts{"1:A@1", "2:A@2", "5:A@3"}));
  EXPECT_EQ(this->rest_of(*won), (Texts{"2:A@2", "5:A@3"}));
  EXPECT_EQ(this->rest_of(*cases), (Texts{"3:C@1", "6:C@2"}));
  EXPECT_EQ(this->rest_of(*all), Texts{});
  this->appended(Sample(9).on("opportunity-A", 3, 1, "won").on("case-C", 2));
  EXPECT_EQ(this->rest_of(*all), (Texts{"7:A@4", "8:C@3"}));
  EXPECT_EQ(this->rest_of(*stream), (Texts{"7:A@4"}));
  EXPECT_EQ(this->rest_of(*won), (Texts{"7:A@4"}));
  EXPECT_EQ(this->rest_of(*cases), (Texts{"8:C@3"}));
}

TYPED_TEST(ReadContract, GivesBackWhatWasAppended) {
  Sample sample(1);
  sample.on("opportunity-A", 0);
  auto stored = this->appended(sample);
  auto reader = this->store_.read({});
  const auto* event = *reader->next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->stream_type, "opportunity");
  EXPECT_EQ(event->stream_id, "A");
  EXPECT_EQ(event->type, "opportunity.opened");
  EXPECT_EQ(event->command, command_id(1));
  EXPECT_EQ(event->ordinal, 0);
  EXPECT_EQ(event->occurred_at, kNow);
  EXPECT_EQ(event->recorded_at, kNow);
  EXPECT_EQ(event->precision, Precision::INSTANT);
  EXPECT_EQ(event->subject_key, 7u);
  EXPECT_EQ(event->leaf, stored.events[0].leaf);
  EXPECT_EQ(event->payload.asBytes(), sample.append().events[0].payload.asBytes());
  EXPECT_EQ(event->metadata_bytes.asBytes(), sample.append().events[0].metadata.asBytes());
  EXPECT_EQ(event->metadata.getActorId(), "user-7");
  ASSERT_EQ(event->request.size(), sizeof(Hash));
  EXPECT_EQ(event->request[31], 1);
}

TYPED_TEST(ReadContract, FindsCommandsAndEventsByTheirIds) {
  this->fill();
  auto found = this->store_.find(command_id(2));
  ASSERT_TRUE(found && *found);
  ASSERT_EQ((*found)->events.size(), 2u);
  EXPECT_EQ((*found)->events[1].stream, "case-C");
  EXPECT_EQ((*found)->events[1].position, Position{3});
  EXPECT_EQ((*found)->request[31], 1);  // by which a repeated command is told from a reused id
  EXPECT_FALSE(*this->store_.find(command_id(77)));
  EXPECT_EQ(**this->store_.find(event_id(command_id(2), 1)), Position{3});
  EXPECT_FALSE(*this->store_.find(event_id(command_id(2), 2)));
  EXPECT_FALSE(*this->store_.find(event_id(command_id(77), 0)));
}

TYPED_TEST(ReadContract, FindsThePositionOfATime) {
  EXPECT_EQ(*this->store_.position_at(kNow), Position{0});
  this->appended(Sample(1).on("opportunity-A", 0, 2));
  this->clock_.advance(kMicrosPerSecond);
  this->appended(Sample(2).on("opportunity-B", 0));
  auto at = [&](std::int64_t micros) { return this->store_.position_at({kNow.micros + micros})->value; };
  EXPECT_EQ(at(-1), 0u);
  EXPECT_EQ(at(0), 1u);
  EXPECT_EQ(at(1), 2u);
  EXPECT_EQ(at(999'999), 2u);
  EXPECT_EQ(at(1'000'000), 3u);
  EXPECT_EQ(at(99'000'000), 3u);
}

TYPED_TEST(ReadContract, TellsFactsAboutTheLog) {
  EXPECT_EQ(this->store_.facts().streams, 0u);
  this->fill();
  auto facts = this->store_.facts();
  EXPECT_EQ(facts.streams, 3u);
  EXPECT_TRUE(facts.origin.starts_with("rapport/"));
  EXPECT_EQ(facts.first_recorded_at, kNow);
  EXPECT_EQ(facts.last_recorded_at, this->store_.head().recorded_at);
}

TYPED_TEST(ReadContract, WakesThoseWhoWait) {
  EXPECT_FALSE(this->store_.wait_past({0}, std::chrono::milliseconds(1)));
  std::jthread appender([&] { this->appended(Sample(1).on("opportunity-A", 0)); });
  EXPECT_TRUE(this->store_.wait_past({0}, std::chrono::seconds(20)));
  appender.join();
  EXPECT_TRUE(this->store_.wait_past({0}, std::chrono::milliseconds(0)));
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(this->store_.wait_past({1}, std::chrono::seconds(20), stop.get_token()));
}

TYPED_TEST(ReadContract, ReadsOnWhileOthersAppend) {
  constexpr std::uint64_t kEvents = 300;
  std::jthread appender([&] {
    for (std::uint64_t i = 0; i < kEvents; ++i) this->appended(Sample(i + 1).on("case-" + std::to_string(i % 7), i / 7));
  });
  auto all = this->store_.read({});
  auto category = this->store_.read({.filter = Term::category("case")});
  std::uint64_t seen = 0;
  std::size_t of_category = 0;
  while (seen < kEvents) {
    ASSERT_TRUE(this->store_.wait_past({seen}, std::chrono::seconds(20)));
    for (auto event = *all->next(); event; event = *all->next()) ASSERT_EQ(event->position.value, ++seen);
    of_category += this->rest_of(*category).size();
  }
  appender.join();
  of_category += this->rest_of(*category).size();
  EXPECT_EQ(of_category, kEvents);
}

TYPED_TEST(ReadContract, ProvesEveryEventAndEveryEarlierTree) {
  std::vector<Hash> leaves, roots{this->store_.head().root};
  for (std::uint64_t c = 0; c < 9; ++c) {
    auto stored = this->appended(Sample(c + 1).on("opportunity-A", c * 77, 77, "opened", 8));
    for (const auto& event : stored.events) leaves.push_back(event.leaf);
    roots.push_back(this->store_.head().root);
  }
  auto head = this->store_.head();
  EXPECT_EQ(*tree_head(this->store_, head.position.value), head.root);
  for (std::uint64_t index = 0; index < leaves.size(); ++index)
    ASSERT_TRUE(includes(leaves[index], index, leaves.size(), head.root, *inclusion_proof(this->store_, index, leaves.size()))) << index;
  for (std::uint64_t c = 0; c < roots.size(); ++c)
    EXPECT_TRUE(extends(c * 77, roots[c], leaves.size(), head.root, *consistency_proof(this->store_, c * 77, leaves.size()))) << c;
}

TYPED_TEST(ReadContract, ShowsItsTreeInTiles) {
  this->appended(Sample(1).on("opportunity-A", 0, 300, "opened", 8));
  EXPECT_EQ(this->store_.tile({0, 0}, 256)->size(), 256u);
  EXPECT_EQ(this->store_.tile({0, 1}, 44)->size(), 44u);
  EXPECT_EQ(this->store_.tile({1, 0}, 1)->front(), full_tree_head(*this->store_.tile({0, 0}, 256)));
  EXPECT_EQ(this->store_.tile({0, 1}, 45).error().reason, "store.past_head");
  EXPECT_EQ(this->store_.tile({1, 0}, 2).error().reason, "store.past_head");
  EXPECT_EQ(this->store_.tile({2, 0}, 1).error().reason, "store.past_head");
}

}  // namespace rapport::test
