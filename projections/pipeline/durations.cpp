// How long opportunities stay in each stage.
#include <algorithm>
#include <map>

#include "projections/columns.h"
#include "projections/pipeline/reports.h"
#include "projections/pipeline/rows.h"

namespace rapport::projections::pipeline {
namespace {

struct Stays {
  std::vector<std::int64_t> micros;  // of visits that ended, both times known
  std::int64_t running = 0;
};

// The smallest stay that at least `percent` of a hundred do not exceed (nearest rank).
std::int64_t rank(const std::vector<std::int64_t>& sorted, std::size_t percent) {
  return sorted[(sorted.size() * percent + 99) / 100 - 1];
}
Value seconds(Wide micros, std::int64_t divisor = 1) {
  auto v = divide_half_even(micros, Wide(divisor) * kMicrosPerSecond);
  return v ? Value(*v) : Value();
}

Result<LineList> compute(const Computation& in) {
  auto from = in.from("from"), until = in.until("to");
  std::map<std::string, Stays> stages;
  auto scanned = in.each<StageVisit>([&](const StageVisit& visit) {
    if (!visit.entered_at || !visit.left_at) return;
    if ((from && *visit.left_at < *from) || (until && *visit.left_at >= *until)) return;
    stages[visit.stage].micros.push_back(visit.left_at->micros - visit.entered_at->micros);
  });
  if (!scanned) return std::move(scanned).error();
  scanned = in.each<Opportunity>([&](const Opportunity& row) {
    if (row.visiting) ++stages[row.stage].running;
  });
  if (!scanned) return std::move(scanned).error();
  LineList lines;
  for (auto& [stage, stays] : stages) {
    auto& all = stays.micros;
    std::sort(all.begin(), all.end());
    auto count = static_cast<std::int64_t>(all.size());
    Wide sum = 0;
    for (auto micros : all) sum += micros;
    Value mean, median, p90;
    if (count) {
      auto half = all.size() / 2;
      mean = seconds(sum, count);
      median = all.size() % 2 ? seconds(all[half]) : seconds(Wide(all[half - 1]) + all[half], 2);
      p90 = seconds(rank(all, 90));
    }
    lines.push_back({text_value(stage), count, mean, median, p90, stays.running});
  }
  return lines;
}

}  // namespace

Report durations_report() {
  return report(ComputedReport{
      .name = "durations",
      .sentence = "Time spent in each stage over visits that ended; running ones as a count.",
      .parameters = {{.name = "from", .type = ColumnType::kTimestamp, .sentence = "visits that ended from then on"},
                     {.name = "to", .type = ColumnType::kTimestamp, .sentence = "visits that ended before the end of then"}},
      .columns = {text_column("stage"), integer_column("visits"), integer_column("meanSeconds"),
                  integer_column("medianSeconds"), integer_column("p90Seconds"), integer_column("running")},
      .compute = compute});
}

}  // namespace rapport::projections::pipeline
