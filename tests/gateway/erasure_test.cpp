// Erasure on the way in: the event, then the key, whatever came between.
#include <atomic>
#include <map>
#include <thread>

#include "domain/account.h"
#include "domain/data_subject.h"
#include "eventstore/gateway/erasures.h"
#include "tests/gateway/gateway_fixture.h"

namespace rapport {
namespace {

struct ErasureTest : CommandGatewayTest {
  ErasureTest() { RAPPORT_ASSERT(send("account", "acme", account::Create{.kind = account::Kind::PERSON, .name = "Anna Grün"})); }
  Result<Receipt> erase(const std::string& subject) {
    return send("dataSubject", subject, data_subject::EraseSubject{}, [](Command& c) { c.reason_code = "gdpr-17"; });
  }
  // The name in the account's first event; "erased", or "unknown".
  std::string name() {
    std::string said;
    each([&](const RecordedEvent& event) {
      if (event.type != "account.created") return;
      capnp::FlatArrayMessageReader message(event.payload);
      auto sealed = message.getRoot<account::wire::Event>().getCreated().getName();
      auto opened = keys.open({sealed.begin(), sealed.size()});
      ASSERT_TRUE(opened);
      said = *opened ? **opened : keys.erased(event.subject_key) ? "erased" : "unknown";
    });
    return said;
  }
};

TEST_F(ErasureTest, DestroysTheKeyThatTheEventNames) {
  auto key = *keys.current_key("account-acme");
  auto receipt = erase("account-acme");
  ASSERT_TRUE(receipt) << receipt.error().reason;
  EXPECT_EQ(name(), "erased");
  EXPECT_TRUE(keys.erased(key));
  EXPECT_EQ(*keys.current_key("account-acme"), 0u);
  EXPECT_EQ(keys.erased_up_to(), receipt->outcome.events[0].position);
  EXPECT_EQ(code_of(erase("account-acme")), "unchanged");
}

TEST_F(ErasureTest, NobodyIsErasedWhoIsNotKnown) {
  EXPECT_EQ(code_of(erase("account-nobody")), "subject.not_found");
  EXPECT_EQ(name(), "Anna Grün");
}

TEST_F(ErasureTest, WhatTheLogErasedIsDestroyedWhenItIsOpenedNext) {
  ASSERT_TRUE(erase("account-acme"));
  // Keys as they were before: the crash came between, or an older copy of them was brought back.
  MemorySubjectKeys older;
  auto made = older.key_for("account-acme");
  ASSERT_TRUE(made);
  auto sealed = seal(*made, "Anna Grün");
  ASSERT_EQ(**older.open(sealed), "Anna Grün");
  ASSERT_TRUE(CommandGateway::open(aggregates, store, older, clock));
  EXPECT_FALSE(*older.open(sealed));
  EXPECT_TRUE(older.erased(made->id));
}

// The register is ahead of the log.
TEST_F(ErasureTest, ALogThatLostItsEndErasesWhatItSaysAnew) {
  ASSERT_TRUE(keys.destroy(std::vector<Erasure>{{99, {1'000}, {}}}));
  ASSERT_TRUE(erase("account-acme"));
  EXPECT_EQ(name(), "erased");
}

// A text sealed under a key that is destroyed before it is stored could never be read by anyone.
TEST_F(ErasureTest, WhatIsWrittenWhileSomebodyIsErasedIsErasedWithThemOrReadable) {
  constexpr std::uint64_t kWriters = 3;
  constexpr std::size_t kErasures = 20;
  std::atomic<std::size_t> erasures = 0;
  {
    std::vector<std::jthread> writers;
    for (std::uint64_t writer = 1; writer <= kWriters; ++writer)
      writers.emplace_back([&, writer] {
        for (std::uint64_t n = 1; erasures < kErasures; ++n) {
          auto text = std::to_string(writer) + "-" + std::to_string(n);
          auto body = bytes(account::ChangeDetails{.new_ = {.name = Text(text)}});
          auto done = gateway->submit({.aggregate = "account", .id = "acme", .body = body, .command_id = CommandId::of(10 + writer, n)});
          EXPECT_TRUE(done) << done.error().reason;
        }
      });
    while (erasures < kErasures)
      if (auto code = code_of(erase("account-acme")); code == "accepted") ++erasures;
      else EXPECT_EQ(code, "unchanged");  // nothing was written since
  }
  std::map<std::uint64_t, Position> destroyed;  // by key
  each([&](const RecordedEvent& event) {
    if (event.type != "dataSubject.subjectKeyDestroyed") return;
    capnp::FlatArrayMessageReader message(event.payload);
    destroyed[message.getRoot<data_subject::wire::Event>().getSubjectKeyDestroyed().getKeyId()] = event.position;
  });
  EXPECT_EQ(destroyed.size(), kErasures);
  each([&](const RecordedEvent& event) {
    if (event.stream_type != "account") return;
    auto gone = destroyed.find(event.subject_key);
    EXPECT_EQ(keys.erased(event.subject_key), gone != destroyed.end());
    if (gone == destroyed.end()) EXPECT_TRUE(*keys.find(event.subject_key)) << event.position.value;
    else EXPECT_LT(event.position, gone->second);
  });
}

TEST_F(ErasureTest, AnImportErasesNobody) {
  auto body = bytes(data_subject::EraseSubject{});
  auto batch = gateway->batch();
  auto decided = batch->decide({.aggregate = "dataSubject", .id = "account-acme", .body = body, .command_id = CommandId::of(5, 5),
                                .reason_code = "gdpr-17", .as_fact = true});
  ASSERT_FALSE(decided);
  EXPECT_EQ(decided.error().reason, "subject.erased_alone");
  EXPECT_EQ(name(), "Anna Grün");
}

TEST_F(ErasureTest, EvidenceIsTheSubjectsAndTheReasonOfAnErasureIsNot) {
  auto with_text = [](Command& c) {
    c.reason_code = "gdpr-17";
    c.reason_text = "asked by letter";
  };
  ASSERT_TRUE(send("dataSubject", "account-acme",
                   data_subject::RecordConsent{.purpose = "news", .channel = "email", .text_version = "1", .evidence = "signed by Anna"}));
  ASSERT_TRUE(send("dataSubject", "account-acme", data_subject::EraseSubject{}, with_text));
  std::size_t consents = 0, erasures = 0;
  each([&](const RecordedEvent& event) {
    if (event.type == "dataSubject.consentGranted") {
      ++consents;
      EXPECT_TRUE(keys.erased(event.subject_key));
    }
    if (event.type != "dataSubject.subjectKeyDestroyed") return;
    ++erasures;
    auto text = event.metadata.getReasonText();
    EXPECT_EQ(keys.open({text.begin(), text.size()}).value(), "asked by letter");
  });
  EXPECT_EQ(consents, 1u);
  EXPECT_EQ(erasures, 1u);
}

}  // namespace
}  // namespace rapport
