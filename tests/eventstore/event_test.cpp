#include "eventstore/event.h"

#include <gtest/gtest.h>

#include "eventstore/proof/merkle_tree.h"
#include "eventstore/stored_event.h"
#include "eventstore/subject_keys.h"
#include "eventstore/memory/memory_subject_keys.h"
#include "tests/eventstore_samples/sample_events.h"

namespace rapport {
namespace {

constexpr std::string_view kUuid = "0190b1c2-0a0b-7c0d-8e0f-aabbccddeeff";

TEST(CommandId, ReadsItsOwnText) {
  CommandId id;
  ASSERT_TRUE(parse(kUuid, id));
  EXPECT_EQ(to_text(id), kUuid);
  EXPECT_EQ(id.high(), 0x0190b1c20a0b7c0d);
  EXPECT_EQ(id, CommandId::of(id.high(), id.low()));
  ASSERT_TRUE(parse("0190B1C2-0A0B-7C0D-8E0F-AABBCCDDEEFF", id));
  EXPECT_EQ(to_text(id), kUuid);
}

TEST(CommandId, RefusesWhatIsNoUuid) {
  CommandId id;
  for (auto text : {"", "0190b1c2", "0190b1c2-0a0b-7c0d-8e0f-aabbccddeef", "0190b1c2-0a0b-7c0d-8e0f-aabbccddeeffa",
                    "0190b1c2+0a0b-7c0d-8e0f-aabbccddeeff", "0190b1c2-0a0b-7c0d-8e0f-aabbccddeefg"})
    EXPECT_FALSE(parse(text, id)) << text;
}

TEST(EventId, ReadsItsOwnText) {
  EventId id{};
  ASSERT_TRUE(parse(std::string(kUuid) + ".12", id));
  EXPECT_EQ(id.ordinal, 12);
  EXPECT_EQ(to_text(id), std::string(kUuid) + ".12");
  for (auto tail : {"", ".", ".x", ".1x", ".65536", ".-1", ".01", "1"}) EXPECT_FALSE(parse(std::string(kUuid) + tail, id)) << tail;
}

TEST(StreamName, SplitsAtTheFirstDash) {
  EXPECT_EQ(stream_name("opportunity", "1-2"), "opportunity-1-2");
  EXPECT_EQ(split_stream("opportunity-1-2").type, "opportunity");
  EXPECT_EQ(split_stream("opportunity-1-2").id, "1-2");
  EXPECT_EQ(split_stream("opportunity").id, "");
}

TEST(StreamName, IsValidWithAnyTextButControlCharactersAndBrokenUtf8) {
  for (auto name : {"case-1", "loyaltyMember-客户 №7", "order-a/b?c=%20", "order-\xf0\x9f\x98\x80"}) EXPECT_TRUE(valid_stream(name)) << name;
  for (auto name : {"", "case", "case-", "-1", "Case-1", "9case-1", "ca se-1", "case-\x7f", "case-\t", "case-\xc0\x80",
                    "case-\xed\xa0\x80", "case-\xf4\x90\x80\x80", "case-\xe5\xae", "case-\x80"})
    EXPECT_FALSE(valid_stream(name)) << name;
}

class StoredEventTest : public testing::Test {
 protected:
  kj::Array<capnp::word> metadata_ = test::sample_metadata("opportunity-A", "opened");
  kj::Array<capnp::word> payload_ = test::sample_payload(100);
  Salt salt_ = random_salt();
  EventHead head_{{7}, {3}, {1'000'000}, test::command_id(5), 2, event_digest(salt_, metadata_, payload_)};
  HeadBytes bytes_ = encode(head_);
  EventDecoder decoder_;

  Result<const RecordedEvent*> decode() { return decoder_.decode({bytes_, salt_, metadata_, payload_}); }
};

TEST_F(StoredEventTest, DecodesWhatWasEncoded) {
  auto event = decode();
  ASSERT_TRUE(event);
  EXPECT_EQ((*event)->position, head_.position);
  EXPECT_EQ((*event)->version, head_.version);
  EXPECT_EQ((*event)->recorded_at, head_.recorded_at);
  EXPECT_EQ((*event)->id(), event_id(test::command_id(5), 2));
  EXPECT_EQ((*event)->leaf, leaf_hash(bytes_));
  EXPECT_TRUE(digest_holds(**event));
}

TEST_F(StoredEventTest, CoversEveryStoredByteWithItsDigest) {
  for (auto* part : {&metadata_, &payload_}) {
    auto bytes = part->asBytes();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] ^= 0x10;
      auto event = decode();
      EXPECT_FALSE(event && digest_holds(**event)) << i;
      bytes[i] ^= 0x10;
    }
  }
  for (auto& byte : salt_) {
    byte ^= 1;
    EXPECT_FALSE(digest_holds(**decode()));
    byte ^= 1;
  }
  // Moving a word from the payload to the metadata is another event too.
  EXPECT_NE(event_digest(salt_, metadata_, payload_),
            event_digest(salt_, metadata_.slice(0, metadata_.size() - 1), payload_));
  EXPECT_TRUE(digest_holds(**decode()));
}

TEST_F(StoredEventTest, RefusesMalformedParts) {
  EXPECT_FALSE(decoder_.decode({Bytes(bytes_).first(kHeadBytes - 1), salt_, metadata_, payload_}));
  EXPECT_FALSE(decoder_.decode({bytes_, Bytes(salt_).first(3), metadata_, payload_}));
  EXPECT_FALSE(decoder_.decode({bytes_, salt_, metadata_.slice(0, 2), payload_}));
  EXPECT_FALSE(decoder_.decode({bytes_, salt_, metadata_, {}}));
  bytes_[0] = 2;
  auto event = decode();
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().code, ErrorCode::kCorrupt);
}

TEST(Salt, IsNeverTheSame) { EXPECT_NE(random_salt(), random_salt()); }

TEST(Seal, OpensUnderItsKeyOnly) {
  MemorySubjectKeys keys;
  auto ann = *keys.key_for("account-ann"), bob = *keys.key_for("account-bob");
  auto sealed = seal(ann, "ann@example.org");
  EXPECT_EQ(sealing_key(sealed), ann.id);
  EXPECT_EQ(*unseal(ann, sealed), "ann@example.org");
  EXPECT_FALSE(unseal(bob, sealed));
  EXPECT_FALSE(unseal({ann.id, bob.secret}, sealed));
  EXPECT_NE(seal(ann, "ann@example.org"), sealed);
  EXPECT_EQ(sealed.find("ann"), std::string::npos);
  EXPECT_LE(sealed.size(), 15 + Personal::kSealBytes);
  EXPECT_EQ(*unseal(ann, seal(ann, "")), "");
  EXPECT_EQ(sealing_key("plain text that is long enough to be taken for sealed bytes, almost"), 0u);
}

TEST(Seal, NoticesEveryAlteredByte) {
  MemorySubjectKeys keys;
  auto key = *keys.key_for("account-ann");
  auto sealed = seal(key, "Ann");
  for (auto& byte : sealed) {
    byte = static_cast<char>(byte ^ 4);
    EXPECT_FALSE(unseal(key, sealed));
    byte = static_cast<char>(byte ^ 4);
  }
}

TEST(MemorySubjectKeys, ForgetsASubject) {
  MemorySubjectKeys keys;
  auto sealed = seal(*keys.key_for("account-ann"), "Ann");
  EXPECT_EQ(**keys.open(sealed), "Ann");
  ASSERT_TRUE(keys.destroy(std::vector<Erasure>{{*keys.current_key("account-ann"), {1}, {}}}));
  EXPECT_FALSE(*keys.open(sealed));
  EXPECT_NE(keys.key_for("account-ann")->id, sealing_key(sealed));
}

}  // namespace
}  // namespace rapport
