// States that the log has overtaken, streams that cannot be decided on, and chains of reactions that do not end.
#include <functional>
#include <utility>

#include "domain/account.h"
#include "tests/eventstore_samples/forwarded_reads.h"
#include "tests/gateway/gateway_fixture.h"

namespace rapport {
namespace {

using account::RelationRole;

struct RaceTest : CommandGatewayTest {
  // Another gateway on the same log: what it stores, the first one's cached states do not know.
  std::unique_ptr<CommandGateway> another() {
    auto opened = CommandGateway::open(aggregates, store, keys, clock);
    RAPPORT_ASSERT(opened.has_value());
    return std::move(*opened);
  }
  Result<Receipt> send_by(CommandGateway& other, std::string_view aggregate, std::string_view id, const auto& fields) {
    auto body = bytes(fields);
    return other.submit({.aggregate = aggregate, .id = id, .body = body, .command_id = CommandId::of(2, ++sent)});
  }
  // Puts bytes on a stream behind the gateway's back.
  void store_raw(const std::string& stream, const std::string& type, Words payload) {
    capnp::MallocMessageBuilder message;
    auto [aggregate, id] = split_stream(stream);
    auto metadata = message.initRoot<envelope::wire::Metadata>();
    metadata.setStreamType(std::string(aggregate));
    metadata.setStreamId(std::string(id));
    metadata.setType(type);
    metadata.setSchemaVersion(1);
    metadata.setOccurredAt(kNow.micros);
    metadata.setOccurredPrecision(Precision::INSTANT);
    metadata.setActorId("anna");
    metadata.setActorKind(ActorKind::USER);
    auto words = capnp::messageToFlatArray(message);
    auto version = store.version_of(stream);
    Append append{.command = CommandId::of(3, ++sent), .conditions = {{stream, *version}}, .events = {{stream, words, payload}}, .recorded_at = {}, .salts = {}};
    auto answers = store.append({&append, 1});
    ASSERT_TRUE(answers) << answers.error().message;
    ASSERT_TRUE(std::holds_alternative<Appended>(answers->front()));
  }
};

// A state taken out, put back late, is older than the log: nobody may decide on it, least of all that nothing is to do.
TEST_F(RaceTest, AStateThatTheLogHasOvertakenIsReadAgain) {
  publish_pipeline();
  ASSERT_TRUE(send("opportunity", "1", kOpen));
  auto other = another();
  ASSERT_TRUE(send_by(*other, "opportunity", "1", opportunity::MoveStage{.stage_id = "late"}));
  EXPECT_EQ(code_of(send("opportunity", "1", opportunity::MoveStage{.stage_id = "new"})), "accepted");
  EXPECT_EQ(store.version_of("opportunity-1")->value, 3u);
}
TEST_F(RaceTest, ABatchDoesNotStumbleOverOneEither) {
  publish_pipeline();
  ASSERT_TRUE(send("opportunity", "1", kOpen));
  auto other = another();
  ASSERT_TRUE(send_by(*other, "opportunity", "1", opportunity::MoveStage{.stage_id = "late"}));
  auto batch = gateway->batch();
  auto body = bytes(opportunity::MoveStage{.stage_id = "new"});
  auto decided = batch->decide({.aggregate = "opportunity", .id = "1", .body = body, .command_id = CommandId::of(4, 1)});
  ASSERT_TRUE(decided) << decided.error().reason;
  batch->keep();
  EXPECT_EQ(batch->flush().value(), 1u);
}

// --- What lies across streams ---

TEST_F(RaceTest, AnAccountIsNotBelowItself) {
  auto under = [&](std::string_view id, Text other) {
    return code_of(send("account", id, account::SetRelation{.other_id = other, .role = RelationRole::PARENT}));
  };
  for (auto* id : {"a", "b", "c"}) ASSERT_TRUE(send("account", id, account::Create{.kind = account::Kind::ORGANISATION}));
  EXPECT_EQ(under("a", "a"), "account.relation_to_itself");
  EXPECT_EQ(under("a", "b"), "accepted");
  EXPECT_EQ(under("b", "c"), "accepted");
  EXPECT_EQ(under("c", "a"), "account.hierarchy_circular");
  EXPECT_EQ(under("b", "a"), "account.hierarchy_circular");
  EXPECT_EQ(under("c", "elsewhere"), "accepted");  // that account may come later
}

// The store, with something that happens between a decision and its append.
class InterruptedStore final : public test::ForwardedReads {
 public:
  explicit InterruptedStore(EventStore& store) : ForwardedReads(store), store_(store) {}
  std::function<void()> before_append;

  Result<std::vector<AppendOutcome>> append(std::span<const Append> appends) override {
    if (auto once = std::exchange(before_append, {})) once();
    return store_.append(appends);
  }

 private:
  EventStore& store_;
};
// Of two relations that make a circle together, one is stored, whenever the other one comes in.
TEST_F(RaceTest, TwoHalvesOfACircleAreNotBothStored) {
  auto under = [](Text other) { return account::SetRelation{.other_id = other, .role = RelationRole::PARENT}; };
  for (auto* id : {"a", "b"}) ASSERT_TRUE(send("account", id, account::Create{.kind = account::Kind::ORGANISATION}));
  InterruptedStore interrupted(store);
  auto slow = CommandGateway::open(aggregates, interrupted, keys, clock);
  ASSERT_TRUE(slow);
  interrupted.before_append = [&] { ASSERT_EQ(code_of(send("account", "b", under("a"))), "accepted"); };
  EXPECT_EQ(code_of(send_by(**slow, "account", "a", under("b"))), "account.hierarchy_circular");
}
// A race that was lost on a stream that a decision only looked at is no missed version of the command's own.
TEST_F(RaceTest, AnExpectedVersionIsOfTheCommandsOwnStreamAlone) {
  for (auto* id : {"a", "b"}) ASSERT_TRUE(send("account", id, account::Create{.kind = account::Kind::ORGANISATION}));
  InterruptedStore interrupted(store);
  auto slow = CommandGateway::open(aggregates, interrupted, keys, clock);
  ASSERT_TRUE(slow);
  interrupted.before_append = [&] { ASSERT_TRUE(send("account", "b", account::SetLifecycle{.lifecycle = account::Lifecycle::ACTIVE})); };
  auto body = bytes(account::SetRelation{.other_id = "b", .role = RelationRole::PARENT});
  EXPECT_EQ(code_of((*slow)->submit({.aggregate = "account", .id = "a", .body = body, .command_id = CommandId::of(6, 1), .expected = StreamVersion{1}})),
            "accepted");
}

// --- Streams that cannot be decided on ---

TEST_F(RaceTest, AStreamWithAnEventOfANewerProgramIsNotDecidedOn) {
  publish_pipeline();
  ASSERT_TRUE(send_by(*another(), "opportunity", "1", kOpen));
  capnp::MallocMessageBuilder message;
  auto any = message.getRoot<capnp::AnyPointer>().initAsAnyStruct(1, 1);
  any.getDataSection()[0] = 99;  // a member that this program's union lacks
  store_raw("opportunity-1", "opportunity.pondered", capnp::messageToFlatArray(message));
  auto refused = send("opportunity", "1", opportunity::MoveStage{.stage_id = "late"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "stream.newer");
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(refused.error().hint, "upgrade the program");
}
TEST_F(RaceTest, AStreamWithADamagedEventIsNotDecidedOn) {
  publish_pipeline();
  ASSERT_TRUE(send_by(*another(), "opportunity", "1", kOpen));
  capnp::MallocMessageBuilder message;
  message.initRoot<opportunity::wire::Event>();  // `unspecified`, which zeroed bytes decode as
  store_raw("opportunity-1", "opportunity.won", capnp::messageToFlatArray(message));
  auto refused = send("opportunity", "1", opportunity::MoveStage{.stage_id = "late"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "stream.corrupt");
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(refused.error().message.find("position 3"), std::string::npos) << refused.error().message;
}

// --- Chains of reactions ---

TEST_F(RewardTest, ACommandThatCausesMoreThanAThousandOthersIsRefused) {
  ASSERT_TRUE(send("loyaltyMember", "acme", loyalty_member::Enrol{.program_id = "points"}));
  order::Place place{.kind = order::Kind::SALE, .account_id = "acme", .currency = "GBP"};
  place.lines.push_back({.product_id = "tea", .qty_milli = 2'000'000, .unit_price = {1'000, 2, "GBP"}, .discount_bp = 0});
  ASSERT_TRUE(send("order", "2", place));
  for (int i = 0; i <= 1'000; ++i) ASSERT_TRUE(send("order", "2", order::Fulfil{.lines = {{.line = 1, .qty_milli = 1'000}}}));
  auto head = store.head().position;
  EXPECT_EQ(code_of(send("order", "2", order::Return{.reason_code = "broken"})), "command.too_many_reactions");
  EXPECT_EQ(store.head().position, head);
  order::Return some{.lines = {{.line = 1, .qty_milli = 500'000}}, .reason_code = "broken"};
  EXPECT_EQ(code_of(send("order", "2", some)), "accepted");
}

}  // namespace
}  // namespace rapport
