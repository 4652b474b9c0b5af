// The loyalty view's rows: members with their totals, lots of points, the ledger, and what was
// bought by whom.
#pragma once
#include "domain/schema/loyalty_member.capnp.h"
#include "domain/schema/order.capnp.h"
#include "projections/policy_use.h"

namespace rapport::projections::loyalty {

using MemberStatus = loyalty_member::wire::Status;
using OrderKind = order::wire::Kind;

struct Member {
  std::string id, program, account, tier;
  MemberStatus status = MemberStatus::UNSPECIFIED;  // unspecified: points came before the enrolment
  // Each movement fits 64 bits, their sum over the years need not.
  Wide earned = 0, redeemed = 0, expired = 0, reversed = 0, adjusted = 0;
  Wide debt = 0;  // reversed points that no lot covered
  std::optional<Timestamp> enrolled_at;
  std::uint64_t version = 0;

  // Also the sum of the lots less the debt, always.
  Wide balance() const { return earned - redeemed - expired - reversed + adjusted; }

  static constexpr char kTable = 'm';
  using Key = Fields<&Member::id>;
  using Value = Fields<&Member::program, &Member::account, &Member::tier, &Member::status,
                       &Member::earned, &Member::redeemed, &Member::expired, &Member::reversed,
                       &Member::adjusted, &Member::debt, &Member::enrolled_at, &Member::version>;
};

struct Lot {
  std::string member, id;
  std::int64_t earned = 0;
  Wide remaining = 0;
  std::optional<Timestamp> earned_at;
  std::optional<Date> expires_on;  // the last day it can be spent

  static constexpr char kTable = 'l';
  using Key = Fields<&Lot::member, &Lot::id>;
  using Value = Fields<&Lot::earned, &Lot::remaining, &Lot::earned_at, &Lot::expires_on>;
};

enum class MovementKind : std::uint8_t {
  kUnknown,
  kEarned,
  kRedeemed,
  kReversed,
  kExpired,
  kAdjusted,
  kRevoked
};
constexpr std::string_view name_of(MovementKind kind) {
  constexpr std::string_view kNames[]{"", "earned", "redeemed", "reversed", "expired", "adjusted",
                                        "revoked"};
  auto i = static_cast<std::size_t>(kind);
  return i < 7 ? kNames[i] : "";
}

// An entry of a member's ledger; written once.
struct Movement {
  std::string member = {};
  std::uint64_t position = 0;
  MovementKind kind = MovementKind::kUnknown;
  std::string txn = {}, original = {};
  std::int64_t points = 0;  // as they change the balance
  std::int64_t debt = 0;    // of them: owed (positive) or paid back (negative)
  std::vector<std::string> lots = {};
  std::vector<std::int64_t> lot_points = {};  // one a lot, as they change it
  std::optional<Money> basis = {};
  std::string rule = {}, cause = {}, reason = {};
  std::optional<Timestamp> at = {};
  Wide balance = 0;  // afterwards

  static constexpr char kTable = 'j';
  using Key = Fields<&Movement::member, &Movement::position>;
  using Value = Fields<&Movement::kind, &Movement::txn, &Movement::original, &Movement::points,
                       &Movement::debt, &Movement::lots, &Movement::lot_points, &Movement::basis,
                       &Movement::rule, &Movement::cause, &Movement::reason, &Movement::at,
                       &Movement::balance>;
};

// Whose an order is: fulfilments do not say.
struct Order {
  std::string id, account, named_member;
  OrderKind kind = OrderKind::UNSPECIFIED;
  std::uint16_t fulfilments = 0, returns = 0;
  bool revoked = false;  // once, before what is told of it here: its purchases' keys were used before

  const std::string& member() const { return named_member.empty() ? account : named_member; }

  static constexpr char kTable = 'o';
  using Key = Fields<&Order::id>;
  using Value = Fields<&Order::account, &Order::named_member, &Order::kind, &Order::fulfilments,
                       &Order::returns, &Order::revoked>;
};

enum class PurchaseKind : std::uint8_t { kUnknown, kSale, kCreditNote, kAdjustment, kReturn };

// A fulfilment or a return; written once, unless a correction gives the order to someone else.
struct Purchase {
  std::string member, order;
  PurchaseKind kind = PurchaseKind::kUnknown;
  std::uint16_t number = 0;  // the first fulfilment of an order is 1, its first return too
  Timestamp at{0};           // of an unknown time: when it was recorded
  bool time_known = false;
  Money amount{};  // what the customer spent: negative for what came back

  static constexpr char kTable = 'p';
  using Key = Fields<&Purchase::member, &Purchase::order, &Purchase::kind, &Purchase::number>;
  using Value = Fields<&Purchase::at, &Purchase::time_known, &Purchase::amount>;
};

struct Rows {
  explicit Rows(Batch& batch)
      : members(batch),
        lots(batch),
        movements(batch),
        orders(batch),
        purchases(batch),
        policies(batch) {}
  Table<Member> members;
  Table<Lot> lots;
  Table<Movement> movements;
  Table<Order> orders;
  Table<Purchase> purchases;
  Table<PolicyUse> policies;
  void each_table(auto&& f) {
    f(members), f(lots), f(movements), f(orders), f(purchases), f(policies);
  }
};

}  // namespace rapport::projections::loyalty
