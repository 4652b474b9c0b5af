#include "adapters/import/engine/command_writer.h"

#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize.h>

#include <cstring>
#include <utility>

namespace rapport::import {

namespace {

using Kind = Value::Kind;
constexpr std::size_t kSegmentWords = 1u << 12;

template <class T>
void put(capnp::AnyStruct::Builder to, std::uint32_t offset, T value) {
  auto data = to.getDataSection();
  RAPPORT_ASSERT((std::size_t{offset} + 1) * sizeof(T) <= data.size());
  std::memcpy(data.begin() + std::size_t{offset} * sizeof(T), &value,
              sizeof(T));  // little-endian hosts only
}

template <class T>
bool put_if_it_fits(capnp::AnyStruct::Builder to, std::uint32_t offset, std::int64_t number) {
  if (!std::in_range<T>(number)) return false;
  put(to, offset, static_cast<T>(number));
  return true;
}

void set_text(capnp::AnyPointer::Builder to, const std::string& text) {
  to.setAs<capnp::Text>(capnp::Text::Reader(text.c_str(), text.size()));
}

RowFault fault(const FieldWriter& writer, std::string code, std::string message) {
  return {writer.field->name, std::move(code), std::move(message), writer.place};
}

// One segment, whatever the builder needed: readers of a command never meet two.
kj::Array<capnp::word> one_segment(capnp::MessageBuilder& message) {
  auto segments = message.getSegmentsForOutput();
  if (segments.size() == 1) return capnp::messageToFlatArray(message);
  std::size_t words = 1;
  for (auto segment : segments) words += segment.size();
  capnp::MallocMessageBuilder whole(static_cast<unsigned>(words),
                                    capnp::AllocationStrategy::FIXED_SIZE);
  whole.setRoot(message.getRoot<capnp::AnyPointer>().asReader());
  return capnp::messageToFlatArray(whole);
}

}  // namespace

std::optional<RowFault> CommandWriter::write(const CommandStep& step, std::span<const Row> rows,
                                             const Row* current, const Row* before, bool& empty) {
  if (segment_.size() == 0) {
    segment_ = kj::heapArray<capnp::word>(kSegmentWords);
    std::memset(segment_.begin(), 0, segment_.asBytes().size());
  }
  capnp::MallocMessageBuilder message(segment_);  // takes it zeroed and leaves it zeroed
  auto root = message.getRoot<capnp::AnyPointer>().initAsAnyStruct(step.commands->data_words,
                                                                   step.commands->pointers);
  put(root, step.commands->union_offset, step.member->ordinal);
  const auto& plan = *step.member->plan;
  auto body = root.getPointerSection()[step.member->pointer_offset].initAsAnyStruct(plan.data_words,
                                                                                    plan.pointers);
  if (auto wrong = write_members(step.fields, body, rows)) return wrong;
  empty = false;
  if (step.patched) {
    if (auto wrong = write_patch(step, body, rows, *current, before, empty)) return wrong;
    if (empty) return std::nullopt;
  }
  message_ = one_segment(message);
  return std::nullopt;
}

std::optional<RowFault> CommandWriter::write_patch(const CommandStep& step,
                                                   capnp::AnyStruct::Builder to,
                                                   std::span<const Row> rows, const Row& current,
                                                   const Row* before, bool& empty) {
  const auto& plan = *step.patched->value.type;
  auto patch =
      to.getPointerSection()[step.patched->offset].initAsAnyStruct(plan.data_words, plan.pointers);
  empty = true;
  for (const auto& field : step.patch) {
    if (!changed(field.columns, current, before)) continue;
    empty = false;
    const auto& writer = field.writer;
    if (writer.form != FieldWriter::Form::kScalar ||
        !reader_.value_of(writer.operand, rows.front(), scratch_).missing()) {
      if (auto wrong = write_field(writer, patch, rows)) return wrong;
    } else if (writer.field->value.kind == FieldKind::kText) {
      set_text(patch.getPointerSection()[writer.field->offset], {});  // an empty text clears
    } else {
      return fault(writer, "patch.cannot_clear",
                   "has no value any more, and \"" + writer.field->name +
                       "\" cannot be cleared; a default in the mapping would say what it is now");
    }
  }
  return std::nullopt;
}

std::optional<RowFault> CommandWriter::write_members(const std::vector<FieldWriter>& writers,
                                                     capnp::AnyStruct::Builder to,
                                                     std::span<const Row> rows) {
  for (const auto& writer : writers)
    if (auto wrong = write_field(writer, to, rows)) return wrong;
  return std::nullopt;
}

std::optional<RowFault> CommandWriter::write_field(const FieldWriter& writer,
                                                   capnp::AnyStruct::Builder to,
                                                   std::span<const Row> rows) {
  const auto& field = *writer.field;
  switch (writer.form) {
    case FieldWriter::Form::kScalar: {
      const auto& value = reader_.value_of(writer.operand, rows.front(), scratch_);
      if (value.missing()) return std::nullopt;
      return write_scalar(writer, value, to);
    }
    case FieldWriter::Form::kObject: {
      const auto& plan = *field.value.type;
      return write_members(
          writer.members,
          to.getPointerSection()[field.offset].initAsAnyStruct(plan.data_words, plan.pointers),
          rows);
    }
    case FieldWriter::Form::kEach: {
      const auto& plan = *field.element.type;
      auto list = to.getPointerSection()[field.offset].initAsListOfAnyStruct(
          plan.data_words, plan.pointers, static_cast<unsigned>(rows.size()));
      for (unsigned i = 0; i < rows.size(); ++i)
        if (auto wrong = write_members(writer.members, list[i], rows.subspan(i, 1))) return wrong;
      return std::nullopt;
    }
    case FieldWriter::Form::kList: {
      const auto& plan = *field.element.type;
      auto list = to.getPointerSection()[field.offset].initAsListOfAnyStruct(
          plan.data_words, plan.pointers, static_cast<unsigned>(writer.elements.size()));
      for (unsigned i = 0; i < writer.elements.size(); ++i)
        if (auto wrong = write_members(writer.elements[i].members, list[i], rows)) return wrong;
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<RowFault> CommandWriter::write_integer(const FieldWriter& writer, std::int64_t number,
                                                     capnp::AnyStruct::Builder to) {
  auto offset = writer.field->offset;
  bool fits = false;
  switch (writer.field->value.kind) {
    case FieldKind::kInt8:
      fits = put_if_it_fits<std::int8_t>(to, offset, number);
      break;
    case FieldKind::kInt16:
      fits = put_if_it_fits<std::int16_t>(to, offset, number);
      break;
    case FieldKind::kInt32:
      fits = put_if_it_fits<std::int32_t>(to, offset, number);
      break;
    case FieldKind::kInt64:
      fits = put_if_it_fits<std::int64_t>(to, offset, number);
      break;
    case FieldKind::kUInt8:
      fits = put_if_it_fits<std::uint8_t>(to, offset, number);
      break;
    case FieldKind::kUInt16:
      fits = put_if_it_fits<std::uint16_t>(to, offset, number);
      break;
    case FieldKind::kUInt32:
      fits = put_if_it_fits<std::uint32_t>(to, offset, number);
      break;
    case FieldKind::kUInt64:
      fits = put_if_it_fits<std::uint64_t>(to, offset, number);
      break;
    default:
      break;
  }
  if (fits) return std::nullopt;
  return fault(writer, "number.too_large",
               std::to_string(number) + " does not fit into \"" + writer.field->name + "\"");
}

std::optional<RowFault> CommandWriter::write_scalar(const FieldWriter& writer, const Value& value,
                                                    capnp::AnyStruct::Builder to) {
  const auto& field = *writer.field;
  if (field.presence == Presence::kGroup) put(to, field.union_offset, field.value_ordinal);
  switch (field.value.kind) {
    case FieldKind::kBool:
      if (value.number)
        to.getDataSection()[field.offset / 8] |= static_cast<kj::byte>(1u << (field.offset % 8));
      return std::nullopt;
    case FieldKind::kEnum: {
      const auto& names = *field.value.names;
      for (std::size_t i = 1; i < names.size(); ++i)
        if (names[i] == value.text)
          return put(to, field.offset, static_cast<std::uint16_t>(i)), std::nullopt;
      return fault(writer, "value.unknown",
                   "\"" + value.text + "\" is none of the values of \"" + field.name + "\"");
    }
    case FieldKind::kDate:
      return put(to, field.offset, value.days), std::nullopt;
    case FieldKind::kTimestamp:
      return put(to, field.offset, value.number), std::nullopt;
    case FieldKind::kCurrency: {
      Currency currency{std::string_view(value.text)};
      if (!currency.well_formed() || value.text.size() != 3)
        return fault(writer, "currency.unknown",
                     "\"" + value.text + "\" is no currency of ISO 4217");
      return put(to, field.offset, currency.packed()), std::nullopt;
    }
    case FieldKind::kText: {
      if (value.kind == Kind::kText) {
        set_text(to.getPointerSection()[field.offset], value.text);
      } else {
        text_.clear();
        append_text(value, text_);
        set_text(to.getPointerSection()[field.offset], text_);
      }
      return std::nullopt;
    }
    case FieldKind::kStruct: {
      const auto& plan = *field.value.type;
      auto amount =
          to.getPointerSection()[field.offset].initAsAnyStruct(plan.data_words, plan.pointers);
      if (plan.name == "Money")
        Money{value.number, value.currency}.write(amount.as<wire::Money>());
      else
        UnitPrice{value.number,
                  value.kind == Kind::kMoney
                      ? static_cast<std::uint8_t>(minor_digits(value.currency))
                      : value.scale,
                  value.currency}
            .write(amount.as<wire::UnitPrice>());
      return std::nullopt;
    }
    default:
      return write_integer(writer, value.number, to);
  }
}

}  // namespace rapport::import
