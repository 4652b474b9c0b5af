#include "eventstore/sealing.h"

#include <capnp/dynamic.h>

#include "domain/reading.h"

namespace rapport {
namespace {

constexpr std::uint64_t kPersonal = 0xb1f0c0de0000a001;  // of common.capnp; annotation ids are not generated for C++

bool annotated_personal(capnp::StructSchema::Field field) {
  for (auto annotation : field.getProto().getAnnotations())
    if (annotation.getId() == kPersonal) return true;
  return false;
}

// The struct that a field holds, directly or as a list's elements; nothing for scalars and texts.
kj::Maybe<capnp::StructSchema> struct_in(capnp::StructSchema::Field field) {
  auto type = field.getType();
  while (type.isList()) type = type.asList().getElementType();
  if (type.isStruct()) return type.asStruct();
  return nullptr;
}

void seal_fields(capnp::DynamicStruct::Builder value, const SubjectKeys::Key& key) {
  for (auto field : value.getSchema().getFields()) {
    if (!value.has(field)) continue;
    if (annotated_personal(field)) {
      auto text = value.get(field).as<capnp::Text>();
      auto sealed = seal(key, {text.begin(), text.size()});
      auto room = value.init(field, static_cast<unsigned>(sealed.size())).as<capnp::Text>();
      std::memcpy(room.begin(), sealed.data(), sealed.size());
    } else if (field.getType().isStruct()) {
      seal_fields(value.get(field).as<capnp::DynamicStruct>(), key);
    } else if (field.getType().isList() && field.getType().asList().getElementType().isStruct()) {
      auto list = value.get(field).as<capnp::DynamicList>();
      for (unsigned i = 0; i < list.size(); ++i) seal_fields(list[i].as<capnp::DynamicStruct>(), key);
    }
  }
}

}  // namespace

bool Sealing::has_personal(capnp::StructSchema schema) const {
  auto id = schema.getProto().getId();
  if (auto found = known_.find(id); found != known_.end()) return found->second;
  known_[id] = false;  // ends recursion
  bool personal = false;
  for (auto field : schema.getFields()) {
    personal = personal || annotated_personal(field);
    KJ_IF_MAYBE(inner, struct_in(field)) personal = personal || has_personal(*inner);
  }
  return known_[id] = personal;
}

bool Sealing::is_personal(capnp::StructSchema event_union, Words event) const {
  capnp::FlatArrayMessageReader message(event, reading_limits(event));
  KJ_IF_MAYBE(member, message.getRoot<capnp::DynamicStruct>(event_union).which()) {
    if (!member->getType().isStruct()) return false;
    std::lock_guard lock(mutex_);
    return has_personal(member->getType().asStruct());
  }
  return false;
}

Words Sealing::seal_event(capnp::StructSchema event_union, Words event, const SubjectKeys::Key& key, EventBuffer& out) const {
  capnp::FlatArrayMessageReader plain(event, reading_limits(event));
  capnp::MallocMessageBuilder draft(static_cast<unsigned>(event.size() + 64));
  draft.setRoot(plain.getRoot<capnp::AnyPointer>());
  seal_fields(draft.getRoot<capnp::DynamicStruct>(event_union), key);
  // Copied once more: what the sealed texts replaced left holes, and only what is reachable is to be stored.
  return out.append_copy(draft.getRoot<capnp::AnyPointer>().asReader());
}

}  // namespace rapport
