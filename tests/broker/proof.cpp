#include "tests/broker/proof.h"

#include <gtest/gtest.h>

#include "adapters/kafka/partitioner.h"
#include "adapters/kafka/record.h"
#include "adapters/kafka/topics.h"
#include "eventstore/frame.h"
#include "projections/digest.h"
#include "projections/memory/memory_row_store.h"
#include "projections/views.h"
#include "tests/broker/broker.h"

namespace rapport::kafka {
namespace {

struct Seen {
  std::string topic;
  Consumed record;
};

// Order and the chain of rapport-prev in each partition; the records by sequence.
void read_topic(const std::string& brokers, const TopicPlan& plan,
                std::map<std::uint64_t, Seen>& all, std::size_t* doubles = nullptr) {
  std::map<std::int32_t, std::uint64_t> previous;
  for (auto& record : consume(brokers, plan.name)) {
    const auto sequence = record.number("ce_sequence");
    if (doubles && sequence <= previous[record.partition]) {
      ++*doubles;
      continue;
    }
    EXPECT_GT(sequence, previous[record.partition]) << plan.name << " " << record.partition;
    EXPECT_EQ(record.number("rapport-prev"), previous[record.partition])
        << plan.name << " " << record.partition;
    previous[record.partition] = sequence;
    EXPECT_EQ(record.partition, partition_of(record.key, plan.partitions)) << record.key;
    ASSERT_TRUE(all.emplace(sequence, Seen{plan.name, std::move(record)}).second)
        << "event " << sequence << " twice";
  }
}

void expect_events(const EventStore& store, const std::map<std::uint64_t, Seen>& all) {
  EXPECT_EQ(all.size(), store.head().position.value);
  EventRecord expected(store.facts().origin, nullptr);
  auto reader = store.read({});
  for (;;) {
    auto event = reader->next();
    ASSERT_TRUE(event);
    if (!*event) return;
    auto found = all.find((*event)->position.value);
    ASSERT_NE(found, all.end()) << "event " << (*event)->position.value << " is missing";
    const auto& record = found->second.record;
    ASSERT_EQ(found->second.topic, events_topic((*event)->stream_type));
    ASSERT_EQ(record.key, expected.key_of(**event));
    ASSERT_TRUE(expected.write(**event, record.number("rapport-prev")));
    ASSERT_EQ(record.value, expected.value());
    ASSERT_EQ(record.timestamp_ms, (*event)->recorded_at.micros / 1'000);
    ASSERT_EQ(record.headers.size(), expected.headers().size());
    for (std::size_t i = 0; i < record.headers.size(); ++i) {
      ASSERT_EQ(record.headers[i].first, expected.headers()[i].name);
      ASSERT_EQ(record.headers[i].second, expected.headers()[i].value);
    }
  }
}

void expect_frames(const EventStore& store, const std::string& brokers) {
  std::uint64_t last = 0;
  Frame frame;
  for (const auto& record : consume(brokers, std::string(kLogTopic))) {
    const auto& bytes = record.value;
    ASSERT_TRUE(frame.read({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()},
                           Frame::Check::kDigests));
    ASSERT_EQ(frame.first().value, last + 1);
    ASSERT_EQ(record.number("rapport-first"), last + 1);
    auto root = store.root_at({last});
    ASSERT_TRUE(root);
    ASSERT_EQ(frame.previous_root(), *root);
    last = frame.last().value;
    ASSERT_EQ(record.number("ce_sequence"), last);
  }
  EXPECT_EQ(last, store.head().position.value);
}

}  // namespace

void expect_published_once(const EventStore& store, const std::string& brokers) {
  std::map<std::uint64_t, Seen> all;
  for (const auto& plan : planned_topics(kPartitionsDefault))
    if (plan.name != kLogTopic) read_topic(brokers, plan, all);
  expect_events(store, all);
  expect_frames(store, brokers);
}

std::size_t expect_published_with_doubles(const EventStore& store, const std::string& brokers) {
  std::map<std::uint64_t, Seen> all;
  std::size_t doubles = 0;
  for (const auto& plan : planned_topics(kPartitionsDefault))
    if (plan.name != kLogTopic) read_topic(brokers, plan, all, &doubles);
  expect_events(store, all);
  return doubles;
}

Hash local_digest(const EventStore& store, std::string_view view) {
  projections::MemoryRowStore rows;
  auto folder = projections::find_view(view)->make_folder(rows, {});
  auto reader = store.read({});
  for (;;) {
    auto event = reader->next();
    RAPPORT_ASSERT(event);
    if (!*event) break;
    RAPPORT_ASSERT(folder->fold(**event));
  }
  RAPPORT_ASSERT(folder->commit());
  auto snapshot = rows.snapshot();
  RAPPORT_ASSERT(snapshot);
  auto digest = projections::rows_digest(**snapshot);
  RAPPORT_ASSERT(digest);
  return *digest;
}

}  // namespace rapport::kafka
