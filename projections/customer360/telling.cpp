#include "projections/customer360/telling.h"

#include <capnp/serialize.h>

#include <cstdlib>

#include "domain/reading.h"
#include "domain/schema/account.values.h"
#include "domain/schema/case.values.h"
#include "domain/schema/data_subject.values.h"
#include "domain/schema/loyalty_member.values.h"
#include "domain/schema/opportunity.values.h"
#include "domain/schema/order.values.h"
#include "projections/columns.h"

namespace rapport::projections::customer360 {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// --- words for values ---
std::string say(std::string_view v) { return std::string(v); }
std::string say(const std::string& v) { return v; }
template <std::integral T>
std::string say(T v) {
  return std::to_string(v);
}
template <class E>
requires std::is_enum_v<E> std::string say(E v) { return std::string(enum_name(v)); }
std::string say(Date v) { return text_of(v); }
// "1234.50 GBP"
std::string say(const Money& money) {
  auto digits = static_cast<std::size_t>(minor_digits(money.currency));
  auto minor = money.amount_minor;
  auto text = std::to_string(minor < 0 ? 0 - static_cast<std::uint64_t>(minor)
                                       : static_cast<std::uint64_t>(minor));
  if (text.size() <= digits) text.insert(0, digits + 1 - text.size(), '0');
  if (digits) text.insert(text.size() - digits, ".");
  return (minor < 0 ? "-" : "") + text + " " + std::string(money.currency.view());
}
template <class T>
std::string say(const std::optional<T>& v) {
  return v ? say(*v) : std::string();
}

// What there is of them: "proposal, 100.00 USD".
std::string list(const auto&... parts) {
  std::string out;
  auto add = [&](std::string part) {
    if (!part.empty()) out += (out.empty() ? "" : ", ") + part;
  };
  (add(say(parts)), ...);
  return out;
}
// "category software", or nothing.
std::string named(std::string_view name, const auto& value) {
  auto said = say(value);
  return said.empty() ? said : std::string(name) + " " + said;
}
std::string from_to(const auto& from, const auto& to) {
  auto before = say(from);
  return (before.empty() ? "" : before + " ") + "→ " + say(to);
}
std::string signed_points(std::int64_t points) {
  return (points > 0 ? "+" : "") + std::to_string(points);
}

template <class Event>
void select(const RecordedEvent& event, auto&& handlers) {
  capnp::FlatArrayMessageReader message(event.payload, reading_limits(event.payload));
  Event::select(message.getRoot<typename Event::Wire>(), handlers);
}

std::string details(const account::Details& to) {
  return list(named("industry", to.industry), named("region", to.region_code),
              named("currency", to.currency));
}
void tell_account(const RecordedEvent& event, Told& told) {
  using namespace account;
  select<Event>(
      event,
      Overloaded{
          [&](const Created& e) {
            told = {list(e.kind, e.industry, e.region_code, named("owner", e.owner_id)),
                    sealed(e.name)};
          },
          [&](const DetailsChanged& e) {
            told = {details(e.new_), sealed(e.new_.name)};
          },
          [&](const RelationSet& e) { told.text = list(named(enum_name(e.role), e.other_id)); },
          [&](const OwnerAssigned& e) { told.text = from_to(e.old_owner_id, e.new_owner_id); },
          [&](const LifecycleChanged& e) { told.text = from_to(e.old, e.new_); },
          [&](const CorrectionRecorded& e) {
            told = {details(e.new_), sealed(e.new_.name)};
          },
      });
}

std::string details(const auto& to) {
  return list(named("account", to.account_id), named("name", to.name),
              named("product", to.product_id));
}
void tell_opportunity(const RecordedEvent& event, Told& told) {
  using namespace opportunity;
  select<Event>(
      event,
      Overloaded{
          [&](const Opened& e) {
            told.text =
                list(e.name, e.product_id, e.stage_id, e.amount, named("owner", e.owner_id));
          },
          [&](const StageChanged& e) { told.text = from_to(e.from, e.to); },
          [&](const AmountChanged& e) { told.text = from_to(e.old, e.new_); },
          [&](const CloseDateChanged& e) { told.text = from_to(e.old, e.new_); },
          [&](const DetailsChanged& e) { told.text = details(e.new_); },
          [&](const OwnerAssigned& e) { told.text = from_to(e.old_owner_id, e.new_owner_id); },
          [&](const ForecastOverridden& e) {
            told.text = list(named("probabilityBp", e.probability_bp), e.category);
          },
          [&](const Won& e) { told.text = list(e.amount, named("order", e.order_id)); },
          [&](const Lost& e) {
            told = {list(e.reason_code, e.competitor, e.amount), sealed(e.text)};
          },
          [&](const Reopened& e) { told.text = from_to(std::string(), e.to_stage); },
          [&](const CorrectionRecorded& e) {
            told.text = list(details(e.new_), named("owner", e.new_.owner_id), e.new_.amount,
                             e.new_.close_date);
          },
          [&](const CompetitorNoted& e) { told.text = list(e.name, e.strength); },
      });
}

std::string details(const case_::Classification& to) {
  return list(named("account", to.account_id), to.type, to.channel, named("category", to.category),
              named("subcategory", to.subcategory), named("symptom", to.symptom),
              named("product", to.product_id), named("impact", to.impact),
              named("urgency", to.urgency), named("priority", to.priority));
}
void tell_case(const RecordedEvent& event, Told& told) {
  using namespace case_;
  select<Event>(
      event, Overloaded{
                 [&](const Opened& e) {
                   told = {list(e.type, e.channel, named("category", e.category),
                                named("product", e.product_id), named("priority", e.priority)),
                           sealed(e.subject)};
                 },
                 [&](const Assigned& e) { told.text = list(e.group, e.assignee); },
                 [&](const Classified& e) { told.text = details(e.new_); },
                 [&](const MessageLogged& e) {
                   told = {list(e.direction, std::string_view(e.public_ ? "public" : "internal")),
                           sealed(e.text)};
                 },
                 [&](const Pended& e) { told.text = say(e.on); },
                 [&](const Resolved& e) {
                   told = {say(e.resolution_code), sealed(e.text)};
                 },
                 [&](const SlaMilestoneStarted& e) { told.text = say(e.kind); },
                 [&](const SlaMilestoneMet& e) { told.text = say(e.kind); },
                 [&](const SlaMilestoneBreached& e) { told.text = say(e.kind); },
                 [&](const SlaMilestoneCancelled& e) { told.text = say(e.kind); },
                 [&](const CorrectionRecorded& e) { told.text = details(e.new_); },
             });
}

void tell_order(const RecordedEvent& event, Told& told) {
  using namespace order;
  select<Event>(
      event,
      Overloaded{
          [&](const Placed& e) {
            told.text = list(e.kind, named("lines", e.lines.size()), e.total);
          },
          [&](const Fulfilled& e) { told.text = say(e.amount); },
          [&](const Cancelled& e) { told.text = say(e.reason_code); },
          [&](const Returned& e) { told.text = list(e.reason_code, e.refund); },
          [&](const CorrectionRecorded& e) {
            told.text = list(named("account", e.new_.account_id),
                             named("quote", e.new_.quote_id),
                             named("opportunity", e.new_.opportunity_id));
          },
      });
}

void tell_member(const RecordedEvent& event, Told& told) {
  using namespace loyalty_member;
  select<Event>(
      event,
      Overloaded{
          [&](const Enrolled& e) { told.text = list(e.program_id, named("card", e.card_no)); },
          [&](const PointsEarned& e) { told.text = list(signed_points(e.points), e.txn_id); },
          [&](const PointsRedeemed& e) {
            told.text = list(signed_points(-e.points), e.txn_id, e.reward_id);
          },
          [&](const PointsReversed& e) {
            told.text = list(signed_points(-e.points), e.txn_id, named("of", e.original_txn_id));
          },
          [&](const PointsExpired& e) { told.text = list(signed_points(-e.points), e.lot_id); },
          [&](const PointsAdjusted& e) { told.text = list(signed_points(e.points), e.txn_id); },
          [&](const MovementRevoked& e) { told.text = list(e.kind, e.points, e.txn_id); },
          [&](const TierChanged& e) { told.text = from_to(e.old, e.new_); },
          [&](const StatusChanged& e) { told.text = from_to(e.old, e.new_); },
          [&](const CorrectionRecorded& e) {
            told.text = list(named("account", e.new_.account_id), named("card", e.new_.card_no));
          },
      });
}

void tell_subject(const RecordedEvent& event, Told& told) {
  using namespace data_subject;
  select<Event>(
      event,
      Overloaded{
          [&](const ConsentGranted& e) {
            told = {list(e.purpose, e.channel, named("text", e.text_version)),
                    sealed(e.evidence)};
          },
          [&](const ConsentWithdrawn& e) { told.text = list(e.purpose, e.channel); },
          [&](const SubjectRequestReceived& e) {
            told.text = list(e.kind, named("due", e.due));
          },
          [&](const LegalHoldChanged& e) {
            told.text = list(std::string_view(e.on ? "on" : "lifted"),
                             named("until", e.until));
          },
          [&](const SubjectKeyDestroyed& e) { told.text = named("key", e.key_id); },
          [&](const SubjectDataExported& e) { told.text = say(e.sha256); },
          [&](const CorrectionRecorded& e) { told.words = sealed(e.new_.note); },
      });
}

}  // namespace

Told tell(const RecordedEvent& event) {
  Told told;
  if (event.stream_type == "account")
    tell_account(event, told);
  else if (event.stream_type == "opportunity")
    tell_opportunity(event, told);
  else if (event.stream_type == "case")
    tell_case(event, told);
  else if (event.stream_type == "order")
    tell_order(event, told);
  else if (event.stream_type == "loyaltyMember")
    tell_member(event, told);
  else if (event.stream_type == "dataSubject")
    tell_subject(event, told);
  return told;
}

}  // namespace rapport::projections::customer360
