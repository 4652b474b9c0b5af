#include "adapters/json/report_json.h"

#include <gtest/gtest.h>

#include "adapters/json/text_forms.h"

namespace rapport {
namespace {

using projections::ColumnType;

TEST(ReportShape, HasTheContractsMembersAndEveryKindOfValue) {
  projections::Lines lines;
  lines.columns = {
      {"stage", ColumnType::kText, {}},     {"count", ColumnType::kInteger, {}},
      {"currency", ColumnType::kText, {}},  {"amountMinor", ColumnType::kMoney, "currency"},
      {"closeDate", ColumnType::kDate, {}}, {"openedAt", ColumnType::kTimestamp, {}},
      {"late", ColumnType::kBool, {}}};
  lines.rows.push_back({std::string("engaging\"王"), std::int64_t{-3}, std::string("USD"),
                        INT64_MAX, *parse_date("2017-06-30"),
                        *parse_time("2017-06-30T10:00:00.25Z"), true});
  lines.rows.push_back({std::monostate(), std::int64_t{0}, std::monostate(), std::monostate(),
                        std::monostate(), std::monostate(), false});
  ReportHead head{.view = "pipeline", .report = "summary", .position = {42}};
  head.root.emplace().fill(0x0F);
  const std::vector<projections::PolicyUse> policies{{.id = "points", .version = 2, .since = 7}};
  std::string root;
  for (int i = 0; i < 32; ++i) root += "0f";
  std::string out;
  append_report(head, lines, out);
  const std::string rows =
      R"("rows":[{"stage":"engaging\"王","count":-3,"currency":"USD","amountMinor":9223372036854775807,)"
      R"("closeDate":"2017-06-30","openedAt":"2017-06-30T10:00:00.25Z","late":true},)"
      R"({"stage":null,"count":0,"currency":null,"amountMinor":null,"closeDate":null,"openedAt":null,"late":false}])";
  const std::string names =
      R"("policies":[],"columns":["stage","count","currency","amountMinor","closeDate","openedAt","late"],)";
  EXPECT_EQ(out, R"({"view":"pipeline","report":"summary","position":42,"root":")" + root +
                     R"(","asOf":null,"knownAt":null,)" + names + rows + "}");

  head.as_of = *parse_time("2017-07-01");
  head.known_at = *parse_time("2020-01-01T00:00:00Z");
  head.policies = policies;
  lines.next = "cursor";
  out.clear();
  append_report(head, lines, out);
  EXPECT_NE(out.find(R"("asOf":"2017-07-01T00:00:00Z","knownAt":"2020-01-01T00:00:00Z",)"
                     R"("policies":[{"id":"points","version":2}],"columns":["stage")"),
            std::string::npos);
  EXPECT_TRUE(out.ends_with(R"(],"next":"cursor"})"));
}

TEST(ReportShape, AnErasedTextIsNullAndNamed) {
  std::string out;
  append_row({{"id", ColumnType::kText, {}}, {"name", ColumnType::kText, {}}, {"words", ColumnType::kText, {}}},
             {std::string("1"), projections::Erased(), projections::Erased()}, out);
  EXPECT_EQ(out, R"({"id":"1","name":null,"words":null,"erased":["/name","/words"]})");
}

TEST(ReportShape, OfNoRowsIsStillWhole) {
  std::string out;
  append_report({.view = "v", .report = "r", .position = {0}},
                {.columns = {{"stage", ColumnType::kText, {}}}, .rows = {}}, out);
  EXPECT_TRUE(out.ends_with(R"("asOf":null,"knownAt":null,"policies":[],"columns":["stage"],"rows":[]})")) << out;
}

}  // namespace
}  // namespace rapport
