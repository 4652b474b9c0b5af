// Won and lost opportunities by who or what they are told apart by.
#include <map>
#include <unordered_map>

#include "projections/columns.h"
#include "projections/pipeline/reports.h"
#include "projections/pipeline/rows.h"

namespace rapport::projections::pipeline {
namespace {

struct Tally {
  std::int64_t won = 0, lost = 0;
  std::map<std::string, Wide, std::less<>> won_minor = {};  // by currency

  void take(const Opportunity& row) {
    if (row.status == Status::kLost) ++lost;
    if (row.status != Status::kWon) return;
    ++won;
    if (row.amount) won_minor[std::string(row.amount->currency.view())] += row.amount->amount_minor;
  }
};

using Names = std::unordered_map<std::string, std::string>;

// The team of each owner: its id, or its manager's where it has none.
Result<Names> teams(const Computation& in) {
  Names names;
  auto scanned = in.each<Owner>([&](const Owner& owner) { names[owner.id] = owner.team.empty() ? owner.manager : owner.team; });
  if (!scanned) return std::move(scanned).error();
  return names;
}
Result<Names> sectors(const Computation& in) {
  Names names;
  auto scanned = in.each<Account>([&](const Account& account) { names[account.id] = account.sector; });
  if (!scanned) return std::move(scanned).error();
  return names;
}
std::string look_up(const Names& names, const std::string& id) {
  auto at = names.find(id);
  return at == names.end() ? std::string() : at->second;
}

std::string key_by(const std::string& by, const Opportunity& row, const Names& names) {
  if (by == "team") return row.team.empty() ? look_up(names, row.owner) : row.team;
  if (by == "sector") return look_up(names, row.account);
  return by == "owner" ? row.owner : by == "product" ? row.product : row.account;
}

Result<LineList> compute(const Computation& in) {
  auto& by = in.text("by");
  Result<Names> names = Names{};
  if (by == "team") names = teams(in);
  if (by == "sector") names = sectors(in);
  if (!names) return std::move(names).error();
  auto from = in.from("from"), until = in.until("to");
  std::map<std::string, Tally> tallies;
  auto scanned = in.each<Opportunity>([&](const Opportunity& row) {
    if (row.status != Status::kWon && row.status != Status::kLost) return;
    if ((from || until) && !row.closed_at) return;
    if (from && *row.closed_at < *from) return;
    if (until && *row.closed_at >= *until) return;
    tallies[key_by(by, row, *names)].take(row);
  });
  if (!scanned) return std::move(scanned).error();
  LineList lines;
  for (auto& [key, tally] : tallies) {
    auto rate = divide_half_even(Wide(tally.won) * 10'000, tally.won + tally.lost);
    if (tally.won_minor.empty()) tally.won_minor[""];  // nothing won, or nobody knows for how much
    bool first = true;
    for (auto& [currency, sum] : tally.won_minor) {
      auto won_minor = value_of(sum);
      if (!won_minor) return overflow("wonMinor");
      auto once = [&](std::int64_t v) { return first ? Value(v) : Value(); };
      lines.push_back({text_value(key), once(tally.won), once(tally.lost), *won_minor, text_value(currency), once(*rate)});
      first = false;
    }
  }
  return lines;
}

}  // namespace

Report win_rate_report() {
  return report(ComputedReport{
      .name = "win-rate",
      .sentence = "Won and lost by owner, team, product, account or sector; a line for each currency, the counts on the first.",
      .parameters = {{.name = "by",
                      .sentence = "what to tell apart by",
                      .standard = "owner",
                      .choices = {"owner", "team", "product", "account", "sector"}},
                     {.name = "from", .type = ColumnType::kTimestamp, .sentence = "closed from then on"},
                     {.name = "to", .type = ColumnType::kTimestamp, .sentence = "closed before the end of then"}},
      .columns = {text_column("key"), integer_column("won"), integer_column("lost"), money_column("wonMinor"),
                  text_column("currency"), integer_column("winRateBp")},
      .compute = compute});
}

}  // namespace rapport::projections::pipeline
