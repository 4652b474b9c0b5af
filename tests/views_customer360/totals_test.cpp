// An account's totals are those of its streams, however these changed hands; and what was known
// then stays known.
#include <rapidcheck.h>

#include <map>

#include "domain/schema/case.values.h"
#include "domain/schema/loyalty_member.values.h"
#include "domain/schema/opportunity.values.h"
#include "domain/schema/order.values.h"
#include "projections/columns.h"
#include "projections/customer360/rows.h"
#include "tests/views/journal.h"

namespace rapport::projections {
namespace {

constexpr std::string_view kAccounts[]{"", "acme", "apex", "zenith"};
constexpr ForecastCategory kCategory = ForecastCategory::PIPELINE;

Text any_account() { return kAccounts[*rc::gen::inRange(0, 4)]; }
Money any_money() {
  auto minor = *rc::gen::inRange<std::int64_t>(0, 1'000);
  return *rc::gen::arbitrary<bool>() ? Money{minor, "USD"} : Money{minor, "EUR"};
}

void any_deal_event(Journal& log, const std::string& stream) {
  namespace o = opportunity;
  auto money = any_money();
  auto account = any_account();
  switch (*rc::gen::inRange(0, 7)) {
    case 0:
    case 1:
      log.add(stream, o::Opened{.account_id = account,
                                .pipeline_id = "p",
                                .stage_id = "s",
                                .probability_bp = 1,
                                .forecast_category = kCategory,
                                .amount = money});
      return;
    case 2:
      log.add(stream, o::AmountChanged{.new_ = money});
      return;
    case 3:
      log.add(stream, o::DetailsChanged{.old = {}, .new_ = {.account_id = account}});
      return;
    case 4:
      log.add(stream, o::Won{.amount = money});
      return;
    case 5:
      log.add(stream, o::Lost{.reason_code = "price"});
      return;
    default:
      log.add(stream,
              o::Reopened{.to_stage = "s", .probability_bp = 1, .forecast_category = kCategory});
      return;
  }
}
void any_event(Journal& log) {
  auto number = std::to_string(*rc::gen::inRange(0, 4));
  auto account = any_account();
  auto money = any_money();
  switch (*rc::gen::inRange(0, 10)) {
    case 8:
      log.add("order-" + number, order::Cancelled{.reason_code = "x"});
      return;
    case 0:
      log.add("case-" + number, case_::Opened{.account_id = account});
      return;
    case 1:
      log.add("case-" + number, case_::Classified{.old = {}, .new_ = {.account_id = account}});
      return;
    case 2:
      log.add("case-" + number, case_::Closed{});
      return;
    case 3:
      log.add("order-" + number,
              order::Placed{.kind = order::Kind::SALE, .account_id = account, .total = money});
      return;
    case 4:
      log.add(
          "order-" + number,
          order::Fulfilled{.amount = {money.amount_minor, "USD"}, .complete = true, .number = 1});
      return;
    case 5:
      log.add("loyaltyMember-" + number,
              loyalty_member::PointsEarned{.txn_id = "t", .points = 5, .debt_paid = 0});
      return;
    case 6:
      log.add("loyaltyMember-" + number,
              loyalty_member::Enrolled{.program_id = "p", .account_id = account});
      return;
    default:
      any_deal_event(log, "opportunity-" + number);
      return;
  }
}

struct Sums {
  std::int64_t open = 0, won = 0, lost = 0, open_cases = 0, cases = 0, orders = 0;
  Wide points = 0;
  std::map<std::string, std::array<Wide, 3>> amounts;  // by currency: open, won, spent
  std::vector<std::string> streams;
  bool operator==(const Sums&) const = default;
};

void add(Sums& sums, const customer360::Related& row) {
  using customer360::Standing;
  auto type = split_stream(row.stream).type;
  auto add_amount = [&](std::size_t i) {
    if (row.currency && row.minor) sums.amounts[std::string(row.currency->view())][i] += row.minor;
  };
  sums.streams.push_back(row.stream);
  if (type == "case") {
    sums.cases += row.standing != Standing::kUnknown;
    sums.open_cases += row.standing == Standing::kOpen;
  } else if (type == "order") {
    sums.orders += row.standing != Standing::kCancelled, add_amount(2);
  } else if (type == "loyaltyMember") {
    sums.points += row.points;
  } else if (row.standing == Standing::kOpen) {
    ++sums.open, add_amount(0);
  } else if (row.standing == Standing::kWon) {
    ++sums.won, add_amount(1);
  } else {
    sums.lost += row.standing == Standing::kLost;
  }
}

Journal any_log(int events) {
  Journal log;
  for (int i = 0; i < events; ++i) any_event(log);
  return log;
}

TEST(Totals, OfAnAccountAreThoseOfItsStreams) {
  EXPECT_TRUE(rc::check([] {
    auto log = any_log(*rc::gen::inRange(1, 120));
    MemoryRowStore store;
    log.fold(*find_view("customer360"), store, log.size(), 7);
    auto snapshot = store.snapshot();
    RC_ASSERT(snapshot.has_value());
    Query query;
    Computation in(**snapshot, query, {});
    std::map<std::string, Sums> want, got;
    std::size_t entries = 0;
    (void)in.each<customer360::Related>([&](const auto& row) {
      if (!row.account.empty()) add(want[row.account], row);
    });
    (void)in.each<customer360::Account>([&](const auto& row) {
      got[row.id] = {row.open,   row.won, row.lost, row.open_cases, row.cases, row.orders,
                     row.points, {},      {}};
      want[row.id];  // an account keeps its line when its last stream leaves
    });
    (void)in.each<customer360::Amounts>([&](const auto& row) {
      got[row.account].amounts[std::string(row.currency.view())] = {row.open_minor, row.won_minor,
                                                                    row.spent_minor};
    });
    (void)in.each<customer360::AccountStream>(
        [&](const auto& row) { got[row.account].streams.push_back(row.stream); });
    (void)in.each<customer360::Entry>([&](const auto&) { ++entries; });
    RC_ASSERT(want == got);
    RC_ASSERT(entries == log.size());
  }));
}

TEST(Totals, KnownAtEqualsAFreshFoldOfTheLogCutThere) {
  EXPECT_TRUE(rc::check([] {
    auto log = any_log(*rc::gen::inRange(1, 40));
    expect_known_at_equals_a_fresh_fold(*find_view("customer360"), log);
    RC_ASSERT(!testing::Test::HasFailure());
  }));
}

}  // namespace
}  // namespace rapport::projections
