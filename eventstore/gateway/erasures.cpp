#include "eventstore/gateway/erasures.h"

#include <kj/exception.h>

#include "domain/reading.h"
#include "domain/schema/data_subject.values.h"

namespace rapport {
namespace {

constexpr const char* kDestroyed = "dataSubject.subjectKeyDestroyed";

Result<Erasure> erasure_of(const RecordedEvent& event) try {
  capnp::FlatArrayMessageReader message(event.payload, reading_limits(event.payload));
  auto destroyed = message.getRoot<data_subject::wire::Event>().getSubjectKeyDestroyed();
  return Erasure{destroyed.getKeyId(), event.position, event.recorded_at};
} catch (const kj::Exception&) {
  return Error{ErrorCode::kCorrupt, "stream.corrupt", "the erasure at position " + std::to_string(event.position.value) + " is damaged", "",
               "", "run rapport verify"};
}

}  // namespace

bool erases(const Command& command) try {
  if (command.aggregate != kDataSubject) return false;
  capnp::FlatArrayMessageReader message(command.body, reading_limits(command.body));
  return message.getRoot<data_subject::wire::Command>().isEraseSubject();
} catch (const kj::Exception&) {
  return false;  // the decider refuses it
}

Result<void> finish_erasures(const EventStore& store, SubjectKeys& keys) {
  std::vector<Erasure> missing;
  // A log that lost its end, or was restored to an earlier one, gives the positions of the register anew.
  auto known_up_to = keys.erased_up_to() <= store.head().position ? keys.erased_up_to() : Position{};
  auto reader = store.read({.from = {known_up_to.value + 1}, .filter = Term::type(kDestroyed)});
  for (;;) {
    auto event = reader->next();
    if (!event) return std::move(event).error();
    if (!*event) break;
    auto erasure = erasure_of(**event);
    if (!erasure) return std::move(erasure).error();
    if (!keys.erased(erasure->key_id)) missing.push_back(*erasure);
  }
  return keys.destroy(missing);  // also of none: what failed before is tried again
}

}  // namespace rapport
