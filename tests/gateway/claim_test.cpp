// A name that one stream at a time may hold: whoever asks, from wherever, at the same moment.
#include <thread>

#include "eventstore/event_filter.h"
#include "tests/gateway/gateway_fixture.h"

namespace rapport {
namespace {

using loyalty_member::ChangeStatus;
using loyalty_member::Correct;
using loyalty_member::Enrol;
using loyalty_member::Status;

struct ClaimTest : CommandGatewayTest {
  ClaimTest() {
    policy_set::LoyaltyProgramBody body{
        .earn = policy_set::EarnRule{.on = policy_set::EarnOn::ORDER_FULFILLED, .points = 1, .per = {100, "GBP"}, .round = policy_set::Rounding::DOWN},
        .reverse = policy_set::ReverseRule{.on = policy_set::ReverseOn::CREDIT_NOTE, .lots = policy_set::LotOrder::NEWEST}};
    for (auto* program : {"points", "other"})
      RAPPORT_ASSERT(send("policySet", program, policy_set::Publish{.loyalty_program = body, .approver_id = "ben"}));
  }
  static Enrol with_card(Text card, Text program = "points") { return {.program_id = program, .card_no = card}; }
  Result<Receipt> leave(std::string_view id) {
    return send("loyaltyMember", id, ChangeStatus{.status = Status::LEFT}, [](Command& c) { c.reason_code = "asked"; });
  }
  static kj::Array<capnp::word> enrolment(Text card) { return bytes(with_card(card)); }
};

TEST_F(ClaimTest, ACardBelongsToOneLiveMemberOfAProgram) {
  EXPECT_EQ(code_of(send("loyaltyMember", "a", with_card("4711"))), "accepted");
  auto taken = send("loyaltyMember", "b", with_card("4711"));
  EXPECT_EQ(code_of(taken), "loyalty_member.card_taken");
  EXPECT_EQ(taken.error().field, "/cardNo");
  EXPECT_NE(taken.error().message.find("loyaltyMember-a"), std::string::npos);
  EXPECT_EQ(code_of(send("loyaltyMember", "b", with_card("4711", "other"))), "accepted");
  EXPECT_EQ(code_of(send("loyaltyMember", "c", with_card("4712"))), "accepted");
}

TEST_F(ClaimTest, WhoLeavesGivesTheCardBack) {
  ASSERT_TRUE(send("loyaltyMember", "a", with_card("4711")));
  auto left = leave("a");
  ASSERT_TRUE(left) << left.error().message;
  EXPECT_EQ(code_of(send("loyaltyMember", "b", with_card("4711"))), "accepted");
  EXPECT_EQ(code_of(send("loyaltyMember", "c", with_card("4711"))), "loyalty_member.card_taken");
}

TEST_F(ClaimTest, ACorrectionGivesTheOldCardBackAndTakesTheNewOne) {
  auto first = send("loyaltyMember", "a", with_card("4711"));
  ASSERT_TRUE(first);
  ASSERT_TRUE(send("loyaltyMember", "b", with_card("4712")));
  auto correct = [&](Text card) {
    return send("loyaltyMember", "a", Correct{.target = ids_of("loyaltyMember.enrolled")[0], .new_ = {.card_no = card}, .approver_id = "ben"},
                [](Command& c) { c.reason_code = "typo"; });
  };
  EXPECT_EQ(code_of(correct("4712")), "loyalty_member.card_taken");
  auto corrected = correct("4713");
  EXPECT_EQ(code_of(corrected), "accepted");
  EXPECT_EQ(code_of(send("loyaltyMember", "c", with_card("4713"))), "loyalty_member.card_taken");
  EXPECT_EQ(code_of(send("loyaltyMember", "c", with_card("4711"))), "accepted");
}

TEST_F(ClaimTest, AFactIsStoredWhoeverHoldsTheCard) {
  ASSERT_TRUE(send("loyaltyMember", "a", with_card("4711")));
  EXPECT_EQ(code_of(send("loyaltyMember", "b", with_card("4711"), [](Command& c) { c.as_fact = true; })), "accepted");
  EXPECT_EQ(code_of(send("loyaltyMember", "c", with_card("4711"))), "loyalty_member.card_taken");
}

TEST_F(ClaimTest, TheCardCannotBeReadFromTheTag) {
  ASSERT_TRUE(send("loyaltyMember", "a", with_card("4711-SECRET")));
  std::string tags;
  each([&](const RecordedEvent& event) {
    for (auto tag : event.metadata.getTags()) tags += tag.cStr();
  });
  EXPECT_TRUE(tags.starts_with("claim:")) << tags;
  EXPECT_EQ(tags.find("4711"), std::string::npos);
}

TEST_F(ClaimTest, HoldsAmongTheRecordsOfABatchThatAreNotStoredYet) {
  auto batch = gateway->batch();
  auto body = enrolment("4711");
  auto decide = [&](std::string_view id, std::uint64_t n) {
    auto decided = batch->decide({.aggregate = "loyaltyMember", .id = id, .body = body, .command_id = CommandId::of(5, n)});
    return decided ? std::string("accepted") : decided.error().reason;
  };
  EXPECT_EQ(decide("a", 1), "accepted");
  EXPECT_EQ(decide("b", 2), "loyalty_member.card_taken");  // within the open record
  batch->drop();
  EXPECT_EQ(decide("b", 3), "accepted");
  batch->keep();
  EXPECT_EQ(decide("c", 4), "loyalty_member.card_taken");  // before the flush
  batch->drop();
  ASSERT_EQ(batch->flush().value(), 1u);
  EXPECT_EQ(code_of(send("loyaltyMember", "d", with_card("4711"))), "loyalty_member.card_taken");
}

// Of two gateways on one log, each of which sees the card free, one wins.
TEST_F(ClaimTest, IsNotTakenTwiceByARace) {
  auto other = CommandGateway::open(aggregates, store, keys, clock);
  ASSERT_TRUE(other);
  constexpr std::uint64_t kRounds = 40;
  std::atomic<std::uint64_t> accepted{0};
  auto run = [&](CommandGateway& way_in, std::uint64_t who) {
    for (std::uint64_t round = 0; round < kRounds; ++round) {
      auto card = "card-" + std::to_string(round), id = std::to_string(who) + "-" + std::to_string(round);
      auto body = enrolment(Text(card));
      auto receipt = way_in.submit({.aggregate = "loyaltyMember", .id = id, .body = body, .command_id = CommandId::of(who, round + 1)});
      if (receipt) ++accepted;
      else EXPECT_EQ(receipt.error().reason, "loyalty_member.card_taken");
    }
  };
  std::thread one([&] { run(*gateway, 11); }), two([&] { run(**other, 12); });
  one.join();
  two.join();
  EXPECT_EQ(accepted, kRounds);
}

TEST_F(ClaimTest, CommandsBringTagsOfTheirOwn) {
  std::vector<std::string> tags{"campaign:spring", "vip"};
  ASSERT_TRUE(send("loyaltyMember", "a", Enrol{.program_id = "points"}, [&](Command& c) { c.tags = tags; }));
  auto reader = store.read({.filter = Term::tag("vip")});
  auto event = *reader->next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, "loyaltyMember.enrolled");
}

TEST_F(ClaimTest, SaysInWhatARequestUnderAUsedIdDiffers) {
  publish_pipeline();
  auto message = [&](std::string_view id, const opportunity::Open& open, auto with) {
    auto refused = send("opportunity", id, open, [&](Command& c) {
      c.command_id = CommandId::of(7, 7);
      with(c);
    });
    return refused ? std::string("accepted") : refused.error().field + "|" + refused.error().message;
  };
  auto as_it_is = [](Command&) {};
  auto open = kOpen;
  open.owner_id = "anna";
  ASSERT_EQ(message("1", open, as_it_is), "accepted");
  EXPECT_NE(message("2", open, as_it_is).find("it went to opportunity-1"), std::string::npos);
  EXPECT_TRUE(message("1", open, [](Command& c) { c.actor = "ben"; }).starts_with("/actor|")) << message("1", open, [](Command& c) { c.actor = "ben"; });
  open.owner_id = "ben";
  auto owner = message("1", open, as_it_is);
  EXPECT_TRUE(owner.starts_with("/ownerId|")) << owner;
  EXPECT_NE(owner.find("anna then, ben now"), std::string::npos) << owner;
}

}  // namespace
}  // namespace rapport
