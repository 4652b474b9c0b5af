// Given events, then lines: what an account comes to, whatever order its streams' events come in.
#include "projections/customer360/customer360.h"

#include "domain/schema/account.values.h"
#include "domain/schema/case.values.h"
#include "domain/schema/data_subject.values.h"
#include "domain/schema/loyalty_member.values.h"
#include "domain/schema/opportunity.values.h"
#include "domain/schema/order.values.h"
#include "projections/customer360/telling.h"
#include "tests/views/journal.h"

namespace rapport::projections {
namespace {

using Lines = std::vector<std::string>;
constexpr Money usd(std::int64_t minor) { return {minor, "USD"}; }
const EventId kTarget{0, 7, 0};

// Opens what was "sealed" by a leading '!'.
struct Opener : SealOpener {
  Result<std::optional<std::string>> open(std::string_view sealed) const override {
    if (sealed.starts_with('!')) return std::optional(std::string(sealed.substr(1)));
    return std::optional<std::string>();
  }
  bool erased(std::uint64_t) const override { return false; }
};

struct Customer360View : testing::Test {
  const ViewType& view = *find_view("customer360");
  const Opener keys;
  Journal log;

  Lines ask(std::string_view report, const std::vector<std::string>& columns,
            std::vector<Argument> arguments = {}, std::optional<Timestamp> reference = {}) {
    MemoryRowStore store;
    log.fold(view, store, log.size());
    return lines_of(view, store, report, columns,
                    {.arguments = std::move(arguments), .reference = reference, .keys = &keys});
  }
  Lines deals() {
    return ask("accounts",
               {"id", "openCount", "openMinor", "wonCount", "wonMinor", "lostCount", "currency"});
  }
  Lines timeline(const std::string& id,
                 const std::vector<std::string>& columns = {"position", "type", "text"}) {
    return ask("timeline", columns, {{"id", id}});
  }
  void open(const std::string& id, std::optional<Text> account, std::optional<Money> amount) {
    log.add("opportunity-" + id,
            opportunity::Opened{.account_id = account,
                                .pipeline_id = "p",
                                .stage_id = "engaging",
                                .probability_bp = 5'000,
                                .forecast_category = ForecastCategory::PIPELINE,
                                .amount = amount});
  }
};

// --- the account itself ---
TEST_F(Customer360View, AnAccountIsCreated) {
  log.add("account-acme", account::Created{.kind = account::Kind::CUSTOMER,
                                           .name = "!Acme",
                                           .industry = "retail",
                                           .region_code = "GB",
                                           .owner_id = "anna"});
  EXPECT_EQ(ask("accounts", {"id", "name", "parent", "sector", "owner", "kind", "region",
                             "createdAt", "version"}),
            Lines{"acme|Acme||retail|anna|customer|GB|2025-01-01T00:00:00Z|1"});
}
TEST_F(Customer360View, AnAccountIsFoundByPartOfItsName) {
  log.add("account-1", account::Created{.kind = account::Kind::CUSTOMER, .name = "!Acme Corp"});
  log.add("account-2", account::Created{.kind = account::Kind::CUSTOMER, .name = "!Apex"});
  log.add("account-3", account::Created{.kind = account::Kind::CUSTOMER, .name = "erased"});
  EXPECT_EQ(ask("accounts", {"id"}, {{"name~", "Corp"}}), Lines{"1"});
  EXPECT_EQ(ask("accounts", {"id", "name"}, {{"id", "3"}}), Lines{"3|"});
}
TEST_F(Customer360View, DetailsOwnerParentAndLifecycleAreTheLatest) {
  log.add("account-acme",
          account::Created{.kind = account::Kind::CUSTOMER, .name = "!Acme", .industry = "retail"});
  log.add("account-acme",
          account::DetailsChanged{.old = {}, .new_ = {.name = "!Apex", .region_code = "DE"}});
  log.add("account-acme",
          account::CorrectionRecorded{
              .target = kTarget, .old = {}, .new_ = {.industry = "medical"}, .approver_id = "p"});
  log.add("account-acme", account::OwnerAssigned{.new_owner_id = "ben"});
  log.add("account-acme",
          account::RelationSet{.other_id = "zenith", .role = account::RelationRole::PARENT});
  log.add("account-acme",
          account::RelationSet{.other_id = "other", .role = account::RelationRole::PARTNER});
  log.add("account-acme", account::LifecycleChanged{.old = account::Lifecycle::PROSPECT,
                                                    .new_ = account::Lifecycle::ACTIVE});
  EXPECT_EQ(ask("accounts", {"name", "parent", "sector", "owner", "region", "lifecycle"}),
            Lines{"Apex|zenith|medical|ben|DE|active"});
  log.add("account-acme",
          account::RelationSet{
              .other_id = "zenith", .role = account::RelationRole::PARENT, .to = Date{20'100}});
  EXPECT_EQ(ask("accounts", {"parent"}), Lines{""});
}

TEST_F(Customer360View, ANewAccountIsAProspect) {
  log.add("account-acme", account::Created{.kind = account::Kind::CUSTOMER});
  EXPECT_EQ(ask("accounts", {"lifecycle"}), Lines{"prospect"});
  log.add("account-old", account::LifecycleChanged{.old = account::Lifecycle::PROSPECT,
                                                   .new_ = account::Lifecycle::ACTIVE});
  log.add("account-old", account::Created{.kind = account::Kind::CUSTOMER});
  EXPECT_EQ(ask("accounts", {"lifecycle"}, {{"id", "old"}}), Lines{"active"});
}
TEST_F(Customer360View, AParentIsTheOneOfTheDayInQuestion) {
  auto parent = [&](Text other, std::optional<Date> from, std::optional<Date> to) {
    log.add("account-acme",
            account::RelationSet{
                .other_id = other, .role = account::RelationRole::PARENT, .from = from, .to = to});
  };
  auto on = [&](std::int64_t n) { return ask("accounts", {"parent"}, {}, day(n)); };
  auto date = [](std::int64_t n) { return date_of(day(n)); };
  parent("first", {}, date(10));
  parent("then", date(11), date(20));
  EXPECT_EQ(on(0), Lines{"first"});
  EXPECT_EQ(on(10), Lines{"first"});  // its last day
  EXPECT_EQ(on(11), Lines{"then"});
  EXPECT_EQ(on(21), Lines{""});
  parent("holding", date(5), {});
  EXPECT_EQ(on(4), Lines{"first"});
  EXPECT_EQ(on(15), Lines{"holding"});  // of two, the one told last
  EXPECT_EQ(on(900), Lines{"holding"});
}

// --- deals ---
TEST_F(Customer360View, OpportunitiesCountForTheirAccountAsTheyStand) {
  open("1", "acme", usd(100)), open("2", "acme", usd(40)), open("3", "acme", usd(7));
  EXPECT_EQ(deals(), Lines{"acme|3|147|0|0|0|USD"});
  log.add("opportunity-1", opportunity::AmountChanged{.old = usd(100), .new_ = usd(120)});
  log.add("opportunity-2", opportunity::Won{.amount = usd(50)});
  log.add("opportunity-3", opportunity::Lost{.reason_code = "price"});
  EXPECT_EQ(deals(), Lines{"acme|1|120|1|50|1|USD"});
  log.add("opportunity-2", opportunity::Reopened{.to_stage = "engaging",
                                                 .probability_bp = 1,
                                                 .forecast_category = ForecastCategory::PIPELINE});
  EXPECT_EQ(deals(), Lines{"acme|2|170|0|0|1|USD"});
}
TEST_F(Customer360View, AnOpportunityOfNobodyCountsForNobodyUntilItIsGiven) {
  open("1", std::nullopt, usd(100));
  EXPECT_EQ(deals(), Lines{});
  log.add("opportunity-1", opportunity::DetailsChanged{.old = {}, .new_ = {.account_id = "acme"}});
  EXPECT_EQ(deals(), Lines{"acme|1|100|0|0|0|USD"});
  EXPECT_EQ(timeline("acme"), (Lines{"1|opportunity.opened|engaging, 1.00 USD",
                                     "2|opportunity.detailsChanged|account acme"}));
}
TEST_F(Customer360View, ACorrectedOpportunityTakesItsPastAndItsAmountsAlong) {
  open("1", "acme", usd(100)), open("2", "acme", usd(1));
  log.add("opportunity-1", opportunity::Won{.amount = usd(100)});
  log.add("opportunity-1",
          opportunity::CorrectionRecorded{.target = kTarget,
                                          .old = {.account_id = "acme", .amount = usd(100)},
                                          .new_ = {.account_id = "apex", .amount = usd(90)},
                                          .approver_id = "p"});
  EXPECT_EQ(deals(), (Lines{"acme|1|1|0|0|0|USD", "apex|0|0|1|90|0|USD"}));
  EXPECT_EQ(timeline("acme", {"position"}), Lines{"2"});
  EXPECT_EQ(timeline("apex", {"position"}), (Lines{"1", "3", "4"}));
}
TEST_F(Customer360View, EachCurrencyHasALineAndCountsAreOnTheFirst) {
  open("1", "acme", usd(100)), open("2", "acme", Money{5, "EUR"}), open("3", "acme", std::nullopt);
  EXPECT_EQ(deals(), (Lines{"acme|3|5|0|0|0|EUR", "acme||100||0||USD"}));
}

// --- cases ---
TEST_F(Customer360View, CasesAreOpenUntilResolvedOrClosed) {
  auto cases = [&] { return ask("accounts", {"id", "openCases", "cases"}); };
  log.add("case-1", case_::Opened{.account_id = "acme"});
  log.add("case-2", case_::Opened{.account_id = "acme"});
  log.add("case-3", case_::Opened{});
  EXPECT_EQ(cases(), Lines{"acme|2|2"});
  log.add("case-1", case_::Resolved{.resolution_code = "fixed"});
  log.add("case-2", case_::Closed{});
  log.add("case-1", case_::Closed{});
  EXPECT_EQ(cases(), Lines{"acme|0|2"});
  log.add("case-2", case_::Pended{.on = case_::PendedOn::VENDOR, .since = day(0)});  // a fact
  EXPECT_EQ(cases(), Lines{"acme|1|2"});
  log.add("case-2", case_::Closed{});
  log.add("case-1", case_::Reopened{});
  log.add("case-3", case_::Classified{.old = {}, .new_ = {.account_id = "acme"}});
  EXPECT_EQ(cases(), Lines{"acme|2|3"});
  log.add("case-3",
          case_::CorrectionRecorded{
              .target = kTarget, .old = {}, .new_ = {.account_id = "apex"}, .approver_id = "p"});
  EXPECT_EQ(cases(), (Lines{"acme|1|2", "apex|1|1"}));
}

// --- orders and points ---
TEST_F(Customer360View, OrdersSpendWhatIsFulfilledLessWhatComesBack) {
  auto spent = [&] { return ask("accounts", {"id", "currency", "orders", "netSpendMinor"}); };
  log.add("order-1",
          order::Placed{.kind = order::Kind::SALE, .account_id = "acme", .total = usd(100)});
  EXPECT_EQ(spent(), Lines{"acme||1|"});
  log.add("order-1", order::Fulfilled{.amount = usd(60), .complete = false, .number = 1});
  log.add("order-1", order::Fulfilled{.amount = usd(40), .complete = true, .number = 2});
  log.add("order-1", order::Returned{.refund = usd(30), .reason_code = "x", .number = 1});
  EXPECT_EQ(spent(), Lines{"acme|USD|1|70"});
  log.add("order-1",
          order::CorrectionRecorded{
              .target = kTarget, .old = {}, .new_ = {.account_id = "apex"}, .approver_id = "p"});
  EXPECT_EQ(spent(), (Lines{"acme||0|", "apex|USD|1|70"}));
}
TEST_F(Customer360View, PointsAreThoseOfTheAccountsMembers) {
  namespace points = loyalty_member;
  auto held = [&] { return ask("accounts", {"id", "points"}); };
  log.add("loyaltyMember-1", points::Enrolled{.program_id = "p", .account_id = "acme"});
  log.add("loyaltyMember-2", points::Enrolled{.program_id = "p", .account_id = "acme"});
  log.add("loyaltyMember-1", points::PointsEarned{.txn_id = "a", .points = 50, .debt_paid = 0});
  log.add("loyaltyMember-2", points::PointsEarned{.txn_id = "b", .points = 7, .debt_paid = 0});
  EXPECT_EQ(held(), Lines{"acme|57"});
  log.add("loyaltyMember-1",
          points::PointsRedeemed{.txn_id = "r", .points = 20, .allocations = {{"a", 20}}});
  log.add("loyaltyMember-1",
          points::PointsReversed{.txn_id = "x", .points = 3, .allocations = {{"a", 3}}, .debt = 0});
  log.add("loyaltyMember-1", points::PointsExpired{.lot_id = "a", .points = 1});
  log.add("loyaltyMember-1", points::PointsAdjusted{.txn_id = "j",
                                                    .points = -6,
                                                    .allocations = {{"a", 6}},
                                                    .debt_paid = 0,
                                                    .approver_id = "p"});
  EXPECT_EQ(held(), Lines{"acme|27"});
  log.add("loyaltyMember-1",
          points::CorrectionRecorded{
              .target = kTarget, .old = {}, .new_ = {.account_id = "apex"}, .approver_id = "p"});
  EXPECT_EQ(held(), (Lines{"acme|7", "apex|20"}));
}

TEST_F(Customer360View, AMemberWithoutAnAccountIsTheCustomerOfItsOwnId) {
  namespace points = loyalty_member;
  auto held = [&] { return ask("accounts", {"id", "points"}); };
  log.add("loyaltyMember-17", points::Enrolled{.program_id = "p"});
  log.add("loyaltyMember-17", points::PointsEarned{.txn_id = "a", .points = 50, .debt_paid = 0});
  EXPECT_EQ(held(), Lines{});  // no such customer
  log.add("account-17", account::Created{.kind = account::Kind::CUSTOMER});
  EXPECT_EQ(held(), Lines{"17|50"});
  log.add("loyaltyMember-17", points::PointsEarned{.txn_id = "b", .points = 7, .debt_paid = 0});
  log.add("account-18", account::Created{.kind = account::Kind::CUSTOMER});
  log.add("loyaltyMember-18", points::Enrolled{.program_id = "p"});
  log.add("loyaltyMember-18", points::PointsEarned{.txn_id = "c", .points = 1, .debt_paid = 0});
  EXPECT_EQ(held(), (Lines{"17|57", "18|1"}));
  EXPECT_EQ(timeline("17", {"position"}), (Lines{"1", "2", "3", "4"}));
  log.add("loyaltyMember-17",
          points::CorrectionRecorded{
              .target = kTarget, .old = {}, .new_ = {.account_id = "18"}, .approver_id = "p"});
  EXPECT_EQ(held(), (Lines{"17|0", "18|58"}));
}
TEST_F(Customer360View, ACancelledOrderWasNotBought) {
  auto bought = [&] { return ask("accounts", {"id", "orders", "netSpendMinor"}); };
  for (auto stream : {"order-1", "order-2"})
    log.add(stream,
            order::Placed{.kind = order::Kind::SALE, .account_id = "acme", .total = usd(100)});
  log.add("order-1", order::Cancelled{.reason_code = "changed mind"});
  EXPECT_EQ(bought(), Lines{"acme|1|"});
  log.add("order-1", order::Fulfilled{.amount = usd(60), .complete = true, .number = 1});
  EXPECT_EQ(bought(), Lines{"acme|2|60"});  // delivered all the same
}
TEST_F(Customer360View, SumsOver64BitsAreRefusedByTheirColumnAndNeverWrap) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  auto refused = [&] { return ask("accounts", {}); };
  open("1", "acme", usd(kMost)), open("2", "acme", usd(kMost));
  EXPECT_EQ(refused(), Lines{"error report.overflow openMinor"});
  for (auto stream : {"opportunity-1", "opportunity-2"})
    log.add(stream, opportunity::Won{.amount = usd(kMost)});
  EXPECT_EQ(refused(), Lines{"error report.overflow wonMinor"});
  log.add("opportunity-1", opportunity::Lost{.reason_code = "x"});
  EXPECT_EQ(ask("accounts", {"wonMinor"}), Lines{std::to_string(kMost)});  // nothing was lost of it
  log.add("order-1",
          order::Placed{.kind = order::Kind::SALE, .account_id = "acme", .total = usd(kMost)});
  for (std::uint16_t n = 1; n <= 2; ++n)
    log.add("order-1", order::Fulfilled{.amount = usd(kMost), .complete = true, .number = n});
  EXPECT_EQ(refused(), Lines{"error report.overflow netSpendMinor"});
  log.add("order-1", order::Returned{.refund = usd(kMost), .reason_code = "x", .number = 1});
  namespace points = loyalty_member;
  log.add("loyaltyMember-1", points::Enrolled{.program_id = "p", .account_id = "acme"});
  for (auto txn : {"a", "b"})
    log.add("loyaltyMember-1",
            points::PointsEarned{.txn_id = txn, .points = kMost, .debt_paid = 0});
  EXPECT_EQ(refused(), Lines{"error report.overflow points"});
}

// --- the timeline ---
TEST_F(Customer360View, TheTimelineTellsEverythingOfOneCustomerInOrder) {
  log.add("account-acme", account::Created{.kind = account::Kind::CUSTOMER, .name = "!Acme"});
  open("1", "acme", usd(123'45));
  log.add("case-9",
          case_::Opened{.account_id = "acme", .subject = "!It smokes", .category = "hardware"},
          {.occurred_at = day(3), .reason = "phone"});
  log.add("case-10", case_::Opened{.account_id = "apex", .subject = "!Not ours"});
  log.add("case-9", case_::Pended{.on = case_::PendedOn::VENDOR, .since = day(3)});
  log.add("opportunity-1",
          opportunity::StageChanged{.from = "engaging",
                                    .to = "proposal",
                                    .probability_bp = 1,
                                    .forecast_category = ForecastCategory::PIPELINE});
  log.add("principal-anna", case_::Closed{});  // no customer's
  EXPECT_EQ(
      timeline("acme", {"position", "at", "stream", "type", "reason", "text", "words"}),
      (Lines{
          "1|2025-01-01T00:00:00Z|account-acme|account.created||customer|Acme",
          "2|2025-01-01T00:00:00Z|opportunity-1|opportunity.opened||engaging, 123.45 USD|",
          "3|2025-01-04T00:00:00Z|case-9|case.opened|phone|category hardware|It smokes",
          "5|2025-01-01T00:00:00Z|case-9|case.pended||vendor|",
          "6|2025-01-01T00:00:00Z|opportunity-1|opportunity.stageChanged||engaging → proposal|"}));
  EXPECT_EQ(timeline("nobody"), Lines{});
}
TEST_F(Customer360View, ATimelineHasNoTimeWhereNoneIsKnown) {
  log.add("account-acme", account::Created{.kind = account::Kind::CUSTOMER},
          {.precision = Precision::ALWAYS});
  EXPECT_EQ(timeline("acme", {"at", "type"}), Lines{"|account.created"});
}
TEST_F(Customer360View, ATimelineTellsWhatBecameOfTheCustomerAsADataSubject) {
  using namespace data_subject;
  log.add("account-acme", account::Created{.kind = account::Kind::PERSON, .name = "!Anna"});
  log.add("loyaltyMember-m1", loyalty_member::Enrolled{.program_id = "points", .account_id = "acme"});
  log.add("dataSubject-account-acme",
          ConsentGranted{.purpose = "news", .channel = "email", .text_version = "3", .evidence = "!signed"});
  log.add("dataSubject-loyaltyMember-m1", ConsentWithdrawn{.purpose = "news", .channel = "email"});
  log.add("dataSubject-account-other", LegalHoldChanged{.on = true});
  log.add("dataSubject-account-acme", SubjectRequestReceived{.kind = RequestKind::ERASE, .due = {20'000}});
  log.add("dataSubject-account-acme", LegalHoldChanged{.on = true, .until = Date{20'001}});
  log.add("dataSubject-account-acme", LegalHoldChanged{.on = false});
  log.add("dataSubject-account-acme", SubjectKeyDestroyed{.key_id = 7, .scope = ErasureScope::PERSONAL_TEXTS});
  EXPECT_EQ(timeline("acme", {"position", "type", "text", "words"}),
            (Lines{"1|account.created|person|Anna", "2|loyaltyMember.enrolled|points|",
                   "3|dataSubject.consentGranted|news, email, text 3|signed",
                   "4|dataSubject.consentWithdrawn|news, email|",
                   "6|dataSubject.subjectRequestReceived|erase, due 2024-10-04|",
                   "7|dataSubject.legalHoldChanged|on, until 2024-10-05|",
                   "8|dataSubject.legalHoldChanged|lifted|",
                   "9|dataSubject.subjectKeyDestroyed|key 7|"}));
  EXPECT_EQ(ask("accounts", {"id"}), Lines{"acme"});  // a subject is no account by itself
}
TEST_F(Customer360View, ATimelineIsOfOneAccount) {
  EXPECT_EQ(ask("timeline", {}), Lines{"error report.missing_parameter id"});
}
TEST_F(Customer360View, AmountsAreToldInTheirCurrencysDecimals) {
  auto told = [&](Money money) {
    log.add("order-1", order::Fulfilled{.amount = money, .complete = true, .number = 1});
    log.add("order-1",
            order::Placed{.kind = order::Kind::SALE, .account_id = "acme", .total = money});
    return timeline("acme").front().substr(std::string("1|order.fulfilled|").size());
  };
  EXPECT_EQ(told(usd(-5)), "-0.05 USD");
  log = {};
  EXPECT_EQ(told({1'234, "JPY"}), "1234 JPY");
  log = {};
  EXPECT_EQ(told({1'234, "KWD"}), "1.234 KWD");
  log = {};
  EXPECT_EQ(told(usd(std::numeric_limits<std::int64_t>::min())), "-92233720368547758.08 USD");
}

TEST_F(Customer360View, WhatCameBeforeItsBeginningIsKept) {
  log.add("order-1", order::Fulfilled{.amount = usd(60), .complete = true, .number = 1});
  EXPECT_EQ(deals(), Lines{});
  log.add("order-1",
          order::Placed{.kind = order::Kind::SALE, .account_id = "acme", .total = usd(60)});
  EXPECT_EQ(ask("accounts", {"id", "orders", "netSpendMinor"}), Lines{"acme|1|60"});
  EXPECT_EQ(timeline("acme", {"position"}), (Lines{"1", "2"}));
}

}  // namespace
}  // namespace rapport::projections
