// Commands of several callers that come together: each answered as if it had come alone.
#include <algorithm>

#include "domain/account.h"
#include "domain/data_subject.h"
#include "tests/gateway/gateway_fixture.h"

namespace rapport {
namespace {

struct TogetherTest : CommandGatewayTest {
  void add(std::string_view aggregate, std::string_view id, const auto& fields) {
    bodies.push_back(bytes(fields));
    commands.push_back({.aggregate = aggregate, .id = id, .body = bodies.back(), .command_id = CommandId::of(1, ++sent)});
  }
  void add_account(std::string_view id) { add("account", id, account::Create{.kind = account::Kind::PERSON, .name = "Anna Grün"}); }
  std::vector<std::string> submit() {
    receipts = gateway->submit_together(commands);
    std::vector<std::string> codes;
    for (auto& receipt : receipts) codes.push_back(receipt && receipt->already ? "already" : code_of(receipt));
    return codes;
  }

  std::vector<kj::Array<capnp::word>> bodies;
  std::vector<Command> commands;
  std::vector<Result<Receipt>> receipts;
};
using Codes = std::vector<std::string>;
const account::SetRelation kBelow{.other_id = "b", .role = account::RelationRole::PARENT};

TEST_F(TogetherTest, EachGetsItsOwnAnswer) {
  ASSERT_TRUE(send("account", "there", account::Create{.kind = account::Kind::PERSON}));
  add_account("a");
  add("account", "there", account::Create{.kind = account::Kind::ORGANISATION});
  add_account("b");
  add("nothing", "x", account::Create{});
  add("account", "nobody", kBelow);
  add_account("c");
  auto alone = code_of(send("account", "there", account::Create{.kind = account::Kind::ORGANISATION}));
  auto nobody = code_of(send("account", "nobody", kBelow));
  EXPECT_EQ(submit(), (Codes{"accepted", alone, "accepted", "aggregate.unknown", nobody, "accepted"}));
  EXPECT_EQ(receipts[0]->stream, "account-a");
  EXPECT_EQ(receipts[5]->stream, "account-c");
  EXPECT_EQ(store.head().position.value, 4u);
  EXPECT_EQ(submit(), (Codes{"already", alone, "already", "aggregate.unknown", nobody, "already"}));
}

TEST_F(TogetherTest, ThoseOfOneStreamFollowEachOther) {
  publish_pipeline();
  ASSERT_TRUE(send("opportunity", "1", kOpen));
  add("opportunity", "1", opportunity::MoveStage{.stage_id = "late"});
  add_account("b");
  add("opportunity", "1", opportunity::MoveStage{.stage_id = "new"});
  commands[2].expected = StreamVersion{1};
  add("opportunity", "1", opportunity::MoveStage{.stage_id = "new"});
  EXPECT_EQ(submit(), (Codes{"accepted", "accepted", "stream.version_differs", "accepted"}));
  EXPECT_EQ(receipts[0]->version.value, 2u);
  EXPECT_EQ(receipts[3]->version.value, 3u);
}

// Both are decided on streams that the other one changes.
TEST_F(TogetherTest, NoneIsDecidedOnWhatAnotherChanges) {
  for (auto* id : {"a", "b"}) ASSERT_TRUE(send("account", id, account::Create{.kind = account::Kind::ORGANISATION}));
  add("account", "a", account::SetRelation{.other_id = "b", .role = account::RelationRole::PARENT});
  add("account", "b", account::SetRelation{.other_id = "a", .role = account::RelationRole::PARENT});
  auto codes = submit();
  std::ranges::sort(codes);
  EXPECT_EQ(codes, (Codes{"accepted", "account.hierarchy_circular"}));
}

TEST_F(TogetherTest, ACommandIdThatIsTakenInBetweenIsRefused) {
  add_account("a");
  add_account("b");
  commands[1].command_id = commands[0].command_id;
  auto codes = submit();
  std::ranges::sort(codes);
  EXPECT_EQ(codes, (Codes{"accepted", "command.id_reused"}));
}

TEST_F(TogetherTest, AnErasureAmongThemDestroysTheKey) {
  ASSERT_TRUE(send("account", "gone", account::Create{.kind = account::Kind::PERSON, .name = "Anna Grün"}));
  add_account("a");
  add("dataSubject", "account-gone", data_subject::EraseSubject{});
  commands[1].reason_code = "gdpr-17";
  add_account("b");
  EXPECT_EQ(submit(), (Codes{"accepted", "accepted", "accepted"}));
  EXPECT_EQ(*keys.current_key("account-gone"), 0u);
}

}  // namespace
}  // namespace rapport
