// What a customer bought, or brought back: Placed → PartlyFulfilled → Fulfilled, or Cancelled; a
// sale's lines can be returned, and it is Returned when the customer has nothing of it left.
// Fulfilments and returns cause points on the loyalty member who earns: order.memberId, else the
// order's account.
#pragma once
#include "domain/schema/order.values.h"

namespace rapport::order {

inline constexpr std::size_t kLinesMax = 10'000;
inline constexpr std::uint16_t kDiscountBpMax = 10'000;

enum class Status : std::uint8_t { kNone, kPlaced, kPartlyFulfilled, kFulfilled, kCancelled, kReturned };

// How far a line has got. Quantities are signed as ordered.
struct LineProgress {
  std::int64_t ordered_milli, total_minor;
  std::int64_t fulfilled_milli = 0, returned_milli = 0;
};

struct State {  // owns its texts; holds what decisions and reactions read
  Status status = Status::kNone;
  Kind kind = Kind::UNSPECIFIED;
  std::string account_id, member_id, quote_id, opportunity_id;
  std::string cancelled_for = {};  // the reason's code
  Currency currency;
  std::vector<LineProgress> lines;
  std::vector<std::int64_t> fulfilments_minor;  // what each fulfilment was worth
  std::int64_t refunded_minor = 0;              // over all returns
  std::uint16_t returns = 0;

  std::string subject() const {
    return account_id.empty() ? std::string() : "account-" + account_id;
  }
};

// A sale's fulfilment rewards the member, a credit note's takes points back, an adjustment's does
// neither.
void react_to(const State& state, const Fulfilled& fulfilled, const Context& context,
              Reactions& reactions);
// A return takes back what its purchase earned.
void react_to(const State& state, const Returned& returned, const Context& context,
              Reactions& reactions);

}  // namespace rapport::order
