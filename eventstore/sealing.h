// Seals the $personal texts of a message by reflection over its schema. Which structs have such fields is found once.
#pragma once
#include <capnp/schema.h>

#include <mutex>
#include <unordered_map>

#include "domain/event_buffer.h"
#include "eventstore/subject_keys.h"

namespace rapport {

// Safe for concurrent use.
class Sealing final {
 public:
  // Whether the event (root: an aggregate's Event union) holds personal texts: then it needs a key.
  bool is_personal(capnp::StructSchema event_union, Words event) const;
  // Appends to `out` the event with every personal text sealed. The plain text is nowhere in the result.
  Words seal_event(capnp::StructSchema event_union, Words event, const SubjectKeys::Key& key, EventBuffer& out) const;

 private:
  // Whether the struct or anything below it is annotated $personal.
  bool has_personal(capnp::StructSchema schema) const;

  mutable std::mutex mutex_;
  mutable std::unordered_map<std::uint64_t, bool> known_;  // by struct id; guarded by mutex_
};

}  // namespace rapport
