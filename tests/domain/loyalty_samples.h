// A member of program "points": a point for every whole pound, from day 10,000 on.
#pragma once
#include "domain/loyalty_member.h"
#include "tests/domain/spec.h"

namespace rapport::loyalty_member {

inline constexpr Date kToday{20'089};  // Spec::kNow
constexpr Money gbp(std::int64_t minor) { return {minor, "GBP"}; }
inline policy_set::Published program(std::uint32_t version, std::int64_t points, Date from,
                              std::optional<std::uint16_t> expires = {}) {
  return {.version = version,
          .effective_from = from,
          .loyalty_program = policy_set::LoyaltyProgramBody{
              .earn = policy_set::EarnRule{.on = policy_set::EarnOn::ORDER_FULFILLED,
                                           .points = points,
                                           .per = gbp(100),
                                           .round = policy_set::Rounding::DOWN,
                                           .expires_after_days = expires},
              .reverse = policy_set::ReverseRule{.on = policy_set::ReverseOn::CREDIT_NOTE,
                                                 .lots = policy_set::LotOrder::NEWEST}}};
}
inline const Enrolled kEnrolled{.program_id = "points", .account_id = "12346"};
inline PointsEarned earned(Text txn, std::int64_t points, std::optional<Date> expires_on = {},
                    std::int64_t debt_paid = 0) {
  return {.txn_id = txn, .points = points, .expires_on = expires_on, .debt_paid = debt_paid};
}
inline const EventId kSource{7, 8, 1};

struct LoyaltyMemberTest : testing::Test, Spec<Decider> {
  LoyaltyMemberTest() { policy("points", program(1, 1, {10'000})); }
};

}  // namespace rapport::loyalty_member
