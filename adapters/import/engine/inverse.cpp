#include "adapters/import/engine/inverse.h"

#include <capnp/any.h>
#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <capnp/serialize.h>

#include <cstring>

#include "adapters/json/field_plan.h"
#include "domain/fold.h"
#include "domain/schema/account.capnp.h"
#include "domain/schema/case.capnp.h"
#include "domain/schema/loyalty_member.capnp.h"
#include "domain/schema/opportunity.capnp.h"
#include "domain/schema/order.capnp.h"
#include "domain/schema/policy_set.capnp.h"
#include "domain/schema/principal.capnp.h"

namespace rapport::import {

namespace {

using Bytes = std::optional<kj::Array<capnp::word>>;

template <class Command, class Fill>
Bytes build(Fill&& fill) {
  capnp::MallocMessageBuilder message(1024);
  fill(message.initRoot<Command>());
  return capnp::messageToFlatArray(message);
}

// A patch goes back to what it replaced. Without the old value of each new one (of personal texts)
// it cannot.
template <class Patch>
bool whole(Patch old_values, Patch new_values) {
  capnp::DynamicStruct::Reader before(old_values), after(new_values);
  for (auto field : after.getSchema().getFields()) {
    if (field.getProto().isGroup()) {
      auto known = [&](capnp::DynamicStruct::Reader in) {
        auto group = in.get(field).template as<capnp::DynamicStruct>();
        KJ_IF_MAYBE (which, group.which()) return which->getProto().getName() == "value";
        return false;
      };
      if (known(after) && !known(before)) return false;
    } else if (after.has(field) && !before.has(field)) {
      return false;
    }
  }
  return true;
}

Bytes inverse(account::wire::Event::Reader event) {
  using Command = account::wire::Command;
  switch (event.which()) {
    case account::wire::Event::DETAILS_CHANGED: {
      auto change = event.getDetailsChanged();
      if (!whole(change.getOld(), change.getNew())) return {};
      return build<Command>(
          [&](Command::Builder to) { to.initChangeDetails().setNew(change.getOld()); });
    }
    case account::wire::Event::OWNER_ASSIGNED: {
      auto change = event.getOwnerAssigned();
      if (!change.hasOldOwnerId()) return {};
      return build<Command>(
          [&](Command::Builder to) { to.initAssignOwner().setOwnerId(change.getOldOwnerId()); });
    }
    case account::wire::Event::LIFECYCLE_CHANGED:
      return build<Command>([&](Command::Builder to) {
        to.initSetLifecycle().setLifecycle(event.getLifecycleChanged().getOld());
      });
    default:
      return {};
  }
}

Bytes inverse(opportunity::wire::Event::Reader event) {
  using Command = opportunity::wire::Command;
  switch (event.which()) {
    case opportunity::wire::Event::STAGE_CHANGED:
      return build<Command>([&](Command::Builder to) {
        to.initMoveStage().setStageId(event.getStageChanged().getFrom());
      });
    case opportunity::wire::Event::AMOUNT_CHANGED: {
      auto change = event.getAmountChanged();
      if (!change.hasOld()) return {};
      return build<Command>(
          [&](Command::Builder to) { to.initChangeAmount().setAmount(change.getOld()); });
    }
    case opportunity::wire::Event::CLOSE_DATE_CHANGED: {
      auto old = event.getCloseDateChanged().getOld();
      if (!old.isValue()) return {};
      return build<Command>(
          [&](Command::Builder to) { to.initChangeCloseDate().setCloseDate(old.getValue()); });
    }
    case opportunity::wire::Event::DETAILS_CHANGED: {
      auto change = event.getDetailsChanged();
      if (!whole(change.getOld(), change.getNew())) return {};
      return build<Command>(
          [&](Command::Builder to) { to.initChangeDetails().setNew(change.getOld()); });
    }
    case opportunity::wire::Event::OWNER_ASSIGNED: {
      auto change = event.getOwnerAssigned();
      if (!change.hasOldOwnerId()) return {};
      return build<Command>(
          [&](Command::Builder to) { to.initAssignOwner().setOwnerId(change.getOldOwnerId()); });
    }
    default:
      return {};
  }
}

Bytes inverse(case_::wire::Event::Reader event) {
  using Command = case_::wire::Command;
  switch (event.which()) {
    case case_::wire::Event::ASSIGNED: {
      auto change = event.getAssigned();
      return build<Command>([&](Command::Builder to) {
        auto back = to.initAssign();
        if (change.hasOldGroup()) back.setGroup(change.getOldGroup());
        if (change.hasOldAssignee()) back.setAssignee(change.getOldAssignee());
      });
    }
    case case_::wire::Event::CLASSIFIED: {
      auto change = event.getClassified();
      if (!whole(change.getOld(), change.getNew())) return {};
      return build<Command>(
          [&](Command::Builder to) { to.initClassify().setNew(change.getOld()); });
    }
    default:
      return {};
  }
}

// The aggregate's own `revoke`, which forgets the stream's state so that it can be created again.
Bytes revoke(std::string_view aggregate) {
  const auto* plan = find_aggregate(aggregate);
  const auto* member = plan ? plan->commands.find("revoke") : nullptr;
  if (!member) return {};
  capnp::MallocMessageBuilder message;
  auto root = message.getRoot<capnp::AnyPointer>().initAsAnyStruct(plan->commands.data_words,
                                                                   plan->commands.pointers);
  std::memcpy(root.getDataSection().begin() + std::size_t{plan->commands.union_offset} * 2,
              &member->ordinal, sizeof member->ordinal);
  root.getPointerSection()[member->pointer_offset].initAsAnyStruct(member->plan->data_words,
                                                                   member->plan->pointers);
  return capnp::messageToFlatArray(message);
}

}  // namespace

std::optional<kj::Array<capnp::word>> inverse_of(std::string_view aggregate, Words event) try {
  capnp::FlatArrayMessageReader message(event, kReadWhole);
  if (aggregate == "account") return inverse(message.getRoot<account::wire::Event>());
  if (aggregate == "opportunity") return inverse(message.getRoot<opportunity::wire::Event>());
  if (aggregate == "case") return inverse(message.getRoot<case_::wire::Event>());
  return {};
} catch (const kj::Exception&) {
  return {};
}

std::optional<kj::Array<capnp::word>> ending_of(std::string_view aggregate, std::string_view type) {
  if (auto own = revoke(aggregate)) return own;
  if (aggregate == "account") {
    return build<account::wire::Command>(
        [](auto to) { to.initSetLifecycle().setLifecycle(account::wire::Lifecycle::INACTIVE); });
  }
  if (aggregate == "principal")
    return build<principal::wire::Command>([](auto to) { to.initDeactivate(); });
  if (aggregate == "policySet")
    return build<policy_set::wire::Command>([](auto to) { to.initRetire(); });
  if (aggregate == "loyaltyMember") {
    return build<loyalty_member::wire::Command>(
        [](auto to) { to.initChangeStatus().setStatus(loyalty_member::wire::Status::LEFT); });
  }
  if (aggregate != "order") return {};
  if (type == "order.fulfilled")
    return build<order::wire::Command>(
        [](auto to) { to.initReturn().setReasonCode("import-reverted"); });
  return build<order::wire::Command>(
      [](auto to) { to.initCancel().setReasonCode("import-reverted"); });
}

}  // namespace rapport::import
