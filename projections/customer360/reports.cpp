#include "projections/customer360/reports.h"

#include <algorithm>
#include <map>

#include "eventstore/event.h"
#include "projections/columns.h"
#include "projections/customer360/rows.h"

namespace rapport::projections::customer360 {
namespace {

using AllLines = std::vector<std::vector<Value>>;

template <class T>
Value value_or_null(const std::optional<T>& v) {
  return v ? Value(*v) : Value();
}

// Whose each account is on the day of the question.
using Parents = std::map<std::string, Parent, std::less<>>;
Result<Parents> parents(const Computation& in) {
  Parents found;
  auto now = in.reference();
  auto scanned = in.each<Parent>([&](const Parent& row) {
    if (row.first && now < in.day_start(*row.first)) return;
    if (row.last && now >= in.day_start({row.last->days + 1})) return;
    auto [at, fresh] = found.try_emplace(row.account, row);
    if (!fresh && at->second.since < row.since) at->second = row;
  });
  if (!scanned) return std::move(scanned).error();
  return found;
}

struct WithParent {
  const Account& account;
  std::string_view parent;
};

Result<std::vector<Value>> account_line(const Computation& in, const WithParent& row,
                                        const Amounts& amounts, bool first) {
  auto& account = row.account;
  auto once = [&](std::int64_t count) { return first ? Value(count) : Value(); };
  auto open = value_of(amounts.open_minor), won = value_of(amounts.won_minor),
       spent = value_of(amounts.spent_minor), points = value_of(account.points);
  if (!open) return overflow("openMinor");
  if (!won) return overflow("wonMinor");
  if (!spent) return overflow("netSpendMinor");
  if (!points) return overflow("points");
  return std::vector<Value>{text_value(account.id),
                            in.open(account.name),
                            text_value(row.parent),
                            text_value(account.sector),
                            text_value(account.owner),
                            text_value(enum_name(account.kind)),
                            text_value(account.region),
                            text_value(enum_name(account.lifecycle)),
                            once(account.open),
                            *open,
                            once(account.won),
                            *won,
                            once(account.lost),
                            text_value(amounts.currency.view()),
                            once(account.open_cases),
                            once(account.cases),
                            once(account.orders),
                            *spent,
                            first ? *points : Value(),
                            value_or_null(account.created_at),
                            static_cast<std::int64_t>(account.version)};
}

using AllAmounts = std::map<std::string, std::vector<Amounts>, std::less<>>;
Result<AllAmounts> all_amounts(const Computation& in) {
  AllAmounts all;
  auto scanned =
      in.each<Amounts>([&](const Amounts& amounts) { all[amounts.account].push_back(amounts); });
  if (!scanned) return std::move(scanned).error();
  for (auto& [id, amounts] : all)
    std::ranges::sort(amounts, {}, [](const Amounts& a) { return a.currency.view(); });
  return all;
}

// An account with amounts in several currencies has a line for each; counts and points stand on the
// first, so that no sum counts them twice.
Result<AllLines> accounts(const Computation& in) {
  auto parent_of = parents(in);
  if (!parent_of) return std::move(parent_of).error();
  auto all = all_amounts(in);
  if (!all) return std::move(all).error();
  static const std::vector<Amounts> kNone(1);
  AllLines lines;
  std::optional<Error> failed;
  auto scanned = in.each<Account>([&](const Account& account) {
    auto parent = parent_of->find(account.id);
    WithParent row{account,
                   parent == parent_of->end() ? "" : std::string_view(parent->second.parent)};
    auto found = all->find(account.id);
    auto& amounts = found == all->end() ? kNone : found->second;
    for (auto& one : amounts) {
      auto line = account_line(in, row, one, &one == &amounts.front());
      if (!line) return failed = std::move(line).error(), false;
      lines.push_back(std::move(*line));
    }
    return true;
  });
  if (failed) return *failed;
  if (!scanned) return std::move(scanned).error();
  return lines;
}

Report accounts_report() {
  return report(
      ComputedReport{.name = "accounts",
                     .sentence = "Every account with its deals, cases, orders and points; a line "
                                 "for each currency, the counts on the "
                                 "first.",
                     .parameters = {},
                     .columns = {text_column("id"),           text_column("name"),
                                 text_column("parent"),       text_column("sector"),
                                 text_column("owner"),        text_column("kind"),
                                 text_column("region"),       text_column("lifecycle"),
                                 integer_column("openCount"), money_column("openMinor"),
                                 integer_column("wonCount"),  money_column("wonMinor"),
                                 integer_column("lostCount"), text_column("currency"),
                                 integer_column("openCases"), integer_column("cases"),
                                 integer_column("orders"),    money_column("netSpendMinor"),
                                 integer_column("points"),    timestamp_column("createdAt"),
                                 integer_column("version")},
                     .compute = accounts});
}

Result<AllLines> timeline(const Computation& in) {
  auto& id = in.text("id");
  std::vector<std::string> streams{stream_name("account", id)};
  auto scanned =
      in.each<AccountStream>([&](const AccountStream& row) { streams.push_back(row.stream); }, id);
  // What each of them is a data subject's: its consents, requests, holds and erasures.
  for (std::size_t i = 0, own = streams.size(); i < own; ++i)
    streams.push_back(stream_name("dataSubject", streams[i]));
  std::map<std::uint64_t, std::vector<Value>> by_position;
  for (auto stream = streams.begin(); scanned && stream != streams.end(); ++stream) {
    scanned = in.each<Entry>(
        [&](const Entry& entry) {
          by_position[entry.position] = {static_cast<std::int64_t>(entry.position),
                                         value_or_null(entry.at),
                                         entry.recorded_at,
                                         text_value(entry.stream),
                                         text_value(entry.type),
                                         text_value(entry.actor),
                                         text_value(entry.reason),
                                         text_value(entry.text),
                                         in.open(entry.words)};
        },
        *stream);
  }
  if (!scanned) return std::move(scanned).error();
  AllLines lines;
  for (auto& [position, line] : by_position) lines.push_back(std::move(line));
  return lines;
}

Report timeline_report() {
  return report(ComputedReport{
      .name = "timeline",
      .sentence = "Everything that happened with a customer, in the order it was recorded.",
      .parameters = {{.name = "id", .required = true, .sentence = "the account"}},
      .columns = {integer_column("position"), timestamp_column("at"),
                  timestamp_column("recordedAt"), text_column("stream"), text_column("type"),
                  text_column("actor"), text_column("reason"), text_column("text"),
                  text_column("words")},
      .compute = timeline});
}

// Whose an account is depends on the day of the question: it is in the report, not in the row.
const std::vector<Column<Account>>& account_columns() {
  static const std::vector<Column<Account>> kColumns{
      column<&Account::id>("id"),
      column<&Account::name>("name"),
      column<&Account::sector>("sector"),
      column<&Account::owner>("owner"),
      column<&Account::kind>("kind"),
      column<&Account::region>("region"),
      column<&Account::lifecycle>("lifecycle"),
      column<&Account::open>("openCount"),
      column<&Account::won>("wonCount"),
      column<&Account::lost>("lostCount"),
      column<&Account::open_cases>("openCases"),
      column<&Account::cases>("cases"),
      column<&Account::orders>("orders"),
      column<&Account::points>("points"),
      column<&Account::created_at>("createdAt"),
      column<&Account::version>("version"),
  };
  return kColumns;
}

const std::vector<Column<Amounts>>& amounts_columns() {
  static const std::vector<Column<Amounts>> kColumns{
      column<&Amounts::account>("account"),
      {text_column("currency"), [](auto& row) { return currency_cell(row.currency); }},
      {money_column("openMinor"), [](auto& row) { return cell(row.open_minor); }},
      {money_column("wonMinor"), [](auto& row) { return cell(row.won_minor); }},
      {money_column("netSpendMinor"), [](auto& row) { return cell(row.spent_minor); }},
  };
  return kColumns;
}

}  // namespace

std::vector<PublishedRows> published() {
  return {published_rows("account", account_columns()), published_rows("account", amounts_columns())};
}

std::vector<Report> reports() { return {accounts_report(), timeline_report()}; }

}  // namespace rapport::projections::customer360
