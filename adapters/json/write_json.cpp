#include "adapters/json/write_json.h"

#include <capnp/serialize.h>
#include <kj/debug.h>
#include <kj/exception.h>

#include <array>
#include <charconv>
#include <cstring>

#include "adapters/json/field_plan.h"
#include "adapters/json/text_forms.h"
#include "domain/reading.h"
#include "eventstore/subject_keys.h"

namespace rapport {
namespace {

using Bytes = kj::ArrayPtr<const kj::byte>;

// Bytes of a text that JSON writes as they are, without a look at their neighbours.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

void append_escape(char c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      constexpr char kHex[] = "0123456789abcdef";
      out += "\\u00";
      out += kHex[(static_cast<unsigned char>(c) >> 4) & 0xF];
      out += kHex[static_cast<unsigned char>(c) & 0xF];
  }
}

// A scalar at `offset` in units of its own size. What lies past an older message's end is zero.
template <class T>
T scalar(Bytes data, std::uint32_t offset) {
  T value{};
  auto at = std::size_t{offset} * sizeof(T);
  if (at + sizeof(T) <= data.size())
    std::memcpy(&value, data.begin() + at, sizeof(T));  // little-endian hosts only
  return value;
}
bool bit(Bytes data, std::uint32_t offset) {
  return offset / 8 < data.size() && (data[offset / 8] >> (offset % 8) & 1) != 0;
}

template <class Int>
void append_number(Int value, std::string& out) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void append_quoted(std::string_view plain, std::string& out) {
  if (plain.empty()) {
    out += "null";
    return;
  }
  out += '"';
  out += plain;
  out += '"';
}

std::string_view view(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

// Writes one struct and what it holds. Stops at the first sealed text that cannot be read, and says
// so at the end.
class Writer {
 public:
  Writer(PersonalTexts texts, std::string& out, ErasedTexts* erased)
      : texts_(texts), out_(out), erased_(erased) {}
  void write(const StructPlan& plan, capnp::AnyStruct::Reader from);
  void write_member(const UnionPlan& plan, capnp::AnyStruct::Reader from);
  bool personal(std::string_view text);  // whether it was erased
  Result<void> take() && { return std::move(result_); }

 private:
  void field(const FieldPlan& plan, Bytes data, capnp::List<capnp::AnyPointer>::Reader pointers);
  void inline_value(const FieldPlan& plan, Bytes data);
  void pointer(const FieldPlan& plan, capnp::AnyPointer::Reader from);
  void list(const ValuePlan& element, capnp::AnyPointer::Reader from);
  void event_id(capnp::AnyStruct::Reader from);

  // Calls f with the way to a part of the value prolonged by the part's name.
  void below(std::string_view part, auto&& f) {
    auto length = path_.size();
    path_.append("/").append(part);
    f();
    path_.resize(length);
  }

  PersonalTexts texts_;
  std::string& out_;
  ErasedTexts* const erased_;
  std::string path_;  // to the value being written
  Result<void> result_;
};

void Writer::write(const StructPlan& plan, capnp::AnyStruct::Reader from) {
  auto data = from.getDataSection();
  auto pointers = from.getPointerSection();
  out_ += '{';
  bool first = true;
  for (auto& f : plan.fields) {
    if (!first) out_ += ',';
    first = false;
    out_ += f.key;
    if (f.value.kind < FieldKind::kText) field(f, data, pointers);
    else below(f.name, [&] { field(f, data, pointers); });
  }
  out_ += '}';
}

void Writer::write_member(const UnionPlan& plan, capnp::AnyStruct::Reader from) {
  auto* member = plan.at(scalar<std::uint16_t>(from.getDataSection(), plan.union_offset));
  auto pointers = from.getPointerSection();
  if (member == nullptr || member->pointer_offset >= pointers.size()) {
    out_ += "{}";
    return;
  }
  write(*member->plan, pointers[member->pointer_offset].getAs<capnp::AnyStruct>());
}

void Writer::field(const FieldPlan& plan, Bytes data,
                   capnp::List<capnp::AnyPointer>::Reader pointers) {
  if (plan.presence == Presence::kGroup &&
      scalar<std::uint16_t>(data, plan.union_offset) != plan.value_ordinal) {
    out_ += "null";
    return;
  }
  if (plan.value.kind < FieldKind::kText) return inline_value(plan, data);
  if (plan.offset >= pointers.size() || pointers[plan.offset].isNull()) {
    // A required pointer that is null is an empty value: that is how Cap'n Proto stores one.
    if (plan.presence == Presence::kRequired && plan.value.kind == FieldKind::kList)
      out_ += "[]";
    else if (plan.presence == Presence::kRequired && plan.value.kind == FieldKind::kText)
      out_ += "\"\"";
    else
      out_ += "null";
    return;
  }
  pointer(plan, pointers[plan.offset]);
}

void Writer::inline_value(const FieldPlan& plan, Bytes data) {
  auto at = plan.offset;
  switch (plan.value.kind) {
    case FieldKind::kBool:
      out_ += bit(data, at) ? "true" : "false";
      return;
    case FieldKind::kInt8:
      return append_number(scalar<std::int8_t>(data, at), out_);
    case FieldKind::kInt16:
      return append_number(scalar<std::int16_t>(data, at), out_);
    case FieldKind::kInt32:
      return append_number(scalar<std::int32_t>(data, at), out_);
    case FieldKind::kInt64:
      return append_number(scalar<std::int64_t>(data, at), out_);
    case FieldKind::kUInt8:
      return append_number(scalar<std::uint8_t>(data, at), out_);
    case FieldKind::kUInt16:
      return append_number(scalar<std::uint16_t>(data, at), out_);
    case FieldKind::kUInt32:
      return append_number(scalar<std::uint32_t>(data, at), out_);
    case FieldKind::kUInt64:
      return append_number(scalar<std::uint64_t>(data, at), out_);
    case FieldKind::kDate:
      return append_date(Date{scalar<std::int32_t>(data, at)}, out_);
    case FieldKind::kTimestamp:
      return append_time(Timestamp{scalar<std::int64_t>(data, at)}, out_);
    case FieldKind::kCurrency: {
      Currency currency(scalar<std::uint32_t>(data, at));
      return append_quoted(currency.well_formed() ? currency.view() : std::string_view(), out_);
    }
    case FieldKind::kEnum: {
      auto ordinal = scalar<std::uint16_t>(data, at);
      bool known = ordinal != 0 && ordinal < plan.value.names->size();
      return append_quoted(
          known ? std::string_view((*plan.value.names)[ordinal]) : std::string_view(), out_);
    }
    default:
      out_ += "null";
      return;
  }
}

void Writer::pointer(const FieldPlan& plan, capnp::AnyPointer::Reader from) {
  switch (plan.value.kind) {
    case FieldKind::kText:
      if (plan.personal) {
        if (personal(view(from.getAs<capnp::Text>())) && erased_) erased_->push_back(path_);
        return;
      }
      return append_text(view(from.getAs<capnp::Text>()), out_);
    case FieldKind::kData: {
      auto bytes = from.getAs<capnp::Data>();
      out_ += '"';
      append_base64({bytes.begin(), bytes.size()}, out_);
      out_ += '"';
      return;
    }
    case FieldKind::kEventId:
      return event_id(from.getAs<capnp::AnyStruct>());
    case FieldKind::kStruct:
      return write(*plan.value.type, from.getAs<capnp::AnyStruct>());
    default:
      return list(plan.element, from);
  }
}

void Writer::list(const ValuePlan& element, capnp::AnyPointer::Reader from) {
  out_ += '[';
  auto separated = [&, first = true](auto&& write_one) mutable {
    if (!first) out_ += ',';
    first = false;
    write_one();
  };
  if (element.kind == FieldKind::kStruct) {
    auto items = from.getAs<capnp::AnyList>();
    KJ_REQUIRE(items.getElementSize() == capnp::ElementSize::INLINE_COMPOSITE,
               "a list of structs is something else");
    std::size_t index = 0;
    for (auto item : items.as<capnp::List<capnp::AnyStruct>>())
      separated([&] {
        below(std::to_string(index++), [&] { write(*element.type, item); });
      });
  } else {
    RAPPORT_ASSERT(element.kind == FieldKind::kText);  // no schema has lists of anything else
    for (auto item : from.getAs<capnp::List<capnp::Text>>())
      separated([&] { append_text(view(item), out_); });
  }
  out_ += ']';
}

void Writer::event_id(capnp::AnyStruct::Reader from) {
  auto id = EventId::read(from.as<wire::EventId>());
  append_quoted(to_text(id), out_);
}

bool Writer::personal(std::string_view text) {
  if (texts_.are_masked()) {
    out_ += "\"***\"";
    return false;
  }
  auto key = sealing_key(text);
  if (texts_.are_plain() || key == 0) {
    append_text(text, out_);
    return false;
  }
  if (texts_.opener() != nullptr && texts_.opener()->erased(key)) {
    out_ += "null";
    return true;
  }
  if (texts_.stay_sealed()) {
    out_ += "{\"sealed\":\"";
    append_base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, out_);
    out_ += "\"}";
    return false;
  }
  auto opened = texts_.opener()->open(text);
  if (!opened) {
    if (result_) result_ = std::move(opened).error();
    return false;
  }
  if (*opened)
    append_text(**opened, out_);
  else
    out_ += "null";
  return false;
}

// Cap'n Proto finds damage only where it is read, and throws.
template <class Body>
Result<void> guarded(Body&& body) {
  try {
    return body();
  } catch (const kj::Exception& e) {
    return Error{ErrorCode::kCorrupt, "store.damaged_message",
                 "a stored message cannot be read: " + std::string(e.getDescription().cStr())};
  }
}

}  // namespace

Result<void> append_struct(const StructPlan& plan, capnp::AnyStruct::Reader from,
                           PersonalTexts personal, std::string& out) {
  return guarded([&] {
    Writer writer(personal, out, nullptr);
    writer.write(plan, from);
    return std::move(writer).take();
  });
}

Result<void> append_member(const UnionPlan& plan, capnp::AnyStruct::Reader from,
                           PersonalTexts personal, std::string& out, ErasedTexts* erased) {
  return guarded([&] {
    Writer writer(personal, out, erased);
    writer.write_member(plan, from);
    return std::move(writer).take();
  });
}

Result<void> append_member(const UnionPlan& plan, Words message, PersonalTexts personal,
                           std::string& out, ErasedTexts* erased) {
  return guarded([&] {
    capnp::FlatArrayMessageReader reader(message, reading_limits(message));
    return append_member(plan, reader.getRoot<capnp::AnyPointer>().getAs<capnp::AnyStruct>(),
                         personal, out, erased);
  });
}

Result<bool> append_personal(std::string_view text, PersonalTexts personal, std::string& out) {
  Writer writer(personal, out, nullptr);
  auto erased = writer.personal(text);
  auto done = std::move(writer).take();
  return done ? Result<bool>(erased) : Result<bool>(std::move(done).error());
}

void append_text(std::string_view text, std::string& out) {
  out += '"';
  std::size_t done = 0;  // everything before is written
  for (std::size_t at = 0; at < text.size();) {
    auto c = static_cast<std::uint8_t>(text[at]);
    if (kPlain[c]) {
      ++at;
      continue;
    }
    if (auto length = c < 0x80 ? 0 : utf8_sequence(text.substr(at)); length != 0) {
      at += length;
      continue;
    }
    out.append(text, done, at - done);
    if (c < 0x80)
      append_escape(text[at], out);
    else
      out += "\xEF\xBF\xBD";  // U+FFFD
    done = ++at;
  }
  out.append(text, done);
  out += '"';
}

void append_integer(std::int64_t value, std::string& out) { append_number(value, out); }
void append_integer(std::uint64_t value, std::string& out) { append_number(value, out); }
void append_date(Date date, std::string& out) { append_quoted(to_text(date), out); }
void append_time(Timestamp time, std::string& out) { append_quoted(to_text(time), out); }

}  // namespace rapport
