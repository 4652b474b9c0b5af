// What JSON needs to know of a schema's structs: names, kinds, places in the message, limits. Made
// once a struct by reflection and kept for the life of the program, so that reading and writing
// JSON look nothing up by name.
#pragma once
#include <capnp/schema.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rapport {

// How a field looks in JSON.
enum class FieldKind : std::uint8_t {
  kVoid,  // null
  kBool,  // true
  kInt8,  // an integer, from here to kUInt64
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kEnum,       // the enumerant's name
  kDate,       // "2011-02-28"
  kTimestamp,  // "2011-02-28T10:00:00.5Z"
  kCurrency,   // "EUR"
  kText,
  kData,     // base64
  kEventId,  // "uuid.n"
  kStruct,   // an object
  kList,     // an array
};

enum class Presence : std::uint8_t {
  kRequired,
  kOptional,  // a pointer that may be null
  kGroup,     // `:union { unknown :Void; value :T }`
};

struct StructPlan;

// Of a field, or of a list's elements.
struct ValuePlan {
  FieldKind kind = FieldKind::kVoid;
  const StructPlan* type = nullptr;                 // of kStruct and kEventId
  const std::vector<std::string>* names = nullptr;  // of kEnum, by ordinal; [0] is "unspecified"
};

struct FieldPlan {
  std::string name;
  std::string key;  // "name": as it is written, with its colon
  ValuePlan value;
  ValuePlan element;  // of kList
  Presence presence = Presence::kRequired;
  bool personal = false;    // sealed when stored
  bool identifier = false;  // names something: no control characters
  std::uint32_t max_length =
      0;  // bytes of a text, elements of a list; 0 = only the message's own limit
  std::uint32_t offset = 0;  // of the value: in its own size, of pointers in the pointer section
  std::uint32_t union_offset = 0;   // of kGroup: its discriminant, in 16-bit units
  std::uint16_t value_ordinal = 0;  // of kGroup: the discriminant that says there is a value
  std::string title;                // $title, else empty
};

struct StructPlan {
  std::string name;  // "Opened"
  std::string title;
  capnp::StructSchema schema;
  std::vector<FieldPlan> fields;  // in the order of the schema's text
  std::uint16_t data_words = 0;
  std::uint16_t pointers = 0;

  const FieldPlan* find(std::string_view field) const;
};

// One command or event.
struct MemberPlan {
  std::string name;                  // "won"
  std::string type;                  // "opportunity.won"
  std::uint16_t ordinal = 0;         // its discriminant
  std::uint32_t pointer_offset = 0;  // of its struct, in the pointer section
  std::string facet;                 // $facet, else empty
  const StructPlan* plan = nullptr;
};

// An aggregate's commands, or its events. `unspecified` is no member.
struct UnionPlan {
  capnp::StructSchema schema;
  std::vector<MemberPlan> members;
  std::uint16_t data_words = 0;
  std::uint16_t pointers = 0;
  std::uint32_t union_offset = 0;  // of the discriminant, in 16-bit units

  const MemberPlan* find(std::string_view name) const;  // null: there is none
  const MemberPlan* at(std::uint16_t ordinal) const;    // null: unspecified, or from a newer schema
};

struct AggregatePlan {
  std::string name;  // "opportunity"
  UnionPlan commands, events;
};

// Every aggregate of catalogue.capnp. Safe for concurrent use; the first call makes all plans.
const std::vector<AggregatePlan>& aggregate_plans();
const AggregatePlan* find_aggregate(std::string_view name);  // null: there is none

// The plan of any compiled struct. Safe for concurrent use; the answer lives as long as the
// program. A struct that JSON has no form for (floats, unions other than Presence::kGroup) is a bug
// and aborts.
const StructPlan& plan_of(capnp::StructSchema schema);
template <class Wire>
const StructPlan& plan_of() {
  static const StructPlan& plan = plan_of(capnp::Schema::from<Wire>());
  return plan;
}

}  // namespace rapport
