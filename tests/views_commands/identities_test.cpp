// What must tie exactly, whatever an enterprise did: figures of the views against the deciders' own states and against each
// other, after random commands through the real gateway.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "domain/case.h"
#include "domain/loyalty_member.h"
#include "domain/opportunity.h"
#include "domain/order.h"
#include "projections/columns.h"
#include "projections/view_hosts.h"
#include "tests/views/property.h"
#include "tests/views_commands/any_command.h"

namespace rapport::projections {
namespace {

// A report's cells by name; amounts and counts that are not known are worth nothing.
struct Answered {
  explicit Answered(const Result<Answer>& answer) {
    RC_ASSERT(answer.has_value());
    lines = answer->lines;
  }
  const Value& cell(const std::vector<Value>& row, std::string_view column) const {
    auto at = std::ranges::find(lines.columns, column, &ColumnInfo::name);
    RAPPORT_ASSERT(at != lines.columns.end());
    return row[static_cast<std::size_t>(at - lines.columns.begin())];
  }
  std::int64_t number(const std::vector<Value>& row, std::string_view column) const {
    auto& value = cell(row, column);
    return value == Value() ? 0 : std::get<std::int64_t>(value);
  }
  std::string text(const std::vector<Value>& row, std::string_view column) const { return text_of(cell(row, column)); }
  Lines lines;
};

struct Enterprise {
  explicit Enterprise(std::int64_t commands) {
    live(world, commands);
    RC_ASSERT(hosts.catch_up().has_value());
  }
  Answered ask(std::string_view view, std::string_view report, Query query = {}, std::optional<Timestamp> as_of = {}) {
    return Answered((*hosts.find(view))->query(report, std::move(query), as_of));
  }
  std::set<std::string> streams_of(std::string_view aggregate) const {
    std::set<std::string> streams;
    each_event([&](const RecordedEvent& event) {
      if (event.stream_type == aggregate) streams.insert(stream_name(event.stream_type, event.stream_id));
    });
    return streams;
  }
  void each_event(auto&& f) const {
    auto events = world.log().read({});
    for (auto event = events->next(); *event; event = events->next()) f(**event);
  }
  template <class D>
  typename D::State state_of(const std::string& stream) const {
    FoldOf<D> fold;
    auto events = world.log().read({.stream = stream});
    for (auto event = events->next(); *event; event = events->next()) RAPPORT_ASSERT(fold.apply((*event)->payload) == Applied::kYes);
    return fold.state();
  }

  World world;
  MemoryRowStores stores;
  ViewHosts hosts{world.log(), stores};
};
std::int64_t some_commands() { return drawn<std::int64_t>(1, 160); }

// How often each identity met something to hold for: a property over nothing proves nothing.
struct Seen {
  ~Seen() {
    for (auto& [what, count] : counts) EXPECT_GT(count, 0) << what;
  }
  bool operator()() const {
    return std::ranges::all_of(counts, [](auto& e) { return e.second > 0; });
  }
  std::map<std::string, std::int64_t> counts;
};

TEST(Identities, TheWaterfallTiesBetweenAnyTwoInstantsAndEndsAsSummariesShow) {
  Seen seen{{{"new", 0}, {"won", 0}, {"lost", 0}, {"reopened", 0}, {"up", 0}, {"down", 0}}};
  expect_holds_until(std::cref(seen), [&] {
    Enterprise all(some_commands());
    auto a = drawn(-5, 45), b = drawn(-5, 45);
    Timestamp from = {day(std::min(a, b)).micros + 1}, to = {day(std::max(a, b)).micros + 2};
    auto flows = all.ask("pipeline", "waterfall", {.arguments = {{"from", text_of(from)}, {"to", text_of(to)}}});
    using Ends = std::map<std::string, std::pair<std::int64_t, std::int64_t>>;
    Ends starts, ends;
    for (auto& row : flows.lines.rows) {
      for (std::string minor : {"", "Minor"}) {
        auto v = [&](const std::string& name) { return flows.number(row, name + minor); };
        auto changed = minor.empty() ? 0 : v("up") - v("down");
        RC_ASSERT(v("openStart") + v("new") + v("reopened") + changed + v("pulledIn") - v("pushedOut") - v("won") - v("lost") + v("fx") ==
                  v("openEnd"));
      }
      for (auto& [flow, count] : seen.counts) count += flows.number(row, flow);
      starts[flows.text(row, "currency")] = {flows.number(row, "openStart"), flows.number(row, "openStartMinor")};
      ends[flows.text(row, "currency")] = {flows.number(row, "openEnd"), flows.number(row, "openEndMinor")};
    }
    auto open_before = [&](Timestamp t) {
      auto summary = all.ask("pipeline", "summary", {.arguments = {{"status", "open"}}}, Timestamp{t.micros - 1});
      Ends open;
      for (auto& row : summary.lines.rows) {
        auto& sum = open[summary.text(row, "currency")];
        sum.first += summary.number(row, "count"), sum.second += summary.number(row, "amountMinor");
      }
      return open;
    };
    auto known = [](Ends sums) {
      std::erase_if(sums, [](auto& e) { return e.second == std::pair<std::int64_t, std::int64_t>(); });
      return sums;
    };
    RC_ASSERT(known(starts) == known(open_before(from)));
    RC_ASSERT(known(ends) == known(open_before(to)));
  });
}

TEST(Identities, PromisesStartedAreMetBreachedRunningOrCancelled) {
  Seen seen{{{"met", 0}, {"breached", 0}, {"running", 0}, {"cancelled", 0}}};
  expect_holds_until(std::cref(seen), [&] {
    Enterprise all(some_commands());
    std::map<std::string, std::int64_t> started, told;
    all.each_event([&](const RecordedEvent& event) {
      if (event.type != "case.slaMilestoneStarted") return;
      capnp::FlatArrayMessageReader message(event.payload);
      auto kind = message.getRoot<case_::wire::Event>().getSlaMilestoneStarted().getKind();
      ++started[std::string(enum_name(kind))];
    });
    auto sla = all.ask("service", "sla");
    for (auto& row : sla.lines.rows) {
      told[sla.text(row, "kind")] = sla.number(row, "started");
      std::int64_t ended = 0;
      for (auto& [outcome, count] : seen.counts) ended += sla.number(row, outcome), count += sla.number(row, outcome);
      RC_ASSERT(sla.number(row, "started") == ended);
    }
    RC_ASSERT(told == started);
  });
}

TEST(Identities, PointsAreWhatTheDecidersSayAndTieInTotal) {
  Seen seen{{{"earned", 0}, {"redeemed", 0}, {"reversed", 0}}};
  expect_holds_until(std::cref(seen), [&] {
    Enterprise all(some_commands());
    std::int64_t total = 0;
    auto members = all.ask("loyalty", "members");
    std::map<std::string, std::int64_t> told, decided;
    for (auto& row : members.lines.rows) told["loyaltyMember-" + members.text(row, "id")] += members.number(row, "balance");
    for (auto& stream : all.streams_of("loyaltyMember")) {
      decided[stream] = all.state_of<loyalty_member::Decider>(stream).balance();
      total += decided[stream];
    }
    RC_ASSERT(told == decided);
    auto summary = all.ask("loyalty", "summary");
    std::int64_t balance = 0;
    for (auto& row : summary.lines.rows) {
      auto v = [&](const char* column) { return summary.number(row, column); };
      RC_ASSERT(v("balance") == v("earned") - v("reversed") - v("redeemed") - v("expired") + v("adjusted"));
      balance += v("balance");
      for (auto& [what, count] : seen.counts) count += v(what.c_str());
    }
    RC_ASSERT(balance == total);
  });
}

// What an account comes to: counts by column, amounts by column and currency; nothing that is zero.
using Sums = std::map<std::string, Wide>;
void drop_zeros(std::map<std::string, Sums>& accounts) {
  for (auto& [id, sums] : accounts) std::erase_if(sums, [](auto& e) { return e.second == 0; });
  std::erase_if(accounts, [](auto& e) { return e.second.empty(); });
}
std::map<std::string, Sums> sums_of_deciders(const Enterprise& all, const std::set<std::string>& customers) {
  std::map<std::string, Sums> want;
  for (auto& stream : all.streams_of("opportunity")) {
    auto state = all.state_of<opportunity::Decider>(stream);
    using enum opportunity::Status;
    std::string count = state.status == kOpen ? "open" : state.status == kWon ? "won" : "lost";
    ++want[state.account_id][count + "Count"];
    if (state.amount && state.status != kLost)
      want[state.account_id][count + "Minor " + std::string(state.amount->currency.view())] += state.amount->amount_minor;
  }
  for (auto& stream : all.streams_of("case")) {
    auto state = all.state_of<case_::Decider>(stream);
    ++want[state.account_id]["cases"];
    want[state.account_id]["openCases"] += state.status < case_::Status::kResolved;
  }
  for (auto& stream : all.streams_of("order")) {
    auto state = all.state_of<order::Decider>(stream);
    want[state.account_id]["orders"] += state.status != order::Status::kCancelled;
    auto& spent = want[state.account_id]["netSpendMinor " + std::string(state.currency.view())];
    for (auto minor : state.fulfilments_minor) spent += minor;
    spent -= state.refunded_minor;
  }
  for (auto& stream : all.streams_of("loyaltyMember")) {
    auto state = all.state_of<loyalty_member::Decider>(stream);
    auto own = std::string(split_stream(stream).id);
    auto account = state.account_id.empty() && customers.contains("account-" + own) ? own : state.account_id;
    want[account]["points"] += state.balance();
  }
  want.erase("");
  return want;
}

TEST(Identities, AnAccountComesToWhatTheDecidersOfItsStreamsSay) {
  Seen seen{{{"openCount", 0}, {"wonCount", 0}, {"lostCount", 0}, {"openCases", 0}, {"orders", 0}, {"points", 0}}};
  expect_holds_until(std::cref(seen), [&] {
    Enterprise all(some_commands());
    auto accounts = all.ask("customer360", "accounts");
    std::map<std::string, Sums> told;
    for (auto& row : accounts.lines.rows) {
      auto& sums = told[accounts.text(row, "id")];
      for (auto* column : {"openCount", "wonCount", "lostCount", "openCases", "cases", "orders", "points"})
        sums[column] += accounts.number(row, column);
      for (auto* column : {"openMinor", "wonMinor", "netSpendMinor"})
        sums[std::string(column) + " " + accounts.text(row, "currency")] += accounts.number(row, column);
      for (auto& [what, count] : seen.counts) count += accounts.number(row, what) != 0;
    }
    auto want = sums_of_deciders(all, all.streams_of("account"));
    drop_zeros(told), drop_zeros(want);
    RC_ASSERT(told == want);
  });
}

}  // namespace
}  // namespace rapport::projections
