// A member of a loyalty program: Active ⇄ Suspended → Left. Points live in lots; every debit names
// the lots it took from.
#pragma once
#include <map>

#include "domain/decision.h"
#include "domain/schema/loyalty_member.values.h"

namespace rapport::loyalty_member {

// The most a member may hold, owe or move at once: sums stay far inside 64 bits.
inline constexpr std::int64_t kPointsMax = 1'000'000'000'000'000;

enum class Movement : std::uint8_t { kEarning, kAdjustment, kRedemption, kReversal };

struct Lot {
  std::string id;      // the transaction that earned it
  Movement by;         // an earning, or an adjustment
  std::int64_t earned;
  std::int64_t remaining;           // can be spent
  std::int64_t reversible;          // earned and not yet reversed
  std::int64_t given_back = 0;      // reversed by what named this lot as its original
  std::optional<Date> expires_on;   // the last day it can be spent
  std::optional<Rate> rate = {};    // by which a purchase earned it
};
struct Debit {
  Movement by;
  std::int64_t points;
  std::string about;  // the reward redeemed, the original reversed
  bool operator==(const Debit&) const = default;
};

// Invariant: lots and debt are never positive together, so redeeming cannot push the balance below
// zero.
struct State {
  Status status = Status::UNSPECIFIED;  // unspecified: not enrolled
  std::string program_id, account_id, card_no, tier;
  std::int64_t tier_points = 0;
  std::optional<Date> tier_from, tier_until;
  std::vector<Lot> lots;                             // oldest first
  std::map<std::string, Debit, std::less<>> debits;  // transactions that made no lot
  std::int64_t debt = 0;                             // reversed points that no lot covered

  std::int64_t balance() const;
  // The card, within its program, as long as the member has not left.
  std::vector<Claim> claims() const {
    if ((status != Status::ACTIVE && status != Status::SUSPENDED) || card_no.empty()) return {};
    return {{"card " + program_id + "/" + card_no, "loyalty_member.card_taken", "cardNo"}};
  }
  // The data subject whose key seals this member's texts.
  std::string subject() const {
    return account_id.empty() ? std::string() : "account-" + account_id;
  }
};

}  // namespace rapport::loyalty_member
