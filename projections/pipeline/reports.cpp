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

Report summary_report() {
  return report(RowReport<Opportunity>{
      .name = "summary",
      .sentence = "Opportunities counted and summed by status, stage and currency.",
      .columns = columns(),
      .group_by = {"status", "stage", "currency"},
      .sums = {{money_column("amountMinor"), [](auto& row) { return Wide(row.amount ? row.amount->amount_minor : 0); }},
               {money_column("weightedMinor"), weighted, 10'000}},
  });
}

Report opportunities_report() {
  return report(RowReport<Opportunity>{
      .name = "opportunities", .sentence = "Every opportunity as it stands.", .columns = columns()});
}

// A running visit is worth what its opportunity is worth now.
Report history_report() {
  return report(ComputedReport{
      .name = "history",
      .sentence = "The stages that an opportunity went through, with when and at what amount.",
      .parameters = {{.name = "id", .required = true, .sentence = "the opportunity"}},
      .columns = {integer_column("number"), text_column("stage"), timestamp_column("enteredAt"),
                  timestamp_column("leftAt"), money_column("amountMinor"), text_column("currency")},
      .compute = [](const Computation& in) -> Result<LineList> {
        auto opportunity = in.find<Opportunity>(in.text("id"));
        if (!opportunity) return std::move(opportunity).error();
        LineList lines;
        auto scanned = in.each<StageVisit>(
            [&](const StageVisit& visit) {
              auto& amount = visit.ended || !*opportunity ? visit.amount : (*opportunity)->amount;
              lines.push_back({static_cast<std::int64_t>(visit.number), text_value(visit.stage),
                               visit.entered_at ? Value(*visit.entered_at) : Value(),
                               visit.left_at ? Value(*visit.left_at) : Value(),
                               amount ? Value(amount->amount_minor) : Value(),
                               amount ? text_value(amount->currency.view()) : Value()});
            },
            in.text("id"));
        if (!scanned) return std::move(scanned).error();
        return lines;
      }});
}

}  // namespace

std::vector<Report> reports() {
  return {summary_report(),  opportunities_report(), history_report(),
          win_rate_report(), waterfall_report(),     durations_report()};
}

}  // namespace rapport::projections::pipeline
