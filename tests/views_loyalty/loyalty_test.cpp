// Given events, then lines: one test for each event that the view takes.
#include "projections/loyalty/loyalty.h"

#include "domain/schema/loyalty_member.values.h"
#include "domain/schema/order.values.h"
#include "projections/loyalty/standing.h"
#include "tests/views/journal.h"

namespace rapport::projections {
namespace {

using namespace loyalty_member;
using order::Kind;

using Lines = std::vector<std::string>;
constexpr Money gbp(std::int64_t minor) { return {minor, "GBP"}; }
const EventId kCause{0, 7, 0};

struct LoyaltyView : testing::Test {
  const ViewType& view = *find_view("loyalty");
  Journal log;

  Lines ask(std::string_view report, const std::vector<std::string>& columns, Query query = {}) {
    MemoryRowStore store;
    log.fold(view, store, log.size());
    return lines_of(view, store, report, columns, std::move(query));
  }
  Lines ledger(const std::vector<std::string>& columns) {
    return ask("ledger", columns, {.arguments = {{"id", "m1"}}});
  }
  Lines lots() {
    return ask("lots", {"lot", "earned", "remaining", "expiresOn"}, {.arguments = {{"id", "m1"}}});
  }
  Lines points() {
    return ask("summary", {"earned", "reversed", "redeemed", "expired", "adjusted", "balance"});
  }

  void enrol(const std::string& id, Text program = "points") {
    log.add("loyaltyMember-" + id, Enrolled{.program_id = program, .account_id = "acme"});
  }
  void buy(const std::string& id, Text member, Kind kind, Money amount, Timestamp at = day(0)) {
    log.add("order-" + id, order::Placed{.kind = kind, .account_id = member, .total = amount},
            {.occurred_at = at});
    log.add("order-" + id, order::Fulfilled{.amount = amount, .complete = true, .number = 1},
            {.occurred_at = at});
  }
};

TEST_F(LoyaltyView, AMemberIsEnrolled) {
  enrol("m1");
  EXPECT_EQ(
      ask("members", {"id", "account", "program", "status", "balance", "enrolledAt", "version"}),
      Lines{"m1|acme|points|active|0|2025-01-01T00:00:00Z|1"});
}
TEST_F(LoyaltyView, EarningMakesALotLessTheDebtItPays) {
  enrol("m1");
  log.add("loyaltyMember-m1", PointsReversed{.txn_id = "c", .points = 4, .debt = 4});
  log.add("loyaltyMember-m1",
          PointsEarned{.txn_id = "o",
                       .points = 10,
                       .basis = gbp(10'99),
                       .rule_id = "points.v1",
                       .expires_on = Date{20'200},
                       .debt_paid = 4},
          {.cause = kCause});
  EXPECT_EQ(points(), Lines{"10|4|0|0|0|6"});
  EXPECT_EQ(lots(), Lines{"o|10|6|2025-04-22"});
  EXPECT_EQ(ledger({}), (Lines{"2|2025-01-01T00:00:00Z|reversed|c||-4||4||||||-4",
                               "3|2025-01-01T00:00:00Z|earned|o||10|o 6|-4|1099|GBP|points.v1||" +
                                   to_text(kCause) + "|6"}));
}
TEST_F(LoyaltyView, TotalsOver64BitsAreRefusedByTheirColumnAndNeverWrap) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  enrol("m1");
  for (auto txn : {"a", "b"})
    log.add("loyaltyMember-m1", PointsEarned{.txn_id = txn, .points = kMost, .debt_paid = 0});
  EXPECT_EQ(ask("summary", {}), Lines{"error report.overflow earned"});
  EXPECT_EQ(ask("members", {}), Lines{"error report.overflow balance"});
  EXPECT_EQ(ledger({}), Lines{"error report.overflow balance"});
  log.add("loyaltyMember-m1",
          PointsRedeemed{.txn_id = "r", .points = kMost, .allocations = {{"b", kMost}}});
  EXPECT_EQ(ask("members", {"id", "balance"}), Lines{"m1|" + std::to_string(kMost)});
}
TEST_F(LoyaltyView, RedeemingTakesFromLots) {
  enrol("m1");
  log.add("loyaltyMember-m1", PointsEarned{.txn_id = "a", .points = 10, .debt_paid = 0});
  log.add("loyaltyMember-m1", PointsEarned{.txn_id = "b", .points = 10, .debt_paid = 0});
  log.add("loyaltyMember-m1",
          PointsRedeemed{.txn_id = "r", .points = 12, .allocations = {{"a", 10}, {"b", 2}}});
  EXPECT_EQ(points(), Lines{"20|0|12|0|0|8"});
  EXPECT_EQ(lots(), (Lines{"a|10|0|", "b|10|8|"}));
  EXPECT_EQ(ledger({"kind", "points", "lots", "balance"}),
            (Lines{"earned|10|a 10|10", "earned|10|b 10|20", "redeemed|-12|a -10, b -2|8"}));
}
TEST_F(LoyaltyView, ReversingTakesFromLotsAndOwesTheRest) {
  enrol("m1");
  log.add("loyaltyMember-m1", PointsEarned{.txn_id = "a", .points = 10, .debt_paid = 0});
  log.add("loyaltyMember-m1", PointsReversed{.txn_id = "x",
                                             .original_txn_id = "a",
                                             .points = 12,
                                             .allocations = {{"a", 10}},
                                             .debt = 2,
                                             .basis = gbp(12'00)});
  EXPECT_EQ(points(), Lines{"10|12|0|0|0|-2"});
  EXPECT_EQ(lots(), Lines{"a|10|0|"});
  EXPECT_EQ(ledger({"kind", "originalTxn", "points", "lots", "debt", "basisMinor"}),
            (Lines{"earned||10|a 10|0|", "reversed|a|-12|a -10|2|1200"}));
}
TEST_F(LoyaltyView, ExpiringEmptiesALot) {
  enrol("m1");
  log.add("loyaltyMember-m1", PointsEarned{.txn_id = "a", .points = 10, .debt_paid = 0});
  log.add("loyaltyMember-m1", PointsExpired{.lot_id = "a", .points = 10}, {.reason = "year-end"});
  EXPECT_EQ(points(), Lines{"10|0|0|10|0|0"});
  EXPECT_EQ(lots(), Lines{"a|10|0|"});
  EXPECT_EQ(ledger({"kind", "points", "lots", "reason"}),
            (Lines{"earned|10|a 10|", "expired|-10|a -10|year-end"}));
}
TEST_F(LoyaltyView, AdjustingMakesALotOrTakesFromLots) {
  enrol("m1");
  log.add("loyaltyMember-m1",
          PointsAdjusted{.txn_id = "j", .points = 10, .debt_paid = 0, .approver_id = "p"});
  log.add("loyaltyMember-m1", PointsAdjusted{.txn_id = "k",
                                             .points = -3,
                                             .allocations = {{"j", 3}},
                                             .debt_paid = 0,
                                             .approver_id = "p"});
  EXPECT_EQ(points(), Lines{"0|0|0|0|7|7"});
  EXPECT_EQ(lots(), Lines{"j|10|7|"});
  EXPECT_EQ(ledger({"kind", "points", "lots"}), (Lines{"adjusted|10|j 10", "adjusted|-3|j -3"}));
}
TEST_F(LoyaltyView, TierStatusAndAccountAreTheLatest) {
  enrol("m1");
  log.add("loyaltyMember-m1", TierChanged{.new_ = "gold", .qualifying_points = 900});
  log.add("loyaltyMember-m1", StatusChanged{.old = Status::ACTIVE, .new_ = Status::SUSPENDED});
  log.add("loyaltyMember-m1", CorrectionRecorded{.target = kCause,
                                                 .old = {.account_id = "acme"},
                                                 .new_ = {.account_id = "apex"},
                                                 .approver_id = "p"});
  EXPECT_EQ(ask("members", {"account", "status", "tier"}), Lines{"apex|suspended|gold"});
}

TEST_F(LoyaltyView, NetSpendIsSalesAndAdjustmentsLessCreditNotesAndReturns) {
  enrol("m1");
  buy("1", "m1", Kind::SALE, gbp(100'00));
  buy("2", "m1", Kind::CREDIT_NOTE, gbp(-10'00));
  buy("3", "m1", Kind::ADJUSTMENT, gbp(-1'00));
  log.add("order-1", order::Returned{.refund = gbp(5'00), .reason_code = "x", .number = 1});
  EXPECT_EQ(
      ask("summary", {"program", "members", "orders", "returns", "netSpendMinor", "currency"}),
      Lines{"points|1|1|2|8400|GBP"});
}
TEST_F(LoyaltyView, AnOrderFulfilledInPartsIsOneOrder) {
  enrol("m1");
  log.add("order-1", order::Placed{.kind = Kind::SALE, .member_id = "m1", .total = gbp(10)});
  log.add("order-1", order::Fulfilled{.amount = gbp(4), .complete = false, .number = 1});
  log.add("order-1", order::Fulfilled{.amount = gbp(6), .complete = true, .number = 2});
  EXPECT_EQ(ask("members", {"orders", "netSpendMinor"}), Lines{"10|1"});
}
TEST_F(LoyaltyView, OrdersOfNobodyAndOfNonMembersDoNotCount) {
  enrol("m1");
  buy("1", "stranger", Kind::SALE, gbp(100'00));
  log.add("order-2", order::Placed{.kind = Kind::SALE, .total = gbp(1)});
  log.add("order-2", order::Fulfilled{.amount = gbp(1), .complete = true, .number = 1});
  EXPECT_EQ(ask("summary", {"members", "orders", "netSpendMinor", "currency"}), Lines{"1|0||"});
}
TEST_F(LoyaltyView, ACorrectedOrderCountsForItsRightMember) {
  enrol("m1"), enrol("m2");
  buy("1", "m1", Kind::SALE, gbp(100'00));
  log.add("order-1", order::Returned{.refund = gbp(5'00), .reason_code = "x", .number = 1});
  log.add("order-1", order::CorrectionRecorded{.target = kCause,
                                               .old = {.account_id = "m1"},
                                               .new_ = {.account_id = "m2"},
                                               .approver_id = "p"});
  EXPECT_EQ(ask("members", {"id", "orders", "returns", "netSpendMinor"}),
            (Lines{"m1||0|0", "m2|9500|1|1"}));
}
TEST_F(LoyaltyView, EachCurrencyHasALineAndPointsAreOnTheFirst) {
  enrol("m1");
  log.add("loyaltyMember-m1", PointsEarned{.txn_id = "a", .points = 10, .debt_paid = 0});
  buy("1", "m1", Kind::SALE, gbp(100));
  buy("2", "m1", Kind::SALE, {7, "EUR"});
  EXPECT_EQ(ask("summary", {"members", "netSpendMinor", "currency", "balance"}),
            (Lines{"1|7|EUR|10", "|100|GBP|"}));
  EXPECT_EQ(ask("members", {"id", "balance", "netSpendMinor", "currency"}),
            (Lines{"m1|10|7|EUR", "m1||100|GBP"}));
}
TEST_F(LoyaltyView, EachProgramHasALine) {
  enrol("m1"), enrol("m2", "miles");
  EXPECT_EQ(ask("summary", {"program", "members"}), (Lines{"miles|1", "points|1"}));
}

// --- recency, frequency, money ---
TEST_F(LoyaltyView, QuintilesShareTheLowestRankOfATie) {
  // Ten members: k orders of £k each in the year, the last of them k days ago; 9 and 10 tie in
  // frequency.
  for (std::int64_t k = 1; k <= 10; ++k) {
    auto id = "m" + std::to_string(k);
    enrol(id);
    for (std::int64_t n = 1; n <= std::min<std::int64_t>(k, 9); ++n)
      buy(id + "-" + std::to_string(n), id, Kind::SALE, gbp(k * 100), day(-k));
  }
  EXPECT_EQ(ask("members", {"id", "recencyDays", "r", "f", "m", "segment"}, {.reference = day(0)}),
            (Lines{"m1|1|5|1|1|new", "m10|10|1|5|5|at-risk", "m2|2|5|1|1|new",
                   "m3|3|4|2|2|need-attention", "m4|4|4|2|2|need-attention",
                   "m5|5|3|3|3|need-attention", "m6|6|3|3|3|need-attention", "m7|7|2|4|4|at-risk",
                   "m8|8|2|4|4|at-risk", "m9|9|1|5|5|at-risk"}));
}
TEST_F(LoyaltyView, SegmentsFollowTheQuintiles) {
  loyalty::Spend spend;
  auto segment = [&](int r, int f, int m) {
    spend.r = r, spend.f = f, spend.m = m;
    return loyalty::segment_of(spend);
  };
  EXPECT_EQ(segment(4, 4, 4), "champions");
  EXPECT_EQ(segment(3, 4, 4), "loyal");
  EXPECT_EQ(segment(2, 4, 3), "loyal");
  EXPECT_EQ(segment(2, 4, 4), "at-risk");
  EXPECT_EQ(segment(4, 1, 5), "new");
  EXPECT_EQ(segment(2, 2, 2), "hibernating");
  EXPECT_EQ(segment(0, 0, 0), "hibernating");
  EXPECT_EQ(segment(3, 3, 3), "need-attention");
}
TEST_F(LoyaltyView, TheWindowIsTheYearBeforeTheReference) {
  enrol("in"), enrol("out"), enrol("later");
  buy("1", "in", Kind::SALE, gbp(1), {day(-365).micros + 1});
  buy("2", "out", Kind::SALE, gbp(1), day(-365));
  buy("3", "later", Kind::SALE, gbp(1), day(1));
  EXPECT_EQ(ask("members", {"id", "recencyDays", "f"}, {.reference = day(0)}),
            (Lines{"in|364|1", "later|-1|0", "out|365|0"}));
}
TEST_F(LoyaltyView, TheReferenceIsOtherwiseWhenTheLastEventWasRecorded) {
  enrol("m1");
  buy("1", "m1", Kind::SALE, gbp(1), day(990));
  EXPECT_EQ(ask("members", {"recencyDays"}), Lines{"10"});
}
TEST_F(LoyaltyView, AnUnknownTimeIsShownAsNone) {
  log.add("loyaltyMember-m1", Enrolled{.program_id = "points"}, {.precision = Precision::UNKNOWN});
  log.add("order-1", order::Placed{.kind = Kind::SALE, .member_id = "m1", .total = gbp(1)});
  log.add("order-1", order::Fulfilled{.amount = gbp(1), .complete = true, .number = 1},
          {.precision = Precision::UNKNOWN});
  EXPECT_EQ(ask("members", {"id", "lastOrderAt", "recencyDays", "f", "enrolledAt"}),
            Lines{"m1|||1|"});
}
TEST_F(LoyaltyView, SegmentsAddUpToAllMembers) {
  for (std::int64_t k = 1; k <= 5; ++k) {
    auto id = "m" + std::to_string(k);
    enrol(id);
    buy(id, id, Kind::SALE, gbp(k), day(-k));
  }
  enrol("m6");
  EXPECT_EQ(ask("rfm", {}, {.reference = day(0)}),
            (Lines{"hibernating|1||", "need-attention|3|12|GBP", "new|2|3|GBP"}));
}
TEST_F(LoyaltyView, ALedgerIsOfOneMember) {
  EXPECT_EQ(ask("ledger", {}), Lines{"error report.missing_parameter id"});
}

}  // namespace
}  // namespace rapport::projections
