#include "projections/customer360/customer360.h"

#include "domain/schema/account.values.h"
#include "domain/schema/case.values.h"
#include "domain/schema/loyalty_member.values.h"
#include "domain/schema/opportunity.values.h"
#include "domain/schema/order.values.h"
#include "projections/customer360/telling.h"

namespace rapport::projections::customer360 {
namespace {

using AccountEvents =
    Takes<account::Event, account::Created, account::DetailsChanged, account::RelationSet,
          account::OwnerAssigned, account::LifecycleChanged, account::CorrectionRecorded,
          account::Revoked>;
using OpportunityEvents = Takes<opportunity::Event, opportunity::Opened, opportunity::AmountChanged,
                                opportunity::DetailsChanged, opportunity::Won, opportunity::Lost,
                                opportunity::Reopened, opportunity::CorrectionRecorded,
                                opportunity::Revoked>;
using CaseEvents =
    Takes<case_::Event, case_::Opened, case_::Started, case_::Classified, case_::Pended,
          case_::Resumed, case_::Resolved, case_::Reopened, case_::Closed,
          case_::CorrectionRecorded, case_::Revoked>;
using OrderEvents = Takes<order::Event, order::Placed, order::Fulfilled, order::Cancelled,
                          order::Returned, order::CorrectionRecorded, order::Revoked>;
using MemberEvents = Takes<loyalty_member::Event, loyalty_member::Enrolled,
                           loyalty_member::PointsEarned, loyalty_member::PointsRedeemed,
                           loyalty_member::PointsReversed, loyalty_member::PointsExpired,
                           loyalty_member::PointsAdjusted, loyalty_member::CorrectionRecorded,
                           loyalty_member::Revoked, loyalty_member::MovementRevoked>;

// What one stream adds to its account.
struct Share {
  std::int64_t open = 0, won = 0, lost = 0, open_cases = 0, cases = 0, orders = 0;
  Currency currency;
  Wide open_minor = 0, won_minor = 0, spent_minor = 0, points = 0;
  bool operator==(const Share&) const = default;
};

Share share_of(const Related& row) {
  Share share;
  auto type = split_stream(row.stream).type;
  share.currency = row.currency.value_or(Currency());
  if (type == "opportunity") {
    share.open = row.standing == Standing::kOpen;
    share.won = row.standing == Standing::kWon;
    share.lost = row.standing == Standing::kLost;
    if (share.open) share.open_minor = row.minor;
    if (share.won) share.won_minor = row.minor;
  } else if (type == "case") {
    share.cases = row.standing != Standing::kUnknown;
    share.open_cases = row.standing == Standing::kOpen;
  } else if (type == "order") {
    share.orders = row.standing != Standing::kCancelled;
    share.spent_minor = row.minor;
  } else {
    share.points = row.points;
  }
  return share;
}

// An account that was not created, and of which nothing is left that named it.
void forget_if_nobody(Rows& rows, const Account& row) {
  bool named = row.open || row.won || row.lost || row.cases || row.orders || row.points;
  if (row.version == 0 && !named) rows.accounts.erase(row.id);
}
void book_counts(Rows& rows, const std::string& account, const Share& share, std::int64_t sign) {
  auto& row = rows.accounts.edit(account);
  row.open += sign * share.open;
  row.won += sign * share.won;
  row.lost += sign * share.lost;
  row.open_cases += sign * share.open_cases;
  row.cases += sign * share.cases;
  row.orders += sign * share.orders;
  row.points += sign * share.points;
}
void book_amounts(Rows& rows, const std::string& account, const Share& share, std::int64_t sign) {
  if (!share.open_minor && !share.won_minor && !share.spent_minor) return;
  auto& row = rows.amounts.edit(account, share.currency);
  row.open_minor += sign * share.open_minor;
  row.won_minor += sign * share.won_minor;
  row.spent_minor += sign * share.spent_minor;
  if (!row.open_minor && !row.won_minor && !row.spent_minor)
    rows.amounts.erase(account, share.currency);
}
void book(Rows& rows, const std::string& account, const Share& share, std::int64_t sign) {
  if (account.empty()) return;
  book_counts(rows, account, share, sign);
  book_amounts(rows, account, share, sign);
}

// Whose the stream is. Orders reward the member of their account's id, so a member who names no
// account is the customer of its own id, if there is such a customer.
void attribute(Rows& rows, Related& row) {
  auto parts = split_stream(row.stream);
  if (!row.account.empty() || parts.type != "loyaltyMember") return;
  auto id = std::string(parts.id);
  if (auto* account = rows.accounts.find(id); account && account->kind != AccountKind::UNSPECIFIED)
    row.account = id;
}

// Changes what is known of a stream, and its account's totals with it.
void change(Rows& rows, const std::string& stream, Position at, auto&& f) {
  auto& row = rows.related.edit(stream);
  auto account_before = row.account;
  bool fresh =
      row.account.empty() && row.standing == Standing::kUnknown && !row.currency && !row.points;
  auto before = fresh ? Share() : share_of(row);
  f(row);
  attribute(rows, row);
  auto after = share_of(row);
  if (row.account == account_before && after == before) return;
  book(rows, account_before, before, -1);
  book(rows, row.account, after, +1);
  if (row.account == account_before) return;
  if (!account_before.empty()) rows.streams.erase(account_before, row.stream);
  if (!row.account.empty())
    rows.streams.put({.account = row.account, .stream = row.stream, .since = at.value});
}
void change(Rows& rows, const RecordedEvent& event, auto&& f) {
  change(rows, stream_name(event.stream_type, event.stream_id), event.position, f);
}

void set_worth(Related& row, const std::optional<Money>& amount) {
  row.currency = amount ? std::optional(amount->currency) : std::nullopt;
  row.minor = amount ? amount->amount_minor : 0;
}

// What was known of the event's stream goes, and its account's totals with it.
void forget(Rows& rows, const RecordedEvent& event) {
  auto* found = rows.related.find(stream_name(event.stream_type, event.stream_id));
  if (!found) return;  // as-of a time before all of it
  auto row = *found;
  book(rows, row.account, share_of(row), -1);
  if (!row.account.empty()) rows.streams.erase(row.account, row.stream);
  rows.related.erase(row.stream);
  if (auto* account = rows.accounts.find(row.account)) forget_if_nobody(rows, *account);
}
void apply(const opportunity::Revoked&, const RecordedEvent& event, Rows& rows) { forget(rows, event); }
void apply(const case_::Revoked&, const RecordedEvent& event, Rows& rows) { forget(rows, event); }
void apply(const order::Revoked&, const RecordedEvent& event, Rows& rows) { forget(rows, event); }
void apply(const loyalty_member::Revoked&, const RecordedEvent& event, Rows& rows) { forget(rows, event); }

// --- the account itself ---
Account& edit_account(Rows& rows, const RecordedEvent& event) {
  auto& row = rows.accounts.edit(event.stream_id);
  row.version = event.version.value;
  return row;
}
void apply(const account::Created& created, const RecordedEvent& event, Rows& rows) {
  auto& row = edit_account(rows, event);
  row.name = sealed(created.name);
  row.kind = created.kind;
  row.sector = text(created.industry);
  row.region = text(created.region_code);
  row.owner = text(created.owner_id);
  if (row.lifecycle == Lifecycle::UNSPECIFIED) row.lifecycle = Lifecycle::PROSPECT;
  row.created_at = known_time(event);
  auto member = stream_name("loyaltyMember", event.stream_id);
  if (auto* found = rows.related.find(member); found && found->account.empty())
    change(rows, member, event.position, [](Related&) {});
}
void patch_account(const account::Details& details, const RecordedEvent& event, Rows& rows) {
  auto& row = edit_account(rows, event);
  patch(row.name, details.name);
  patch(row.sector, details.industry);
  patch(row.region, details.region_code);
}
void apply(const account::DetailsChanged& changed, const RecordedEvent& event, Rows& rows) {
  patch_account(changed.new_, event, rows);
}
void apply(const account::CorrectionRecorded& corrected, const RecordedEvent& event, Rows& rows) {
  patch_account(corrected.new_, event, rows);
}
void apply(const account::RelationSet& set, const RecordedEvent& event, Rows& rows) {
  edit_account(rows, event);
  if (set.role != account::RelationRole::PARENT) return;
  rows.parents.put({.account = std::string(event.stream_id),
                    .parent = std::string(set.other_id),
                    .first = set.from,
                    .last = set.to,
                    .since = event.position.value});
}
void apply(const account::OwnerAssigned& assigned, const RecordedEvent& event, Rows& rows) {
  edit_account(rows, event).owner = assigned.new_owner_id;
}
void apply(const account::LifecycleChanged& changed, const RecordedEvent& event, Rows& rows) {
  edit_account(rows, event).lifecycle = changed.new_;
}
// What others say of it stays.
void apply(const account::Revoked&, const RecordedEvent& event, Rows& rows) {
  if (!rows.accounts.find(event.stream_id)) return;  // as-of a time before all of it
  auto& row = rows.accounts.edit(event.stream_id);
  Account blank;
  blank.id = row.id;
  blank.open = row.open;
  blank.won = row.won;
  blank.lost = row.lost;
  blank.open_cases = row.open_cases;
  blank.cases = row.cases;
  blank.orders = row.orders;
  blank.points = row.points;
  row = std::move(blank);
  forget_if_nobody(rows, row);
}

// --- opportunities ---
void apply(const opportunity::Opened& opened, const RecordedEvent& event, Rows& rows) {
  change(rows, event, [&](Related& row) {
    row.account = text(opened.account_id);
    row.standing = Standing::kOpen;
    set_worth(row, opened.amount);
  });
}
void apply(const opportunity::AmountChanged& changed, const RecordedEvent& event, Rows& rows) {
  change(rows, event, [&](Related& row) { set_worth(row, changed.new_); });
}
void apply(const opportunity::DetailsChanged& changed, const RecordedEvent& event, Rows& rows) {
  if (changed.new_.account_id)
    change(rows, event, [&](Related& row) { row.account = *changed.new_.account_id; });
}
void apply(const opportunity::Won& won, const RecordedEvent& event, Rows& rows) {
  change(rows, event, [&](Related& row) {
    row.standing = Standing::kWon;
    set_worth(row, won.amount);
  });
}
void apply(const opportunity::Lost&, const RecordedEvent& event, Rows& rows) {
  change(rows, event, [](Related& row) { row.standing = Standing::kLost; });
}
void apply(const opportunity::Reopened&, const RecordedEvent& event, Rows& rows) {
  change(rows, event, [](Related& row) { row.standing = Standing::kOpen; });
}
void apply(const opportunity::CorrectionRecorded& corrected, const RecordedEvent& event,
           Rows& rows) {
  change(rows, event, [&](Related& row) {
    patch(row.account, corrected.new_.account_id);
    if (corrected.new_.amount) set_worth(row, corrected.new_.amount);
  });
}

// --- cases ---
void stand(Rows& rows, const RecordedEvent& event, Standing standing) {
  change(rows, event, [&](Related& row) { row.standing = standing; });
}
void apply(const case_::Opened& opened, const RecordedEvent& event, Rows& rows) {
  change(rows, event, [&](Related& row) {
    row.account = text(opened.account_id);
    row.standing = Standing::kOpen;
  });
}
void apply(const case_::Resolved&, const RecordedEvent& event, Rows& rows) {
  stand(rows, event, Standing::kClosed);
}
void apply(const case_::Closed&, const RecordedEvent& event, Rows& rows) {
  stand(rows, event, Standing::kClosed);
}
// A fact opens a case again without a word of reopening.
void go_on(Rows& rows, const RecordedEvent& event) {
  auto* found = rows.related.find(stream_name(event.stream_type, event.stream_id));
  if (!found || found->standing != Standing::kOpen) stand(rows, event, Standing::kOpen);
}
void apply(const case_::Started&, const RecordedEvent& event, Rows& rows) { go_on(rows, event); }
void apply(const case_::Pended&, const RecordedEvent& event, Rows& rows) { go_on(rows, event); }
void apply(const case_::Resumed&, const RecordedEvent& event, Rows& rows) { go_on(rows, event); }
void apply(const case_::Reopened&, const RecordedEvent& event, Rows& rows) {
  stand(rows, event, Standing::kOpen);
}
void reclassify(const case_::Classification& to, const RecordedEvent& event, Rows& rows) {
  if (to.account_id) change(rows, event, [&](Related& row) { row.account = *to.account_id; });
}
void apply(const case_::Classified& classified, const RecordedEvent& event, Rows& rows) {
  reclassify(classified.new_, event, rows);
}
void apply(const case_::CorrectionRecorded& corrected, const RecordedEvent& event, Rows& rows) {
  reclassify(corrected.new_, event, rows);
}

// --- orders ---
void spend(Rows& rows, const RecordedEvent& event, const Money& amount, std::int64_t sign) {
  change(rows, event, [&](Related& row) {
    row.currency = amount.currency;
    row.minor += Wide(sign) * amount.amount_minor;
    if (sign > 0) row.standing = Standing::kOpen;  // what is delivered is not cancelled after all
  });
}
void apply(const order::Placed& placed, const RecordedEvent& event, Rows& rows) {
  change(rows, event, [&](Related& row) {
    row.account = text(placed.account_id);
    if (row.standing == Standing::kUnknown) row.standing = Standing::kOpen;
    if (!row.currency) row.currency = placed.total.currency;
  });
}
void apply(const order::Fulfilled& fulfilled, const RecordedEvent& event, Rows& rows) {
  spend(rows, event, fulfilled.amount, +1);
}
void apply(const order::Cancelled&, const RecordedEvent& event, Rows& rows) {
  stand(rows, event, Standing::kCancelled);
}
void apply(const order::Returned& returned, const RecordedEvent& event, Rows& rows) {
  spend(rows, event, returned.refund, -1);
}
void apply(const order::CorrectionRecorded& corrected, const RecordedEvent& event, Rows& rows) {
  if (corrected.new_.account_id)
    change(rows, event, [&](Related& row) { row.account = *corrected.new_.account_id; });
}

// --- loyalty members ---
void move_points(Rows& rows, const RecordedEvent& event, Wide points) {
  change(rows, event, [&](Related& row) { row.points += points; });
}
void apply(const loyalty_member::Enrolled& enrolled, const RecordedEvent& event, Rows& rows) {
  change(rows, event, [&](Related& row) {
    row.account = text(enrolled.account_id);
    row.standing = Standing::kOpen;
  });
}
void apply(const loyalty_member::PointsEarned& e, const RecordedEvent& event, Rows& rows) {
  move_points(rows, event, e.points);
}
void apply(const loyalty_member::PointsRedeemed& e, const RecordedEvent& event, Rows& rows) {
  move_points(rows, event, -Wide(e.points));
}
void apply(const loyalty_member::PointsReversed& e, const RecordedEvent& event, Rows& rows) {
  move_points(rows, event, -Wide(e.points));
}
void apply(const loyalty_member::PointsExpired& e, const RecordedEvent& event, Rows& rows) {
  move_points(rows, event, -Wide(e.points));
}
void apply(const loyalty_member::PointsAdjusted& e, const RecordedEvent& event, Rows& rows) {
  move_points(rows, event, e.points);
}
void apply(const loyalty_member::MovementRevoked& e, const RecordedEvent& event, Rows& rows) {
  using Kind = loyalty_member::PointsMovement;
  bool added = e.kind == Kind::EARNED || e.kind == Kind::ADJUSTED;
  move_points(rows, event, added ? -e.points : e.points);
}
void apply(const loyalty_member::CorrectionRecorded& corrected, const RecordedEvent& event,
           Rows& rows) {
  if (corrected.new_.account_id)
    change(rows, event, [&](Related& row) { row.account = *corrected.new_.account_id; });
}

void enter(Rows& rows, const RecordedEvent& event) {
  auto told = tell(event);
  rows.entries.append({
      .stream = stream_name(event.stream_type, event.stream_id),
      .position = event.position.value,
      .at = known_time(event),
      .recorded_at = event.recorded_at,
      .type = std::string(event.type),
      .actor = std::string(read_text(event.metadata.getActorId())),
      .reason = std::string(read_text(event.metadata.getReasonCode())),
      .text = std::move(told.text),
      .words = std::move(told.words),
  });
}

}  // namespace

void Customer360::apply(const RecordedEvent& event) {
  auto take = [&](const auto& value) { customer360::apply(value, event, rows); };
  if (event.stream_type == "account")
    read_event(event, AccountEvents{}, take);
  else if (event.stream_type == "opportunity")
    read_event(event, OpportunityEvents{}, take);
  else if (event.stream_type == "case")
    read_event(event, CaseEvents{}, take);
  else if (event.stream_type == "order")
    read_event(event, OrderEvents{}, take);
  else if (event.stream_type == "loyaltyMember")
    read_event(event, MemberEvents{}, take);
  else if (event.stream_type != "dataSubject")  // which only the timeline tells of
    return;  // rules, principals and imports are no customer's history
  enter(rows, event);
  note_policies(rows.policies, event);
}

}  // namespace rapport::projections::customer360
