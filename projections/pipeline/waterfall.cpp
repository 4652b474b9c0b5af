// How the open pipeline came from its worth at one instant to its worth at another.
//
// Each opportunity's movements are walked in the order of their times, equal times in the order of the log, and every step
// that changes what is in scope (open, and its close date inside the asked window, if one was asked) is booked. As-of means a
// fold in the log's order of what had happened by then; where facts came late the two orders differ, and what remains
// between them is booked as a step of its own. So the ends are those that an as-of summary shows, and the identity holds:
// openStart + new + reopened + up - down + pulledIn - pushedOut - won - lost + fx = openEnd.
#include <algorithm>
#include <array>
#include <map>

#include "projections/columns.h"
#include "projections/pipeline/reports.h"
#include "projections/pipeline/rows.h"

namespace rapport::projections::pipeline {
namespace {

enum Flow : std::uint8_t { kOpenStart, kNew, kReopened, kUp, kDown, kPulledIn, kPushedOut, kWon, kLost, kFx, kOpenEnd, kFlows };
constexpr std::array<std::string_view, kFlows> kFlowNames{"openStart", "new",       "reopened", "up", "down",   "pulledIn",
                                                          "pushedOut", "won", "lost",     "fx", "openEnd"};

struct Tally {
  std::array<Wide, kFlows> amounts{};
  std::array<std::int64_t, kFlows> counts{};
};
using Tallies = std::map<std::string, Tally>;  // by currency; empty: the amount is not known

struct State {
  Status status = Status::kUnknown;
  std::optional<Money> amount = {};
  std::optional<Date> close_date = {};

  void take(const Movement& m) {
    if (m.status != Status::kUnknown) status = m.status;
    bool of_a_loss = m.status == Status::kLost;  // says what was already known, or else is news
    if (m.amount && !(of_a_loss && amount)) amount = m.amount;
    if (m.close_date) close_date = m.close_date;
  }
  bool operator==(const State&) const = default;
  std::string currency() const { return amount ? std::string(amount->currency.view()) : std::string(); }
  Wide worth() const { return amount ? amount->amount_minor : 0; }
};

class Waterfall final {
 public:
  Waterfall(Timestamp from, Timestamp until, std::optional<std::pair<Date, Date>> closing)
      : from_(from), until_(until), closing_(closing) {}

  // All movements of one opportunity, in the log's order.
  void add(const std::vector<Movement>& movements) {
    auto ordered = movements;
    auto earlier = [](const Movement& a, const Movement& b) { return a.at < b.at; };
    bool late = !std::is_sorted(ordered.begin(), ordered.end(), earlier);
    if (late) std::stable_sort(ordered.begin(), ordered.end(), earlier);
    auto begin = std::find_if(ordered.begin(), ordered.end(), [&](auto& m) { return m.at >= from_; });
    auto state = state_before(movements, from_);
    book_open(kOpenStart, state);
    for (auto m = begin; m != ordered.end() && m->at < until_; ++m) {
      auto next = state;
      next.take(*m);
      book(state, next);
      state = next;
      bool last_of_instant = m + 1 == ordered.end() || (m + 1)->at != m->at;
      if (!late || !last_of_instant) continue;
      next = state_before(movements, {m->at.micros + 1});
      book(state, next);
      state = next;
    }
    book_open(kOpenEnd, state);
  }
  const Tallies& tallies() const { return tallies_; }

 private:
  static State state_before(const std::vector<Movement>& movements, Timestamp t) {
    State state;
    for (auto& m : movements)
      if (m.at < t) state.take(m);
    return state;
  }
  bool in_window(const State& s) const {
    if (!closing_) return true;
    return s.close_date && *s.close_date >= closing_->first && *s.close_date <= closing_->second;
  }
  bool in_scope(const State& s) const { return s.status == Status::kOpen && in_window(s); }

  void add(Flow flow, const std::string& currency, Wide amount, std::int64_t count = 1) {
    auto& tally = tallies_[currency];
    tally.amounts[flow] += amount;
    tally.counts[flow] += count;
  }
  void add(Flow flow, const State& s) { add(flow, s.currency(), s.worth()); }
  void book_open(Flow flow, const State& s) {
    if (in_scope(s)) add(flow, s);
  }
  void book(const State& before, const State& after) {
    bool was = in_scope(before), is = in_scope(after);
    if (!was && !is) return;
    if (!was) {
      bool new_one = before.status == Status::kUnknown;
      add(before.status == Status::kOpen ? kPulledIn : new_one ? kNew : kReopened, after);
      return;
    }
    book_amount(before, after);
    if (is) return;
    add(after.status == Status::kWon ? kWon : after.status == Status::kLost ? kLost : kPushedOut, after);
  }
  void book_amount(const State& before, const State& after) {
    auto change = after.worth() - before.worth();
    if (before.currency() != after.currency()) {
      add(kFx, before.currency(), -before.worth(), -1);
      add(kFx, after.currency(), after.worth(), 1);
    } else if (change) {
      add(change > 0 ? kUp : kDown, after.currency(), change > 0 ? change : -change);
    }
  }

  const Timestamp from_, until_;
  const std::optional<std::pair<Date, Date>> closing_;
  Tallies tallies_;
};

Result<LineList> compute(const Computation& in) {
  Waterfall waterfall(*in.from("from"), *in.until("to"), in.days("closing"));
  std::vector<Movement> movements;
  auto flush = [&] {
    if (!movements.empty()) waterfall.add(movements);
    movements.clear();
  };
  auto scanned = in.each<Movement>([&](const Movement& m) {
    if (!movements.empty() && movements.back().opportunity != m.opportunity) flush();
    movements.push_back(m);
  });
  if (!scanned) return std::move(scanned).error();
  flush();
  LineList lines;
  for (auto& [currency, tally] : waterfall.tallies()) {
    auto& line = lines.emplace_back();
    line.push_back(text_value(currency));
    for (std::size_t i = 0; i < kFlows; ++i) {
      auto amount = value_of(tally.amounts[i]);
      if (!amount) return overflow(std::string(kFlowNames[i]) + "Minor");
      line.emplace_back(tally.counts[i]);
      line.push_back(std::move(*amount));
    }
  }
  return lines;
}

}  // namespace

Report waterfall_report() {
  ComputedReport report_of{
      .name = "waterfall",
      .sentence = "How the open pipeline came from one instant to another: counts, and amounts to the minor unit.",
      .parameters = {{.name = "from", .type = ColumnType::kTimestamp, .required = true, .sentence = "start of the window"},
                     {.name = "to", .type = ColumnType::kTimestamp, .required = true, .sentence = "end of the window"},
                     {.name = "closing",
                      .type = ColumnType::kDate,
                      .sentence = "only what is expected to close on these days, FROM..TO"}},
      .columns = {text_column("currency")},
      .compute = compute};
  for (auto name : kFlowNames) {
    report_of.columns.push_back(integer_column(std::string(name)));
    report_of.columns.push_back(money_column(std::string(name) + "Minor"));
  }
  return report(std::move(report_of));
}

}  // namespace rapport::projections::pipeline
