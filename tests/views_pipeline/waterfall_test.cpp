// The waterfall ties between any two instants, in counts and to the minor unit, and its ends are what as-of summaries show.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "domain/schema/opportunity.values.h"
#include "tests/views/journal.h"

namespace rapport::projections {
namespace {

using namespace opportunity;
using Texts = std::vector<std::string>;

constexpr Money usd(std::int64_t minor) { return {minor, "USD"}; }
const Lost lost{.reason_code = "price"};
const Reopened reopened{.to_stage = "engaging", .probability_bp = 5'000, .forecast_category = ForecastCategory::COMMIT};

Opened opened(std::optional<Money> amount, std::optional<Date> close_date = {}) {
  return {.pipeline_id = "default",
          .stage_id = "engaging",
          .probability_bp = 5'000,
          .forecast_category = ForecastCategory::PIPELINE,
          .amount = amount,
          .close_date = close_date};
}

struct Waterfall : testing::Test {
  Waterfall& given(const std::string& id, const auto& event, Timestamp at) {
    journal.add("opportunity-" + id, event, {.occurred_at = at});
    return *this;
  }
  Texts ask(const std::string& from, const std::string& to, const Texts& columns, const std::string& closing = {}) {
    Query query{.arguments = {{"from", from}, {"to", to}}};
    if (!closing.empty()) query.arguments.push_back({"closing", closing});
    MemoryRowStore store;
    journal.fold(view, store, journal.size());
    return lines_of(view, store, "waterfall", columns, query);
  }
  const ViewType& view = *find_view("pipeline");
  Journal journal;
};
const Texts kAmounts{"openStartMinor", "newMinor", "reopenedMinor", "upMinor", "downMinor", "wonMinor", "lostMinor", "openEndMinor"};
const Texts kCounts{"openStart", "new", "reopened", "up", "down", "won", "lost", "openEnd"};

TEST_F(Waterfall, BooksAWinsDifferenceToUpOrDownFirst) {
  given("1", opened(usd(100)), day(0)).given("1", Won{.amount = usd(130)}, day(10));
  given("2", opened(usd(100)), day(0)).given("2", Won{.amount = usd(60)}, day(10));
  EXPECT_EQ(ask("2025-01-02", "2025-01-31", kAmounts), Texts{"200|0|0|30|40|190|0|0"});
  EXPECT_EQ(ask("2025-01-02", "2025-01-31", kCounts), Texts{"2|0|0|1|1|2|0|0"});
}
TEST_F(Waterfall, BooksALossAtItsLastOpenAmount) {
  given("1", opened(usd(100)), day(0)).given("1", AmountChanged{.old = usd(100), .new_ = usd(80)}, day(5)).given("1", lost, day(10));
  EXPECT_EQ(ask("2025-01-01", "2025-01-31", kAmounts), Texts{"0|100|0|0|20|0|80|0"});
}
TEST_F(Waterfall, OpenedAndWonAtOneInstantIsNewThenChangedThenWon) {
  given("1", opened(usd(100)), day(3)).given("1", Won{.amount = usd(90)}, day(3));
  EXPECT_EQ(ask("2025-01-01", "2025-01-31", kAmounts), Texts{"0|100|0|0|10|90|0|0"});
}
TEST_F(Waterfall, AReopenedOneComesBackAtItsAmount) {
  given("1", opened(usd(100)), day(0)).given("1", Won{.amount = usd(130)}, day(10)).given("1", reopened, day(20));
  EXPECT_EQ(ask("2025-01-16", "2025-01-31", kAmounts), Texts{"0|0|130|0|0|0|0|130"});
}
TEST_F(Waterfall, WindowsAreHalfOpenByWholeDays) {
  given("1", opened(usd(1)), day(0)).given("2", opened(usd(2)), {day(31).micros - 1}).given("3", opened(usd(4)), day(31));
  EXPECT_EQ(ask("2025-01-01", "2025-01-31", {"openStartMinor", "newMinor", "openEndMinor"}), Texts{"0|3|3"});
  EXPECT_EQ(ask("2025-02-01", "2025-02-01", {"openStartMinor", "newMinor", "openEndMinor"}), Texts{"3|4|7"});
}
TEST_F(Waterfall, AnUnknownTimeCountsFromItsRecording) {
  journal.add("opportunity-1", opened(usd(5)), {.precision = Precision::UNKNOWN});
  EXPECT_EQ(ask("2025-01-01", "2026-01-01", kAmounts), Texts{});
  EXPECT_EQ(ask("2025-01-01", "2030-01-01", {"newMinor", "openEndMinor"}), Texts{"5|5"});
}
TEST_F(Waterfall, AWindowOfCloseDatesIsEnteredAndLeft) {
  Date january{20'100}, march{20'150};
  given("in", opened(usd(10), march), day(0)).given("in", CloseDateChanged{.old = march, .new_ = january}, day(5));
  given("out", opened(usd(20), january), day(0)).given("out", CloseDateChanged{.old = january, .new_ = march}, day(5));
  given("undated", opened(usd(40)), day(5));
  Texts columns{"openStartMinor", "newMinor", "pulledInMinor", "pushedOutMinor", "openEndMinor"};
  EXPECT_EQ(ask("2025-01-02", "2025-01-31", columns, "2025-01-01..2025-01-31"), Texts{"20|0|10|20|10"});
  EXPECT_EQ(ask("2025-01-02", "2025-01-31", columns), Texts{"30|40|0|0|70"});
}
TEST_F(Waterfall, AChangeOfCurrencyIsBookedAsExchange) {
  given("1", opened(usd(10)), day(0)).given("1", AmountChanged{.old = usd(10), .new_ = {9, "EUR"}}, day(5));
  EXPECT_EQ(ask("2025-01-02", "2025-01-31", {"currency", "openStart", "openStartMinor", "fx", "fxMinor", "openEnd", "openEndMinor"}),
            (Texts{"EUR|0|0|1|9|1|9", "USD|1|10|-1|-10|0|0"}));
}
TEST_F(Waterfall, RefusesWhatIsNoWindow) {
  EXPECT_EQ(ask("yesterday", "2025-01-31", {}), Texts{"error report.invalid_value from"});
  EXPECT_EQ(ask("2025-01-01", "2025-01-31", {}, "january"), Texts{"error report.invalid_value closing"});
}

// --- for all sequences of events, late ones among them ---

std::optional<Money> any_money() {
  switch (*rc::gen::inRange(0, 8)) {
    case 0: return std::nullopt;
    case 1: return Money{*rc::gen::inRange(0, 1'000), "EUR"};
    default: return usd(*rc::gen::inRange(-50, 1'000));
  }
}
Money some_money() { return any_money().value_or(usd(3)); }
Date any_date() { return {*rc::gen::inRange(20'085, 20'105)}; }

void add_any_event(Journal& journal) {
  auto stream = "opportunity-" + std::to_string(*rc::gen::inRange(0, 4));
  Journal::How how{.occurred_at = {day(*rc::gen::inRange(0, 12)).micros + *rc::gen::inRange(0, 3)}};
  if (*rc::gen::inRange(0, 20) == 0) how.precision = Precision::UNKNOWN;
  switch (*rc::gen::inRange(0, 8)) {
    case 0: journal.add(stream, opened(any_money(), any_date()), how); break;
    case 1: journal.add(stream, AmountChanged{.new_ = some_money()}, how); break;
    case 2: journal.add(stream, CloseDateChanged{.new_ = any_date()}, how); break;
    case 3: journal.add(stream, Won{.amount = some_money()}, how); break;
    case 4: journal.add(stream, Lost{.reason_code = "price", .amount = any_money()}, how); break;
    case 5: journal.add(stream, reopened, how); break;
    case 6: {
      Corrections to{.amount = any_money(), .close_date = any_date()};
      journal.add(stream, CorrectionRecorded{.target = {1, 1, 0}, .old = {}, .new_ = to, .approver_id = "a"}, how);
      break;
    }
    default: journal.add(stream, opened(any_money(), {}), how);
  }
}

struct Ends {
  std::int64_t count = 0, amount = 0;
  auto operator<=>(const Ends&) const = default;
};
// Open opportunities by currency, folded as of the end of the instant before t.
std::map<std::string, Ends> open_as_of(const ViewType& view, const Journal& journal, Timestamp t) {
  MemoryRowStore store(false);
  journal.fold_as_of(view, store, {t.micros - 1});
  std::map<std::string, Ends> out;
  Query query{.arguments = {{"status", "open"}}};
  auto lines = view.find_report("summary")->run(**store.snapshot(), query);
  for (auto& row : lines->rows) {
    auto& ends = out[text_of(row[2])];
    ends.count += std::get<std::int64_t>(row[3]);
    if (row[4] != Value()) ends.amount += std::get<std::int64_t>(row[4]);
  }
  return out;
}

// What is known of an amount; one of no currency is null, and worth nothing.
std::int64_t amount_of(const Value& value) { return value == Value() ? 0 : std::get<std::int64_t>(value); }
std::int64_t at(const Lines& lines, const std::vector<Value>& row, const std::string& name) {
  for (std::size_t i = 0; i < row.size(); ++i)
    if (lines.columns[i].name == name) return amount_of(row[i]);
  RAPPORT_ASSERT(!"a column of the waterfall");
  return 0;
}
Result<Lines> waterfall(const ViewType& view, const Journal& journal, Timestamp from, Timestamp to, const std::string& closing) {
  Query query{.arguments = {{"from", text_of(from)}, {"to", text_of(to)}}};
  if (!closing.empty()) query.arguments.push_back({"closing", closing});
  MemoryRowStore store;
  journal.fold(view, store, journal.size());
  return view.find_report("waterfall")->run(**store.snapshot(), query);
}

RC_GTEST_PROP(AnyWaterfall, TiesInCountsAndAmountsAndEndsAsSummariesShow, ()) {
  auto& view = *find_view("pipeline");
  Journal journal;
  for (auto n = *rc::gen::inRange(1, 40); n; --n) add_any_event(journal);
  auto a = *rc::gen::inRange(-1, 14), b = *rc::gen::inRange(-1, 14);
  Timestamp from = {day(std::min(a, b)).micros + 1}, to = {day(std::max(a, b)).micros + 2};
  bool windowed = *rc::gen::arbitrary<bool>();
  auto lines = waterfall(view, journal, from, to, windowed ? "2024-12-30..2025-01-08" : "");
  RC_ASSERT(lines.has_value());
  std::map<std::string, Ends> starts, ends;
  for (auto& row : lines->rows) {
    for (std::string minor : {"", "Minor"}) {
      auto v = [&](const std::string& name) { return at(*lines, row, name + minor); };
      auto changed = minor.empty() ? 0 : v("up") - v("down");
      RC_ASSERT(v("openStart") + v("new") + v("reopened") + changed + v("pulledIn") - v("pushedOut") - v("won") - v("lost") + v("fx") ==
                v("openEnd"));
    }
    auto currency = text_of(row[0]);
    starts[currency] = {at(*lines, row, "openStart"), at(*lines, row, "openStartMinor")};
    ends[currency] = {at(*lines, row, "openEnd"), at(*lines, row, "openEndMinor")};
  }
  if (windowed) return;
  auto drop_empty = [](auto& m) { std::erase_if(m, [](auto& e) { return e.second == Ends{}; }); };
  drop_empty(starts), drop_empty(ends);
  RC_ASSERT(starts == open_as_of(view, journal, from));
  RC_ASSERT(ends == open_as_of(view, journal, to));
}

RC_GTEST_PROP(AnyWaterfall, OfTwoAdjoiningWindowsAddsUpToThatOfBoth, ()) {
  auto& view = *find_view("pipeline");
  Journal journal;
  for (auto n = *rc::gen::inRange(1, 30); n; --n) add_any_event(journal);
  Timestamp from = day(2), middle = {day(*rc::gen::inRange(2, 11)).micros + 1}, to = day(11);
  std::map<std::string, std::int64_t> parts, whole;
  auto add = [&](auto& sums, Timestamp start, Timestamp end) {
    auto lines = waterfall(view, journal, start, end, "");
    RC_ASSERT(lines.has_value());
    for (auto& row : lines->rows)
      for (std::size_t i = 1; i < row.size(); ++i)
        if (!lines->columns[i].name.starts_with("open"))
          sums[text_of(row[0]) + lines->columns[i].name] += amount_of(row[i]);
    std::erase_if(sums, [](auto& e) { return e.second == 0; });
  };
  add(whole, from, to);
  add(parts, from, middle);
  add(parts, middle, to);
  std::erase_if(parts, [](auto& e) { return e.second == 0; });
  RC_ASSERT(parts == whole);
}

}  // namespace
}  // namespace rapport::projections
