#include "domain/order.h"

#include <algorithm>
#include <limits>

#include "domain/schema/loyalty_member.values.h"

namespace rapport::order {
namespace {

constexpr Wide kMinorMax = std::numeric_limits<std::int64_t>::max();

Wide magnitude(Wide v) { return v < 0 ? -v : v; }

// quantity × unit price × (1 − discount), rounded once. Nothing if it does not fit.
std::optional<std::int64_t> line_total(const LineWanted& line) {
  // A product over 127 bits is far outside 64 bits after the division, too: the divisor is at most
  // 10^16.
  Wide product = Wide(line.qty_milli) * line.unit_price.amount;
  if (__builtin_mul_overflow(product, Wide(kDiscountBpMax - line.discount_bp), &product))
    return std::nullopt;
  Wide divisor = 1;  // thousandths of a quantity, basis points, and decimals below the minor unit
  for (int digits = 3 + 4 + line.unit_price.scale - minor_digits(line.unit_price.currency);
       digits > 0; --digits)
    divisor *= 10;
  return divide_half_even(product, divisor);
}

Decision check_line(const Place& place, const LineWanted& line, const Context& context) {
  if (line.unit_price.currency != place.currency) return reject("order.currency_differs", "lines.unitPrice");
  if (line.discount_bp > kDiscountBpMax) return reject("order.discount_out_of_range", "lines.discountBp");
  if (line.unit_price.amount < 0 && place.kind != Kind::ADJUSTMENT)
    return reject("order.price_negative", "lines.unitPrice");
  if (line.qty_milli <= 0 && place.kind == Kind::SALE)
    return reject("order.quantity_not_positive", "lines.qtyMilli");
  if (context.as_fact) return accepted;
  if (line.qty_milli == 0) return reject("order.quantity_zero", "lines.qtyMilli");
  if (line.product_id.empty()) return reject("order.product_missing", "lines.productId");
  return accepted;
}

// What `quantity` of a line is worth. Portions are priced as the difference of two such sums, so
// that parts add up exactly.
Wide worth(const LineProgress& line, std::int64_t quantity) {
  if (line.ordered_milli == 0) return 0;
  auto minor =
      divide_half_even(line.total_minor * magnitude(quantity), magnitude(line.ordered_milli));
  RAPPORT_ASSERT(minor);  // |quantity| <= |ordered|
  return *minor;
}

using Done = std::int64_t LineProgress::*;

// Quantities by line: the portions wanted, or without any all that lies between `done` and `limit`.
Decision take(const State& state, const std::vector<Portion>& wanted, Done done, Done limit,
              Code too_much, std::vector<std::int64_t>& taken) {
  taken.assign(state.lines.size(), 0);
  if (wanted.empty())
    for (std::size_t i = 0; i < taken.size(); ++i)
      taken[i] = state.lines[i].*limit - state.lines[i].*done;
  for (auto& portion : wanted) {
    if (portion.line < 1 || portion.line > state.lines.size())
      return reject("order.line_unknown", "lines");
    if (portion.qty_milli == 0) return reject("order.quantity_zero", "lines");
    auto& line = state.lines[portion.line - 1U];
    auto& sum = taken[portion.line - 1U];
    if ((portion.qty_milli < 0) != (line.ordered_milli < 0))
      return reject("order.quantity_sign_differs", "lines");
    if (magnitude(Wide(line.*done) + sum + portion.qty_milli) > magnitude(line.*limit))
      return reject(too_much, "lines");
    sum += portion.qty_milli;
  }
  return accepted;
}

// Placing made sure that no sum of line totals leaves 64 bits.
std::int64_t worth_of(const State& state, const std::vector<std::int64_t>& taken, Done done) {
  Wide sum = 0;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    auto& line = state.lines[i];
    sum += worth(line, line.*done + taken[i]) - worth(line, line.*done);
  }
  return static_cast<std::int64_t>(sum);
}

void add(State& state, const std::vector<Portion>& portions, Done done) {
  for (auto& portion : portions)
    if (portion.line >= 1 && portion.line <= state.lines.size())
      state.lines[portion.line - 1U].*done += portion.qty_milli;
}

bool wholly_fulfilled(const State& state) {
  if (state.status == Status::kFulfilled) return true;
  return state.status == Status::kReturned &&
         std::ranges::all_of(state.lines, [](auto& line) { return line.fulfilled_milli == line.ordered_milli; });
}

// The order's first fulfilment carries the order's own id, so that a source's ledger and ours name
// the same transaction.
std::string fulfilment_txn(Text order, std::size_t number) {
  return number == 1 ? std::string(order) : std::string(order) + "." + std::to_string(number);
}

const std::string& member_of(const State& state) {
  return state.member_id.empty() ? state.account_id : state.member_id;
}

}  // namespace

Decision decide(const State& state, const Place& place, const Context& context,
                Events<Event>& events) {
  if (state.status != Status::kNone) return reject("order.exists");
  if (place.lines.empty()) return reject("order.lines_missing", "lines");
  if (place.lines.size() > kLinesMax) return reject("order.too_many_lines", "lines");
  std::vector<Line> lines;
  lines.reserve(place.lines.size());
  Wide total = 0, gross = 0;
  for (auto& line : place.lines) {
    if (auto checked = check_line(place, line, context); !checked.accepted()) return checked;
    auto total_minor = line_total(line);
    if (!total_minor) return reject("order.amount_out_of_range", "lines");
    total += *total_minor;
    gross += magnitude(*total_minor);
    lines.push_back({
        .product_id = line.product_id,
        .qty_milli = line.qty_milli,
        .unit_price = line.unit_price,
        .discount_bp = line.discount_bp,
        .total_minor = *total_minor,
    });
  }
  if (gross > kMinorMax) return reject("order.amount_out_of_range", "lines");
  if (std::ranges::any_of(place.lines, [](auto& line) { return line.discount_bp > 0; }))
    if (auto checked = check_reason(context, "order.reason_missing"); !checked.accepted()) return checked;
  if (place.kind == Kind::CREDIT_NOTE && total > 0)
    return reject("order.credit_note_positive", "lines");
  return events.emit(Placed{
      .kind = place.kind,
      .account_id = place.account_id,
      .member_id = place.member_id,
      .quote_id = place.quote_id,
      .opportunity_id = place.opportunity_id,
      .lines = std::move(lines),
      .total = {static_cast<std::int64_t>(total), place.currency},
  });
}

Decision decide(const State& state, const Fulfil& fulfil, const Context& context,
                Events<Event>& events) {
  if (state.status == Status::kNone) return reject("order.not_found");
  if (wholly_fulfilled(state) && fulfil.lines.empty()) return unchanged;
  if (!context.as_fact && state.status == Status::kCancelled) return reject("order.cancelled");
  if (state.fulfilments_minor.size() == std::numeric_limits<std::uint16_t>::max())
    return reject("order.too_many_fulfilments");
  std::vector<std::int64_t> taken;
  auto took = take(state, fulfil.lines, &LineProgress::fulfilled_milli,
                   &LineProgress::ordered_milli, "order.fulfilled_exceeds_ordered", taken);
  if (!took.accepted()) return took;
  bool complete = true;
  for (std::size_t i = 0; i < taken.size(); ++i)
    complete =
        complete && state.lines[i].fulfilled_milli + taken[i] == state.lines[i].ordered_milli;
  return events.emit(Fulfilled{
      .lines = fulfil.lines,
      .amount = {worth_of(state, taken, &LineProgress::fulfilled_milli), state.currency},
      .complete = complete,
      .number = static_cast<std::uint16_t>(state.fulfilments_minor.size() + 1),
  });
}

Decision decide(const State& state, const Cancel& cancel, const Context& context,
                Events<Event>& events) {
  if (state.status == Status::kNone) return reject("order.not_found");
  if (state.status == Status::kCancelled)
    return cancel.reason_code == state.cancelled_for ? Decision(unchanged) : reject("order.already_cancelled", "reasonCode");
  if (!context.as_fact && state.status != Status::kPlaced) return reject("order.already_fulfilled");
  if (!context.as_fact && cancel.reason_code.empty())
    return reject("order.reason_missing", "reasonCode");
  return events.emit(Cancelled{.reason_code = cancel.reason_code});
}

Decision decide(const State& state, const Return& giving_back, const Context& context,
                Events<Event>& events) {
  if (state.status == Status::kNone) return reject("order.not_found");
  if (state.kind != Kind::SALE) return reject("order.not_a_sale");
  if (!context.as_fact && giving_back.reason_code.empty())
    return reject("order.reason_missing", "reasonCode");
  if (state.returns == std::numeric_limits<std::uint16_t>::max())
    return reject("order.too_many_returns");
  std::vector<std::int64_t> taken;
  auto took = take(state, giving_back.lines, &LineProgress::returned_milli,
                   &LineProgress::fulfilled_milli, "order.returned_exceeds_fulfilled", taken);
  if (!took.accepted()) return took;
  std::vector<Portion> portions;
  for (std::size_t i = 0; i < taken.size(); ++i)
    if (taken[i] != 0)
      portions.push_back({.line = static_cast<std::uint16_t>(i + 1), .qty_milli = taken[i]});
  if (portions.empty())
    return state.returns ? Decision(unchanged) : reject("order.nothing_to_return");
  return events.emit(Returned{
      .lines = std::move(portions),
      .refund = {worth_of(state, taken, &LineProgress::returned_milli), state.currency},
      .reason_code = giving_back.reason_code,
      .number = static_cast<std::uint16_t>(state.returns + 1),
  });
}

Decision decide(const State& state, const Correct& correct, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("order.not_found");
  if (auto checked = check_approver(context, correct.approver_id, "order.approver_missing"); !checked.accepted())
    return checked;
  auto corrected = change(Details{.account_id = state.account_id,
                                  .quote_id = state.quote_id,
                                  .opportunity_id = state.opportunity_id},
                          correct.new_);
  if (!corrected.any) return unchanged;
  return events.emit(CorrectionRecorded{
      .target = correct.target,
      .old = corrected.old,
      .new_ = corrected.new_,
      .approver_id = correct.approver_id,
  });
}

// Only the revert of an import takes everything back.
Decision decide(const State& state, const Revoke&, const Context& context, Events<Event>& events) {
  if (!context.as_fact) return reject("order.revoked_by_revert_only");
  if (state.status == Status::kNone) return unchanged;
  return events.emit(Revoked{});
}

void evolve(State& state, const Placed& placed) {
  state = {
      .status = Status::kPlaced,
      .kind = placed.kind,
      .account_id = std::string(placed.account_id.value_or("")),
      .member_id = std::string(placed.member_id.value_or("")),
      .quote_id = std::string(placed.quote_id.value_or("")),
      .opportunity_id = std::string(placed.opportunity_id.value_or("")),
      .currency = placed.total.currency,
      .lines = {},
      .fulfilments_minor = {},
  };
  state.lines.reserve(placed.lines.size());
  for (auto& line : placed.lines)
    state.lines.push_back({.ordered_milli = line.qty_milli, .total_minor = line.total_minor});
}
void evolve(State& state, const Fulfilled& fulfilled) {
  if (fulfilled.lines.empty())
    for (auto& line : state.lines) line.fulfilled_milli = line.ordered_milli;
  add(state, fulfilled.lines, &LineProgress::fulfilled_milli);
  state.fulfilments_minor.push_back(fulfilled.amount.amount_minor);
  state.status = fulfilled.complete ? Status::kFulfilled : Status::kPartlyFulfilled;
}
void evolve(State& state, const Cancelled& cancelled) {
  state.status = Status::kCancelled;
  state.cancelled_for = cancelled.reason_code;
}
void evolve(State& state, const Returned& returned) {
  add(state, returned.lines, &LineProgress::returned_milli);
  state.refunded_minor += returned.refund.amount_minor;
  state.returns = returned.number;
  auto nothing_left = std::ranges::all_of(state.lines, [](auto& line) { return line.returned_milli == line.fulfilled_milli; });
  if (nothing_left && state.status != Status::kCancelled) state.status = Status::kReturned;
}
void evolve(State& state, const CorrectionRecorded& correction) {
  patch(state.account_id, correction.new_.account_id);
  patch(state.quote_id, correction.new_.quote_id);
  patch(state.opportunity_id, correction.new_.opportunity_id);
}
void evolve(State& state, const Revoked&) { state = {}; }

void react_to(const State& state, const Fulfilled& fulfilled, const Context& context,
              Reactions& reactions) {
  auto& member = member_of(state);
  if (member.empty()) return;
  auto txn = fulfilment_txn(context.id, fulfilled.number);
  auto amount = fulfilled.amount;
  if (state.kind == Kind::SALE && amount.amount_minor > 0) {
    reactions.send(
        "loyaltyMember", member,
        loyalty_member::RewardPurchase{.txn_id = txn, .amount = amount, .source = context.event});
  } else if (state.kind == Kind::CREDIT_NOTE && amount.amount_minor < 0) {
    amount.amount_minor = -amount.amount_minor;
    reactions.send("loyaltyMember", member,
                   loyalty_member::TakeBackPurchase{.txn_id = txn, .amount = amount});
  }
}

void react_to(const State& state, const Returned& returned, const Context& context,
              Reactions& reactions) {
  auto& member = member_of(state);
  if (member.empty()) return;
  // Refunds run through the fulfilments from the first one on; each fulfilment has its own lot of
  // points.
  Wide to = state.refunded_minor, from = to - returned.refund.amount_minor, end = 0;
  auto return_txn = std::string(context.id) + ".r" + std::to_string(returned.number);
  auto txn = return_txn;
  for (std::size_t i = 0; i < state.fulfilments_minor.size(); ++i) {
    Wide start = end;
    end += state.fulfilments_minor[i];
    Wide part = std::min(to, end) - std::max(from, start);
    if (part <= 0) continue;
    auto original = fulfilment_txn(context.id, i + 1);
    reactions.send("loyaltyMember", member,
                   loyalty_member::TakeBackPurchase{
                       .txn_id = txn,
                       .original_txn_id = original,
                       .amount = {static_cast<std::int64_t>(part), returned.refund.currency},
                       .remaining = Money{static_cast<std::int64_t>(end - std::min(to, end)), returned.refund.currency},
                   });
    txn = return_txn + "." + std::to_string(i + 2);
  }
}

}  // namespace rapport::order
