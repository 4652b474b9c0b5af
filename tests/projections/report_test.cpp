// Filters, sorting, limits and paging as they follow from a report's columns.
#include <gtest/gtest.h>

#include "eventstore/memory/memory_subject_keys.h"
#include "projections/columns.h"
#include "projections/memory/memory_row_store.h"

namespace rapport::projections {
namespace {

using Texts = std::vector<std::string>;

struct Deal {
  std::string id, owner;
  std::optional<std::int64_t> worth;
  std::optional<Date> due;
  std::optional<Timestamp> at;
  bool hot = false;
  Sealed note;

  static constexpr char kTable = 'd';
  using Key = Fields<&Deal::id>;
  using Value = Fields<&Deal::owner, &Deal::worth, &Deal::due, &Deal::at, &Deal::hot, &Deal::note>;
};
const std::vector<Column<Deal>> kColumns{column<&Deal::id>("id"),   column<&Deal::owner>("owner"), column<&Deal::worth>("worth"),
                                         column<&Deal::due>("due"), column<&Deal::at>("at"),       column<&Deal::hot>("hot"),
                                         column<&Deal::note>("note")};
const Report kDeals = report(RowReport<Deal>{.name = "deals", .sentence = "Every deal.", .columns = kColumns});
const Report kByOwner = report(RowReport<Deal>{.name = "owners",
                                               .sentence = "Deals by owner.",
                                               .columns = kColumns,
                                               .group_by = {"owner"},
                                               .sums = {{money_column("worth"), [](auto& row) { return Wide(row.worth.value_or(0)); }}}});

struct Reports : testing::Test {
  void SetUp() override {
    Date day{20'000};
    add({.id = "a", .owner = "Ärzte Ann", .worth = 30, .due = day, .at = Timestamp{1'728'000'000'000'000}, .hot = true, .note = {}});
    add({.id = "b", .owner = "bob", .worth = 10, .due = Date{20'010}, .at = Timestamp{1'728'000'000'000'001}, .note = {}});
    add({.id = "c", .owner = "bob", .worth = {}, .due = {}, .at = {}, .note = {}});
    add({.id = "d", .owner = "", .worth = -5, .due = day, .at = Timestamp{1'728'086'400'000'000}, .note = {}});
    ASSERT_TRUE(store.commit({.position = {1}, .recorded_at = {77}}));
  }
  void add(const Deal& deal) {
    std::string bytes;
    StoredRow::put_head(bytes, {1}, {1});
    write(deal, bytes);
    store.put(key_of(deal), bytes);
  }
  Result<Lines> run(const Report& report, const Query& query) { return report.run(**store.snapshot(), query); }
  // The first column of each line.
  Texts ids(std::vector<Argument> arguments, Query query = {}, const Report& report = kDeals) {
    query.arguments = std::move(arguments);
    auto lines = run(report, query);
    if (!lines) return {lines.error().reason, lines.error().field};
    Texts out;
    for (auto& row : lines->rows) out.push_back(text_of(row[0]));
    return out;
  }
  MemoryRowStore store;
};

TEST_F(Reports, FilterTextsByEqualityInequalityAndPart) {
  EXPECT_EQ(ids({{"owner", "bob"}}), (Texts{"b", "c"}));
  EXPECT_EQ(ids({{"owner!", "bob"}}), (Texts{"a", "d"}));
  EXPECT_EQ(ids({{"owner~", "ÄRZ"}}), Texts{"a"});
  EXPECT_EQ(ids({{"owner~", "o"}, {"id", "c"}}), Texts{"c"});
}
TEST_F(Reports, FilterNullsByAnEmptyValue) {
  EXPECT_EQ(ids({{"owner", ""}}), Texts{"d"});
  EXPECT_EQ(ids({{"worth", ""}}), Texts{"c"});
  EXPECT_EQ(ids({{"worth!", ""}}), (Texts{"a", "b", "d"}));
  EXPECT_EQ(ids({{"worth!", "10"}}), (Texts{"a", "c", "d"}));
}
TEST_F(Reports, FilterNumbersDatesTimesAndBoolsByRange) {
  EXPECT_EQ(ids({{"worth>", "10"}}), (Texts{"a", "b"}));
  EXPECT_EQ(ids({{"worth<", "10"}}), (Texts{"b", "d"}));
  EXPECT_EQ(ids({{"worth", "-5"}}), Texts{"d"});
  EXPECT_EQ(ids({{"due", "2024-10-04"}}), (Texts{"a", "d"}));
  EXPECT_EQ(ids({{"due>", "2024-10-05"}}), Texts{"b"});
  EXPECT_EQ(ids({{"hot", "true"}}), Texts{"a"});
}
TEST_F(Reports, ADateGivenForATimeMeansTheWholeDay) {
  EXPECT_EQ(ids({{"at", "2024-10-04"}}), (Texts{"a", "b"}));
  EXPECT_EQ(ids({{"at<", "2024-10-04"}}), (Texts{"a", "b"}));
  EXPECT_EQ(ids({{"at>", "2024-10-05"}}), Texts{"d"});
  EXPECT_EQ(ids({{"at", "2024-10-04T00:00:00.000001Z"}}), Texts{"b"});
  EXPECT_EQ(ids({{"at", "2024-10-04T02:00:00+02:00"}}), Texts{"a"});
}
TEST_F(Reports, RefuseWhatTheyDoNotKnowAndSayWhatTheyDo) {
  auto unknown = run(kDeals, {.arguments = {{"ownr", "x"}}});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(unknown.error().reason, "report.unknown_filter");
  EXPECT_EQ(unknown.error().field, "ownr");
  EXPECT_EQ(unknown.error().expected, "one of id, owner, worth, due, at, hot, note");
  EXPECT_EQ(ids({{"worth", "ten"}}), (Texts{"report.invalid_value", "worth"}));
  EXPECT_EQ(ids({{"due", "2024-02-30"}}), (Texts{"report.invalid_value", "due"}));
  EXPECT_EQ(ids({{"owner>", "a"}}), (Texts{"report.invalid_value", "owner"}));
  EXPECT_EQ(ids({{"worth>", ""}}), (Texts{"report.invalid_value", "worth"}));
  EXPECT_EQ(ids({}, {.sort = "price"}), (Texts{"report.unknown_sort", "sort"}));
  EXPECT_EQ(ids({}, {.cursor = "00"}), (Texts{"report.invalid_cursor", "cursor"}));
}
TEST_F(Reports, SortStablyUpAndDownWithNullsFirstUp) {
  EXPECT_EQ(ids({}, {.sort = "worth"}), (Texts{"c", "d", "b", "a"}));
  EXPECT_EQ(ids({}, {.sort = "-worth"}), (Texts{"a", "b", "d", "c"}));
  EXPECT_EQ(ids({}, {.sort = "due"}), (Texts{"c", "a", "d", "b"}));
  EXPECT_EQ(ids({}, {.sort = "-worth", .limit = 2}), (Texts{"a", "b"}));
}
TEST_F(Reports, GroupCountAndSum) {
  auto lines = run(kByOwner, {});
  ASSERT_TRUE(lines);
  Texts out;
  for (auto& row : lines->rows) out.push_back(text_of(row[0]) + "|" + text_of(row[1]) + "|" + text_of(row[2]));
  EXPECT_EQ(out, (Texts{"|1|-5", "bob|2|10", "Ärzte Ann|1|30"}));
  EXPECT_EQ(ids({{"worth>", "0"}}, {.sort = "-worth"}, kByOwner), (Texts{"Ärzte Ann", "bob"}));
}
TEST_F(Reports, RefuseASumThatDoesNotFit) {
  for (auto id : {"x", "y"}) add({.id = id, .owner = "max", .worth = INT64_MAX, .due = {}, .at = {}, .note = {}});
  ASSERT_TRUE(store.commit({.position = {2}}));
  EXPECT_EQ(ids({}, {}, kByOwner), (Texts{"report.overflow", "worth"}));
}
TEST_F(Reports, APageOfNothingLeadsNowhere) {
  for (std::string sort : {"", "due"}) {
    auto lines = run(kDeals, {.sort = sort, .limit = 0});
    ASSERT_TRUE(lines);
    EXPECT_TRUE(lines->rows.empty());
    EXPECT_EQ(lines->next, "");  // the same page, over and over
  }
}
TEST_F(Reports, PageThroughInAnyOrderWithoutLossOrRepetition) {
  for (std::string sort : {"", "due", "-worth"}) {
    auto whole = ids({}, {.sort = sort});
    Texts paged;
    Query query{.sort = sort, .limit = 1};
    do {
      auto lines = run(kDeals, query);
      ASSERT_TRUE(lines);
      for (auto& row : lines->rows) paged.push_back(text_of(row[0]));
      query.cursor = lines->next;
    } while (!query.cursor.empty());
    EXPECT_EQ(paged, whole) << sort;
  }
}
TEST_F(Reports, ALimitThatTheListJustFillsHasNoNextPage) {
  EXPECT_EQ(run(kDeals, {.limit = 4})->next, "");
  EXPECT_NE(run(kDeals, {.limit = 3})->next, "");
  EXPECT_EQ(run(kDeals, {.limit = 0})->rows.size(), 0u);
}
TEST_F(Reports, PagesStayOfTheMomentOfTheFirstOne) {
  auto first = run(kDeals, {.limit = 2});
  ASSERT_TRUE(first);
  auto row_b = Deal{.id = "bb", .owner = "new", .worth = {}, .due = {}, .at = {}, .note = {}};
  std::string bytes;
  StoredRow::put_head(bytes, {2}, {2});
  write(row_b, bytes);
  store.put(key_of(row_b), bytes);
  ASSERT_TRUE(store.commit({.position = {2}}));
  EXPECT_EQ(*cursor_position(first->next), Position{1});
  EXPECT_EQ(ids({}, {.cursor = first->next}), (Texts{"c", "d"}));
  EXPECT_EQ(ids({}).size(), 5u);
}
TEST_F(Reports, ACursorOfAnotherQuestionIsRefused) {
  auto first = run(kDeals, {.limit = 2});
  EXPECT_EQ(ids({{"owner", "bob"}}, {.cursor = first->next}), (Texts{"report.invalid_cursor", "cursor"}));
}
TEST_F(Reports, SealedCellsOpenWithTheirKeyAndElseAreNull) {
  MemorySubjectKeys keys("seed"), others("seed");
  auto key = keys.key_for("account-1");
  ASSERT_TRUE(key);
  add({.id = "s", .owner = "", .worth = {}, .due = {}, .at = {}, .note = {seal(*key, "quiet")}});
  ASSERT_TRUE(store.commit({.position = {2}}));
  auto note = [&](const SealOpener* opener) { return text_of(run(kDeals, {.arguments = {{"id", "s"}}, .keys = opener})->rows[0].back()); };
  EXPECT_EQ(note(&keys), "quiet");
  EXPECT_EQ(note(&others), "");
  EXPECT_EQ(note(nullptr), "");
  EXPECT_EQ(ids({{"note", "quiet"}}, {.keys = &keys}), Texts{"s"});
}
TEST_F(Reports, DamagedRowsAreAnErrorInEveryKindOfReport) {
  std::string bytes;
  StoredRow::put_head(bytes, {1}, {1});
  store.put("dc", bytes + "torn");
  ASSERT_TRUE(store.commit({.position = {2}}));
  auto computed = report(ComputedReport{.name = "c", .sentence = "", .parameters = {}, .columns = {}, .compute = [](auto& in) -> Result<LineList> {
                                          auto scanned = in.template each<Deal>([](const Deal&) {});
                                          if (!scanned) return std::move(scanned).error();
                                          return LineList{};
                                        }});
  for (auto* report : {&kDeals, &kByOwner, static_cast<const Report*>(&computed)}) {
    auto lines = run(*report, {});
    ASSERT_FALSE(lines) << report->name;
    EXPECT_EQ(lines.error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(lines.error().reason, "view.damaged");
  }
}
TEST_F(Reports, ComputedOnesGetCheckedParametersAndTheInstantOfTheirQuestion) {
  auto echo = report(ComputedReport{
      .name = "echo",
      .sentence = "",
      .parameters = {{.name = "n", .type = ColumnType::kInteger, .standard = "5"},
                     {.name = "from", .type = ColumnType::kTimestamp, .required = true}},
      .columns = {integer_column("n"), timestamp_column("from"), timestamp_column("until"), timestamp_column("reference")},
      .compute = [](const Computation& in) -> Result<LineList> {
        return LineList{{*in.integer("n"), *in.from("from"), *in.until("from"), in.reference()}};
      }});
  auto texts = [&](Query query) {
    auto lines = run(echo, query);
    if (!lines) return lines.error().reason + " " + lines.error().field;
    std::string out;
    for (auto& value : lines->rows.at(0)) out += text_of(value) + " ";
    return out;
  };
  EXPECT_EQ(texts({.arguments = {{"from", "2025-01-01"}}}),
            "5 2025-01-01T00:00:00Z 2025-01-02T00:00:00Z 1970-01-01T00:00:00.000077Z ");
  Query question{.arguments = {{"from", "2025-01-01"}, {"n", "6"}}};
  question.reference = Timestamp{0};
  question.day_start = [](Date day) { return Timestamp{day.days * kMicrosPerDay - 3'600 * kMicrosPerSecond}; };
  EXPECT_EQ(texts(question), "6 2024-12-31T23:00:00Z 2025-01-01T23:00:00Z 1970-01-01T00:00:00Z ");
  EXPECT_EQ(texts({}), "report.missing_parameter from");
  EXPECT_EQ(texts({.arguments = {{"from", "x"}}}), "report.invalid_value from");
  EXPECT_EQ(texts({.arguments = {{"from", "2025-01-01"}, {"n", "x"}}}), "report.invalid_value n");
  EXPECT_EQ(texts({.arguments = {{"from", "2025-01-01"}, {"m", "x"}}}), "report.unknown_filter m");
}

TEST(ReportTexts, TimesAndDatesComeBackFromTheirTexts) {
  for (auto text : {"2025-01-31T23:59:59Z", "1969-12-31T23:59:59.999999Z", "2024-02-29T00:00:00.5Z"})
    EXPECT_EQ(text_of(*parse_timestamp(text)), text);
  EXPECT_EQ(text_of(*parse_timestamp("2025-01-01T01:30:00-02:30")), "2025-01-01T04:00:00Z");
  for (auto text : {"2025-01-31", "2025-01-31T25:00:00Z", "2025-01-31T00:00:00", "2025-01-31T00:00:00.1234567Z", "2025-13-01T00:00:00Z", ""})
    EXPECT_FALSE(parse_timestamp(text)) << text;
  EXPECT_EQ(text_of(*parse_date("0099-12-31")), "0099-12-31");
  for (auto text : {"2025-02-29", "25-01-01", "2025/01/01", ""}) EXPECT_FALSE(parse_date(text)) << text;
}
TEST(ReportTexts, PartsAreFoundWhateverTheirCase) {
  EXPECT_TRUE(contains_ignoring_case("Straßenbau ŁÓDŹ", "łódź"));
  EXPECT_TRUE(contains_ignoring_case("Ваня", "ВАН"));
  EXPECT_TRUE(contains_ignoring_case("𠮷野家", "野"));
  EXPECT_TRUE(contains_ignoring_case("x", ""));
  EXPECT_FALSE(contains_ignoring_case("abc", "abd"));
  EXPECT_FALSE(contains_ignoring_case("\xC3", "é"));
}

}  // namespace
}  // namespace rapport::projections
