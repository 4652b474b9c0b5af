#include "projections/service/reports.h"

#include <array>
#include <map>

#include "projections/columns.h"
#include "projections/service/rows.h"

namespace rapport::projections::service {
namespace {

const std::vector<Column<Case>>& case_columns() {
  static const std::vector<Column<Case>> kColumns{
      column<&Case::id>("id"),
      column<&Case::account>("account"),
      column<&Case::contact>("contact"),
      column<&Case::type>("type"),
      column<&Case::channel>("channel"),
      column<&Case::subject>("subject"),
      column<&Case::product>("product"),
      column<&Case::category>("category"),
      column<&Case::subcategory>("subcategory"),
      column<&Case::symptom>("symptom"),
      column<&Case::impact>("impact"),
      column<&Case::urgency>("urgency"),
      column<&Case::priority>("priority"),
      column<&Case::group>("group"),
      column<&Case::assignee>("assignee"),
      column<&Case::state>("state"),
      column<&Case::pended_on>("pendedOn"),
      column<&Case::opened_at>("openedAt"),
      column<&Case::first_responded_at>("firstRespondedAt"),
      column<&Case::resolved_at>("resolvedAt"),
      column<&Case::closed_at>("closedAt"),
      column<&Case::resolution_code>("resolutionCode"),
      column<&Case::reopened>("reopened"),
      column<&Case::messages>("messages"),
      column<&Case::version>("version"),
  };
  return kColumns;
}

const std::vector<Column<Change>>& change_columns() {
  static const std::vector<Column<Change>> kColumns{
      column<&Change::number>("number"),
      {timestamp_column("at"), [](auto& row) { return row.at_known ? cell(row.at) : Cell(); }},
      column<&Change::change>("change"),
      column<&Change::field>("field"),
      column<&Change::old>("old"),
      column<&Change::now>("new"),
      column<&Change::actor>("actor"),
      column<&Change::position>("position"),
  };
  return kColumns;
}

// How often each of these happened within the window.
Result<LineList> compute_flow(const Computation& in) {
  static constexpr std::array<std::string_view, 4> kChanges{"opened", "resolved", "reopened", "closed"};
  auto from = *in.from("from"), until = *in.until("to");
  std::array<std::int64_t, kChanges.size()> counts{};
  auto scanned = in.each<Change>([&](const Change& change) {
    if (change.at < from || change.at >= until) return;
    for (std::size_t i = 0; i < kChanges.size(); ++i) counts[i] += change.change == kChanges[i];
  });
  if (!scanned) return std::move(scanned).error();
  return LineList{{counts[0], counts[1], counts[2], counts[3]}};
}

struct Promises {
  std::int64_t started = 0;
  std::array<std::int64_t, 4> by_outcome{};
};
// Started are those that a start is known of, not the sum of what became of them: were one lost, it would show.
Result<LineList> compute_sla(const Computation& in) {
  std::map<std::string_view, Promises> kinds;
  auto scanned = in.each<Milestone>([&](const Milestone& milestone) {
    auto& promises = kinds[enum_name(milestone.kind)];
    promises.started += milestone.started_at.has_value();
    ++promises.by_outcome[static_cast<std::size_t>(milestone.outcome) & 3];
  });
  if (!scanned) return std::move(scanned).error();
  LineList lines;
  for (auto& [kind, promises] : kinds) {
    auto [running, met, breached, cancelled] = promises.by_outcome;
    auto ended = met + breached;
    lines.push_back({text_value(kind), promises.started, met, breached, running, cancelled,
                     ended ? Value(*divide_half_even(Wide(met) * 10'000, ended)) : Value()});
  }
  return lines;
}

struct Backlog {
  std::int64_t open = 0, pending = 0;
  std::optional<Timestamp> oldest = {};
};
Result<LineList> compute_backlog(const Computation& in) {
  auto& by = in.text("by");
  std::map<std::string, Backlog> groups;
  auto scanned = in.each<Case>([&](const Case& row) {
    if (row.state != State::kNew && row.state != State::kOpen && row.state != State::kPending) return;
    auto key = by == "group" ? row.group : by == "category" ? row.category : row.priority ? std::to_string(*row.priority) : "";
    auto& group = groups[key];
    ++(row.state == State::kPending ? group.pending : group.open);
    if (row.opened_at && (!group.oldest || *row.opened_at < *group.oldest)) group.oldest = row.opened_at;
  });
  if (!scanned) return std::move(scanned).error();
  LineList lines;
  for (auto& [key, group] : groups)
    lines.push_back({text_value(key), group.open, group.pending, group.oldest ? Value(*group.oldest) : Value()});
  return lines;
}

bool stands(const Case& row) { return !row.revoked; }

Report summary_report() {
  return report(RowReport<Case>{.name = "summary",
                                .sentence = "Cases counted by state, pending ones by what they wait for.",
                                .columns = case_columns(),
                                .group_by = {"state", "pendedOn"},
                                .includes = stands});
}
Report cases_report() {
  return report(RowReport<Case>{.name = "cases", .sentence = "Every case as it stands.", .columns = case_columns(), .includes = stands});
}
Report history_report() {
  return report(RowReport<Change>{.name = "history",
                                  .sentence = "Every change of one case, in the order of the log.",
                                  .columns = change_columns(),
                                  .within = "id"});
}
Report flow_report() {
  return report(ComputedReport{
      .name = "flow",
      .sentence = "How many cases were opened, resolved, reopened and closed in a window.",
      .parameters = {{.name = "from", .type = ColumnType::kTimestamp, .required = true, .sentence = "start of the window"},
                     {.name = "to", .type = ColumnType::kTimestamp, .required = true, .sentence = "end of the window"}},
      .columns = {integer_column("opened"), integer_column("resolved"), integer_column("reopened"), integer_column("closed")},
      .compute = compute_flow});
}
Report sla_report() {
  return report(ComputedReport{
      .name = "sla",
      .sentence = "Promises started, met, breached, running and cancelled by kind; attainment is met of met and breached.",
      .parameters = {},
      .columns = {text_column("kind"), integer_column("started"), integer_column("met"), integer_column("breached"),
                  integer_column("running"), integer_column("cancelled"), integer_column("attainmentBp")},
      .compute = compute_sla});
}
Report backlog_report() {
  return report(ComputedReport{
      .name = "backlog",
      .sentence = "Cases that are not resolved, by group, priority or category, with the oldest one's opening.",
      .parameters = {{.name = "by",
                      .sentence = "what to tell apart by",
                      .standard = "group",
                      .choices = {"group", "priority", "category"}}},
      .columns = {text_column("key"), integer_column("open"), integer_column("pending"), timestamp_column("oldestOpenedAt")},
      .compute = compute_backlog});
}

}  // namespace

std::vector<Report> reports() {
  return {summary_report(), cases_report(), history_report(), flow_report(), sla_report(), backlog_report()};
}

std::vector<PublishedRows> published() { return {published_rows("case", case_columns(), stands)}; }

}  // namespace rapport::projections::service
