// What a message may be followed to: as far as it has bytes.
#include "domain/reading.h"

#include <gtest/gtest.h>

#include "domain/schema/order.values.h"
#include "domain/schema/webhook.values.h"

namespace rapport {
namespace {

template <class E>
kj::Array<capnp::word> built(const E& event) {
  EventBuffer buffer;
  return kj::heapArray(buffer.append<typename E::Union>([&](auto to) { event.write_member(to); }));
}

order::Placed placed(std::size_t lines) {
  order::Line line{.product_id = "mug", .qty_milli = 1'000, .unit_price = {1'275, 2, "GBP"}, .discount_bp = 0, .total_minor = 1'275};
  return {.kind = order::Kind::SALE, .account_id = "4711", .lines = std::vector(lines, line), .total = {1'275, "GBP"}};
}
webhook::Created created(const std::vector<Text>& match) {
  return {.url = "https://example.org/", .match = match, .ordering = webhook::Ordering::PER_STREAM, .rotation = 1};
}

// The only words of a message that are a pointer of the kind: to a list of elements of this size.
std::vector<std::uint64_t*> list_pointers(kj::Array<capnp::word>& message, unsigned element_size) {
  std::vector<std::uint64_t*> found;
  for (auto& word : message) {
    auto* bits = reinterpret_cast<std::uint64_t*>(&word);
    if ((*bits & 3) == 1 && ((*bits >> 32) & 7) == element_size && (*bits >> 35) < message.size() * sizeof word) found.push_back(bits);
  }
  return found;
}

TEST(Reading, WhatIsBuiltIsATree) {
  EXPECT_TRUE(is_tree(built(placed(0))));
  EXPECT_TRUE(is_tree(built(placed(1))));
  EXPECT_TRUE(is_tree(built(placed(2'000))));  // past a block, copied into one segment
  EXPECT_TRUE(is_tree(built(created({"type=order.placed", "category=case", ""}))));
}

TEST(Reading, BytesThatTwoPointersLeadToAreNoTree) {
  const std::string long_text(80, 'x'), another(80, 'y');
  auto message = built(created({long_text, another}));
  ASSERT_TRUE(is_tree(message));
  std::vector<std::uint64_t*> texts;
  for (auto* pointer : list_pointers(message, 2))
    if (*pointer >> 35 == 81) texts.push_back(pointer);  // with its zero byte
  ASSERT_EQ(texts.size(), 2u);
  *texts[1] = *texts[0] - (std::uint64_t{1} << 2);  // one word further on, so the distance is one less
  capnp::FlatArrayMessageReader reader(message);
  auto match = reader.getRoot<webhook::wire::Event>().getCreated().getMatch();
  ASSERT_EQ(match[1], match[0]) << "the message is well-formed";
  EXPECT_FALSE(is_tree(message));
}

// A list of elements without a size claims as many as it likes: ninety words that are read as four million.
TEST(Reading, ElementsOfNoSizeAreNoTreeAndAreNotRead) {
  auto message = built(placed(1));
  auto lists = list_pointers(message, 7);
  ASSERT_EQ(lists.size(), 1u);
  auto* tag = lists[0] + 1 + (static_cast<std::int32_t>(*lists[0]) >> 2);
  *lists[0] &= 0x7'ffff'ffffu;        // no words
  *tag = std::uint64_t{4'000'000} << 2;  // so many elements, each of no data and no pointers
  EXPECT_FALSE(is_tree(message));
  capnp::FlatArrayMessageReader without(message);
  EXPECT_EQ(without.getRoot<order::wire::Event>().getPlaced().getLines().size(), 4'000'000u) << "the message is well-formed";
  capnp::FlatArrayMessageReader reader(message, reading_limits(message));
  EXPECT_THROW(reader.getRoot<order::wire::Event>().getPlaced().getLines(), kj::Exception);
}

// What is taken for a tree, Cap'n Proto can read all of, once.
TEST(Reading, NoDamageMakesATreeThatCannotBeRead) {
  auto whole = built(placed(3));
  std::size_t refused = 0, taken = 0;
  for (std::size_t at = 0; at < whole.asBytes().size(); ++at)
    for (int flip : {1, 2, 4, 8, 0x10, 0x80, 0xFF}) {
      auto message = kj::heapArray<capnp::word>(whole.asPtr());
      message.asBytes()[at] ^= static_cast<kj::byte>(flip);
      if (!is_tree(message)) {
        ++refused;
        continue;
      }
      ++taken;
      capnp::FlatArrayMessageReader reader(message, {.traversalLimitInWords = message.size(), .nestingLimit = 64});
      EXPECT_NO_THROW(reader.getRoot<capnp::AnyPointer>().targetSize()) << "byte " << at << " by " << flip;
    }
  EXPECT_GT(refused, 100u);
  EXPECT_GT(taken, 100u) << "values may be any";
}

TEST(Reading, MoreOrLessThanOneSegmentIsNoTree) {
  auto whole = built(placed(1));
  EXPECT_FALSE(is_tree({}));
  EXPECT_FALSE(is_tree(whole.slice(0, 1)));
  EXPECT_FALSE(is_tree(whole.slice(0, whole.size() - 1)));
}

}  // namespace
}  // namespace rapport
