#include "projections/pipeline/reports.h"

#include "projections/columns.h"
#include "projections/pipeline/rows.h"

namespace rapport::projections::pipeline {
namespace {

std::uint16_t probability_bp(const Opportunity& row) { return row.own_probability_bp.value_or(row.probability_bp); }

Wide weighted(const Opportunity& row) {
  return row.status == Status::kOpen && row.amount ? Wide(row.amount->amount_minor) * probability_bp(row) : 0;
}

const std::vector<Column<Opportunity>>& columns() {
  static const std::vector<Column<Opportunity>> kColumns{
      column<&Opportunity::id>("id"),
      column<&Opportunity::account>("account"),
      column<&Opportunity::owner>("owner"),
      column<&Opportunity::product>("product"),
      column<&Opportunity::name>("name"),
      column<&Opportunity::status>("status"),
      column<&Opportunity::stage>("stage"),
      {money_column("amountMinor"), [](auto& row) { return amount_cell(row.amount); }},
      {text_column("currency"), [](auto& row) { return currency_cell(row.amount); }},
      {integer_column("probabilityBp"), [](auto& row) { return cell(probability_bp(row)); }},
      {text_column("forecastCategory"),
       [](auto& row) { return cell(row.own_category.value_or(row.forecast_category)); }},
      column<&Opportunity::close_date>("closeDate"),
      column<&Opportunity::opened_at>("openedAt"),
      column<&Opportunity::closed_at>("closedAt"),
      column<&Opportunity::reason>("lostReason"),
      column<&Opportunity::competitor>("competitor"),
      column<&Opportunity::version>("version"),
  };
  return kColumns;
}

bool stands(const Opportunity& row) { return !row.revoked; }

Report summary_report() {
  return report(RowReport<Opportunity>{
      .name = "summary",
      .sentence = "Opportunities counted and summed by status, stage and currency.",
      .columns = columns(),
      .group_by = {"status", "stage", "currency"},
      .sums = {{money_column("amountMinor"), [](auto& row) { return Wide(row.amount ? row.amount->amount_minor : 0); }},
               {money_column("weightedMinor"), weighted, 10'000}},
      .includes = stands,
  });
}

Report opportunities_report() {
  return report(RowReport<Opportunity>{
      .name = "opportunities", .sentence = "Every opportunity as it stands.", .columns = columns(), .includes = stands});
}

Value time_value(const std::optional<Timestamp>& time) { return time ? Value(*time) : Value(); }

std::vector<Value> visit_line(std::uint32_t number, const std::string& stage, const std::optional<Timestamp>& entered_at,
                              const std::optional<Timestamp>& left_at, const std::optional<Money>& amount) {
  return {static_cast<std::int64_t>(number),
          text_value(stage),
          time_value(entered_at),
          time_value(left_at),
          amount ? Value(amount->amount_minor) : Value(),
          amount ? text_value(amount->currency.view()) : Value()};
}

// A running visit is worth what its opportunity is worth now.
Result<LineList> compute_history(const Computation& in) {
  LineList lines;
  auto scanned = in.each<StageVisit>(
      [&](const StageVisit& visit) {
        lines.push_back(visit_line(visit.number, visit.stage, visit.entered_at, visit.left_at, visit.amount));
      },
      in.text("id"));
  if (!scanned) return std::move(scanned).error();
  auto found = in.find<Opportunity>(in.text("id"));
  if (!found) return std::move(found).error();
  if (auto& row = *found; row && row->visiting)
    lines.push_back(visit_line(row->visits + 1, row->stage, row->entered_at, {}, row->amount));
  return lines;
}
Report history_report() {
  return report(ComputedReport{
      .name = "history",
      .sentence = "The stages that an opportunity went through, with when and at what amount.",
      .parameters = {{.name = "id", .required = true, .sentence = "the opportunity"}},
      .columns = {integer_column("number"), text_column("stage"), timestamp_column("enteredAt"),
                  timestamp_column("leftAt"), money_column("amountMinor"), text_column("currency")},
      .compute = compute_history});
}

}  // namespace

std::vector<Report> reports() {
  return {summary_report(),  opportunities_report(), history_report(),
          win_rate_report(), waterfall_report(),     durations_report()};
}

std::vector<PublishedRows> published() { return {published_rows("opportunity", columns(), stands)}; }

}  // namespace rapport::projections::pipeline
