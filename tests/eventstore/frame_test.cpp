#include "eventstore/frame.h"

#include <gtest/gtest.h>

#include "eventstore/memory/memory_event_store.h"
#include "tests/eventstore_samples/sample_events.h"

namespace rapport {
namespace {

class FrameTest : public testing::Test {
 protected:
  FrameTest() {
    for (std::uint64_t c = 1; c <= 20; ++c)
      test::append_one(store_, test::Sample(c).on("opportunity-" + std::to_string(c), 0, 3, "opened", c * 10));
  }
  Bytes frame_of(Position from, std::size_t events) {
    FrameBuilder builder;
    auto reader = store_.read({.from = from});
    for (std::size_t i = 0; i < events; ++i) EXPECT_TRUE(builder.add(**reader->next()));
    message_ = builder.finish(*store_.root_at({from.value - 1}));
    return {message_.asBytes().begin(), message_.asBytes().size()};
  }

  ManualClock clock_{test::kNow};
  MemoryEventStore store_{clock_};
  kj::Array<capnp::word> message_;
  Frame frame_;
};

TEST_F(FrameTest, CarriesARunOfEvents) {
  ASSERT_TRUE(frame_.read(frame_of({11}, 30), Frame::Check::kDigests));
  EXPECT_EQ(frame_.first(), Position{11});
  EXPECT_EQ(frame_.last(), Position{40});
  EXPECT_EQ(frame_.size(), 30u);
  EXPECT_EQ(frame_.previous_root(), *store_.root_at({10}));
  EXPECT_TRUE(frame_.ends_group());
  auto reader = store_.read({.from = {11}});
  for (std::size_t i = 0; i < frame_.size(); ++i) {
    auto original = *reader->next();
    auto event = frame_.event(i);
    ASSERT_TRUE(event);
    EXPECT_EQ((*event)->position, original->position);
    EXPECT_EQ((*event)->leaf, original->leaf);
    EXPECT_EQ((*event)->stream_id, original->stream_id);
    EXPECT_EQ((*event)->payload.asBytes(), original->payload.asBytes());
    EXPECT_TRUE((*event)->request.empty());
  }
}

TEST_F(FrameTest, ReadsFromBytesOfAnyAlignment) {
  auto bytes = frame_of({1}, 5);
  std::vector<std::uint8_t> shifted(bytes.size() + 1);
  std::copy(bytes.begin(), bytes.end(), shifted.begin() + 1);
  ASSERT_TRUE(frame_.read(Bytes(shifted).subspan(1)));
  EXPECT_EQ((*frame_.event(4))->position, Position{5});
}

TEST_F(FrameTest, IsFullAtItsLimitButTakesAnyFirstEvent) {
  FrameBuilder builder(2000);
  auto reader = store_.read({.from = {60}});
  EXPECT_TRUE(builder.add(**reader->next()));
  FrameBuilder tiny(1);
  reader = store_.read({});
  EXPECT_TRUE(tiny.add(**reader->next()));
  EXPECT_FALSE(tiny.add(**reader->next()));
  EXPECT_EQ(tiny.size(), 1u);
  auto message = tiny.finish(Hash{});
  EXPECT_EQ(tiny.size(), 0u);
  ASSERT_TRUE(frame_.read({message.asBytes().begin(), message.asBytes().size()}));
}

TEST_F(FrameTest, RefusesEveryTruncation) {
  auto bytes = frame_of({1}, 4);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto read = frame_.read(bytes.first(size));
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(frame_.size(), 0u);
  }
}

// No flipped bit may crash the reader or change an event unseen. What lies outside of every event (the frame's own fields,
// unused bytes) is compared with the original events.
TEST_F(FrameTest, NeverShowsAnAlteredEventAsWhole) {
  auto bytes = frame_of({1}, 3);
  std::vector<std::uint8_t> altered(bytes.begin(), bytes.end());
  std::vector<Hash> leaves;
  ASSERT_TRUE(frame_.read(bytes));
  for (std::size_t i = 0; i < 3; ++i) leaves.push_back((*frame_.event(i))->leaf);
  for (std::size_t i = 0; i < altered.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      altered[i] ^= static_cast<std::uint8_t>(1 << bit);
      if (frame_.read(altered, Frame::Check::kDigests))
        for (std::size_t e = 0; e < frame_.size(); ++e) {
          // A head that changed changes its leaf, and so the root, which is the receiver's to compare.
          auto event = frame_.event(e);
          ASSERT_TRUE(event && digest_holds(**event));
        }
      altered[i] ^= static_cast<std::uint8_t>(1 << bit);
    }
  }
}

}  // namespace
}  // namespace rapport
