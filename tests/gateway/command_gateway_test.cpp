// Commands through the gateway to stored events, on the memory store.
#include <atomic>
#include <thread>

#include "domain/account.h"
#include "tests/gateway/gateway_fixture.h"

namespace rapport {
namespace {

TEST_F(CommandGatewayTest, StoresWhatTheDeciderEmits) {
  publish_pipeline();
  auto receipt = send("opportunity", "1", kOpen);
  ASSERT_TRUE(receipt) << receipt.error().reason;
  EXPECT_EQ(receipt->stream, "opportunity-1");
  EXPECT_EQ(receipt->version.value, 1u);
  EXPECT_EQ(receipt->outcome.events.at(0).position.value, 2u);
  EXPECT_FALSE(receipt->already);
  EXPECT_EQ(types(), (std::vector<std::string>{"policySet.published", "opportunity.opened"}));
}

// A client that tries again does so in another span of its trace.
TEST_F(CommandGatewayTest, TheSameCommandOfAnotherSpanIsTheSame) {
  publish_pipeline();
  const std::vector<std::string> one{"traceparent=1"}, two{"traceparent=2"};
  auto tagged = [](const std::vector<std::string>& tags) { return [&](Command& c) { c.command_id = CommandId::of(9, 9), c.tags = tags; }; };
  ASSERT_TRUE(send("opportunity", "1", kOpen, tagged(one)));
  auto again = send("opportunity", "1", kOpen, tagged(two));
  ASSERT_TRUE(again) << again.error().reason;
  EXPECT_TRUE(again->already);
}

TEST_F(CommandGatewayTest, AnswersARepeatedCommandWithItsFirstReceipt) {
  publish_pipeline();
  auto with = [](Command& command) { command.command_id = CommandId::of(7, 7); };
  auto first = send("opportunity", "1", kOpen, with);
  ASSERT_TRUE(send("opportunity", "1", opportunity::MoveStage{.stage_id = "late"}));
  auto again = send("opportunity", "1", kOpen, with);
  ASSERT_TRUE(again) << again.error().reason;
  EXPECT_TRUE(again->already);
  EXPECT_EQ(again->version, first->version);
  EXPECT_EQ(again->outcome.events.at(0).leaf, first->outcome.events.at(0).leaf);
  EXPECT_EQ(types().size(), 3u);
}

TEST_F(CommandGatewayTest, RefusesACommandIdThatWasUsedForAnotherRequest) {
  publish_pipeline();
  auto with = [](Command& command) { command.command_id = CommandId::of(7, 7); };
  ASSERT_TRUE(send("opportunity", "1", kOpen, with));
  auto other = send("opportunity", "2", kOpen, with);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().reason, "command.id_reused");
  EXPECT_EQ(other.error().code, ErrorCode::kConflict);
}

TEST_F(CommandGatewayTest, ABusinessNoCarriesItsCodeAndStoresNothing) {
  publish_pipeline();
  auto refused = send("opportunity", "1", opportunity::Win{});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRejected);
  EXPECT_EQ(refused.error().reason, "opportunity.not_found");
  EXPECT_EQ(store.head().position.value, 1u);
}

TEST_F(CommandGatewayTest, AMissingReasonIsNamedWithWhereToSayIt) {
  publish_pipeline();
  auto owned = kOpen;
  owned.owner_id = "anna";
  ASSERT_TRUE(send("opportunity", "1", owned));
  opportunity::AssignOwner to_ben{.owner_id = "ben"};
  auto refused = send("opportunity", "1", to_ben);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRejected);
  EXPECT_EQ(refused.error().reason, "opportunity.reason_missing");
  EXPECT_EQ(refused.error().field, "/reason.code");
  EXPECT_EQ(refused.error().expected, "a reason code");
  EXPECT_NE(refused.error().hint.find("--reason CODE[:TEXT]"), std::string::npos);
  EXPECT_EQ(code_of(send("opportunity", "1", to_ben, [](Command& c) { c.reason_code = "handover"; })), "accepted");
}

TEST_F(CommandGatewayTest, ARepeatedCommandWithOtherContentIsToldWhatToDo) {
  publish_pipeline();
  ASSERT_TRUE(send("opportunity", "1", kOpen));
  ASSERT_TRUE(send("opportunity", "1", opportunity::Lose{.reason_code = "price"}));
  auto refused = send("opportunity", "1", opportunity::Lose{.reason_code = "timing"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "opportunity.already_lost");
  EXPECT_EQ(refused.error().field, "/reasonCode");
  EXPECT_NE(refused.error().expected, "");
  EXPECT_NE(refused.error().hint, "");
}

TEST_F(CommandGatewayTest, AFactThatLacksItsReasonSaysSo) {
  publish_pipeline();
  auto owned = kOpen;
  owned.owner_id = "anna";
  ASSERT_TRUE(send("opportunity", "1", owned, [](Command& c) { c.as_fact = true; }));
  ASSERT_TRUE(send("opportunity", "1", opportunity::AssignOwner{.owner_id = "ben"}, [](Command& c) { c.as_fact = true; }));
  each([](const RecordedEvent& event) {
    std::string reason = event.metadata.getReasonCode().cStr();
    EXPECT_EQ(reason, event.type == "opportunity.ownerAssigned" ? "not-recorded" : "") << event.type;
  });
}

TEST_F(CommandGatewayTest, ALoyaltyProgramIsNotApprovedByItsOwnAuthor) {
  auto publish = [&](std::string_view actor, Text approver) {
    return code_of(send("policySet", "points", policy_set::Publish{.loyalty_program = policy_set::LoyaltyProgramBody{}, .approver_id = approver},
                        [&](Command& c) { c.actor = actor; }));
  };
  EXPECT_EQ(publish("anna", ""), "policy_set.approver_missing");
  EXPECT_EQ(publish("anna", "anna"), "policy_set.approver_is_actor");
  EXPECT_EQ(publish("anna", "ben"), "accepted");
}

TEST_F(CommandGatewayTest, AMissedExpectedVersionNamesTheCurrentOne) {
  publish_pipeline();
  ASSERT_TRUE(send("opportunity", "1", kOpen));
  auto missed = send("opportunity", "1", opportunity::MoveStage{.stage_id = "late"}, [](Command& c) { c.expected = StreamVersion{4}; });
  ASSERT_FALSE(missed);
  EXPECT_EQ(missed.error().reason, "stream.version_differs");
  EXPECT_EQ(missed.error().expected, "1");
  EXPECT_TRUE(send("opportunity", "1", opportunity::MoveStage{.stage_id = "late"}, [](Command& c) { c.expected = StreamVersion{1}; }));
}

TEST_F(CommandGatewayTest, AWishThatAlreadyHoldsStoresNothing) {
  publish_pipeline();
  ASSERT_TRUE(send("opportunity", "1", kOpen));
  auto receipt = send("opportunity", "1", opportunity::MoveStage{.stage_id = "new"});
  ASSERT_TRUE(receipt);
  EXPECT_TRUE(receipt->outcome.events.empty());
  EXPECT_EQ(receipt->version.value, 1u);
}

TEST_F(CommandGatewayTest, UnknownAggregatesAndBadIdsAreNamed) {
  EXPECT_EQ(send("opportunities", "1", kOpen).error().reason, "aggregate.unknown");
  EXPECT_EQ(send("opportunity", "", kOpen).error().reason, "stream.id_invalid");
  EXPECT_EQ(send("opportunity", "a\nb", kOpen).error().reason, "stream.id_invalid");
  EXPECT_EQ(send("opportunity", std::string(201, 'x'), kOpen).error().reason, "stream.id_invalid");
}

TEST_F(CommandGatewayTest, PersonalTextsAreSealedUnderTheirSubjectsKeyAndOpenedAgain) {
  ASSERT_TRUE(send("account", "acme", account::Create{.kind = account::Kind::PERSON, .name = "Anna Grün"}));
  each([&](const RecordedEvent& event) {
    EXPECT_NE(event.subject_key, 0u);
    std::string_view all(reinterpret_cast<const char*>(event.payload.begin()), event.payload.size() * 8);
    EXPECT_EQ(all.find("Anna"), all.npos);
    capnp::FlatArrayMessageReader message(event.payload);
    auto name = message.getRoot<account::wire::Event>().getCreated().getName();
    auto opened = keys.open({name.begin(), name.size()});
    ASSERT_TRUE(opened);
    EXPECT_EQ(*opened, "Anna Grün");
  });
}

TEST_F(CommandGatewayTest, AReasonsTextIsSealedAndItsCodeIsNot) {
  publish_pipeline();
  ASSERT_TRUE(send("opportunity", "1", kOpen, [](Command& c) {
    c.reason_code = "call";
    c.reason_text = "Anna rang";
  }));
  each([&](const RecordedEvent& event) {
    if (event.type != "opportunity.opened") return;
    EXPECT_EQ(std::string(event.metadata.getReasonCode().cStr()), "call");
    auto text = event.metadata.getReasonText();
    EXPECT_EQ(keys.open({text.begin(), text.size()}).value(), "Anna rang");
  });
}

TEST_F(CommandGatewayTest, ADecisionNamesThePolicyVersionsItUsed) {
  publish_pipeline();
  ASSERT_TRUE(send("opportunity", "1", kOpen));
  each([&](const RecordedEvent& event) {
    if (event.type != "opportunity.opened") return;
    ASSERT_EQ(event.metadata.getPolicies().size(), 1u);
    EXPECT_EQ(std::string(event.metadata.getPolicies()[0].getId().cStr()), "default");
    EXPECT_EQ(event.metadata.getPolicies()[0].getVersion(), 1u);
  });
}

TEST_F(RewardTest, AFulfilledOrderEarnsItsMemberPointsInTheSameAppend) {
  ASSERT_TRUE(send("loyaltyMember", "4711", loyalty_member::Enrol{.program_id = "points"}));
  auto receipt = send("order", "o1", order::Fulfil{}, [](Command& c) {
    c.command_id = CommandId::of(3, 3);
    c.actor = "anna";
  });
  ASSERT_TRUE(receipt) << receipt.error().message;
  ASSERT_EQ(receipt->outcome.events.size(), 2u);
  EXPECT_EQ(receipt->stream, "order-o1");
  EXPECT_EQ(receipt->version.value, 2u);
  each([&](const RecordedEvent& event) {
    if (event.type != "loyaltyMember.pointsEarned") return;
    EXPECT_EQ(event.stream_id, "4711");
    EXPECT_EQ(event.id(), event_id(CommandId::of(3, 3), 1));
    EXPECT_EQ(EventId::read(event.metadata.getCausation()), event_id(CommandId::of(3, 3), 0));
    EXPECT_EQ(event.metadata.getActorKind(), ActorKind::RULE);
    EXPECT_EQ(std::string(event.metadata.getOnBehalfOf().cStr()), "anna");
    capnp::FlatArrayMessageReader message(event.payload);
    EXPECT_EQ(message.getRoot<loyalty_member::wire::Event>().getPointsEarned().getPoints(), 25);
  });
}

TEST_F(RewardTest, AReturnOverTwoFulfilmentsTakesBackFromBothInOneAppend) {
  ASSERT_TRUE(send("loyaltyMember", "acme", loyalty_member::Enrol{.program_id = "points"}));
  order::Place place{.kind = order::Kind::SALE, .account_id = "acme", .currency = "GBP"};
  place.lines.push_back({.product_id = "tea", .qty_milli = 4'000, .unit_price = {1'000, 2, "GBP"}, .discount_bp = 0});
  ASSERT_TRUE(send("order", "2", place));
  ASSERT_TRUE(send("order", "2", order::Fulfil{.lines = {{.line = 1, .qty_milli = 2'000}}}));
  ASSERT_TRUE(send("order", "2", order::Fulfil{}));
  auto receipt = send("order", "2", order::Return{.lines = {{.line = 1, .qty_milli = 3'000}}, .reason_code = "broken"});
  ASSERT_TRUE(receipt) << receipt.error().reason;
  ASSERT_EQ(receipt->outcome.events.size(), 3u);
  EXPECT_EQ(receipt->outcome.events[1].type, "loyaltyMember.pointsReversed");
  EXPECT_EQ(receipt->outcome.events[2].type, "loyaltyMember.pointsReversed");
}

TEST_F(RewardTest, WithoutAMemberAnOrderIsFulfilledAllTheSame) {
  auto receipt = send("order", "o1", order::Fulfil{});
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->outcome.events.size(), 1u);
}

// --- batches ---
struct BatchTest : CommandGatewayTest {
  Result<CommandBatch::Decided> decide(CommandBatch& batch, std::string_view aggregate, std::string_view id, const auto& command,
                                       CommandId command_id) {
    auto body = bytes(command);
    return batch.decide({.aggregate = aggregate, .id = id, .body = body, .command_id = command_id, .as_fact = true});
  }
};

TEST_F(BatchTest, DecidesEachCommandOnTheStateThatTheOneBeforeLeft) {
  publish_pipeline();
  auto batch = gateway->batch();
  ASSERT_TRUE(decide(*batch, "opportunity", "1", kOpen, CommandId::of(2, 1)));
  auto won = decide(*batch, "opportunity", "1", opportunity::Win{.amount = Money{5, "EUR"}}, CommandId::of(2, 2));
  ASSERT_TRUE(won) << won.error().reason;
  EXPECT_EQ(won->events, 2u);
  batch->keep();
  EXPECT_EQ(store.head().position.value, 1u);
  EXPECT_EQ(batch->version_of("opportunity", "1")->value, 3u);
  EXPECT_EQ(batch->flush().value(), 3u);
  EXPECT_EQ(store.head().position.value, 4u);
}

TEST_F(BatchTest, ADroppedRecordLeavesNothingBehind) {
  publish_pipeline();
  auto batch = gateway->batch();
  ASSERT_TRUE(decide(*batch, "opportunity", "1", kOpen, CommandId::of(2, 1)));
  batch->keep();
  ASSERT_TRUE(decide(*batch, "opportunity", "1", opportunity::Win{.amount = Money{5, "EUR"}}, CommandId::of(2, 2)));
  EXPECT_FALSE(decide(*batch, "opportunity", "1", opportunity::MoveStage{.stage_id = "nowhere"}, CommandId::of(2, 3)));
  batch->drop();
  auto moved = decide(*batch, "opportunity", "1", opportunity::MoveStage{.stage_id = "late"}, CommandId::of(2, 4));
  ASSERT_TRUE(moved);
  batch->keep();
  ASSERT_TRUE(batch->flush());
  EXPECT_EQ(types(), (std::vector<std::string>{"policySet.published", "opportunity.opened", "opportunity.stageChanged"}));
}

TEST_F(BatchTest, KnowsTheCommandsOfTheLogAndItsOwn) {
  publish_pipeline();
  {
    auto batch = gateway->batch();
    ASSERT_TRUE(decide(*batch, "opportunity", "1", kOpen, CommandId::of(2, 1)));
    batch->keep();
    auto pending = decide(*batch, "opportunity", "1", kOpen, CommandId::of(2, 1));
    ASSERT_TRUE(pending) << pending.error().reason;
    EXPECT_EQ(pending->became, CommandBatch::Became::kAlready);
    ASSERT_TRUE(batch->flush());
  }
  auto batch = gateway->batch();
  auto stored = decide(*batch, "opportunity", "1", kOpen, CommandId::of(2, 1));
  ASSERT_TRUE(stored) << stored.error().reason;
  EXPECT_EQ(stored->became, CommandBatch::Became::kAlready);
}

TEST_F(BatchTest, APolicyOfTheBatchHoldsForTheRecordsAfterIt) {
  auto batch = gateway->batch();
  policy_set::PipelineBody body{.stages = {{"new", "New", 1'000, ForecastCategory::PIPELINE}}};
  ASSERT_TRUE(decide(*batch, "policySet", "default", policy_set::Publish{.pipeline = body}, CommandId::of(2, 1)));
  batch->keep();
  EXPECT_TRUE(decide(*batch, "opportunity", "1", kOpen, CommandId::of(2, 2)));
}

TEST_F(CommandGatewayTest, CommandsFromManyThreadsOnOneStreamAllCount) {
  publish_pipeline();
  ASSERT_TRUE(send("opportunity", "1", kOpen));
  constexpr std::uint64_t kThreads = 8, kEach = 50;
  std::atomic<std::uint64_t> accepted = 0;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 1; t <= kThreads; ++t)
      threads.emplace_back([&, t] {
        for (std::uint64_t i = 1; i <= kEach; ++i) {
          auto body = bytes(opportunity::ChangeAmount{.amount = {static_cast<std::int64_t>(t * 1'000 + i), "EUR"}});
          auto receipt = gateway->submit({.aggregate = "opportunity", .id = "1", .body = body, .command_id = CommandId::of(100 + t, i)});
          accepted += receipt.has_value();
        }
      });
  }
  EXPECT_EQ(accepted, kThreads * kEach);
  EXPECT_EQ(store.version_of("opportunity-1")->value, 1 + kThreads * kEach);
}

}  // namespace
}  // namespace rapport
