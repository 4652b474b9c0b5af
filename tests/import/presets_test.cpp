// The presets over the real data sets, where they lie beside the repository: their control totals,
// and every file twice.
#include <map>

#include "tests/import/import_fixture.h"

namespace rapport::import {
namespace {

struct PresetsTest : ImportTest {
  void SetUp() override {
    if (samples().empty()) GTEST_SKIP() << "the data sets are not beside the repository";
  }
  static std::string at(const char* path) { return (samples() / path).string(); }
  std::map<std::string, std::uint64_t> types() const {
    std::map<std::string, std::uint64_t> out;
    auto reader = target.store.read({});
    for (;;) {
      auto event = reader->next();
      if (!event || !*event) return out;
      ++out[std::string((*event)->type)];
    }
  }
};

TEST_F(PresetsTest, CrmSales) {
  std::vector<std::string> files;
  for (const char* name : {"sales_pipeline.csv", "accounts.csv", "products.csv", "sales_teams.csv"})
    files.push_back(at("crm_sales/") + name);
  auto done = import("crm-sales", files);
  ASSERT_EQ(told(done).substr(0, 13), "8927/8927/0/0") << told(done);
  EXPECT_TRUE(done->unmapped.empty());
  auto count = types();
  EXPECT_EQ(count["opportunity.opened"], 8'800u);
  EXPECT_EQ(count["opportunity.won"], 4'238u);
  EXPECT_EQ(count["opportunity.lost"], 2'473u);
  EXPECT_EQ(told(import("crm-sales", files)), "8927/0/0/8927 +0");
  auto dictionary = import("crm-sales", {at("crm_sales/data_dictionary.csv")});
  EXPECT_EQ(told(dictionary),
            "import.no_table: data_dictionary.csv: its header fits no table of crm-sales; nearest "
            "is products, which also wants product, series, sales_price");
}

// The preset over a small export of ours, and over a later one with changes.
struct CrmSalesTest : ImportTest {
  std::string header = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n";
  std::string products = write("products.csv", "product,series,sales_price\nMG,MG,100\n");
  Result<ImportSummary> import_deals(const std::string& name, const std::string& rows) {
    return import("crm-sales", {products, write(name, header + rows)});
  }
};
TEST_F(CrmSalesTest, AnAmountThatChangedAfterTheDealWasWonIsPricedAnew) {
  ASSERT_EQ(told(import_deals("1.csv", "D1,ann,MG,acme,Won,2017-01-01,2017-03-01,90\n")).substr(0, 7), "2/2/0/0");
  auto before = target.position();
  EXPECT_EQ(told(import_deals("2.csv", "D1,ann,MG,acme,Won,2017-01-01,2017-03-01,95\n")).substr(0, 7), "2/1/0/1");
  EXPECT_EQ(target.events(before),
            (std::vector<std::string>{
                R"(opportunity.amountChanged D1 {"old":{"amountMinor":9000,"currency":"USD"},"new":{"amountMinor":9500,"currency":"USD"}})"}));
}
TEST_F(CrmSalesTest, AReopeningIsNotKnownBeforeItIsRecorded) {
  ASSERT_EQ(told(import_deals("1.csv", "D1,ann,MG,acme,Lost,2017-01-01,2017-03-01,0\n")).substr(0, 7), "2/2/0/0");
  auto before = target.position();
  ASSERT_EQ(told(import_deals("2.csv", "D1,ann,MG,acme,Engaging,2017-01-01,,\n")).substr(0, 7), "2/1/0/1");
  auto reader = target.store.read({.from = Position{before + 1}, .filter = Term::type("opportunity.reopened")});
  auto event = reader->next();
  ASSERT_TRUE(event && *event);
  EXPECT_EQ((*event)->type, "opportunity.reopened");
  EXPECT_EQ((*event)->precision, Precision::UNKNOWN);
  EXPECT_FALSE((*event)->holds_at({(*event)->recorded_at.micros - 1}));
}

TEST_F(PresetsTest, IncidentLog) {
  auto file = at("incident_log/incident_event_log.csv.gz");
  auto done = import("incident-log", {file});
  ASSERT_EQ(told(done).substr(0, 17), "141712/141707/5/0") << told(done);
  EXPECT_EQ(done->codes, (std::map<std::string, std::uint64_t>{{"map.unknown_value", 5}}));
  auto count = types();
  EXPECT_EQ(count["case.opened"], 24'918u);
  EXPECT_EQ(count["case.reopened"], 331u);
  EXPECT_EQ(count["case.slaMilestoneMet"], 15'803u);
  EXPECT_EQ(count["case.slaMilestoneBreached"], 9'115u);
  EXPECT_EQ(count["account.created"], 5'244u);
  EXPECT_EQ(told(import("incident-log", {file})), "141712/0/5/141707 +0");
}

TEST_F(PresetsTest, OnlineRetail) {
  auto file = at("online_retail/online_retail.csv.gz");
  auto done = import("online-retail", {file});
  ASSERT_EQ(told(done).substr(0, 17), "541909/541909/0/0") << told(done);
  auto count = types();
  EXPECT_EQ(count["order.placed"], 25'900u);
  EXPECT_EQ(count["loyaltyMember.enrolled"], 4'372u);
  EXPECT_EQ(told(import("online-retail", {file})), "541909/0/0/541909 +0");
}

}  // namespace
}  // namespace rapport::import
