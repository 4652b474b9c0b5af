#include "domain/aggregates.h"

#include <capnp/any.h>
#include <capnp/dynamic.h>

#include <algorithm>
#include <cstring>

#include "domain/account.h"
#include "domain/batch.h"
#include "domain/case.h"
#include "domain/data_subject.h"
#include "domain/loyalty_member.h"
#include "domain/opportunity.h"
#include "domain/order.h"
#include "domain/policy_set.h"
#include "domain/principal.h"
#include "domain/webhook.h"

namespace rapport {
namespace {

// The member of the catalogue's union whose type is this aggregate's union.
std::string member_named_after(capnp::StructSchema catalogue, capnp::StructSchema aggregate) {
  for (auto member : catalogue.getUnionFields())
    if (member.getType().isStruct() && member.getType().asStruct() == aggregate) return member.getProto().getName().cStr();
  return {};
}

template <Decider D>
Aggregate aggregate() {
  auto command = capnp::Schema::from<typename D::Command::Wire>();
  return {.name = member_named_after(capnp::Schema::from<catalogue::wire::Command>(), command),
          .command = command,
          .event = capnp::Schema::from<typename D::Event::Wire>(),
          .open = []() -> std::unique_ptr<Fold> { return std::make_unique<FoldOf<D>>(); }};
}

template <Decider... D>
std::vector<Aggregate> aggregates() {
  // Never called: it does not compile if catalogue.capnp has an aggregate that the list below lacks.
  [[maybe_unused]] auto complete = [](catalogue::wire::Command::Reader command) {
    catalogue::Command::visit(command, []<class C>(const C&) {
      static_assert(std::same_as<C, Unknown> || (std::same_as<C, typename D::Command::Wire::Reader> || ...),
                    "catalogue.capnp has an aggregate whose decider is not listed");
    });
  };
  return {aggregate<D>()...};
}

}  // namespace

std::vector<Aggregate> all_aggregates() {
  return aggregates<account::Decider, opportunity::Decider, case_::Decider, order::Decider, loyalty_member::Decider,
                    principal::Decider, policy_set::Decider, batch::Decider, data_subject::Decider, webhook::Decider>();
}

const Aggregate* find_aggregate(const std::vector<Aggregate>& aggregates, std::string_view name) {
  auto found = std::ranges::find(aggregates, name, &Aggregate::name);
  return found == aggregates.end() ? nullptr : &*found;
}

std::uint16_t kind_of(const Aggregate& aggregate, Words event) try {
  capnp::FlatArrayMessageReader message(event, reading_limits(event));
  std::uint16_t kind = 0;
  auto data = message.getRoot<capnp::AnyStruct>().getDataSection();
  auto offset = aggregate.event.getProto().getStruct().getDiscriminantOffset() * sizeof kind;
  if (offset + sizeof kind <= data.size()) std::memcpy(&kind, data.begin() + offset, sizeof kind);  // both little-endian
  return kind;
} catch (const kj::Exception&) {
  return 0;
}

std::string type_of(const Aggregate& aggregate, Words event) try {
  capnp::FlatArrayMessageReader message(event, reading_limits(event));
  KJ_IF_MAYBE(member, message.getRoot<capnp::DynamicStruct>(aggregate.event).which())
    if (member->getProto().getDiscriminantValue() != 0) return aggregate.name + "." + member->getProto().getName().cStr();
  return {};
} catch (const kj::Exception&) {
  return {};
}

}  // namespace rapport
