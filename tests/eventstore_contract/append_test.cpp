// What an append promises: expected versions, one answer for ever per command, all or nothing, dense positions, times.
#include <thread>

#include "eventstore/proof/merkle_tree.h"
#include "tests/eventstore_contract/stores.h"

namespace rapport::test {

template <class Kind>
class AppendContract : public StoreTest<Kind> {};
TYPED_TEST_SUITE(AppendContract, Stores);

TYPED_TEST(AppendContract, AnswersPositionsVersionsAndLeaves) {
  auto first = this->appended(Sample(1).on("opportunity-A", 0, 2));
  ASSERT_EQ(first.events.size(), 2u);
  EXPECT_EQ(first.events[0].position, Position{1});
  EXPECT_EQ(first.events[1].position, Position{2});
  EXPECT_EQ(first.events[1].version, StreamVersion{2});
  EXPECT_EQ(first.events[1].stream, "opportunity-A");
  EXPECT_EQ(first.events[1].type, "opportunity.opened");
  EXPECT_NE(first.events[0].leaf, first.events[1].leaf);
  EXPECT_EQ(this->store_.head().position, Position{2});
  EXPECT_EQ(this->store_.version_of("opportunity-A")->value, 2u);
  EXPECT_EQ(this->store_.version_of("opportunity-B")->value, 0u);
}

TYPED_TEST(AppendContract, RefusesAnotherVersionAndSaysWhichItIs) {
  this->appended(Sample(1).on("opportunity-A", 0, 2));
  for (std::uint64_t expected : {0u, 1u, 3u}) {
    auto outcome = this->append(Sample(2).on("opportunity-A", expected));
    ASSERT_TRUE(std::holds_alternative<Conflict>(outcome)) << expected;
    EXPECT_EQ(std::get<Conflict>(outcome).stream, "opportunity-A");
    EXPECT_EQ(std::get<Conflict>(outcome).current, StreamVersion{2});
  }
  EXPECT_EQ(this->store_.head().position, Position{2});
}

TYPED_TEST(AppendContract, ChecksStreamsThatGetNoEvents) {
  this->appended(Sample(1).on("opportunity-A", 0));
  EXPECT_TRUE(std::holds_alternative<Conflict>(this->append(Sample(2).on("opportunity-B", 0).check("opportunity-A", 0))));
  EXPECT_EQ(this->store_.version_of("opportunity-B")->value, 0u);
  this->appended(Sample(2).on("opportunity-B", 0).check("opportunity-A", 1));
  EXPECT_EQ(this->store_.version_of("opportunity-A")->value, 1u);
}

TYPED_TEST(AppendContract, StoresSeveralStreamsTogetherOrNotAtAll) {
  auto both = this->appended(Sample(1).on("order-1", 0, 2).on("loyaltyMember-9", 0));
  ASSERT_EQ(both.events.size(), 3u);
  EXPECT_EQ(both.events[2].stream, "loyaltyMember-9");
  EXPECT_TRUE(std::holds_alternative<Conflict>(this->append(Sample(2).on("order-2", 0).on("loyaltyMember-9", 0))));
  EXPECT_EQ(this->store_.version_of("order-2")->value, 0u);
  EXPECT_EQ(this->store_.head().position, Position{3});
}

TYPED_TEST(AppendContract, RepeatsTheFirstReceiptAfterTheStreamMovedOn) {
  auto first = this->appended(Sample(1).on("opportunity-A", 0, 2));
  this->appended(Sample(2).on("opportunity-A", 2));
  auto again = this->append(Sample(1).on("opportunity-A", 0, 2));
  ASSERT_TRUE(std::holds_alternative<AlreadyAppended>(again));
  const auto& repeated = std::get<AlreadyAppended>(again).outcome.events;
  ASSERT_EQ(repeated.size(), first.events.size());
  for (std::size_t i = 0; i < repeated.size(); ++i) {
    EXPECT_EQ(repeated[i].position, first.events[i].position);
    EXPECT_EQ(repeated[i].version, first.events[i].version);
    EXPECT_EQ(repeated[i].leaf, first.events[i].leaf);
    EXPECT_EQ(repeated[i].stream, first.events[i].stream);
    EXPECT_EQ(repeated[i].type, first.events[i].type);
  }
  EXPECT_EQ(this->store_.head().position, Position{3});
}

TYPED_TEST(AppendContract, TellsAReusedCommandIdFromARepeatedCommand) {
  this->appended(Sample(1, 1).on("opportunity-A", 0));
  EXPECT_TRUE(std::holds_alternative<CommandIdReused>(this->append(Sample(1, 2).on("opportunity-A", 1))));
  EXPECT_EQ(this->store_.head().position, Position{1});
}

TYPED_TEST(AppendContract, LetsALaterAppendOfACallBuildOnAnEarlierOne) {
  Sample first(1), second(2), third(3), again(1), reused(2, 9);
  first.on("opportunity-A", 0);
  second.on("opportunity-A", 1, 2);
  third.on("opportunity-A", 1);
  again.on("opportunity-A", 0);
  reused.on("opportunity-B", 0);
  std::vector<Append> appends{first.append(), second.append(), third.append(), again.append(), reused.append()};
  auto outcomes = this->store_.append(appends);
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  ASSERT_EQ(outcomes->size(), 5u);
  EXPECT_TRUE(std::holds_alternative<Appended>((*outcomes)[0]));
  EXPECT_EQ(std::get<Appended>((*outcomes)[1]).outcome.events[1].version, StreamVersion{3});
  EXPECT_EQ(std::get<Conflict>((*outcomes)[2]).current, StreamVersion{3});
  EXPECT_EQ(std::get<AlreadyAppended>((*outcomes)[3]).outcome.events[0].position, Position{1});
  EXPECT_TRUE(std::holds_alternative<CommandIdReused>((*outcomes)[4]));
  EXPECT_EQ(this->store_.head().position, Position{3});
}

TYPED_TEST(AppendContract, GivesDensePositionsUnderConcurrentCallers) {
  constexpr std::uint64_t kThreads = 8, kEach = 50;
  std::vector<std::jthread> threads;
  std::mutex mutex;
  std::set<std::uint64_t> positions;
  for (std::uint64_t t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < kEach; ++i) {
        auto outcome = this->append(Sample(1 + t * kEach + i).on("opportunity-" + std::to_string(t), i));
        ASSERT_TRUE(std::holds_alternative<Appended>(outcome));
        std::lock_guard lock(mutex);
        positions.insert(std::get<Appended>(outcome).outcome.events[0].position.value);
      }
    });
  threads.clear();
  EXPECT_EQ(positions.size(), kThreads * kEach);
  EXPECT_EQ(*positions.begin(), 1u);
  EXPECT_EQ(*positions.rbegin(), kThreads * kEach);
  EXPECT_EQ(this->read({}).size(), kThreads * kEach);
}

TYPED_TEST(AppendContract, LetsExactlyOneOfManyRacersWin) {
  constexpr std::uint64_t kThreads = 8, kRounds = 30;
  std::atomic<int> won{0};
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        for (std::uint64_t round = 0; round < kRounds; ++round)
          if (std::holds_alternative<Appended>(this->append(Sample(1 + t * kRounds + round).on("case-1", round)))) ++won;
      });
  }
  EXPECT_EQ(this->store_.version_of("case-1")->value, static_cast<std::uint64_t>(won));
  EXPECT_LE(won, static_cast<int>(kRounds));
  EXPECT_GE(won, 1);
}

TYPED_TEST(AppendContract, AnswersARepetitionThatRacesItsOriginalWithTheSameEvents) {
  constexpr std::uint64_t kThreads = 4, kCommands = 40;
  std::atomic<int> appended{0}, already{0};
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < kThreads; ++t)
      threads.emplace_back([&] {
        for (std::uint64_t c = 1; c <= kCommands; ++c) {
          auto outcome = this->append(Sample(c).on("case-" + std::to_string(c), 0));
          if (std::holds_alternative<Appended>(outcome)) ++appended;
          if (std::holds_alternative<AlreadyAppended>(outcome)) ++already;
        }
      });
  }
  EXPECT_EQ(appended, static_cast<int>(kCommands));
  EXPECT_EQ(already, static_cast<int>((kThreads - 1) * kCommands));
}

TYPED_TEST(AppendContract, RecordsTimesThatAlwaysGrow) {
  this->appended(Sample(1).on("opportunity-A", 0, 3));
  this->clock_.advance(10 * kMicrosPerSecond);
  this->appended(Sample(2).on("opportunity-B", 0));
  this->clock_.advance(-5 * kMicrosPerSecond);
  this->appended(Sample(3).on("opportunity-C", 0));
  std::vector<std::int64_t> times;
  auto reader = this->store_.read({});
  for (auto event = *reader->next(); event; event = *reader->next()) times.push_back(event->recorded_at.micros - kNow.micros);
  EXPECT_EQ(times, (std::vector<std::int64_t>{0, 1, 2, 10'000'000, 10'000'001}));
  EXPECT_EQ(this->store_.head().recorded_at.micros, kNow.micros + 10'000'001);
}

TYPED_TEST(AppendContract, StopsAtAClockThatJumpsUntilToldOtherwise) {
  this->appended(Sample(1).on("opportunity-A", 0));
  this->clock_.set({kNow.micros + 3600 * kMicrosPerSecond});
  Sample second(2);
  second.on("opportunity-A", 1);
  auto refused = this->store_.append({&second.append(), 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(refused.error().reason, "store.clock_suspect");
  this->kind_.accept_clock();
  this->appended(second);
  EXPECT_EQ(this->store_.head().recorded_at.micros, kNow.micros + 3600 * kMicrosPerSecond);
}

TYPED_TEST(AppendContract, ToleratesAClockThatIsSlewed) {
  this->appended(Sample(1).on("opportunity-A", 0));
  for (std::uint64_t i = 1; i <= 10; ++i) {
    this->clock_.set({this->clock_.now().micros + 40 * kMicrosPerSecond});
    this->appended(Sample(1 + i).on("opportunity-A", i));
  }
}

TYPED_TEST(AppendContract, StopsWhenTheLogIsAheadOfTheClock) {
  Sample loaded(1);
  loaded.on("opportunity-A", 0).loaded({kNow.micros + 3600 * kMicrosPerSecond}, {});
  this->appended(loaded);
  Sample second(2);
  second.on("opportunity-A", 1);
  auto refused = this->store_.append({&second.append(), 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "store.clock_suspect");
  this->kind_.accept_clock();
  this->appended(second);
  EXPECT_EQ(this->store_.head().recorded_at.micros, kNow.micros + 3600 * kMicrosPerSecond + 1);
}

TYPED_TEST(AppendContract, NamesTheLimitThatIsPassed) {
  auto reason = [&](const Sample& sample) {
    auto outcomes = this->store_.append({&sample.append(), 1});
    if (outcomes) return std::string("accepted");
    EXPECT_EQ(outcomes.error().code, ErrorCode::kInvalid);
    return outcomes.error().reason;
  };
  EXPECT_EQ(reason(Sample(1).on("opportunity-A", 0, 1, "opened", kEventBytesMax)), "store.event_too_large");
  EXPECT_EQ(reason(Sample(1).on("opportunity-A", 0, 20, "opened", 230'000)), "store.append_too_large");
  EXPECT_EQ(reason(Sample(1).on("opportunity-A", 0, kAppendEventsMax + 1, "opened", 0)), "store.append_too_many_events");
  EXPECT_EQ(reason(Sample(1)), "store.append_empty");
  EXPECT_EQ(reason(Sample(1).on("opportunity-" + std::string(kStreamIdBytesMax + 1, 'x'), 0)), "store.stream_name");
  EXPECT_EQ(reason(Sample(1).on("opportunity-a\nb", 0)), "store.stream_name");
  EXPECT_EQ(reason(Sample(1).on("opportunity-\xff", 0)), "store.stream_name");
  EXPECT_EQ(reason(Sample(1).on("Opportunity-1", 0)), "store.stream_name");
  EXPECT_EQ(reason(Sample(1).on("opportunity-A", 0, 1, "")), "store.event_type");
  EXPECT_EQ(reason(Sample(1).on("opportunity-A", 0).check("opportunity-A", 0)), "store.condition_repeated");
  Sample unconditional(1);
  unconditional.on("opportunity-A", 0).raw().conditions.clear();
  EXPECT_EQ(reason(unconditional), "store.condition_missing");
  Sample mismatch(1);
  mismatch.on("opportunity-A", 0).on("opportunity-B", 0);
  std::swap(mismatch.raw().events[0].metadata, mismatch.raw().events[1].metadata);
  EXPECT_EQ(reason(mismatch), "store.metadata_mismatch");
  Sample torn(1);
  torn.on("opportunity-A", 0);
  torn.raw().events[0].payload = torn.raw().events[0].payload.slice(0, 2);
  EXPECT_EQ(reason(torn), "store.malformed_message");
  // A list of four million elements of no size.
  const std::uint64_t claims[] = {std::uint64_t{3} << 32, std::uint64_t{1} << 48, std::uint64_t{7} << 32 | 1, std::uint64_t{4'000'000} << 2};
  Sample amplified(1);
  amplified.on("opportunity-A", 0);
  amplified.raw().events[0].payload = {reinterpret_cast<const capnp::word*>(claims), 4};
  EXPECT_EQ(reason(amplified), "store.message_no_tree");
  EXPECT_EQ(this->store_.head().position, Position{0});
}

TYPED_TEST(AppendContract, TakesTheLargestEventAndTheLongestId) {
  this->appended(Sample(1).on("opportunity-" + std::string(kStreamIdBytesMax, 'x'), 0, 1, "opened", kEventBytesMax - 1024));
  this->appended(Sample(2).on("opportunity-客户 №7", 0));
  EXPECT_EQ(this->read({.stream = "opportunity-客户 №7"}), std::vector<std::string>{"2:客户 №7@1"});
}

TYPED_TEST(AppendContract, StoresAnAppendThatFillsManyFrames) {
  auto stored = this->appended(Sample(1).on("opportunity-A", 0, 3000, "opened", 200).on("opportunity-B", 0, 10));
  EXPECT_EQ(stored.events.size(), 3010u);
  auto found = this->store_.find(command_id(1));
  ASSERT_TRUE(found && *found);
  ASSERT_EQ((*found)->events.size(), 3010u);
  EXPECT_EQ((*found)->events[2999].leaf, stored.events[2999].leaf);
  EXPECT_TRUE(std::holds_alternative<AlreadyAppended>(
      this->append(Sample(1).on("opportunity-A", 0, 3000, "opened", 200).on("opportunity-B", 0, 10))));
}

TYPED_TEST(AppendContract, HasTheTreeHeadOfItsLeavesAtEveryPosition) {
  MerkleTree tree;
  std::vector<Hash> roots{tree.root()};
  EXPECT_EQ(this->store_.head().root, tree.root());
  for (std::uint64_t c = 1; c <= 40; ++c) {
    auto stored = this->appended(Sample(c).on("opportunity-" + std::to_string(c), 0, c % 3 * 40 + 1));
    for (const auto& event : stored.events) {
      tree.add(event.leaf);
      roots.push_back(tree.root());
    }
    EXPECT_EQ(this->store_.head().root, tree.root());
  }
  for (std::uint64_t p = 0; p < roots.size(); p += 7) EXPECT_EQ(*this->store_.root_at({p}), roots[p]) << p;
  auto past = this->store_.root_at({roots.size()});
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().reason, "store.past_head");
}

TYPED_TEST(AppendContract, LoadsTheSameEventsUnderTheSameTimesAndRoot) {
  this->appended(Sample(1).on("opportunity-A", 0, 3));
  this->clock_.advance(kMicrosPerSecond);
  this->appended(Sample(2).on("opportunity-A", 3, 2));
  MemoryEventStore copy(this->clock_);
  auto reader = this->store_.read({});
  std::vector<std::array<std::uint8_t, 16>> salts;
  std::vector<Timestamp> times;
  for (auto event = *reader->next(); event; event = *reader->next()) {
    auto& salt = salts.emplace_back();
    std::copy(event->salt.begin(), event->salt.end(), salt.begin());
    times.push_back(event->recorded_at);
  }
  append_one(copy, Sample(1).on("opportunity-A", 0, 3).loaded(times[0], {salts.begin(), salts.begin() + 3}));
  append_one(copy, Sample(2).on("opportunity-A", 3, 2).loaded(times[3], {salts.begin() + 3, salts.end()}));
  EXPECT_EQ(copy.head().root, this->store_.head().root);
  EXPECT_EQ(copy.head().recorded_at, this->store_.head().recorded_at);
  Sample late(3);
  late.on("opportunity-A", 5).loaded(times[4], {});
  auto refused = copy.append({&late.append(), 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "store.recorded_at");
}

}  // namespace rapport::test
