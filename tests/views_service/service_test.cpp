// The service view's rows and reports from given events.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "domain/schema/case.values.h"
#include "eventstore/memory/memory_subject_keys.h"
#include "tests/views/journal.h"

namespace rapport::projections {
namespace {

using namespace case_;
using Texts = std::vector<std::string>;

const Opened opened{.account_id = "acme", .type = Type::INCIDENT, .channel = Channel::PHONE, .category = "Network", .priority = 3};
const SlaMilestoneStarted started{
    .kind = MilestoneKind::RESOLUTION, .started_at = day(0), .target_seconds = 3'600, .due_at = Timestamp{day(0).micros + 3'600 * kMicrosPerSecond}};

struct Service : testing::Test {
  Service& given(const std::string& id, const auto& event, Timestamp at = day(0)) {
    journal.add("case-" + id, event, {.occurred_at = at});
    return *this;
  }
  Texts ask(std::string_view report, std::vector<Argument> arguments = {}, const Texts& columns = {}, Query query = {}) {
    query.arguments = std::move(arguments);
    MemoryRowStore store;
    journal.fold(view, store, journal.size());
    return lines_of(view, store, report, columns, query);
  }
  Texts row(const std::string& id, const Texts& columns) { return ask("cases", {{"id", id}}, columns); }

  const ViewType& view = *find_view("service");
  Journal journal;
};

TEST_F(Service, OpenedIsANewCase) {
  given("1", opened, day(2));
  EXPECT_EQ(row("1", {"id", "account", "type", "channel", "category", "priority", "state", "openedAt", "version"}),
            Texts{"1|acme|incident|phone|Network|3|new|2025-01-03T00:00:00Z|1"});
  EXPECT_EQ(row("1", {"contact", "subject", "impact", "pendedOn", "resolvedAt"}), Texts{"||||"});
}
TEST_F(Service, OpenedShowsTheTimeThatTheSourceStates) {
  auto stated = opened;
  stated.opened_at = day(1);
  given("1", stated, day(2));
  EXPECT_EQ(row("1", {"openedAt"}), Texts{"2025-01-02T00:00:00Z"});
}
TEST_F(Service, ASealedSubjectIsOpenedWithItsKeyAndElseNull) {
  MemorySubjectKeys keys("seed");
  auto key = keys.key_for("account-acme");
  ASSERT_TRUE(key);
  auto bytes = seal(*key, "Drucker raucht");
  auto sealed_case = opened;
  sealed_case.subject = Personal(Text(bytes));
  given("1", sealed_case);
  EXPECT_EQ(row("1", {"subject"}), Texts{""});
  EXPECT_EQ(ask("cases", {{"subject~", "RAUCHT"}}, {"id", "subject"}, {.keys = &keys}), Texts{"1|Drucker raucht"});
  EXPECT_EQ(ask("cases", {{"subject~", "RAUCHT"}}, {"id"}), Texts{});
}
TEST_F(Service, StartedIsOpen) {
  given("1", opened).given("1", Started{});
  EXPECT_EQ(row("1", {"state"}), Texts{"open"});
}
TEST_F(Service, AssignedSetsGroupAndAssigneeAndAbsentIsNobody) {
  given("1", opened).given("1", Assigned{.group = "g", .assignee = "ann"});
  EXPECT_EQ(row("1", {"group", "assignee"}), Texts{"g|ann"});
  given("1", Assigned{.old_group = "g", .old_assignee = "ann", .group = "h"});
  EXPECT_EQ(row("1", {"group", "assignee"}), Texts{"h|"});
  EXPECT_EQ(ask("history", {{"id", "1"}}, {"number", "change", "field", "old", "new"}),
            (Texts{"1|opened|state||new", "2|assigned|group||g", "3|assigned|assignee||ann", "4|assigned|group|g|h",
                   "5|assigned|assignee|ann|"}));
}
TEST_F(Service, ClassifiedSetsWhatItNames) {
  given("1", opened).given("1", Classified{.old = {}, .new_ = {.type = Type::REQUEST, .category = "", .priority = 1}});
  EXPECT_EQ(row("1", {"type", "channel", "category", "priority"}), Texts{"request|phone||1"});
  EXPECT_EQ(ask("history", {{"id", "1"}}, {"change", "field", "old", "new"}),
            (Texts{"opened|state||new", "classified|type|incident|request", "classified|category|Network|", "classified|priority|3|1"}));
}
TEST_F(Service, FirstRespondedKeepsTheFirstTime) {
  given("1", opened).given("1", FirstResponded{}, day(1)).given("1", FirstResponded{}, day(2));
  EXPECT_EQ(row("1", {"firstRespondedAt"}), Texts{"2025-01-02T00:00:00Z"});
}
TEST_F(Service, MessageLoggedCounts) {
  given("1", opened).given("1", MessageLogged{.direction = Direction::INBOUND, .public_ = true});
  EXPECT_EQ(row("1", {"messages"}), Texts{"1"});
}
TEST_F(Service, PendedWaitsForSomebodyUntilResumed) {
  given("1", opened).given("1", Started{}).given("1", Pended{.on = PendedOn::CUSTOMER, .since = day(0)});
  EXPECT_EQ(row("1", {"state", "pendedOn"}), Texts{"pending|customer"});
  given("1", Resumed{.until = day(1)});
  EXPECT_EQ(row("1", {"state", "pendedOn"}), Texts{"open|"});
}
TEST_F(Service, ResumedMovesTheDueTimesOfRunningMilestones) {
  given("1", opened).given("1", started);
  given("1", Resumed{.new_due_ats = {{.kind = MilestoneKind::RESOLUTION, .due_at = day(9)}}, .until = day(1)});
  MemoryRowStore store;
  journal.fold(view, store, journal.size());
  std::string body;
  auto found = (*store.snapshot())->get(std::string("m1\0\0\0\0\1", 7), kNow, body);
  ASSERT_TRUE(found && *found);
  std::string due;
  put(due, std::optional(day(9)));
  EXPECT_NE(body.find(due), body.npos);
}
TEST_F(Service, ResolvedReopenedAndClosed) {
  given("1", opened).given("1", Resolved{.resolution_code = "fixed"}, day(1));
  EXPECT_EQ(row("1", {"state", "resolvedAt", "resolutionCode"}), Texts{"resolved|2025-01-02T00:00:00Z|fixed"});
  given("1", Closed{}, day(2));
  EXPECT_EQ(row("1", {"state", "resolvedAt", "closedAt"}), Texts{"closed|2025-01-02T00:00:00Z|2025-01-03T00:00:00Z"});
  given("1", Reopened{}, day(3));
  EXPECT_EQ(row("1", {"state", "resolvedAt", "closedAt", "resolutionCode", "reopened"}), Texts{"open||||1"});
}
TEST_F(Service, CorrectionRecordedSetsWhatItNames) {
  given("1", opened).given("1", CorrectionRecorded{.target = {1, 1, 0}, .old = {}, .new_ = {.account_id = "globex"}, .approver_id = "a"});
  EXPECT_EQ(row("1", {"account", "category"}), Texts{"globex|Network"});
}
TEST_F(Service, AFactMayComeBeforeItsBeginning) {
  given("1", Closed{}).given("2", SlaMilestoneMet{.kind = MilestoneKind::RESOLUTION, .elapsed_seconds = 1});
  EXPECT_EQ(row("1", {"state", "openedAt"}), Texts{"closed|"});
  EXPECT_EQ(ask("sla"), Texts{"resolution|0|1|0|0|0|10000"});  // ended, and never said to have started
  given("2", started);
  EXPECT_EQ(ask("sla"), Texts{"resolution|1|1|0|0|0|10000"});
}

TEST_F(Service, SummaryCountsByStateAndWhatIsWaitedFor) {
  for (auto id : {"1", "2", "3", "4"}) given(id, opened);
  given("2", Pended{.on = PendedOn::VENDOR, .since = day(0)}).given("3", Pended{.on = PendedOn::VENDOR, .since = day(0)});
  given("4", Pended{.on = PendedOn::PROBLEM, .since = day(0)});
  EXPECT_EQ(ask("summary"), (Texts{"new||1", "pending|problem|1", "pending|vendor|2"}));
}
TEST_F(Service, HistoryIsOfOneCaseAlone) {
  given("1", opened).given("10", opened).given("1", Started{}, day(1));
  EXPECT_EQ(ask("history", {{"id", "1"}}, {"number", "at", "change", "new", "position"}),
            (Texts{"1|2025-01-01T00:00:00Z|opened|new|1", "2|2025-01-02T00:00:00Z|started|open|3"}));
  EXPECT_EQ(ask("history"), Texts{"error report.missing_parameter id"});
}
TEST_F(Service, FlowCountsWhatHappenedInTheWindow) {
  given("1", opened, day(0)).given("1", Resolved{.resolution_code = "x"}, day(1)).given("1", Reopened{}, day(2));
  given("1", Resolved{.resolution_code = "x"}, day(3)).given("1", Closed{}, day(4)).given("2", opened, day(2));
  EXPECT_EQ(ask("flow", {{"from", "2025-01-01"}, {"to", "2025-01-31"}}), Texts{"2|2|1|1"});
  EXPECT_EQ(ask("flow", {{"from", "2025-01-03"}, {"to", "2025-01-03"}}), Texts{"1|0|1|0"});
  EXPECT_EQ(ask("flow", {{"from", "2025-01-03"}}), Texts{"error report.missing_parameter to"});
}
TEST_F(Service, SlaCountsEachPromiseOnce) {
  auto first = started;
  first.kind = MilestoneKind::FIRST_RESPONSE;
  for (auto id : {"1", "2", "3", "4"}) given(id, started);
  given("1", first).given("1", SlaMilestoneMet{.kind = MilestoneKind::FIRST_RESPONSE, .elapsed_seconds = 60});
  given("1", SlaMilestoneBreached{.kind = MilestoneKind::RESOLUTION});
  given("2", SlaMilestoneMet{.kind = MilestoneKind::RESOLUTION, .elapsed_seconds = 60});
  given("3", SlaMilestoneCancelled{.kind = MilestoneKind::RESOLUTION});
  EXPECT_EQ(ask("sla"), (Texts{"firstResponse|1|1|0|0|0|10000", "resolution|4|1|1|1|1|5000"}));
}
TEST_F(Service, AFactReplacesHowAPromiseEnded) {
  given("1", started).given("1", SlaMilestoneBreached{.kind = MilestoneKind::RESOLUTION});
  given("1", SlaMilestoneMet{.kind = MilestoneKind::RESOLUTION, .elapsed_seconds = 9'000});
  EXPECT_EQ(ask("sla"), Texts{"resolution|1|1|0|0|0|10000"});
  given("1", SlaMilestoneCancelled{.kind = MilestoneKind::RESOLUTION});
  EXPECT_EQ(ask("sla"), Texts{"resolution|1|0|0|0|1|"});
}
TEST_F(Service, ASecondPromiseOfAKindIsItsOwn) {
  given("1", started).given("1", SlaMilestoneBreached{.kind = MilestoneKind::RESOLUTION}).given("1", started);
  given("1", SlaMilestoneMet{.kind = MilestoneKind::RESOLUTION, .elapsed_seconds = 60});
  EXPECT_EQ(ask("sla"), Texts{"resolution|2|1|1|0|0|5000"});
}
TEST_F(Service, BacklogByGroupPriorityAndCategory) {
  given("1", opened, day(1)).given("1", Assigned{.group = "g"});
  given("2", opened, day(0)).given("2", Assigned{.group = "g"}).given("2", Pended{.on = PendedOn::VENDOR, .since = day(0)});
  given("3", opened, day(5)).given("4", opened, day(0)).given("4", Closed{});
  EXPECT_EQ(ask("backlog"), (Texts{"|1|0|2025-01-06T00:00:00Z", "g|1|1|2025-01-01T00:00:00Z"}));
  EXPECT_EQ(ask("backlog", {{"by", "priority"}}, {"key", "open", "pending"}), Texts{"3|2|1"});
  EXPECT_EQ(ask("backlog", {{"by", "category"}}, {"key", "open"}), Texts{"Network|2"});
}
TEST_F(Service, AsOfLeavesOutWhatHadNotHappened) {
  given("1", opened, day(0)).given("1", Resolved{.resolution_code = "x"}, day(5));
  MemoryRowStore then(false);
  journal.fold_as_of(view, then, day(4));
  EXPECT_EQ(lines_of(view, then, "cases", {"state", "resolvedAt"}), Texts{"new|"});
}
TEST_F(Service, KnownAtEqualsAFreshFoldOfTheLogCutThere) {
  given("1", opened).given("2", opened).given("1", started).given("1", Started{}, day(1)).given("1", Assigned{.group = "g"});
  given("1", Pended{.on = PendedOn::VENDOR, .since = day(1)}).given("2", Closed{}, day(2)).given("1", Resumed{.until = day(2)});
  given("1", SlaMilestoneBreached{.kind = MilestoneKind::RESOLUTION}).given("1", Resolved{.resolution_code = "x"}, day(3));
  given("2", Reopened{}, day(4)).given("1", Classified{.old = {}, .new_ = {.priority = 1}});
  expect_known_at_equals_a_fresh_fold(view, journal);
}

// --- for all sequences of events ---

using Promised = std::set<std::pair<std::string, MilestoneKind>>;
// Nothing ends that was never promised: deciders see to it, also for facts.
void add_any_event(Journal& journal, Promised& before) {
  auto stream = "case-" + std::to_string(*rc::gen::inRange(0, 4));
  Journal::How how{.occurred_at = day(*rc::gen::inRange(0, 12))};
  auto kind = *rc::gen::element(MilestoneKind::RESOLUTION, MilestoneKind::FIRST_RESPONSE);
  auto promised = started;
  promised.kind = kind;
  auto what = *rc::gen::inRange(0, 10);
  if (what >= 2 && what <= 4 && !before.contains({stream, kind})) what = 1;
  switch (what) {
    case 0: journal.add(stream, opened, how); break;
    case 1: journal.add(stream, promised, how), before.insert({stream, kind}); break;
    case 2: journal.add(stream, SlaMilestoneMet{.kind = kind, .elapsed_seconds = 1}, how); break;
    case 3: journal.add(stream, SlaMilestoneBreached{.kind = kind}, how); break;
    case 4: journal.add(stream, SlaMilestoneCancelled{.kind = kind}, how); break;
    case 5: journal.add(stream, Pended{.on = PendedOn::VENDOR, .since = day(0)}, how); break;
    case 6: journal.add(stream, Resumed{.until = day(1)}, how); break;
    case 7: journal.add(stream, Resolved{.resolution_code = "x"}, how); break;
    case 8: journal.add(stream, Reopened{}, how); break;
    default: journal.add(stream, Closed{}, how);
  }
}

RC_GTEST_PROP(AnyCases, EveryPromiseIsMetBreachedRunningOrCancelledAndNeverLost, ()) {
  auto& view = *find_view("service");
  Journal journal;
  Promised promised;
  for (auto n = *rc::gen::inRange(1, 60); n; --n) add_any_event(journal, promised);
  MemoryRowStore store;
  journal.fold(view, store, journal.size());
  auto lines = view.find_report("sla")->run(**store.snapshot(), {});
  RC_ASSERT(lines.has_value());
  std::int64_t started_all = 0;
  for (auto& row : lines->rows) {
    auto n = [&](std::size_t i) { return std::get<std::int64_t>(row[i]); };
    RC_ASSERT(n(1) == n(2) + n(3) + n(4) + n(5));
    started_all += n(1);
  }
  auto flow = view.find_report("summary")->run(**store.snapshot(), {});
  std::int64_t cases = 0;
  for (auto& row : flow->rows) cases += std::get<std::int64_t>(row[2]);
  RC_ASSERT(cases >= 1 && cases <= 4);
  RC_ASSERT(started_all == static_cast<std::int64_t>(journal.count("case.slaMilestoneStarted")));
}

}  // namespace
}  // namespace rapport::projections
