#include "adapters/import/engine/inverse.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <boost/pfr/core.hpp>
#include <cstring>

#include "domain/account.h"
#include "domain/case.h"
#include "domain/data_subject.h"
#include "domain/fold.h"
#include "domain/loyalty_member.h"
#include "domain/opportunity.h"
#include "domain/order.h"
#include "domain/policy_set.h"
#include "domain/principal.h"

namespace rapport::import {

namespace {

using Body = std::optional<kj::Array<capnp::word>>;

template <class Command>
kj::Array<capnp::word> message_of(const Command& command) {
  capnp::MallocMessageBuilder message(1024);
  command.write_member(message.initRoot<typename Command::Union>());
  return capnp::messageToFlatArray(message);
}

// Whether a patch's old values can stand for its new ones.
template <class Patch>
bool whole(const Patch& before, const Patch& after) {
  bool all = true;
  auto had = boost::pfr::structure_tie(before);
  boost::pfr::for_each_field(after, [&](const auto& now, auto index) {
    if (now && !std::get<decltype(index)::value>(had)) all = false;
  });
  return all;
}
template <class Command, class Change>
Body patch_back(const Change& change) {
  if (!whole(change.old, change.new_)) return {};
  return message_of(Command{.new_ = change.old});
}
std::optional<Text> present(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<Text>(text);
}

// --- one overload for each event that has an inverse; `before` is the state that it met ---

Body inverse(const account::State&, const account::DetailsChanged& e) {
  return patch_back<account::ChangeDetails>(e);
}
Body inverse(const account::State& before, const account::OwnerAssigned& e) {
  if (!e.old_owner_id) return {};
  return message_of(
      account::AssignOwner{.owner_id = *e.old_owner_id, .team_id = present(before.team_id)});
}
Body inverse(const account::State&, const account::LifecycleChanged& e) {
  if (e.old == account::Lifecycle::UNSPECIFIED) return {};
  return message_of(account::SetLifecycle{.lifecycle = e.old});
}
Body inverse(const account::State& before, const account::RelationSet& e) {
  auto known = before.relations.find({std::string(e.other_id), e.role});
  if (known == before.relations.end()) return {};
  return message_of(account::SetRelation{.other_id = e.other_id,
                                         .role = e.role,
                                         .from = known->second.from,
                                         .to = known->second.to});
}

Body inverse(const opportunity::State&, const opportunity::StageChanged& e) {
  return message_of(opportunity::MoveStage{.stage_id = e.from});
}
Body inverse(const opportunity::State&, const opportunity::AmountChanged& e) {
  if (!e.old) return {};
  return message_of(opportunity::ChangeAmount{.amount = *e.old});
}
Body inverse(const opportunity::State&, const opportunity::CloseDateChanged& e) {
  if (!e.old) return {};
  return message_of(opportunity::ChangeCloseDate{.close_date = *e.old});
}
Body inverse(const opportunity::State&, const opportunity::DetailsChanged& e) {
  return patch_back<opportunity::ChangeDetails>(e);
}
Body inverse(const opportunity::State&, const opportunity::OwnerAssigned& e) {
  if (!e.old_owner_id) return {};
  return message_of(opportunity::AssignOwner{.owner_id = *e.old_owner_id});
}
Body inverse(const opportunity::State& before, const opportunity::ForecastOverridden&) {
  return message_of(
      opportunity::OverrideForecast{.probability_bp = before.overridden_probability_bp,
                                    .category = before.overridden_category});
}
Body reopen(const opportunity::State& before) {
  if (before.status != opportunity::Status::kOpen) return {};
  return message_of(opportunity::Reopen{.to_stage = Text(before.stage_id)});
}
Body inverse(const opportunity::State& before, const opportunity::Won&) { return reopen(before); }
Body inverse(const opportunity::State& before, const opportunity::Lost&) { return reopen(before); }

Body inverse(const case_::State&, const case_::Assigned& e) {
  return message_of(case_::Assign{.group = e.old_group, .assignee = e.old_assignee});
}
Body inverse(const case_::State&, const case_::Classified& e) {
  return patch_back<case_::Classify>(e);
}

Body inverse(const principal::State& before, const principal::Assigned&) {
  return message_of(principal::Assign{.team_id = present(before.team_id),
                                      .manager_id = present(before.manager_id),
                                      .office = present(before.office)});
}

// The body before is published once more, from the day of the one that was wrong.
Body inverse(const policy_set::State& before, const policy_set::Published& e) {
  if (before.kind == policy_set::Kind::kNone || before.retired) return {};
  auto words = kj::heapArray<capnp::word>(before.body.size() / sizeof(capnp::word));
  std::memcpy(static_cast<void*>(words.begin()), before.body.data(), words.asBytes().size());
  capnp::FlatArrayMessageReader message(words, reading_limits(words));
  auto publish = policy_set::Publish::read(message.getRoot<policy_set::wire::Publish>());
  publish.effective_from = e.effective_from;
  return message_of(publish);
}

using loyalty_member::PointsMovement;
using loyalty_member::RevokeMovement;
using Member = loyalty_member::State;
Body inverse(const Member&, const loyalty_member::PointsEarned& e) {
  return message_of(RevokeMovement{.kind = PointsMovement::EARNED,
                                   .txn_id = e.txn_id,
                                   .points = e.points,
                                   .debt = e.debt_paid});
}
Body inverse(const Member&, const loyalty_member::PointsRedeemed& e) {
  return message_of(RevokeMovement{.kind = PointsMovement::REDEEMED,
                                   .txn_id = e.txn_id,
                                   .points = e.points,
                                   .allocations = e.allocations,
                                   .debt = 0});
}
Body inverse(const Member&, const loyalty_member::PointsReversed& e) {
  return message_of(RevokeMovement{.kind = PointsMovement::REVERSED,
                                   .txn_id = e.txn_id,
                                   .points = e.points,
                                   .allocations = e.allocations,
                                   .debt = e.debt,
                                   .original_txn_id = e.original_txn_id,
                                   .earnings = e.earnings});
}
Body inverse(const Member&, const loyalty_member::PointsExpired& e) {
  return message_of(RevokeMovement{.kind = PointsMovement::EXPIRED,
                                   .txn_id = e.lot_id,
                                   .points = e.points,
                                   .allocations = {{.lot_id = e.lot_id, .points = e.points}},
                                   .debt = 0});
}
Body inverse(const Member&, const loyalty_member::PointsAdjusted& e) {
  return message_of(RevokeMovement{.kind = PointsMovement::ADJUSTED,
                                   .txn_id = e.txn_id,
                                   .points = e.points,
                                   .allocations = e.allocations,
                                   .debt = e.debt_paid});
}

// Of a consent that was there before, with its evidence, or was withdrawn, nobody can tell enough.
Body inverse(const data_subject::State& before, const data_subject::ConsentGranted& e) {
  for (auto& consent : before.consents)
    if (consent.purpose == e.purpose && consent.channel == e.channel && consent.granted) return {};
  return message_of(data_subject::WithdrawConsent{.purpose = e.purpose, .channel = e.channel});
}
Body inverse(const data_subject::State& before, const data_subject::LegalHoldChanged& e) {
  if (before.hold) return message_of(data_subject::SetLegalHold{.until = before.hold_until});
  return e.on ? Body(message_of(data_subject::LiftLegalHold{})) : Body();
}

// --- from events to their inverses ---

Inverse at_its_time(kj::Array<capnp::word> body, const RecordedEvent& event) {
  // What happened at no known time counts from its recording, and so must what takes it back.
  bool unknown = event.precision == Precision::UNKNOWN;
  return {std::move(body), event.occurred_at, unknown ? Precision::INSTANT : event.precision};
}

template <class D>
class Walk {
 public:
  // What takes the event back, if it has an inverse; then the state after it.
  std::optional<Inverse> take(const RecordedEvent& event, bool wanted) {
    capnp::FlatArrayMessageReader message(event.payload, reading_limits(event.payload));
    Body body;
    D::Event::visit(message.getRoot<typename D::Event::Wire>(), [&]<class E>(const E& value) {
      if constexpr (!std::same_as<E, Unknown>) {
        if constexpr (requires { inverse(state_, value); })
          if (wanted) body = inverse(state_, value);
        evolve(state_, value);
      }
    });
    if (!body) return std::nullopt;
    return at_its_time(std::move(*body), event);
  }

 private:
  typename D::State state_;
};

using Inverses = std::optional<std::vector<Inverse>>;

template <class D>
Result<Inverses> walk(const EventStore& store, const std::string& stream,
                      const std::function<bool(const RecordedEvent&)>& wanted) {
  ReadQuery query;
  query.stream = stream;
  auto reader = store.read(query);
  Walk<D> steps;
  std::vector<Inverse> all;
  for (;;) {
    auto event = reader->next();
    if (!event) return event.error();
    if (!*event) break;
    bool mine = wanted(**event);
    auto taken_back = steps.take(**event, mine);
    if (mine && !taken_back) return Inverses();
    if (mine) all.push_back(std::move(*taken_back));
  }
  std::ranges::reverse(all);
  return Inverses(std::move(all));
}

}  // namespace

bool is_revocable(std::string_view aggregate) { return aggregate != "dataSubject" && aggregate != "webhook"; }

Inverse revocation_of(std::string_view aggregate) {
  auto of = [&]() -> kj::Array<capnp::word> {
    if (aggregate == "account") return message_of(account::Revoke{});
    if (aggregate == "opportunity") return message_of(opportunity::Revoke{});
    if (aggregate == "case") return message_of(case_::Revoke{});
    if (aggregate == "order") return message_of(order::Revoke{});
    if (aggregate == "loyaltyMember") return message_of(loyalty_member::Revoke{});
    if (aggregate == "principal") return message_of(principal::Revoke{});
    RAPPORT_ASSERT(aggregate == "policySet");  // a batch is no import's doing
    return message_of(policy_set::Revoke{});
  };
  return {of(), {}, Precision::ALWAYS};  // whenever it was said to have been, it was not
}

Result<Inverses> inverses_of(const EventStore& store, std::string_view aggregate,
                             const std::string& stream,
                             const std::function<bool(const RecordedEvent&)>& wanted) try {
  if (aggregate == "account") return walk<account::Decider>(store, stream, wanted);
  if (aggregate == "opportunity") return walk<opportunity::Decider>(store, stream, wanted);
  if (aggregate == "case") return walk<case_::Decider>(store, stream, wanted);
  if (aggregate == "principal") return walk<principal::Decider>(store, stream, wanted);
  if (aggregate == "policySet") return walk<policy_set::Decider>(store, stream, wanted);
  if (aggregate == "loyaltyMember") return walk<loyalty_member::Decider>(store, stream, wanted);
  if (aggregate == "dataSubject") return walk<data_subject::Decider>(store, stream, wanted);
  return Inverses();
} catch (const kj::Exception&) {
  return Error{ErrorCode::kCorrupt, "stream.corrupt", stream + " is damaged", "", "",
               "run rapport verify"};
}

std::optional<Inverse> inverse_of_points(const RecordedEvent& event) try {
  return Walk<loyalty_member::Decider>().take(event, true);
} catch (const kj::Exception&) {
  return std::nullopt;
}

}  // namespace rapport::import
