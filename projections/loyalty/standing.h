// What members bought, and how they stand by recency, frequency and monetary value: behind the
// loyalty view's reports.
#pragma once
#include "projections/columns.h"
#include "projections/loyalty/rows.h"

namespace rapport::projections::loyalty {

// The days of purchases that count for recency, frequency and monetary value.
inline constexpr std::int64_t kWindowDays = 365;

// One member's purchases in one currency. Nothing bought: one of no currency.
struct Spend {
  Currency currency;
  std::int64_t orders = 0, returns = 0;  // sales; credit notes and returns
  Wide net_minor = 0;                    // over all time
  std::optional<Timestamp> last_order_at = {};
  std::optional<std::int64_t> recency_days = {};
  // In the window that ends with the reference instant.
  std::optional<std::int64_t> window_recency_days = {};  // nothing: no order in it
  std::int64_t window_orders = 0;
  Wide window_net_minor = 0;
  int r = 0, f = 0,
      m = 0;  // quintiles among those who ordered in the window, 1 to 5; 0: no order in it
};

struct Standing {
  Member member;
  std::vector<Spend> spends;  // by currency; at least one
};

// Every enrolled member, by id, as of the question's reference instant.
Result<std::vector<Standing>> standings(const Computation& in);

// "champions", "at-risk" …
std::string_view segment_of(const Spend& spend);

}  // namespace rapport::projections::loyalty
