#include "adapters/json/read_json.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <array>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "adapters/json/field_plan.h"
#include "adapters/json/json_pointer.h"
#include "adapters/json/text_forms.h"
#include "eventstore/event.h"

namespace rapport {
namespace {

using Json = nlohmann::json;
using Data = kj::ArrayPtr<kj::byte>;
using Pointers = capnp::List<capnp::AnyPointer>::Builder;

constexpr std::size_t kFieldsMax = 64;  // as field_plan.cpp asserts of every struct

// The way from the document's root to a value, on the stack: turned into a pointer only for an
// error.
struct Place {
  const Place* parent = nullptr;
  std::string_view name = {};  // a member, or
  std::size_t index = 0;       // an element, if the name is empty

  std::string pointer() const {
    std::string path = parent == nullptr ? "" : parent->pointer();
    if (parent == nullptr) return path;
    append_pointer(name.data() == nullptr ? std::to_string(index) : std::string(name), path);
    return path;
  }
};

bool has_control_character(std::string_view text) {
  for (char c : text)
    if (static_cast<std::uint8_t>(c) < 0x20 || c == 0x7F) return true;
  return false;
}

// Fills structs. A function that answers false has left its reason in error().
class StructReader {
 public:
  bool read(const Json& from, const StructPlan& plan, capnp::AnyStruct::Builder to,
            const Place& place);
  Error& error() { return error_; }

 private:
  bool field(const Json& from, const FieldPlan& plan, Data data, Pointers pointers,
             const Place& place);
  bool inline_value(const Json& from, const FieldPlan& plan, Data data, const Place& place);
  bool enumerant(const Json& from, const FieldPlan& plan, Data data, const Place& place);
  bool pointer(const Json& from, const FieldPlan& plan, capnp::AnyPointer::Builder to,
               const Place& place);
  bool text(const Json& from, const FieldPlan& plan, capnp::AnyPointer::Builder to,
            const Place& place);
  bool data(const Json& from, const FieldPlan& plan, capnp::AnyPointer::Builder to,
            const Place& place);
  bool event_id(const Json& from, const FieldPlan& plan, capnp::AnyPointer::Builder to,
                const Place& place);
  bool list(const Json& from, const FieldPlan& plan, capnp::AnyPointer::Builder to,
            const Place& place);
  bool unknown_field(const std::string& name, const StructPlan& plan, const Place& place);
  template <class Int>
  bool integer(const Json& from, const FieldPlan& plan, Data data, const Place& place);

  bool fail(const char* reason, const Place& place, std::string message, std::string expected,
            std::string hint = {}) {
    error_ = {ErrorCode::kInvalid, std::string("command.") + reason,
              std::move(message),  place.pointer(),
              std::move(expected), std::move(hint)};
    return false;
  }
  bool wrong_type(const Json& from, const Place& place, std::string expected) {
    return fail("type", place, describe(from) + " stands where something else belongs",
                std::move(expected));
  }
  static std::string describe(const Json& value) {
    if (value.is_number_float()) return "a number with decimals";
    if (value.is_boolean()) return "true or false";
    if (value.is_null()) return "null";
    if (value.is_string()) return "a text";
    return std::string(value.is_number()  ? "a number"
                       : value.is_array() ? "an array"
                                          : "an object");
  }

  Error error_{};
};

template <class T>
void put(Data data, std::uint32_t offset, T value) {
  RAPPORT_ASSERT((std::size_t{offset} + 1) * sizeof(T) <= data.size());
  std::memcpy(data.begin() + std::size_t{offset} * sizeof(T), &value,
              sizeof(T));  // little-endian hosts only
}

bool StructReader::read(const Json& from, const StructPlan& plan, capnp::AnyStruct::Builder to,
                        const Place& place) {
  if (!from.is_object()) return wrong_type(from, place, "an object");
  std::array<const Json*, kFieldsMax> found{};
  for (auto& [name, value] : from.get_ref<const Json::object_t&>()) {
    auto* f = plan.find(name);
    if (f == nullptr) return unknown_field(name, plan, place);
    found[static_cast<std::size_t>(f - plan.fields.data())] = value.is_null() ? nullptr : &value;
  }
  auto data_section = to.getDataSection();
  auto pointers = to.getPointerSection();
  for (std::size_t i = 0; i < plan.fields.size(); ++i) {
    auto& f = plan.fields[i];
    Place at{&place, f.name, 0};
    if (found[i] != nullptr) {
      if (!field(*found[i], f, data_section, pointers, at)) return false;
    } else if (f.presence == Presence::kRequired) {
      return fail("missing", at, plan.name + " needs " + f.name, "a value");
    }
  }
  return true;
}

bool StructReader::unknown_field(const std::string& name, const StructPlan& plan,
                                 const Place& place) {
  NearestName nearest(name);
  std::string known;
  for (auto& f : plan.fields) {
    nearest.offer(f.name);
    known += (known.empty() ? "" : ", ") + f.name;
  }
  Place at{&place, name, 0};
  return fail("unknown_field", at, plan.name + " has no field of this name",
              known.empty() ? "no fields at all" : "one of " + known, nearest.hint());
}

bool StructReader::field(const Json& from, const FieldPlan& plan, Data data_section,
                         Pointers pointers, const Place& place) {
  if (plan.presence == Presence::kGroup) put(data_section, plan.union_offset, plan.value_ordinal);
  if (plan.value.kind < FieldKind::kText) return inline_value(from, plan, data_section, place);
  RAPPORT_ASSERT(plan.offset < pointers.size());
  return pointer(from, plan, pointers[plan.offset], place);
}

template <class Int>
bool StructReader::integer(const Json& from, const FieldPlan& plan, Data data_section,
                           const Place& place) {
  auto expected = [] {
    return "an integer from " + std::to_string(std::numeric_limits<Int>::min()) + " to " +
           std::to_string(std::numeric_limits<Int>::max());
  };
  if (!from.is_number_integer())
    return wrong_type(from, place, expected());  // unsigned ones are integers too
  bool fits = from.is_number_unsigned() ? std::in_range<Int>(from.get<std::uint64_t>())
                                        : std::in_range<Int>(from.get<std::int64_t>());
  if (!fits) return fail("out_of_range", place, "the number does not fit", expected());
  put(data_section, plan.offset, from.get<Int>());
  return true;
}

bool StructReader::inline_value(const Json& from, const FieldPlan& plan, Data data_section,
                                const Place& place) {
  auto text =
      from.is_string() ? std::string_view(from.get_ref<const std::string&>()) : std::string_view();
  switch (plan.value.kind) {
    case FieldKind::kBool:
      if (!from.is_boolean()) return wrong_type(from, place, "true or false");
      if (from.get<bool>())
        data_section[plan.offset / 8] |= static_cast<kj::byte>(1U << (plan.offset % 8));
      return true;
    case FieldKind::kInt8:
      return integer<std::int8_t>(from, plan, data_section, place);
    case FieldKind::kInt16:
      return integer<std::int16_t>(from, plan, data_section, place);
    case FieldKind::kInt32:
      return integer<std::int32_t>(from, plan, data_section, place);
    case FieldKind::kInt64:
      return integer<std::int64_t>(from, plan, data_section, place);
    case FieldKind::kUInt8:
      return integer<std::uint8_t>(from, plan, data_section, place);
    case FieldKind::kUInt16:
      return integer<std::uint16_t>(from, plan, data_section, place);
    case FieldKind::kUInt32:
      return integer<std::uint32_t>(from, plan, data_section, place);
    case FieldKind::kUInt64:
      return integer<std::uint64_t>(from, plan, data_section, place);
    case FieldKind::kEnum:
      return enumerant(from, plan, data_section, place);
    case FieldKind::kDate:
      if (!from.is_string()) return wrong_type(from, place, "a date, YYYY-MM-DD");
      if (auto date = parse_date(text)) return put(data_section, plan.offset, date->days), true;
      return fail("bad_date", place, "there is no such date", "a date, YYYY-MM-DD");
    case FieldKind::kTimestamp:
      if (!from.is_string()) return wrong_type(from, place, "a time of RFC 3339");
      if (auto time = parse_time(text)) return put(data_section, plan.offset, time->micros), true;
      return fail("bad_time", place, "there is no such time",
                  "a time of RFC 3339, at most six decimals");
    case FieldKind::kCurrency:
      if (!from.is_string()) return wrong_type(from, place, "a code of ISO 4217");
      if (auto currency = parse_currency(text))
        return put(data_section, plan.offset, currency->packed()), true;
      return fail("bad_currency", place, "that is no currency",
                  "a code of ISO 4217, three capital letters");
    default:
      return fail("type", place, "this field carries nothing", "null");
  }
}

bool StructReader::enumerant(const Json& from, const FieldPlan& plan, Data data_section,
                             const Place& place) {
  auto& names = *plan.value.names;
  auto text =
      from.is_string() ? std::string_view(from.get_ref<const std::string&>()) : std::string_view();
  NearestName nearest(text);
  std::string all;
  for (std::size_t i = 1; from.is_string() && i < names.size(); ++i)
    if (names[i] == text)
      return put(data_section, plan.offset, static_cast<std::uint16_t>(i)), true;
  for (std::size_t i = 1; i < names.size(); ++i) {
    all += (i == 1 ? "one of " : ", ") + names[i];
    nearest.offer(names[i]);
  }
  if (!from.is_string()) return wrong_type(from, place, all);
  return fail("unknown_value", place, "that is none of the values", all, nearest.hint());
}

bool StructReader::pointer(const Json& from, const FieldPlan& plan, capnp::AnyPointer::Builder to,
                           const Place& place) {
  switch (plan.value.kind) {
    case FieldKind::kText:
      return text(from, plan, to, place);
    case FieldKind::kData:
      return data(from, plan, to, place);
    case FieldKind::kEventId:
      return event_id(from, plan, to, place);
    case FieldKind::kList:
      return list(from, plan, to, place);
    default:
      return read(from, *plan.value.type,
                  to.initAsAnyStruct(plan.value.type->data_words, plan.value.type->pointers),
                  place);
  }
}

bool StructReader::text(const Json& from, const FieldPlan& plan, capnp::AnyPointer::Builder to,
                        const Place& place) {
  if (!from.is_string()) return wrong_type(from, place, "a text");
  auto& value = from.get_ref<const std::string&>();
  if (plan.max_length != 0 && value.size() > plan.max_length)
    return fail("too_long", place, "the text has " + std::to_string(value.size()) + " bytes",
                "at most " + std::to_string(plan.max_length) + " bytes of UTF-8");
  if (!is_utf8(value))
    return fail("bad_utf8", place, "the text is no UTF-8", "UTF-8 without lone surrogates");
  if (plan.identifier && has_control_character(value))
    return fail("control_character", place, "an identifier has a control character",
                "an identifier");
  to.setAs<capnp::Text>(capnp::Text::Reader(value.c_str(), value.size()));
  return true;
}

bool StructReader::data(const Json& from, const FieldPlan& plan, capnp::AnyPointer::Builder to,
                        const Place& place) {
  if (!from.is_string()) return wrong_type(from, place, "bytes in base64");
  auto bytes = parse_base64(from.get_ref<const std::string&>());
  if (!bytes)
    return fail("bad_base64", place, "the text is no base64", "bytes in base64, with padding");
  if (plan.max_length != 0 && bytes->size() > plan.max_length)
    return fail("too_long", place, "there are " + std::to_string(bytes->size()) + " bytes",
                "at most " + std::to_string(plan.max_length) + " bytes");
  to.setAs<capnp::Data>({reinterpret_cast<const kj::byte*>(bytes->data()), bytes->size()});
  return true;
}

bool StructReader::event_id(const Json& from, const FieldPlan& plan, capnp::AnyPointer::Builder to,
                            const Place& place) {
  if (!from.is_string()) return wrong_type(from, place, "an event's id, uuid.n");
  EventId id{};
  if (!parse(std::string_view(from.get_ref<const std::string&>()), id))
    return fail("bad_event_id", place, "that is no event's id", "an event's id, uuid.n");
  id.write(to.initAsAnyStruct(plan.value.type->data_words, plan.value.type->pointers)
               .as<wire::EventId>());
  return true;
}

bool StructReader::list(const Json& from, const FieldPlan& plan, capnp::AnyPointer::Builder to,
                        const Place& place) {
  if (!from.is_array()) return wrong_type(from, place, "an array");
  if (plan.max_length != 0 && from.size() > plan.max_length)
    return fail("too_long", place, "the array has " + std::to_string(from.size()) + " elements",
                "at most " + std::to_string(plan.max_length) + " elements");
  auto count = static_cast<unsigned>(from.size());
  if (plan.element.kind == FieldKind::kStruct) {
    auto& type = *plan.element.type;
    auto items = to.initAsListOfAnyStruct(type.data_words, type.pointers, count);
    for (unsigned i = 0; i < count; ++i)
      if (!read(from[i], type, items[i], Place{&place, {}, i})) return false;
    return true;
  }
  RAPPORT_ASSERT(plan.element.kind == FieldKind::kText);  // no schema has lists of anything else
  auto items = to.initAs<capnp::List<capnp::Text>>(count);
  for (unsigned i = 0; i < count; ++i) {
    if (!from[i].is_string()) return wrong_type(from[i], Place{&place, {}, i}, "a text");
    auto& value = from[i].get_ref<const std::string&>();
    if (!is_utf8(value))
      return fail("bad_utf8", Place{&place, {}, i}, "the text is no UTF-8", "UTF-8");
    items.set(i, capnp::Text::Reader(value.c_str(), value.size()));
  }
  return true;
}

// One segment, whatever the builder needed: readers of a command never meet two.
kj::Array<capnp::word> one_segment(capnp::MessageBuilder& message) {
  if (message.getSegmentsForOutput().size() == 1) return capnp::messageToFlatArray(message);
  std::size_t words = 1;
  for (auto segment : message.getSegmentsForOutput()) words += segment.size();
  capnp::MallocMessageBuilder whole(static_cast<unsigned>(words),
                                    capnp::AllocationStrategy::FIXED_SIZE);
  whole.setRoot(message.getRoot<capnp::AnyPointer>().asReader());
  return capnp::messageToFlatArray(whole);
}

struct CommandPlan {
  const UnionPlan* all;
  const MemberPlan* member;
};
Result<CommandPlan> find_command(std::string_view aggregate, std::string_view command) {
  auto* found = find_aggregate(aggregate);
  if (found == nullptr) {
    NearestName nearest(aggregate);
    for (auto& a : aggregate_plans()) nearest.offer(a.name);
    return Error{ErrorCode::kNotFound,
                 "command.unknown_aggregate",
                 "there is no aggregate " + std::string(aggregate),
                 "",
                 "",
                 nearest.hint()};
  }
  auto* member = found->commands.find(command);
  if (member == nullptr) {
    NearestName nearest(command);
    for (auto& m : found->commands.members) nearest.offer(m.name);
    return Error{ErrorCode::kNotFound,
                 "command.unknown_command",
                 found->name + " has no command " + std::string(command),
                 "",
                 "",
                 nearest.hint()};
  }
  return CommandPlan{&found->commands, member};
}

Result<kj::Array<capnp::word>> build(const CommandPlan& plan, const Json& fields) {
  capnp::word scratch[512] = {};
  capnp::MallocMessageBuilder message(kj::arrayPtr(scratch, 512));
  auto root = message.getRoot<capnp::AnyPointer>().initAsAnyStruct(plan.all->data_words,
                                                                   plan.all->pointers);
  put(root.getDataSection(), plan.all->union_offset, plan.member->ordinal);
  auto& type = *plan.member->plan;
  auto to = root.getPointerSection()[plan.member->pointer_offset].initAsAnyStruct(type.data_words,
                                                                                  type.pointers);
  StructReader reader;
  if (!reader.read(fields, type, to, Place{})) return std::move(reader.error());
  return one_segment(message);
}

}  // namespace

Result<kj::Array<capnp::word>> read_command(std::string_view aggregate, std::string_view command,
                                            std::string_view text, const JsonLimits& limits) {
  auto plan = find_command(aggregate, command);
  if (!plan) return std::move(plan).error();
  if (text.empty()) return build(*plan, Json::object());
  auto fields = parse_json(text, limits);
  if (!fields) return std::move(fields).error();
  return build(*plan, *fields);
}

Result<kj::Array<capnp::word>> build_command(std::string_view aggregate, std::string_view command,
                                             const Json& fields) {
  auto plan = find_command(aggregate, command);
  if (!plan) return std::move(plan).error();
  return build(*plan, fields);
}

Result<void> read_struct(const Json& from, const StructPlan& plan, capnp::AnyStruct::Builder to) {
  StructReader reader;
  if (!reader.read(from, plan, to, Place{})) return std::move(reader.error());
  return {};
}

Result<void> read_struct(const Json& from, capnp::DynamicStruct::Builder to) {
  return read_struct(from, plan_of(to.getSchema()), to);
}

}  // namespace rapport
