// What an audit sees of one record, without a broker: any byte of a frame that differs, frames that overlap, the wrong log.
#include "adapters/kafka/audited_log.h"

#include <gtest/gtest.h>

#include "adapters/kafka/topics.h"
#include "eventstore/memory/memory_event_store.h"
#include "tests/kafka/enterprise.h"

namespace rapport::kafka {
namespace {

const std::vector<NoteVerifier> kAnyKey;

struct Made {
  std::string value;
  std::vector<std::pair<std::string, std::string>> headers;
};

// The frame of the events `first` to `last`, as a relay publishes it.
Made frame_of(const EventStore& store, std::uint64_t first, std::uint64_t last, const std::string& source = {}) {
  FrameBuilder builder;
  auto reader = store.read({.from = {first}, .to = {last}});
  EventId id{};
  for (auto i = first; i <= last; ++i) {
    auto event = reader->next();
    RAPPORT_ASSERT(event && *event && builder.add(**event));
    id = (*event)->id();
  }
  auto message = builder.finish(*store.root_at({first - 1}));
  FrameRecord record(source.empty() ? store.facts().origin : source);
  record.write({first}, {last}, id);
  Made made{.value = {message.asChars().begin(), message.asChars().size()}, .headers = {}};
  for (const auto& [name, value] : record.headers()) made.headers.emplace_back(name, value);
  return made;
}

AuditedRecord record_of(const Made& made) {
  AuditedRecord record;
  record.value = made.value;
  for (const auto& [name, value] : made.headers) record.headers.push_back({name.c_str(), value});
  return record;
}

TEST(AuditedLog, TakesFramesInOrder) {
  MemoryEventStore store;
  Enterprise(store).grow(30);
  AuditedLog log(kAnyKey);
  for (std::uint64_t first : {1, 11, 21}) EXPECT_FALSE(log.take(record_of(frame_of(store, first, first + 9)))) << first;
  EXPECT_EQ(log.size(), 30u);
  EXPECT_EQ(log.root(), store.head().root);
  EXPECT_EQ(log.origin(), store.facts().origin);
}

// When an event happened to whom is not in its own digest but in the tree: the next frame or a checkpoint tells.
TEST(AuditedLog, NamesEveryByteOfAFrameThatDiffers) {
  MemoryEventStore store;
  Enterprise(store).grow(12);
  std::vector<NoteSigner> signers;
  signers.push_back(NoteSigner::generate(store.facts().origin));
  const auto note = signed_note(Checkpoint{store.facts().origin, 12, store.head().root}.to_text(), signers);
  const auto store_origin = store.facts().origin;
  const auto before = frame_of(store, 1, 6);
  const auto frame = frame_of(store, 7, 12);
  for (std::size_t i = 0; i < frame.value.size(); ++i) {
    AuditedLog log(kAnyKey);
    AuditedRecord checkpoint;
    checkpoint.key = store_origin;
    checkpoint.value = note;
    checkpoint.headers.push_back({"ce_sequence", "12"});
    ASSERT_FALSE(log.add_checkpoint(checkpoint));
    ASSERT_FALSE(log.take(record_of(before)));
    auto altered = frame;
    altered.value[i] ^= 1;
    EXPECT_TRUE(log.take(record_of(altered))) << "byte " << i;
  }
}

TEST(AuditedLog, NamesEveryHeaderOfAFrameThatDiffers) {
  MemoryEventStore store;
  Enterprise(store).grow(12);
  const auto before = frame_of(store, 1, 6);
  const auto frame = frame_of(store, 7, 12);
  for (std::size_t i = 0; i < frame.headers.size(); ++i) {
    AuditedLog log(kAnyKey);
    ASSERT_FALSE(log.take(record_of(before)));
    auto altered = frame;
    altered.headers[i].second[0] ^= 1;
    EXPECT_TRUE(log.take(record_of(altered))) << frame.headers[i].first;
  }
}

TEST(AuditedLog, TakesAFrameThatIsCutOtherwiseWhenItComesAgain) {
  MemoryEventStore store;
  Enterprise(store).grow(30);
  AuditedLog log(kAnyKey);
  ASSERT_FALSE(log.take(record_of(frame_of(store, 1, 20))));
  EXPECT_FALSE(log.take(record_of(frame_of(store, 5, 15))));
  EXPECT_TRUE(log.repeated());
  EXPECT_FALSE(log.take(record_of(frame_of(store, 11, 30))));
  EXPECT_FALSE(log.repeated());
  EXPECT_EQ(log.root(), store.head().root);
}

TEST(AuditedLog, NamesTheFrameOfAnotherLog) {
  MemoryEventStore store, other;
  Enterprise(store).grow(20);
  Enterprise(other, 99).grow(20);
  AuditedLog log(kAnyKey);
  ASSERT_FALSE(log.take(record_of(frame_of(store, 1, 10))));
  auto found = log.take(record_of(frame_of(other, 11, 20)));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->problem, "altered");
  AuditedLog renamed(kAnyKey);
  ASSERT_FALSE(renamed.take(record_of(frame_of(store, 1, 10))));
  EXPECT_FALSE(renamed.take(record_of(frame_of(store, 11, 20, store.facts().origin + "/2")))) << "a later epoch of the same log";
}

}  // namespace
}  // namespace rapport::kafka
