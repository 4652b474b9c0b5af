// What holds for every report and every view there is: the fields of the published contract; known at a position equals the same
// question to a log that ends there; kept live equals rebuilt.
#include <gtest/gtest.h>

#include <map>

#include "domain/schema/opportunity.values.h"
#include "projections/view_hosts.h"
#include "tests/views/property.h"
#include "tests/views_commands/any_command.h"
#include "tests/views_commands/cut_log.h"

namespace rapport::projections {
namespace {

using Names = std::vector<std::string>;

TEST(EveryReport, HasTheFieldsOfTheContract) {
  const Names flows{"openStart", "new", "reopened", "up", "down", "pulledIn", "pushedOut", "won", "lost", "fx", "openEnd"};
  Names waterfall{"currency"};
  for (auto& flow : flows) waterfall.push_back(flow), waterfall.push_back(flow + "Minor");
  const std::map<std::string, Names> contract{
      {"pipeline/summary", {"status", "stage", "currency", "count", "amountMinor", "weightedMinor"}},
      {"pipeline/opportunities",
       {"id", "account", "owner", "product", "status", "stage", "amountMinor", "currency", "probabilityBp", "forecastCategory",
        "openedAt", "closedAt", "version"}},
      {"pipeline/history", {"stage", "enteredAt", "leftAt", "amountMinor"}},
      {"pipeline/win-rate", {"key", "won", "lost", "wonMinor", "winRateBp"}},
      {"pipeline/waterfall", waterfall},
      {"pipeline/durations", {"stage", "visits", "meanSeconds", "medianSeconds", "p90Seconds", "running"}},
      {"service/summary", {"state", "pendedOn", "count"}},
      {"service/cases", {"id"}},
      {"service/history", {"at", "change"}},
      {"service/flow", {"opened", "resolved", "reopened", "closed"}},
      {"service/sla", {"kind", "started", "met", "breached", "running", "cancelled"}},
      {"service/backlog", {"key", "open", "pending", "oldestOpenedAt"}},
      {"loyalty/summary",
       {"program", "members", "orders", "returns", "netSpendMinor", "currency", "earned", "reversed", "redeemed", "expired",
        "adjusted", "balance"}},
      {"loyalty/members",
       {"id", "balance", "netSpendMinor", "orders", "lastOrderAt", "recencyDays", "r", "f", "m", "segment", "tier"}},
      {"loyalty/ledger", {"kind", "points", "lots"}},
      {"loyalty/rfm", {"segment", "members", "netSpendMinor"}},
      {"customer360/accounts",
       {"id", "name", "parent", "sector", "owner", "openCount", "openMinor", "wonCount", "wonMinor", "openCases", "points"}},
      {"customer360/timeline", {"at", "type", "stream"}},
  };
  for (auto& [path, fields] : contract) {
    auto slash = path.find('/');
    auto* view = find_view(path.substr(0, slash));
    ASSERT_NE(view, nullptr) << path;
    auto* report = view->find_report(path.substr(slash + 1));
    ASSERT_NE(report, nullptr) << path;
    for (auto& field : fields)
      EXPECT_EQ(std::ranges::count(report->columns, field, &ColumnInfo::name), 1) << path << " " << field;
    for (auto& column : report->columns) {
      EXPECT_EQ(column.name.ends_with("Minor"), column.type == ColumnType::kMoney) << path << " " << column.name;
      if (column.type == ColumnType::kMoney) {  // never without its currency
        EXPECT_EQ(std::ranges::count(report->columns, column.currency_column, &ColumnInfo::name), 1) << path << " " << column.name;
      }
    }
  }
}

// Something to ask of any report: one of the ids that the commands use, a window in the middle.
std::vector<Argument> arguments_for(const std::string& view, const Report& report) {
  const std::map<std::string, std::string> ids{{"pipeline", "d1"}, {"service", "c1"}, {"loyalty", "a1"}, {"customer360", "a1"}};
  std::vector<Argument> arguments;
  for (auto& parameter : report.parameters) {
    if (parameter.name == "id") arguments.push_back({"id", ids.at(view)});
    if (parameter.name == "from") arguments.push_back({"from", "2025-01-03"});
    if (parameter.name == "to") arguments.push_back({"to", "2025-01-20"});
  }
  return arguments;
}

std::string shown(const Result<Answer>& answer) {
  if (!answer) return answer.error().reason + " " + answer.error().message;
  auto text = std::to_string(answer->position.value) + " at " + text_of(answer->reference) + "\n";
  for (auto& policy : answer->policies) text += policy.id + "." + std::to_string(policy.version) + "\n";
  for (auto& row : answer->lines.rows) {
    for (auto& value : row) text += text_of(value) + "|";
    text += "\n";
  }
  return text;
}

// Calls f(view, report, query) for each, until it answers false.
void each_report(auto&& f) {
  for (auto& view : all_views())
    for (auto& report : view.reports) f(view, report, Query{.arguments = arguments_for(view.name, report)});
}

TEST(EveryReport, KnownAtAPositionIsTheSameQuestionToTheLogCutThere) {
  std::map<std::string, int> with_rows;
  each_report([&](const ViewType& view, const Report& report, const Query&) { with_rows[view.name + "/" + report.name] = 0; });
  auto every_one_had_rows = [&] { return std::ranges::all_of(with_rows, [](auto& e) { return e.second > 0; }); };
  expect_holds_until(every_one_had_rows, [&] {
    World world;
    live(world, drawn<std::int64_t>(1, 140));
    MemoryRowStores stores, cut_stores;
    ViewHosts whole(world.log(), stores);
    RC_ASSERT(whole.catch_up().has_value());
    Position p{drawn<std::uint64_t>(0, world.size() + 1)};
    CutLog log(world.log(), p);
    ViewHosts cut(log, cut_stores);
    RC_ASSERT(cut.catch_up().has_value());
    auto t = day(drawn(0, 36));
    for (auto as_of : {std::optional<Timestamp>(), std::optional(t)}) {
      each_report([&](const ViewType& view, const Report& report, Query query) {
        auto there = (*cut.find(view.name))->query(report.name, query, as_of);
        query.known_at = p;
        auto here = (*whole.find(view.name))->query(report.name, query, as_of);
        if (shown(here) != shown(there)) RC_FAIL(view.name + "/" + report.name + " known at " + shown(here) + " cut " + shown(there));
        if (here) with_rows[view.name + "/" + report.name] += !here->lines.rows.empty();
      });
    }
  });
  for (auto& [name, count] : with_rows) EXPECT_GT(count, 0) << name << " never had a row";
}

TEST(EveryReport, StatesTheVersionsOfTheRulesBehindItAsTheyWereThen) {
  namespace o = opportunity;
  World world;
  publish_rules(world);
  ASSERT_TRUE(world.send("opportunity", "d1", o::Open{.pipeline_id = "sales", .stage_id = "first"}, day(1)));
  auto then = world.size();
  publish_rules(world, 2'000);
  ASSERT_TRUE(world.send("opportunity", "d1", o::MoveStage{.stage_id = "second"}, day(5)));
  MemoryRowStores stores;
  ViewHosts hosts(world.log(), stores);
  ASSERT_TRUE(hosts.catch_up());
  auto by = [&](std::string_view view, std::string_view report, Position known_at, std::optional<Timestamp> as_of) {
    auto answer = (*hosts.find(view))->query(report, {.known_at = known_at}, as_of);
    Names policies;
    for (auto& policy : answer->policies) policies.push_back(policy.id + " " + std::to_string(policy.version));
    return policies;
  };
  EXPECT_EQ(by("pipeline", "summary", kNow, {}), (Names{"sales 1", "sales 2"}));
  EXPECT_EQ(by("pipeline", "summary", {then}, {}), Names{"sales 1"});
  EXPECT_EQ(by("pipeline", "summary", kNow, day(1)), Names{"sales 1"});
  EXPECT_EQ(by("pipeline", "summary", {0}, {}), Names{});
  EXPECT_EQ(by("service", "summary", kNow, {}), Names{});
}

TEST(EveryView, KeptLiveHasTheDigestsOfOneRebuilt) {
  EXPECT_TRUE(rc::check([] {
    World world;
    publish_rules(world);
    MemoryRowStores stores;
    ViewHosts hosts(world.log(), stores);
    auto commands = drawn(1, 140);
    for (int i = 0; i < commands; ++i) {
      any_command(world, i / 4);
      if (drawn(0, 5) == 0) RC_ASSERT(hosts.catch_up().has_value());
    }
    RC_ASSERT(hosts.catch_up().has_value());
    RC_ASSERT(hosts.verify().has_value());
    auto rebuilt = hosts.rebuild();
    RC_ASSERT(rebuilt.has_value());
    RC_ASSERT(rebuilt->size() == all_views().size());
    for (auto& view : *rebuilt) RC_ASSERT(view.same());
  }));
}

}  // namespace
}  // namespace rapport::projections
