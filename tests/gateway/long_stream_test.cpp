// Commands on streams that are long: what was folded once is not folded again without need, and what was dropped leaves nothing.
#include "tests/gateway/counting_store.h"
#include "tests/gateway/gateway_fixture.h"

namespace rapport {
namespace {

using loyalty_member::Earn;
using loyalty_member::Redeem;

struct LongStreamTest : RewardTest {
  static constexpr std::uint64_t kMovements = 1'200;
  LongStreamTest() {
    RAPPORT_ASSERT(send("loyaltyMember", "m", loyalty_member::Enrol{.program_id = "points"}));
    for (std::uint64_t i = 1; i <= kMovements; ++i) {
      auto txn = "t" + std::to_string(i);
      RAPPORT_ASSERT(send("loyaltyMember", "m", Earn{.txn_id = txn, .points = 1}));
    }
  }
  std::string decide(CommandBatch& batch, const auto& command) {
    auto body = bytes(command);
    auto decided = batch.decide({.aggregate = "loyaltyMember", .id = "m", .body = body, .command_id = CommandId::of(5, ++sent)});
    if (!decided) return decided.error().reason;
    return decided->became == CommandBatch::Became::kAccepted ? "accepted" : "unchanged";
  }
  // As a gateway says that has folded all of the log.
  std::string balance_is(std::int64_t points) {
    auto anew = CommandGateway::open(aggregates, store, keys, clock);
    RAPPORT_ASSERT(anew.has_value());
    auto answer = [&](std::int64_t redeemed) {
      auto body = bytes(Redeem{.txn_id = "all", .points = redeemed});
      return code_of((*anew)->submit({.aggregate = "loyaltyMember", .id = "m", .body = body, .command_id = CommandId::of(6, ++sent)}));
    };
    if (answer(points + 1) != "loyalty_member.points_insufficient") return "more";
    return answer(points) == "accepted" ? "so" : "less";
  }
};

TEST_F(LongStreamTest, ARefusalLeavesTheStateInMemory) {
  CountingStore counting(store);
  auto begun = CommandGateway::open(aggregates, counting, keys, clock);
  ASSERT_TRUE(begun);
  auto answer = [&](const auto& command) {
    auto body = bytes(command);
    return code_of((*begun)->submit({.aggregate = "loyaltyMember", .id = "m", .body = body, .command_id = CommandId::of(7, ++sent)}));
  };
  EXPECT_EQ(answer(Redeem{.txn_id = "r", .points = 2'000}), "loyalty_member.points_insufficient");
  auto folded = counting.events_read.load();
  EXPECT_EQ(folded, kMovements + 1);
  EXPECT_EQ(answer(Redeem{.txn_id = "r", .points = 2'000}), "loyalty_member.points_insufficient");
  EXPECT_EQ(answer(Earn{.txn_id = "t1", .points = 1}), "unchanged");
  EXPECT_EQ(answer(Redeem{.txn_id = "r", .points = 200}), "accepted");
  EXPECT_EQ(counting.events_read.load(), folded);
}

TEST_F(LongStreamTest, ARecordThatIsDroppedLeavesNothingInABatch) {
  auto batch = gateway->batch();
  EXPECT_EQ(decide(*batch, Earn{.txn_id = "kept", .points = 10}), "accepted");
  batch->keep();
  EXPECT_EQ(decide(*batch, Earn{.txn_id = "dropped", .points = 5'000}), "accepted");
  EXPECT_EQ(decide(*batch, Redeem{.txn_id = "r", .points = 9'000}), "loyalty_member.points_insufficient");
  batch->drop();
  EXPECT_EQ(batch->version_of("loyaltyMember", "m").value(), StreamVersion{kMovements + 2});
  EXPECT_EQ(decide(*batch, Earn{.txn_id = "kept", .points = 11}), "loyalty_member.transaction_differs");
  batch->drop();
  EXPECT_EQ(decide(*batch, Redeem{.txn_id = "r", .points = kMovements + 11}), "loyalty_member.points_insufficient");
  batch->drop();
  EXPECT_EQ(decide(*batch, Redeem{.txn_id = "r", .points = kMovements}), "accepted");
  batch->keep();
  EXPECT_EQ(batch->flush().value(), 2u);
  EXPECT_EQ(balance_is(10), "so");
}

TEST_F(LongStreamTest, ADryRunThatDropsARecordGoesOnWithTheRest) {
  auto batch = gateway->batch(true);
  EXPECT_EQ(decide(*batch, Earn{.txn_id = "kept", .points = 10}), "accepted");
  batch->keep();
  EXPECT_EQ(batch->flush().value(), 1u);
  EXPECT_EQ(decide(*batch, Earn{.txn_id = "dropped", .points = 5'000}), "accepted");
  batch->drop();
  EXPECT_EQ(decide(*batch, Redeem{.txn_id = "r", .points = kMovements + 11}), "loyalty_member.points_insufficient");
  batch->drop();
  EXPECT_EQ(decide(*batch, Redeem{.txn_id = "r", .points = kMovements + 10}), "accepted");
  batch.reset();
  EXPECT_EQ(balance_is(kMovements), "so");
}

}  // namespace
}  // namespace rapport
