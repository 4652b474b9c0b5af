#include "adapters/import/engine/conflicts.h"

#include <capnp/any.h>
#include <capnp/dynamic.h>
#include <capnp/serialize.h>

#include "domain/reading.h"
#include "domain/values.h"

namespace rapport::import {

std::set<std::string> changed_by(const AggregatePlan& aggregate, Words event) try {
  capnp::FlatArrayMessageReader message(event, reading_limits(event));
  auto root = message.getRoot<capnp::DynamicStruct>(aggregate.events.schema);
  KJ_IF_MAYBE (which, root.which()) {
    std::string name = which->getProto().getName().cStr();
    const auto* member = aggregate.events.find(name);
    if (!member) return {};
    auto body = root.get(*which).as<capnp::DynamicStruct>();
    const auto* patch = member->plan->find("new");
    if (!patch || patch->value.kind != FieldKind::kStruct || patch->value.type->name == "Money")
      return {member->facet};
    std::set<std::string> fields;
    auto changed = body.get("new").as<capnp::DynamicStruct>();
    for (const auto& field : patch->value.type->fields) {
      auto slot = changed.getSchema().getFieldByName(field.name);
      bool present = changed.has(slot);
      if (field.presence == Presence::kGroup) {
        auto group = changed.get(slot).as<capnp::DynamicStruct>();
        KJ_IF_MAYBE (set, group.which()) present = set->getProto().getName() == "value";
      }
      if (present) fields.insert(member->facet + "." + field.name);
    }
    return fields;
  }
  return {};
} catch (const kj::Exception&) {  // stored bytes are checked by their readers: damage is told there
  return {};
}

Result<std::map<std::string, bool>> changes_since(const EventStore& store,
                                                  const AggregatePlan& aggregate,
                                                  const std::string& stream, std::uint64_t position,
                                                  const std::string& mapping) {
  std::map<std::string, bool> ours;
  ReadQuery query;
  query.stream = stream;
  auto reader = store.read(query);
  for (;;) {
    auto event = reader->next();
    if (!event) return event.error();
    if (!*event) return ours;
    if ((*event)->position.value <= position) continue;
    bool own = (*event)->metadata.hasSource() &&
               read_text((*event)->metadata.getSource().getChannel()) == "import" &&
               read_text((*event)->metadata.getSource().getClient()) == mapping;
    for (const auto& facet : changed_by(aggregate, (*event)->payload)) ours[facet] = own;
  }
}

}  // namespace rapport::import
