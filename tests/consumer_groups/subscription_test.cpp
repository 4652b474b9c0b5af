// From any position to what is appended now: every event once, in order, and always a word about where the end is.
#include <gtest/gtest.h>

#include <thread>

#include "eventstore/memory/memory_event_store.h"
#include "eventstore/subscription.h"
#include "tests/eventstore_samples/sample_events.h"

namespace rapport::test {
namespace {

using std::chrono::milliseconds;

class SubscriptionTest : public testing::Test {
 protected:
  // "7", "caught-up 7" or "heartbeat 7".
  static std::string next(Subscription& subscription, milliseconds timeout = milliseconds(0)) {
    auto item = subscription.next(timeout);
    if (!item) return item.error().reason;
    if (auto* event = std::get_if<const RecordedEvent*>(&*item)) return std::to_string((*event)->position.value);
    if (auto* end = std::get_if<Subscription::CaughtUp>(&*item)) return "caught-up " + std::to_string(end->position.value);
    return "heartbeat " + std::to_string(std::get<Subscription::Heartbeat>(*item).position.value);
  }
  void append(std::uint64_t command, const std::string& stream, std::uint64_t expected, std::size_t events = 1) {
    ASSERT_TRUE(std::holds_alternative<Appended>(append_one(store_, Sample(command).on(stream, expected, events))));
  }

  ManualClock clock_{kNow};
  MemoryEventStore store_{clock_};
};

TEST_F(SubscriptionTest, SaysThatItHasCaughtUpOnAnEmptyLog) {
  Subscription subscription(store_, {});
  EXPECT_EQ(next(subscription), "caught-up 0");
  EXPECT_EQ(next(subscription), "heartbeat 0");
}

TEST_F(SubscriptionTest, GoesFromWhatIsThereToWhatComes) {
  append(1, "case-1", 0, 2);
  Subscription subscription(store_, {1});
  EXPECT_EQ(next(subscription), "2");
  EXPECT_EQ(next(subscription), "caught-up 2");
  append(2, "case-1", 2);
  EXPECT_EQ(next(subscription), "3");
  EXPECT_EQ(next(subscription), "caught-up 3");
  EXPECT_EQ(next(subscription), "heartbeat 3");
}

TEST_F(SubscriptionTest, TellsAFilteredReaderHowFarItIs) {
  append(1, "case-1", 0, 3);
  append(2, "order-1", 0, 2);
  Subscription subscription(store_, {}, Term::category("case"));
  for (auto* expected : {"1", "2", "3", "caught-up 5"}) EXPECT_EQ(next(subscription), expected);
  append(3, "order-1", 2, 4);
  EXPECT_EQ(next(subscription), "heartbeat 9");
  EXPECT_EQ(subscription.passed(), Position{9});
}

TEST_F(SubscriptionTest, HasNoGapAndNoDoubleWhileOthersAppend) {
  constexpr std::uint64_t kEvents = 2'000;
  std::jthread appender([&] {
    for (std::uint64_t i = 0; i < kEvents; ++i) append(i + 1, "case-" + std::to_string(i % 5), i / 5);
  });
  Subscription subscription(store_, {});
  std::uint64_t seen = 0;
  while (seen < kEvents) {
    auto item = subscription.next(std::chrono::seconds(20));
    ASSERT_TRUE(item);
    if (auto* event = std::get_if<const RecordedEvent*>(&*item)) ASSERT_EQ((*event)->position.value, ++seen);
    else ASSERT_TRUE(std::holds_alternative<Subscription::CaughtUp>(*item));
  }
}

TEST_F(SubscriptionTest, EndsItsWaitWhenItIsToldToStop) {
  Subscription subscription(store_, {});
  ASSERT_EQ(next(subscription), "caught-up 0");
  std::stop_source stop;
  stop.request_stop();
  auto item = subscription.next(std::chrono::hours(1), stop.get_token());
  ASSERT_TRUE(item);
  EXPECT_TRUE(std::holds_alternative<Subscription::Heartbeat>(*item));
}

}  // namespace
}  // namespace rapport::test
