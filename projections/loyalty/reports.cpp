#include "projections/loyalty/reports.h"

#include <map>

#include "projections/columns.h"
#include "projections/loyalty/rows.h"
#include "projections/loyalty/standing.h"

namespace rapport::projections::loyalty {
namespace {

using AllLines = std::vector<std::vector<Value>>;

template <class T>
Value value_or_null(const std::optional<T>& v) {
  return v ? Value(*v) : Value();
}

// Money of one currency, added up.
struct Spent {
  std::int64_t members = 0, orders = 0, returns = 0;
  Wide net_minor = 0;
};

struct ProgramTotals {
  std::int64_t members = 0;
  Wide earned = 0, reversed = 0, redeemed = 0, expired = 0, adjusted = 0;
  std::map<std::string, Spent, std::less<>> spent;  // by currency
};

std::map<std::string, ProgramTotals> totals_of(const std::vector<Standing>& standings) {
  std::map<std::string, ProgramTotals> programs;
  for (auto& [member, spends] : standings) {
    auto& program = programs[member.program];
    ++program.members;
    program.earned += member.earned;
    program.reversed += member.reversed;
    program.redeemed += member.redeemed;
    program.expired += member.expired;
    program.adjusted += member.adjusted;
    for (auto& spend : spends) {
      if (!spend.currency.well_formed()) continue;
      auto& spent = program.spent[std::string(spend.currency.view())];
      spent.orders += spend.orders;
      spent.returns += spend.returns;
      spent.net_minor += spend.net_minor;
    }
  }
  for (auto& [name, program] : programs)
    if (program.spent.empty())
      program.spent[""];  // a program whose members have bought nothing yet has a line, too
  return programs;
}

// Members and points belong to the program, not to a currency: they stand on its first line, so
// that no sum counts them twice.
Result<AllLines> summary(const Computation& in) {
  auto all = standings(in);
  if (!all) return std::move(all).error();
  AllLines lines;
  for (auto& [name, program] : totals_of(*all)) {
    bool first = true;
    for (auto& [currency, spent] : program.spent) {
      auto net = value_of(spent.net_minor);
      if (!net) return overflow("netSpendMinor");
      auto balance = program.earned - program.reversed - program.redeemed - program.expired +
                     program.adjusted;
      std::vector<Value> points;
      for (auto [column, sum] : {std::pair<std::string_view, Wide>("earned", program.earned),
                                 {"reversed", program.reversed},
                                 {"redeemed", program.redeemed},
                                 {"expired", program.expired},
                                 {"adjusted", program.adjusted},
                                 {"balance", balance}}) {
        auto value = value_of(sum);
        if (!value) return overflow(column);
        points.push_back(first ? *value : Value());
      }
      std::vector<Value> line{text_value(name),
                              first ? Value(program.members) : Value(),
                              spent.orders,
                              spent.returns,
                              *net,
                              text_value(currency)};
      line.insert(line.end(), points.begin(), points.end());
      lines.push_back(std::move(line));
      first = false;
    }
  }
  return lines;
}

Report summary_report() {
  return report(ComputedReport{
      .name = "summary",
      .sentence = "Members, purchases and points of every program; a line for each currency, the "
                  "points on the first.",
      .parameters = {},
      .columns = {text_column("program"), integer_column("members"), integer_column("orders"),
                  integer_column("returns"), money_column("netSpendMinor"), text_column("currency"),
                  integer_column("earned"), integer_column("reversed"), integer_column("redeemed"),
                  integer_column("expired"), integer_column("adjusted"), integer_column("balance")},
      .compute = summary});
}

Result<AllLines> members(const Computation& in) {
  auto all = standings(in);
  if (!all) return std::move(all).error();
  AllLines lines;
  for (auto& [member, spends] : *all) {
    for (auto& spend : spends) {
      bool first = &spend == &spends.front();
      auto net = value_of(spend.net_minor);
      if (!net) return overflow("netSpendMinor");
      auto balance = value_of(member.balance());
      if (!balance) return overflow("balance");
      lines.push_back(
          {text_value(member.id), text_value(member.account), text_value(member.program),
           text_value(enum_name(member.status)), first ? *balance : Value(), *net,
           text_value(spend.currency.view()), spend.orders, spend.returns,
           value_or_null(spend.last_order_at), value_or_null(spend.recency_days),
           std::int64_t{spend.r}, std::int64_t{spend.f}, std::int64_t{spend.m},
           text_value(segment_of(spend)), text_value(member.tier),
           value_or_null(member.enrolled_at), static_cast<std::int64_t>(member.version)});
    }
  }
  return lines;
}

Report members_report() {
  return report(ComputedReport{
      .name = "members",
      .sentence = "Every member with points, purchases and quintiles of recency, frequency and "
                  "money over 365 days; a "
                  "line for each currency, the points on the first.",
      .parameters = {},
      .columns = {text_column("id"), text_column("account"), text_column("program"),
                  text_column("status"), integer_column("balance"), money_column("netSpendMinor"),
                  text_column("currency"), integer_column("orders"), integer_column("returns"),
                  timestamp_column("lastOrderAt"), integer_column("recencyDays"),
                  integer_column("r"), integer_column("f"), integer_column("m"),
                  text_column("segment"), text_column("tier"), timestamp_column("enrolledAt"),
                  integer_column("version")},
      .compute = members});
}

Result<AllLines> rfm(const Computation& in) {
  auto all = standings(in);
  if (!all) return std::move(all).error();
  std::map<std::pair<std::string_view, std::string_view>, Spent> segments;
  for (auto& standing : *all) {
    for (auto& spend : standing.spends) {
      auto& segment = segments[{segment_of(spend), spend.currency.view()}];
      ++segment.members;
      segment.net_minor += spend.net_minor;
    }
  }
  AllLines lines;
  for (auto& [key, segment] : segments) {
    auto net = value_of(segment.net_minor);
    if (!net) return overflow("netSpendMinor");
    lines.push_back({text_value(key.first), segment.members, *net, text_value(key.second)});
  }
  return lines;
}

Report rfm_report() {
  return report(ComputedReport{.name = "rfm",
                               .sentence = "Members and what they spent in all, by segment of "
                                           "recency, frequency and money over 365 days.",
                               .parameters = {},
                               .columns = {text_column("segment"), integer_column("members"),
                                           money_column("netSpendMinor"), text_column("currency")},
                               .compute = rfm});
}

// "581480 -12, 581481 -3": the lots of a movement and what it changed in each.
std::string lots_text(const Movement& movement) {
  std::string out;
  for (std::size_t i = 0; i < movement.lots.size() && i < movement.lot_points.size(); ++i)
    out += (i ? ", " : "") + movement.lots[i] + " " + std::to_string(movement.lot_points[i]);
  return out;
}

Result<AllLines> ledger(const Computation& in) {
  AllLines lines;
  bool fits = true;
  auto scanned = in.each<Movement>(
      [&](const Movement& movement) {
        auto& basis = movement.basis;
        auto balance = value_of(movement.balance);
        if (!balance) return fits = false;
        lines.push_back(
            {static_cast<std::int64_t>(movement.position), value_or_null(movement.at),
             text_value(name_of(movement.kind)), text_value(movement.txn),
             text_value(movement.original), movement.points, text_value(lots_text(movement)),
             movement.debt, basis ? Value(basis->amount_minor) : Value(),
             basis ? text_value(basis->currency.view()) : Value(), text_value(movement.rule),
             text_value(movement.reason), text_value(movement.cause), *balance});
        return true;
      },
      in.text("id"));
  if (!fits) return overflow("balance");
  if (!scanned) return std::move(scanned).error();
  return lines;
}

Report ledger_report() {
  return report(ComputedReport{
      .name = "ledger",
      .sentence = "Every movement of a member's points, with its lots and the balance after it.",
      .parameters = {{.name = "id", .required = true, .sentence = "the member"}},
      .columns = {integer_column("position"), timestamp_column("at"), text_column("kind"),
                  text_column("txn"), text_column("originalTxn"), integer_column("points"),
                  text_column("lots"), integer_column("debt"), money_column("basisMinor"),
                  text_column("currency"), text_column("rule"), text_column("reason"),
                  text_column("cause"), integer_column("balance")},
      .compute = ledger});
}

Result<AllLines> lots(const Computation& in) {
  AllLines lines;
  bool fits = true;
  auto scanned = in.each<Lot>(
      [&](const Lot& lot) {
        auto remaining = value_of(lot.remaining);
        if (!remaining) return fits = false;
        lines.push_back({text_value(lot.id), lot.earned, *remaining, value_or_null(lot.earned_at),
                         value_or_null(lot.expires_on)});
        return true;
      },
      in.text("id"));
  if (!fits) return overflow("remaining");
  if (!scanned) return std::move(scanned).error();
  return lines;
}

Report lots_report() {
  return report(ComputedReport{
      .name = "lots",
      .sentence = "The lots of a member's points.",
      .parameters = {{.name = "id", .required = true, .sentence = "the member"}},
      .columns = {text_column("lot"), integer_column("earned"), integer_column("remaining"),
                  timestamp_column("earnedAt"), ColumnInfo{"expiresOn", ColumnType::kDate}},
      .compute = lots});
}

// Recency, frequency and money depend on the day of the question: they are in the report, not in the row.
const std::vector<Column<Member>>& member_columns() {
  static const std::vector<Column<Member>> kColumns{
      column<&Member::id>("id"),
      column<&Member::account>("account"),
      column<&Member::program>("program"),
      column<&Member::status>("status"),
      column<&Member::tier>("tier"),
      {integer_column("balance"), [](auto& row) { return cell(row.balance()); }},
      column<&Member::earned>("earned"),
      column<&Member::redeemed>("redeemed"),
      column<&Member::expired>("expired"),
      column<&Member::reversed>("reversed"),
      column<&Member::adjusted>("adjusted"),
      column<&Member::debt>("debt"),
      column<&Member::enrolled_at>("enrolledAt"),
      column<&Member::version>("version"),
  };
  return kColumns;
}

}  // namespace

std::vector<PublishedRows> published() { return {published_rows("loyaltyMember", member_columns())}; }

std::vector<Report> reports() {
  return {summary_report(), members_report(), rfm_report(), ledger_report(), lots_report()};
}

}  // namespace rapport::projections::loyalty
