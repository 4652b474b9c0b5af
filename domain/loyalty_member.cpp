#include "domain/loyalty_member.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "domain/policies.h"

namespace rapport::loyalty_member {
namespace {

Decision check_member(const State& state, const Context& context) {
  if (state.status == Status::UNSPECIFIED) return reject("loyalty_member.not_enrolled");
  if (!context.as_fact && state.status == Status::LEFT) return reject("loyalty_member.left");
  return accepted;
}

Decision check_movement(Text txn_id, std::int64_t points) {
  if (txn_id.empty()) return reject("loyalty_member.transaction_missing", "txnId");
  if (points <= 0) return reject("loyalty_member.points_not_positive", "points");
  if (points > kPointsMax) return reject("loyalty_member.points_out_of_range", "points");
  return accepted;
}

template <class Lots>
auto find(Lots& lots, std::string_view id) {
  auto at = std::ranges::find(lots, id, &Lot::id);
  return at == lots.end() ? nullptr : &*at;
}

// A transaction applies once, however often it is sent; sent again with other content it is refused.
bool applied(const State& state, Text txn_id) {
  return find(state.lots, txn_id) || state.debits.contains(txn_id);
}
Decision alike(bool same) {
  return same ? Decision(unchanged) : reject("loyalty_member.transaction_differs", "txnId");
}
Decision credited_alike(const State& state, Text txn_id, Movement by, std::int64_t points,
                        std::optional<Date> expires_on) {
  auto* lot = find(state.lots, txn_id);
  return alike(lot && lot->by == by && lot->earned == points && (!expires_on || expires_on == lot->expires_on));
}
Decision debited_alike(const State& state, Text txn_id, const Debit& debit) {
  auto known = state.debits.find(txn_id);
  return alike(known != state.debits.end() && known->second == debit);
}

// Soonest expiry first, lots that never expire last; among equals the oldest. Without `today`,
// expired lots count, too.
std::vector<const Lot*> spending_order(const State& state, std::optional<Date> today) {
  std::vector<const Lot*> lots;
  for (auto& lot : state.lots)
    if (lot.remaining > 0 && !(today && lot.expires_on && *lot.expires_on < *today))
      lots.push_back(&lot);
  std::ranges::stable_sort(lots, [](auto* a, auto* b) {
    if (a->expires_on && b->expires_on) return *a->expires_on < *b->expires_on;
    return a->expires_on.has_value() && !b->expires_on.has_value();
  });
  return lots;
}

// What all earnings together can still give back. What was given by an adjustment is taken by one.
std::int64_t reversible(const State& state) {
  Wide sum = 0;
  for (auto& lot : state.lots)
    if (lot.by == Movement::kEarning) sum += lot.reversible;
  return static_cast<std::int64_t>(std::min<Wide>(sum, std::numeric_limits<std::int64_t>::max()));
}

// The earnings that a reversal without an original takes back: the newest first, none of them twice.
std::vector<Allocation> earnings_taken_back(const State& state, std::int64_t points) {
  std::vector<Allocation> earnings;
  for (auto lot = state.lots.rbegin(); lot != state.lots.rend() && points > 0; ++lot) {
    auto take = std::min(lot->reversible, points);
    if (take <= 0 || lot->by != Movement::kEarning) continue;
    earnings.push_back({.lot_id = lot->id, .points = take});
    points -= take;
  }
  return earnings;
}

// The lot of the transaction that is reversed, then the newest.
std::vector<const Lot*> reversal_order(const State& state, const Lot* original) {
  std::vector<const Lot*> lots;
  if (original) lots.push_back(original);
  for (auto lot = state.lots.rbegin(); lot != state.lots.rend(); ++lot)
    if (&*lot != original) lots.push_back(&*lot);
  return lots;
}

// Takes up to `points` from the lots in their order; `points` is then what they did not cover.
std::vector<Allocation> allocate(const std::vector<const Lot*>& lots, std::int64_t& points) {
  std::vector<Allocation> allocations;
  for (auto* lot : lots) {
    auto take = std::min(lot->remaining, points);
    if (take == 0) continue;
    allocations.push_back({.lot_id = lot->id, .points = take});
    points -= take;
  }
  return allocations;
}

struct Reversal {
  Text txn_id;
  std::optional<Text> original_txn_id;
  std::int64_t points;
  std::optional<Money> basis;
};
Decision reverse(const State& state, const Reversal& reversal, const Lot* original,
                 Events<Event>& events) {
  if (state.debt > kPointsMax - reversal.points)
    return reject("loyalty_member.points_out_of_range", "points");
  auto uncovered = reversal.points;
  auto allocations = allocate(reversal_order(state, original), uncovered);
  return events.emit(PointsReversed{
      .txn_id = reversal.txn_id,
      .original_txn_id = reversal.original_txn_id,
      .points = reversal.points,
      .allocations = std::move(allocations),
      .debt = uncovered,  // the points were spent: later earnings pay it down
      .basis = reversal.basis,
      .earnings = reversal.original_txn_id ? std::vector<Allocation>() : earnings_taken_back(state, reversal.points),
  });
}

Decision earn_points(const State& state, const Earn& earn, std::optional<Rate> rate, Events<Event>& events) {
  if (state.balance() > kPointsMax - earn.points)
    return reject("loyalty_member.points_out_of_range", "points");
  return events.emit(PointsEarned{
      .txn_id = earn.txn_id,
      .points = earn.points,
      .basis = earn.basis,
      .rule_id = earn.rule_id,
      .expires_on = earn.expires_on,
      .debt_paid = std::min(state.debt, earn.points),
      .source = earn.source,
      .rate = rate,
  });
}

Rate rate_of(const LoyaltyProgramPolicy::Earn& rule) { return {.points = rule.points, .per = rule.per}; }

// Points for every whole `per` of an amount; none in another currency. Nothing if they are too many
// to count.
std::optional<std::int64_t> points_for(const Rate& rate, const Money& amount) {
  if (amount.currency != rate.per.currency || rate.per.amount_minor <= 0 ||
      amount.amount_minor <= 0)
    return 0;
  Wide points = Wide(amount.amount_minor / rate.per.amount_minor) * rate.points;
  return points > kPointsMax ? std::nullopt
                             : std::optional(static_cast<std::int64_t>(std::max<Wide>(points, 0)));
}

// What a purchase's lot still owes back so that only what is left of the purchase has earned: with every return reckoned
// from the whole, no split of it into many gives back less, or more, than one.
std::int64_t owed_back(const Lot& lot, std::int64_t still_earned) {
  auto owed = lot.earned - std::min(lot.earned, still_earned) - lot.given_back;
  return std::clamp<std::int64_t>(owed, 0, std::max<std::int64_t>(lot.reversible, 0));
}

// "points.v2": the program and the version of it that was just looked up.
std::string rule_name(const std::string& program, const Context& context) {
  std::uint32_t version = 0;
  for (auto& use : context.policies.used())
    if (use.id == program) version = use.version;
  return program + ".v" + std::to_string(version);
}

void debit(State& state, const std::vector<Allocation>& allocations) {
  for (auto& allocation : allocations)
    if (auto* lot = find(state.lots, allocation.lot_id)) lot->remaining -= allocation.points;
}

bool is_credit(PointsMovement kind, std::int64_t points) {
  return kind == PointsMovement::EARNED || (kind == PointsMovement::ADJUSTED && points > 0);
}

// Whether lots and debt are still as the movement left them, so that both stay what they are without
// it: never positive together.
Decision check_last(const State& state, const RevokeMovement& movement, const Lot* own) {
  auto built_on = reject("loyalty_member.movement_built_on", "txnId");
  auto has_points = [&](auto& lot) { return &lot != own && lot.remaining > 0; };
  if (is_credit(movement.kind, movement.points)) {
    bool untouched = own->remaining == movement.points - movement.debt && own->reversible == movement.points;
    bool debt_again = movement.debt > 0 && std::ranges::any_of(state.lots, has_points);
    return untouched && !debt_again ? accepted : built_on;
  }
  bool debt_left = state.debt > movement.debt && !movement.allocations.empty();
  if (state.debt < movement.debt || debt_left) return built_on;
  for (auto& allocation : movement.allocations)
    if (!find(state.lots, allocation.lot_id)) return built_on;
  return accepted;
}

}  // namespace

std::int64_t State::balance() const {
  return std::accumulate(lots.begin(), lots.end(), -debt,
                         [](auto sum, auto& lot) { return sum + lot.remaining; });
}

Decision decide(const State& state, const Enrol& enrol, const Context& context,
                Events<Event>& events) {
  if (state.status != Status::UNSPECIFIED) return reject("loyalty_member.exists");
  if (enrol.program_id.empty()) return reject("loyalty_member.program_missing", "programId");
  if (!context.as_fact && !context.policies.loyalty_program(enrol.program_id))
    return reject("loyalty_member.program_unknown", "programId");
  return events.emit(Enrolled{
      .program_id = enrol.program_id, .account_id = enrol.account_id, .card_no = enrol.card_no});
}

Decision decide(const State& state, const Earn& earn, const Context& context,
                Events<Event>& events) {
  if (auto checked = check_member(state, context); !checked.accepted()) return checked;
  if (auto checked = check_movement(earn.txn_id, earn.points); !checked.accepted()) return checked;
  if (applied(state, earn.txn_id))
    return credited_alike(state, earn.txn_id, Movement::kEarning, earn.points, earn.expires_on);
  return earn_points(state, earn, std::nullopt, events);
}

Decision decide(const State& state, const RewardPurchase& purchase, const Context& context,
                Events<Event>& events) {
  if (state.status == Status::UNSPECIFIED) return reject("loyalty_member.not_enrolled");
  // The purchase stands whatever the member's program makes of it, so what earns nothing is no
  // rejection.
  if (state.status == Status::LEFT || applied(state, purchase.txn_id)) return unchanged;
  auto* program = context.policies.loyalty_program(state.program_id);
  if (!program || !program->earn) return unchanged;
  auto rate = rate_of(*program->earn);
  auto points = points_for(rate, purchase.amount);
  if (!points) return reject("loyalty_member.points_out_of_range", "amount");
  if (*points == 0) return unchanged;
  std::optional<Date> expires_on;
  if (program->earn->expires_after_days)
    expires_on = Date{date_of(context.now).days + *program->earn->expires_after_days};
  auto rule = rule_name(state.program_id, context);
  return earn_points(state,
                     {
                         .txn_id = purchase.txn_id,
                         .points = *points,
                         .basis = purchase.amount,
                         .rule_id = rule,
                         .expires_on = expires_on,
                         .source = purchase.source,
                     },
                     rate, events);
}

Decision decide(const State& state, const Redeem& redeem, const Context& context,
                Events<Event>& events) {
  if (auto checked = check_member(state, context); !checked.accepted()) return checked;
  if (!context.as_fact && state.status == Status::SUSPENDED)
    return reject("loyalty_member.suspended");
  if (auto checked = check_movement(redeem.txn_id, redeem.points); !checked.accepted())
    return checked;
  if (applied(state, redeem.txn_id))
    return debited_alike(state, redeem.txn_id,
                         {Movement::kRedemption, redeem.points, std::string(redeem.reward_id.value_or(""))});
  auto uncovered = redeem.points;
  auto allocations = allocate(spending_order(state, date_of(context.now)), uncovered);
  if (uncovered > 0) return reject("loyalty_member.points_insufficient", "points");
  return events.emit(PointsRedeemed{
      .txn_id = redeem.txn_id,
      .points = redeem.points,
      .allocations = std::move(allocations),
      .reward_id = redeem.reward_id,
  });
}

Decision decide(const State& state, const Reverse& wanted, const Context& context,
                Events<Event>& events) {
  if (auto checked = check_member(state, context); !checked.accepted()) return checked;
  if (auto checked = check_movement(wanted.txn_id, wanted.points); !checked.accepted())
    return checked;
  if (applied(state, wanted.txn_id))
    return debited_alike(state, wanted.txn_id,
                         {Movement::kReversal, wanted.points, std::string(wanted.original_txn_id.value_or(""))});
  auto* original = wanted.original_txn_id ? find(state.lots, *wanted.original_txn_id) : nullptr;
  if (!context.as_fact && wanted.original_txn_id && !original)
    return reject("loyalty_member.original_unknown", "originalTxnId");
  // A fact may take back more than we know to have been earned, but not more than its original earned.
  auto most = original ? original->reversible : reversible(state);
  if ((original || !context.as_fact) && wanted.points > most)
    return reject("loyalty_member.reversal_exceeds_original", "points");
  return reverse(state, {wanted.txn_id, wanted.original_txn_id, wanted.points, wanted.basis},
                 original, events);
}

Decision decide(const State& state, const TakeBackPurchase& purchase, const Context& context,
                Events<Event>& events) {
  if (state.status == Status::UNSPECIFIED) return reject("loyalty_member.not_enrolled");
  if (state.status == Status::LEFT || applied(state, purchase.txn_id)) return unchanged;
  auto* original = purchase.original_txn_id ? find(state.lots, *purchase.original_txn_id) : nullptr;
  if (purchase.original_txn_id && !original) return unchanged;  // it earned nothing
  auto* program = context.policies.loyalty_program(state.program_id);
  auto rate = original ? original->rate : std::nullopt;
  if (!rate && program && program->earn) rate = rate_of(*program->earn);
  if (!rate) return unchanged;
  auto points = points_for(*rate, purchase.amount);
  if (!points) return reject("loyalty_member.points_out_of_range", "amount");
  if (original) {
    auto still_earned = purchase.remaining ? points_for(*rate, *purchase.remaining)
                                           : original->earned - original->given_back - *points;
    if (!still_earned) return reject("loyalty_member.points_out_of_range", "remaining");
    points = owed_back(*original, *still_earned);
  } else {
    if (!program || !program->reverses_credit_notes) return unchanged;
    if (!context.as_fact) points = std::min(*points, reversible(state));
  }
  if (*points == 0) return unchanged;
  return reverse(state, {purchase.txn_id, purchase.original_txn_id, *points, purchase.amount},
                 original, events);
}

Decision decide(const State& state, const Expire& expire, const Context& context,
                Events<Event>& events) {
  if (auto checked = check_member(state, context); !checked.accepted()) return checked;
  auto* lot = find(state.lots, expire.lot_id);
  if (!lot) return reject("loyalty_member.lot_unknown", "lotId");
  if (lot->remaining == 0) return unchanged;
  if (!context.as_fact && !(lot->expires_on && *lot->expires_on < date_of(context.now)))
    return reject("loyalty_member.lot_not_expired", "lotId");
  return events.emit(PointsExpired{.lot_id = expire.lot_id, .points = lot->remaining});
}

Decision decide(const State& state, const Adjust& adjust, const Context& context,
                Events<Event>& events) {
  if (auto checked = check_member(state, context); !checked.accepted()) return checked;
  if (adjust.txn_id.empty()) return reject("loyalty_member.transaction_missing", "txnId");
  if (adjust.points == 0) return reject("loyalty_member.points_zero", "points");
  if (adjust.points > kPointsMax || adjust.points < -kPointsMax)
    return reject("loyalty_member.points_out_of_range", "points");
  if (!context.as_fact && adjust.approver_id.empty())
    return reject("loyalty_member.approver_missing", "approverId");
  bool credits = adjust.points > 0;
  if (applied(state, adjust.txn_id))
    return credits ? credited_alike(state, adjust.txn_id, Movement::kAdjustment, adjust.points, std::nullopt)
                   : debited_alike(state, adjust.txn_id, {Movement::kAdjustment, adjust.points, {}});
  if (auto checked = check_reason(context, "loyalty_member.reason_missing"); !checked.accepted()) return checked;
  if (credits && state.balance() > kPointsMax - adjust.points)
    return reject("loyalty_member.points_out_of_range", "points");
  auto uncovered = credits ? 0 : -adjust.points;
  auto allocations = allocate(spending_order(state, std::nullopt), uncovered);
  if (uncovered > 0) return reject("loyalty_member.points_insufficient", "points");
  return events.emit(PointsAdjusted{
      .txn_id = adjust.txn_id,
      .points = adjust.points,
      .allocations = std::move(allocations),
      .debt_paid = credits ? std::min(state.debt, adjust.points) : 0,
      .approver_id = adjust.approver_id,
  });
}

Decision decide(const State& state, const ChangeTier& change, const Context& context,
                Events<Event>& events) {
  if (auto checked = check_member(state, context); !checked.accepted()) return checked;
  if (change.tier.empty()) return reject("loyalty_member.tier_missing", "tier");
  if (change.tier == state.tier && change.qualifying_points == state.tier_points &&
      change.period_start == state.tier_from && change.valid_until == state.tier_until)
    return unchanged;
  return events.emit(TierChanged{
      .old = state.tier.empty() ? std::nullopt : std::optional<Text>(state.tier),
      .new_ = change.tier,
      .qualifying_points = change.qualifying_points,
      .period_start = change.period_start,
      .valid_until = change.valid_until,
  });
}

Decision decide(const State& state, const ChangeStatus& change, const Context& context,
                Events<Event>& events) {
  if (state.status == change.status) return unchanged;
  if (auto checked = check_member(state, context); !checked.accepted()) return checked;
  return events.emit(StatusChanged{.old = state.status, .new_ = change.status});
}

Decision decide(const State& state, const Correct& correct, const Context& context, Events<Event>& events) {
  if (state.status == Status::UNSPECIFIED) return reject("loyalty_member.not_enrolled");
  if (auto checked = check_approver(context, correct.approver_id, "loyalty_member.approver_missing"); !checked.accepted())
    return checked;
  auto corrected =
      change(Details{.account_id = state.account_id, .card_no = state.card_no}, correct.new_);
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
  if (!context.as_fact) return reject("loyalty_member.revoked_by_revert_only");
  if (state.status == Status::UNSPECIFIED) return unchanged;
  if (!state.lots.empty() || !state.debits.empty() || state.debt)
    return reject("loyalty_member.points_left");
  return events.emit(Revoked{});
}

// Back to the lots and the debt that there were before a movement: only while no other builds on it.
Decision decide(const State& state, const RevokeMovement& wanted, const Context& context,
                Events<Event>& events) {
  if (!context.as_fact) return reject("loyalty_member.revoked_by_revert_only");
  auto* own = find(state.lots, wanted.txn_id);
  bool expiry = wanted.kind == PointsMovement::EXPIRED;
  bool there = expiry ? own && own->remaining == 0 : own || state.debits.contains(wanted.txn_id);
  if (!there) return unchanged;
  if (auto checked = check_last(state, wanted, own); !checked.accepted()) return checked;
  return events.emit(MovementRevoked{
      .kind = wanted.kind,
      .txn_id = wanted.txn_id,
      .points = wanted.points,
      .allocations = wanted.allocations,
      .debt = wanted.debt,
      .original_txn_id = wanted.original_txn_id,
      .earnings = wanted.earnings,
  });
}

void evolve(State& state, const Enrolled& enrolled) {
  state.status = Status::ACTIVE;
  state.program_id = enrolled.program_id;
  state.account_id = enrolled.account_id.value_or("");
  state.card_no = enrolled.card_no.value_or("");
}
void evolve(State& state, const PointsEarned& earned) {
  state.debt -= earned.debt_paid;
  state.lots.push_back({.id = std::string(earned.txn_id),
                        .by = Movement::kEarning,
                        .earned = earned.points,
                        .remaining = earned.points - earned.debt_paid,
                        .reversible = earned.points,
                        .expires_on = earned.expires_on,
                        .rate = earned.rate});
}
void evolve(State& state, const PointsRedeemed& redeemed) {
  state.debits.try_emplace(
      std::string(redeemed.txn_id),
      Debit{Movement::kRedemption, redeemed.points, std::string(redeemed.reward_id.value_or(""))});
  debit(state, redeemed.allocations);
}
void evolve(State& state, const PointsReversed& reversed) {
  state.debits.try_emplace(
      std::string(reversed.txn_id),
      Debit{Movement::kReversal, reversed.points, std::string(reversed.original_txn_id.value_or(""))});
  debit(state, reversed.allocations);
  state.debt += reversed.debt;
  if (auto* lot = reversed.original_txn_id ? find(state.lots, *reversed.original_txn_id) : nullptr) {
    lot->reversible -= reversed.points;
    lot->given_back += reversed.points;
  }
  for (auto& earning : reversed.earnings)
    if (auto* lot = find(state.lots, earning.lot_id)) lot->reversible -= earning.points;
}
void evolve(State& state, const PointsExpired& expired) {
  if (auto* lot = find(state.lots, expired.lot_id)) lot->remaining -= expired.points;
}
void evolve(State& state, const PointsAdjusted& adjusted) {
  if (adjusted.points <= 0) {
    state.debits.try_emplace(std::string(adjusted.txn_id), Debit{Movement::kAdjustment, adjusted.points, {}});
    return debit(state, adjusted.allocations);
  }
  state.debt -= adjusted.debt_paid;
  state.lots.push_back({.id = std::string(adjusted.txn_id),
                        .by = Movement::kAdjustment,
                        .earned = adjusted.points,
                        .remaining = adjusted.points - adjusted.debt_paid,
                        .reversible = adjusted.points,
                        .expires_on = {}});
}
void evolve(State& state, const TierChanged& changed) {
  state.tier = changed.new_;
  state.tier_points = changed.qualifying_points;
  state.tier_from = changed.period_start;
  state.tier_until = changed.valid_until;
}
void evolve(State& state, const StatusChanged& changed) { state.status = changed.new_; }
void evolve(State& state, const CorrectionRecorded& correction) {
  patch(state.account_id, correction.new_.account_id);
  patch(state.card_no, correction.new_.card_no);
}
void evolve(State& state, const Revoked&) { state = {}; }
void evolve(State& state, const MovementRevoked& revoked) {
  if (is_credit(revoked.kind, revoked.points)) {
    std::erase_if(state.lots, [&](auto& lot) { return lot.id == revoked.txn_id; });
    state.debt += revoked.debt;
    return;
  }
  state.debits.erase(std::string(revoked.txn_id));
  for (auto& allocation : revoked.allocations)
    if (auto* lot = find(state.lots, allocation.lot_id)) lot->remaining += allocation.points;
  state.debt -= revoked.debt;
  if (auto* lot = revoked.original_txn_id ? find(state.lots, *revoked.original_txn_id) : nullptr)
    lot->reversible += revoked.points, lot->given_back -= revoked.points;
  for (auto& earning : revoked.earnings)
    if (auto* lot = find(state.lots, earning.lot_id)) lot->reversible += earning.points;
}

}  // namespace rapport::loyalty_member
