// The pipeline's rows and reports from given events.
#include <gtest/gtest.h>

#include <capnp/any.h>

#include <cstring>

#include "domain/schema/account.values.h"
#include "domain/schema/opportunity.values.h"
#include "domain/schema/principal.values.h"
#include "tests/views/journal.h"

namespace rapport::projections {
namespace {

using namespace opportunity;
using Texts = std::vector<std::string>;

constexpr Money usd(std::int64_t minor) { return {minor, "USD"}; }

Opened opened(std::int64_t minor, Text owner = "rep") {
  return {.account_id = "acme",
          .name = "Big deal",
          .product_id = "gtx",
          .owner_id = owner,
          .pipeline_id = "default",
          .stage_id = "prospecting",
          .probability_bp = 1'000,
          .forecast_category = ForecastCategory::PIPELINE,
          .amount = usd(minor),
          .close_date = Date{20'120}};
}
const StageChanged engaging{
    .from = "prospecting", .to = "engaging", .probability_bp = 5'000, .forecast_category = ForecastCategory::BEST_CASE};
const Lost lost{.reason_code = "price", .competitor = "initech"};
const Reopened reopened{.to_stage = "engaging", .probability_bp = 5'000, .forecast_category = ForecastCategory::COMMIT};

struct Pipeline : testing::Test {
  Pipeline& given(const std::string& id, const auto& event, Timestamp at = day(0)) {
    journal.add("opportunity-" + id, event, {.occurred_at = at});
    return *this;
  }
  Texts ask(std::string_view report, std::vector<Argument> arguments, const Texts& columns = {}, Query query = {}) {
    query.arguments = std::move(arguments);
    MemoryRowStore store;
    journal.fold(view, store, journal.size());
    return lines_of(view, store, report, columns, query);
  }
  // One opportunity's columns.
  Texts row(const std::string& id, const Texts& columns) { return ask("opportunities", {{"id", id}}, columns); }

  const ViewType& view = *find_view("pipeline");
  Journal journal;
};

TEST_F(Pipeline, OpenedIsAnOpenOpportunityAtItsFirstStage) {
  given("1", opened(101));
  EXPECT_EQ(ask("opportunities", {}),
            Texts{"1|acme|rep|gtx|Big deal|open|prospecting|101|USD|1000|pipeline|2025-02-01|2025-01-01T00:00:00Z||||1"});
}
TEST_F(Pipeline, ANotedCompetitorIsShownWhileTheDealIsOpen) {
  given("1", opened(101)).given("1", CompetitorNoted{.name = "globex", .strength = Strength::EQUAL});
  EXPECT_EQ(row("1", {"status", "competitor"}), Texts{"open|globex"});
}
TEST_F(Pipeline, OpenedWithoutDetailsHasNulls) {
  given("1", Opened{.pipeline_id = "default", .stage_id = "prospecting", .probability_bp = 0, .forecast_category = ForecastCategory::PIPELINE});
  EXPECT_EQ(row("1", {"account", "owner", "amountMinor", "currency", "closeDate"}), Texts{"||||"});
}
TEST_F(Pipeline, AnUnknownTimeIsShownAsNull) {
  journal.add("opportunity-1", opened(1), {.precision = Precision::UNKNOWN});
  EXPECT_EQ(row("1", {"id", "openedAt"}), Texts{"1|"});
}
TEST_F(Pipeline, StageChangedMovesItAndCopiesTheStagesForecast) {
  given("1", opened(101)).given("1", engaging, day(3));
  EXPECT_EQ(row("1", {"stage", "probabilityBp", "forecastCategory", "version"}), Texts{"engaging|5000|bestCase|2"});
}
TEST_F(Pipeline, AmountChangedSetsTheAmount) {
  given("1", opened(101)).given("1", AmountChanged{.old = usd(101), .new_ = usd(200)});
  EXPECT_EQ(row("1", {"amountMinor"}), Texts{"200"});
}
TEST_F(Pipeline, CloseDateChangedSetsTheDate) {
  given("1", opened(101)).given("1", CloseDateChanged{.old = Date{20'120}, .new_ = Date{20'121}});
  EXPECT_EQ(row("1", {"closeDate"}), Texts{"2025-02-02"});
}
TEST_F(Pipeline, DetailsChangedSetsWhatItNamesAndClearsWithEmptyText) {
  given("1", opened(101)).given("1", DetailsChanged{.old = {}, .new_ = {.account_id = "globex", .name = ""}});
  EXPECT_EQ(row("1", {"account", "name", "product"}), Texts{"globex|gtx|"});
}
TEST_F(Pipeline, OwnerAssignedSetsTheOwner) {
  given("1", opened(101)).given("1", OwnerAssigned{.old_owner_id = "rep", .new_owner_id = "ann"});
  EXPECT_EQ(row("1", {"owner"}), Texts{"ann"});
}
TEST_F(Pipeline, ForecastOverriddenHoldsOverStagesUntilTakenBack) {
  given("1", opened(101)).given("1", ForecastOverridden{.probability_bp = 9'900, .category = ForecastCategory::COMMIT});
  given("1", engaging);
  EXPECT_EQ(row("1", {"probabilityBp", "forecastCategory"}), Texts{"9900|commit"});
  given("1", ForecastOverridden{});
  EXPECT_EQ(row("1", {"probabilityBp", "forecastCategory"}), Texts{"5000|bestCase"});
}
TEST_F(Pipeline, WonTakesTheFinalAmountAndKeepsTheStage) {
  given("1", opened(101)).given("1", Won{.amount = usd(300)}, day(5));
  EXPECT_EQ(row("1", {"status", "stage", "amountMinor", "closedAt"}), Texts{"won|prospecting|300|2025-01-06T00:00:00Z"});
}
TEST_F(Pipeline, LostKeepsTheLastOpenAmountAndTheReason) {
  given("1", opened(101)).given("1", lost, day(5));
  EXPECT_EQ(row("1", {"status", "amountMinor", "closedAt", "lostReason", "competitor"}),
            Texts{"lost|101|2025-01-06T00:00:00Z|price|initech"});
}
TEST_F(Pipeline, ReopenedIsOpenAgainAtItsNewStageWithAFurtherVisit) {
  given("1", opened(101)).given("1", lost, day(1)).given("1", reopened, day(2));
  EXPECT_EQ(row("1", {"status", "stage", "closedAt", "lostReason"}), Texts{"open|engaging||"});
  EXPECT_EQ(ask("history", {{"id", "1"}}).size(), 2u);
}
TEST_F(Pipeline, CorrectionRecordedSetsWhatItNames) {
  given("1", opened(101)).given("1", CorrectionRecorded{.target = {1, 1, 0},
                                                        .old = {},
                                                        .new_ = {.owner_id = "bob", .amount = usd(7), .close_date = Date{20'200}},
                                                        .approver_id = "ann"});
  EXPECT_EQ(row("1", {"account", "owner", "amountMinor", "closeDate"}), Texts{"acme|bob|7|2025-04-22"});
}
TEST_F(Pipeline, AFactMayComeBeforeItsBeginning) {
  given("1", Won{.amount = usd(5)}).given("2", Lost{.reason_code = "x", .amount = usd(6)}).given("3", engaging);
  EXPECT_EQ(ask("summary", {}, {"status", "stage", "count", "amountMinor"}),
            (Texts{"|engaging|1|", "lost||1|6", "won||1|5"}));
}

TEST_F(Pipeline, SummaryGroupsCountsAndRoundsHalfToEvenOnceAtTheEnd) {
  for (auto id : {"1", "2", "3"}) given(id, opened(101)).given(id, engaging);
  given("2", AmountChanged{.old = usd(101), .new_ = usd(200)}).given("3", Won{.amount = usd(300)});
  EXPECT_EQ(ask("summary", {}), (Texts{"open|engaging|USD|2|301|150", "won|engaging|USD|1|300|0"}));
  EXPECT_EQ(ask("summary", {}, {}, {.known_at = {1}}), Texts{"open|prospecting|USD|1|101|10"});
}
TEST_F(Pipeline, HistoryShowsVisitsWithTheAmountAtLeavingAndOfTheRunningOneNow) {
  given("1", opened(101)).given("1", AmountChanged{.old = usd(101), .new_ = usd(150)}).given("1", engaging, day(2));
  given("1", AmountChanged{.old = usd(150), .new_ = usd(175)});
  EXPECT_EQ(ask("history", {{"id", "1"}}),
            (Texts{"1|prospecting|2025-01-01T00:00:00Z|2025-01-03T00:00:00Z|150|USD", "2|engaging|2025-01-03T00:00:00Z||175|USD"}));
  EXPECT_EQ(ask("history", {{"id", "nobody"}}), Texts{});
  EXPECT_EQ(ask("history", {}), Texts{"error report.missing_parameter id"});
}
TEST_F(Pipeline, WinRateByOwnerTeamProductAccountAndSector) {
  journal.add("account-acme", account::Created{.kind = account::Kind::ORGANISATION, .industry = "retail"});
  journal.add("principal-rep", principal::Assigned{.team_id = "east"});
  journal.add("principal-ann", principal::Assigned{.manager_id = "Dustin"});
  given("1", opened(100)).given("1", Won{.amount = usd(100)}, day(1));
  given("2", opened(100)).given("2", lost, day(40));
  given("3", opened(100, "ann")).given("3", Won{.amount = usd(50)}, day(40));
  given("4", opened(100, "ann"));
  EXPECT_EQ(ask("win-rate", {}), (Texts{"ann|1|0|50|USD|10000", "rep|1|1|100|USD|5000"}));
  EXPECT_EQ(ask("win-rate", {{"by", "team"}}), (Texts{"Dustin|1|0|50|USD|10000", "east|1|1|100|USD|5000"}));
  EXPECT_EQ(ask("win-rate", {{"by", "sector"}}), Texts{"retail|2|1|150|USD|6667"});
  EXPECT_EQ(ask("win-rate", {{"by", "product"}}, {"key"}), Texts{"gtx"});
  EXPECT_EQ(ask("win-rate", {{"by", "account"}}, {"key"}), Texts{"acme"});
  EXPECT_EQ(ask("win-rate", {{"from", "2025-02-01"}}), (Texts{"ann|1|0|50|USD|10000", "rep|0|1|||0"}));
  EXPECT_EQ(ask("win-rate", {{"by", "colour"}}), Texts{"error report.invalid_value by"});
}
TEST_F(Pipeline, ASectorThatChangesOrIsCorrectedCountsFromThenOn) {
  journal.add("account-acme", account::Created{.kind = account::Kind::ORGANISATION, .industry = "technolgy"});
  given("1", opened(100)).given("1", Won{.amount = usd(100)});
  journal.add("account-acme", account::DetailsChanged{.old = {}, .new_ = {.industry = "technology"}});
  EXPECT_EQ(ask("win-rate", {{"by", "sector"}}, {"key"}), Texts{"technology"});
  journal.add("account-acme", account::CorrectionRecorded{
                                  .target = {1, 1, 0}, .old = {}, .new_ = {.industry = "software"}, .approver_id = "ann"});
  EXPECT_EQ(ask("win-rate", {{"by", "sector"}}, {"key"}), Texts{"software"});
}
TEST_F(Pipeline, WinRateHasALineForEachCurrencyAndTheCountsOnTheFirst) {
  given("1", Won{.amount = usd(100)}).given("2", Won{.amount = {30, "EUR"}}).given("3", Won{.amount = usd(5)}).given("4", lost);
  EXPECT_EQ(ask("win-rate", {{"by", "owner"}}), (Texts{"|3|1|30|EUR|7500", "|||105|USD|"}));
}
TEST_F(Pipeline, ACorrectedOwnersTeamIsThatOwners) {
  journal.add("principal-rep", principal::Assigned{.team_id = "east"});
  journal.add("principal-ann", principal::Assigned{.team_id = "west"});
  given("1", opened(100, "rep")).given("1", OwnerAssigned{.new_owner_id = "rep", .team_id = "north"}).given("1", Won{.amount = usd(1)});
  EXPECT_EQ(ask("win-rate", {{"by", "team"}}, {"key"}), Texts{"north"});
  given("1", CorrectionRecorded{.target = {1, 1, 0}, .old = {.owner_id = "rep"}, .new_ = {.owner_id = "ann"}, .approver_id = "a"});
  EXPECT_EQ(ask("win-rate", {{"by", "team"}}, {"key"}), Texts{"west"});
}
TEST_F(Pipeline, AnAmountOfNoCurrencyIsNull) {
  given("1", Opened{.pipeline_id = "default", .stage_id = "s", .probability_bp = 1, .forecast_category = ForecastCategory::PIPELINE});
  EXPECT_EQ(ask("summary", {}), Texts{"open|s||1||"});
  EXPECT_EQ(ask("waterfall", {{"from", "2025-01-01"}, {"to", "2025-01-01"}}, {"currency", "new", "newMinor", "openEnd"}), Texts{"|1||1"});
}
TEST_F(Pipeline, ASumOver64BitsIsRefusedByItsColumn) {
  for (auto id : {"1", "2"}) given(id, opened(INT64_MAX));
  EXPECT_EQ(ask("summary", {}), Texts{"error report.overflow amountMinor"});
  EXPECT_EQ(ask("waterfall", {{"from", "2025-01-01"}, {"to", "2025-01-01"}}), Texts{"error report.overflow newMinor"});
  for (auto id : {"1", "2"}) given(id, Won{.amount = usd(INT64_MAX)});
  EXPECT_EQ(ask("win-rate", {}), Texts{"error report.overflow wonMinor"});
}
TEST_F(Pipeline, RefusesArgumentsThatContradictEachOther) {
  EXPECT_EQ(ask("win-rate", {{"by", "owner"}, {"by", "team"}}), Texts{"error report.repeated_argument by"});
  EXPECT_EQ(ask("summary", {{"status", "open"}, {"status", "won"}}), Texts{"error report.repeated_argument status"});
  EXPECT_EQ(ask("summary", {{"status!", "open"}, {"status!", "won"}}), Texts{});
  for (auto report : {"waterfall", "win-rate", "durations"})
    EXPECT_EQ(ask(report, {{"from", "2025-02-01"}, {"to", "2025-01-30"}}), Texts{"error report.invalid_value to"}) << report;
  EXPECT_EQ(ask("waterfall", {{"from", "2025-01-01"}, {"to", "2025-01-31"}, {"closing", "2025-03-31..2025-03-01"}}),
            Texts{"error report.invalid_value closing"});
}
TEST_F(Pipeline, DurationsAreOverVisitsThatEnded) {
  for (int days : {1, 2, 3, 10}) given(std::to_string(days), opened(1)).given(std::to_string(days), engaging, day(days));
  journal.add("opportunity-x", opened(1), {.precision = Precision::UNKNOWN});
  given("x", engaging, day(4));
  EXPECT_EQ(ask("durations", {}), (Texts{"engaging|0||||5", "prospecting|4|345600|216000|864000|0"}));
  EXPECT_EQ(ask("durations", {{"to", "2025-01-02"}}, {"stage", "visits"}), (Texts{"engaging|0", "prospecting|1"}));
}

TEST_F(Pipeline, KnownAtEqualsAFreshFoldOfTheLogCutThere) {
  given("1", opened(100)).given("2", opened(5)).given("1", engaging, day(1)).given("1", AmountChanged{.old = usd(100), .new_ = usd(110)});
  journal.add("account-acme", account::Created{.kind = account::Kind::ORGANISATION, .industry = "retail"});
  given("1", Won{.amount = usd(90)}, day(3)).given("2", lost, day(4)).given("2", reopened, day(5)).given("2", engaging, day(6));
  expect_known_at_equals_a_fresh_fold(view, journal);
}
TEST_F(Pipeline, DamagedEventBytesAreAnErrorAndNotAnAbort) {
  EventBuffer buffer;
  auto whole = buffer.append<Event::Wire>([](auto b) { opened(1).write_member(b); });
  for (std::size_t words = 0; words < whole.size(); ++words) {
    auto cut = kj::heapArray<capnp::word>(words + 1);
    for (std::size_t i = 0; i < words; ++i) cut[i] = whole[i];
    MemoryRowStore store;
    auto folder = view.make_folder(store, {});
    RecordedEvent event;
    event.position = {1};
    event.stream_type = "opportunity";
    event.stream_id = "1";
    event.payload = cut.slice(0, words);
    auto folded = folder->fold(event);
    ASSERT_FALSE(folded) << words;
    EXPECT_EQ(folded.error().reason, "event.damaged");
  }
}

TEST_F(Pipeline, AnEventOfALaterVersionOfTheProgramIsRefusedByNameAndNotPassedOver) {
  EventBuffer buffer;
  RecordedEvent event;
  event.position = {1};
  event.stream_type = "opportunity";
  event.stream_id = "1";
  event.type = "opportunity.teleported";
  event.payload = buffer.append<Event::Wire>([](Event::Wire::Builder b) {
    const std::uint16_t later = 700;
    const auto at = capnp::Schema::from<Event::Wire>().getProto().getStruct().getDiscriminantOffset();
    std::memcpy(capnp::toAny(b).getDataSection().begin() + at * sizeof later, &later, sizeof later);
  });
  MemoryRowStore store;
  auto folder = view.make_folder(store, {});
  auto folded = folder->fold(event);
  ASSERT_FALSE(folded);
  EXPECT_EQ(folded.error().reason, "event.unknown_type");
  EXPECT_NE(folded.error().message.find("event 1, opportunity.teleported of opportunity-1"), std::string::npos) << folded.error().message;
  event.stream_type = "webhook";
  EXPECT_TRUE(view.make_folder(store, {})->fold(event)) << "of an aggregate that the view takes nothing of";
}

}  // namespace
}  // namespace rapport::projections
