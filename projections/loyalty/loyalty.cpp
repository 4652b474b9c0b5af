#include "projections/loyalty/loyalty.h"

#include "domain/schema/loyalty_member.values.h"
#include "domain/schema/order.values.h"

namespace rapport::projections::loyalty {
namespace {

using namespace loyalty_member;  // the events

using MemberEvents =
    Takes<loyalty_member::Event, Enrolled, PointsEarned, PointsRedeemed, PointsReversed,
          PointsExpired, PointsAdjusted, TierChanged, StatusChanged, CorrectionRecorded, Revoked,
          MovementRevoked>;
using OrderEvents = Takes<order::Event, order::Placed, order::Fulfilled, order::Returned,
                          order::CorrectionRecorded, order::Revoked>;

loyalty::Member& edit(Rows& rows, const RecordedEvent& event) {
  auto& row = rows.members.edit(event.stream_id);
  row.version = event.version.value;
  return row;
}

// Adds to the ledger what a member's totals already show.
void book(Rows& rows, const loyalty::Member& member, const RecordedEvent& event,
          Movement movement) {
  movement.member = member.id;
  movement.position = event.position.value;
  if (event.metadata.hasCausation())
    movement.cause = to_text(EventId::read(event.metadata.getCausation()));
  movement.reason = read_text(event.metadata.getReasonCode());
  movement.at = known_time(event);
  movement.balance = member.balance();
  rows.movements.append(movement);
}

struct NewLot {
  Text id;
  std::int64_t points, debt_paid;
  std::optional<Date> expires_on;
};
void credit(Rows& rows, loyalty::Member& member, const RecordedEvent& event, const NewLot& from,
            Movement& movement) {
  auto remaining = from.points - from.debt_paid;
  member.debt -= from.debt_paid;
  rows.lots.put({.member = member.id,
                 .id = std::string(from.id),
                 .earned = from.points,
                 .remaining = remaining,
                 .earned_at = known_time(event),
                 .expires_on = from.expires_on});
  movement.lots = {std::string(from.id)};
  movement.lot_points = {remaining};
  movement.debt = -from.debt_paid;
}
void debit(Rows& rows, const loyalty::Member& member, const std::vector<Allocation>& allocations,
           Movement& movement) {
  for (auto& allocation : allocations) {
    rows.lots.edit(member.id, allocation.lot_id).remaining -= allocation.points;
    movement.lots.emplace_back(allocation.lot_id);
    movement.lot_points.push_back(-allocation.points);
  }
}

void apply(const Enrolled& enrolled, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  row.program = enrolled.program_id;
  row.account = text(enrolled.account_id);
  row.status = MemberStatus::ACTIVE;
  row.enrolled_at = known_time(event);
}
void apply(const PointsEarned& earned, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  row.earned += earned.points;
  Movement movement{.kind = MovementKind::kEarned,
                    .txn = std::string(earned.txn_id),
                    .points = earned.points,
                    .basis = earned.basis,
                    .rule = text(earned.rule_id)};
  credit(rows, row, event, {earned.txn_id, earned.points, earned.debt_paid, earned.expires_on},
         movement);
  book(rows, row, event, std::move(movement));
}
void apply(const PointsRedeemed& redeemed, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  row.redeemed += redeemed.points;
  Movement movement{.kind = MovementKind::kRedeemed,
                    .txn = std::string(redeemed.txn_id),
                    .points = -redeemed.points};
  debit(rows, row, redeemed.allocations, movement);
  book(rows, row, event, std::move(movement));
}
void apply(const PointsReversed& reversed, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  row.reversed += reversed.points;
  row.debt += reversed.debt;
  Movement movement{.kind = MovementKind::kReversed,
                    .txn = std::string(reversed.txn_id),
                    .original = text(reversed.original_txn_id),
                    .points = -reversed.points,
                    .debt = reversed.debt,
                    .basis = reversed.basis};
  debit(rows, row, reversed.allocations, movement);
  book(rows, row, event, std::move(movement));
}
void apply(const PointsExpired& expired, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  row.expired += expired.points;
  Movement movement{.kind = MovementKind::kExpired, .points = -expired.points};
  debit(rows, row, {{.lot_id = expired.lot_id, .points = expired.points}}, movement);
  book(rows, row, event, std::move(movement));
}
void apply(const PointsAdjusted& adjusted, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  row.adjusted += adjusted.points;
  Movement movement{.kind = MovementKind::kAdjusted,
                    .txn = std::string(adjusted.txn_id),
                    .points = adjusted.points};
  if (adjusted.points > 0)
    credit(rows, row, event, {adjusted.txn_id, adjusted.points, adjusted.debt_paid, std::nullopt},
           movement);
  else
    debit(rows, row, adjusted.allocations, movement);
  book(rows, row, event, std::move(movement));
}
void apply(const TierChanged& changed, const RecordedEvent& event, Rows& rows) {
  edit(rows, event).tier = changed.new_;
}
void apply(const StatusChanged& changed, const RecordedEvent& event, Rows& rows) {
  edit(rows, event).status = changed.new_;
}
void apply(const CorrectionRecorded& corrected, const RecordedEvent& event, Rows& rows) {
  patch(edit(rows, event).account, corrected.new_.account_id);
}
void apply(const Revoked&, const RecordedEvent& event, Rows& rows) {
  rows.members.erase(event.stream_id);  // its lots went with their movements
}
Wide& total_of(loyalty::Member& member, loyalty_member::PointsMovement kind) {
  switch (kind) {
    case loyalty_member::PointsMovement::EARNED:
      return member.earned;
    case loyalty_member::PointsMovement::REDEEMED:
      return member.redeemed;
    case loyalty_member::PointsMovement::REVERSED:
      return member.reversed;
    case loyalty_member::PointsMovement::EXPIRED:
      return member.expired;
    default:
      return member.adjusted;
  }
}
void apply(const MovementRevoked& revoked, const RecordedEvent& event, Rows& rows) {
  auto& row = edit(rows, event);
  auto before = row.balance();
  total_of(row, revoked.kind) -= revoked.points;
  bool credit = row.balance() < before;
  Movement movement{.kind = MovementKind::kRevoked,
                    .txn = std::string(revoked.txn_id),
                    .original = text(revoked.original_txn_id),
                    .points = static_cast<std::int64_t>(row.balance() - before),  // revoked.points, or less them
                    .debt = credit ? revoked.debt : -revoked.debt};
  row.debt += movement.debt;
  if (credit) {
    rows.lots.erase(row.id, revoked.txn_id);
    movement.lots = {std::string(revoked.txn_id)};
    movement.lot_points = {revoked.debt - revoked.points};
  }
  for (auto& allocation : revoked.allocations) {
    rows.lots.edit(row.id, allocation.lot_id).remaining += allocation.points;
    movement.lots.emplace_back(allocation.lot_id);
    movement.lot_points.push_back(allocation.points);
  }
  book(rows, row, event, std::move(movement));
}

PurchaseKind kind_of(OrderKind kind) {
  switch (kind) {
    case OrderKind::SALE:
      return PurchaseKind::kSale;
    case OrderKind::CREDIT_NOTE:
      return PurchaseKind::kCreditNote;
    case OrderKind::ADJUSTMENT:
      return PurchaseKind::kAdjustment;
    default:
      return PurchaseKind::kUnknown;
  }
}

void add_purchase(Rows& rows, const Order& order, const RecordedEvent& event, PurchaseKind kind,
                  std::uint16_t number, const Money& amount) {
  Purchase purchase{.member = order.member(),
                    .order = order.id,
                    .kind = kind,
                    .number = number,
                    .at = event.occurred_at,
                    .time_known = known_time(event).has_value(),
                    .amount = amount};
  if (order.revoked)
    rows.purchases.put(std::move(purchase));
  else
    rows.purchases.add(std::move(purchase));
}

void apply(const order::Placed& placed, const RecordedEvent& event, Rows& rows) {
  auto& row = rows.orders.edit(event.stream_id);
  row.account = text(placed.account_id);
  row.named_member = text(placed.member_id);
  row.kind = placed.kind;
}
void apply(const order::Fulfilled& fulfilled, const RecordedEvent& event, Rows& rows) {
  auto& row = rows.orders.edit(event.stream_id);
  row.fulfilments = fulfilled.number;
  add_purchase(rows, row, event, kind_of(row.kind), fulfilled.number, fulfilled.amount);
}
void apply(const order::Returned& returned, const RecordedEvent& event, Rows& rows) {
  auto& row = rows.orders.edit(event.stream_id);
  row.returns = returned.number;
  add_purchase(rows, row, event, PurchaseKind::kReturn, returned.number,
               {-returned.refund.amount_minor, returned.refund.currency});
}

void give(Rows& rows, const std::string& from, const Order& order, PurchaseKind kind,
          std::uint32_t index) {
  auto number = static_cast<std::uint16_t>(index);
  auto* found = rows.purchases.find(from, order.id, kind, number);
  if (!found) return;
  auto purchase = *found;
  purchase.member = order.member();
  rows.purchases.erase(from, order.id, kind, number);
  rows.purchases.put(std::move(purchase));
}
// The purchases follow the order to its right customer; its points do not: they are the member's
// own history.
void apply(const order::CorrectionRecorded& corrected, const RecordedEvent& event, Rows& rows) {
  if (!corrected.new_.account_id) return;
  auto& row = rows.orders.edit(event.stream_id);
  auto from = row.member();
  row.account = *corrected.new_.account_id;
  if (row.member() == from) return;
  for (std::uint32_t n = 1; n <= row.fulfilments; ++n) give(rows, from, row, kind_of(row.kind), n);
  for (std::uint32_t n = 1; n <= row.returns; ++n) give(rows, from, row, PurchaseKind::kReturn, n);
}
void apply(const order::Revoked&, const RecordedEvent& event, Rows& rows) {
  if (!rows.orders.find(event.stream_id)) return;  // as-of a time before all of it
  auto& row = rows.orders.edit(event.stream_id);
  auto forget = [&](PurchaseKind kind, std::uint16_t count) {
    for (std::uint32_t n = 1; n <= count; ++n)
      rows.purchases.erase(row.member(), row.id, kind, static_cast<std::uint16_t>(n));
  };
  forget(kind_of(row.kind), row.fulfilments);
  forget(PurchaseKind::kReturn, row.returns);
  Order blank;
  blank.id = row.id;
  blank.revoked = true;
  row = std::move(blank);
}

}  // namespace

void Loyalty::apply(const RecordedEvent& event) {
  auto take = [&](const auto& value) { loyalty::apply(value, event, rows); };
  if (event.stream_type == "loyaltyMember")
    read_event(event, MemberEvents{}, take);
  else if (event.stream_type == "order")
    read_event(event, OrderEvents{}, take);
  else
    return;
  note_policies(rows.policies, event);
}

}  // namespace rapport::projections::loyalty
