#include "adapters/import/mapping/datatype.h"

#include <array>
#include <limits>

namespace rapport::import {

namespace {

using Base = Datatype::Base;
constexpr std::array<std::pair<std::string_view, Base>, 9> kBases = {
    {{"string", Base::kString},
     {"boolean", Base::kBoolean},
     {"integer", Base::kInteger},
     {"quantity", Base::kQuantity},
     {"money", Base::kMoney},
     {"price", Base::kPrice},
     {"bp", Base::kBp},
     {"date", Base::kDate},
     {"datetime", Base::kDatetime}}};

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

struct Decimal {
  std::int64_t digits = 0;  // with `scale` decimals
  int scale = 0;
};

enum class DecimalFault : std::uint8_t { kNone, kMalformed, kTooLarge };

// [+-]digits[.digits], no exponent. Group characters only between digits of the whole part.
DecimalFault read_decimal(std::string_view text, const Datatype& type, Decimal& to) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  bool fraction = false, any = false;
  std::uint64_t digits = 0;
  int scale = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == type.decimal_char && !fraction && any) {
      fraction = true;
      if (i + 1 == text.size()) return DecimalFault::kMalformed;
      continue;
    }
    if (type.group_char && c == type.group_char && any && !fraction && i + 1 < text.size())
      continue;
    if (c < '0' || c > '9') return DecimalFault::kMalformed;
    any = true;
    if (digits > (std::uint64_t(std::numeric_limits<std::int64_t>::max()) - 9) / 10)
      return DecimalFault::kTooLarge;
    digits = digits * 10 + static_cast<std::uint64_t>(c - '0');
    scale += fraction;
  }
  if (!any) return DecimalFault::kMalformed;
  auto number = static_cast<std::int64_t>(digits);
  to = {negative ? -number : number, scale};
  return DecimalFault::kNone;
}

enum class Scaled : std::uint8_t { kYes, kTooManyDecimals, kTooLarge };
// Brings a decimal to a scale; zeros behind the point may go, nothing else.
Scaled bring_to(Decimal& decimal, int scale) {
  for (; decimal.scale > scale; --decimal.scale) {
    if (decimal.digits % 10) return Scaled::kTooManyDecimals;
    decimal.digits /= 10;
  }
  for (; decimal.scale < scale; ++decimal.scale)
    if (__builtin_mul_overflow(decimal.digits, std::int64_t{10}, &decimal.digits))
      return Scaled::kTooLarge;
  return Scaled::kYes;
}

struct NumberForm {
  Value::Kind kind;
  int scale;
  std::string_view too_many;  // code for too many decimals
};

NumberForm form_of(const Datatype& type) {
  switch (type.base) {
    case Base::kQuantity:
      return {Value::Kind::kQuantity, 3, "quantity.too_many_decimals"};
    case Base::kMoney:
      return {Value::Kind::kMoney, minor_digits(type.currency), "money.too_many_decimals"};
    case Base::kBp:
      return {Value::Kind::kBp, type.percent ? 2 : 4, "bp.too_many_decimals"};
    default:
      return {Value::Kind::kInteger, 0, "number.malformed"};
  }
}

ValueFault read_number(std::string_view text, const Datatype& type, Value& to) {
  Decimal decimal;
  switch (read_decimal(text, type, decimal)) {
    case DecimalFault::kMalformed:
      return {"number.malformed", quoted(text) + " is no number"};
    case DecimalFault::kTooLarge:
      return {"number.too_large", quoted(text) + " is too large"};
    case DecimalFault::kNone:
      break;
  }
  if (type.base == Base::kPrice) {
    while (decimal.scale > UnitPrice::kScaleMax && decimal.digits % 10 == 0)
      decimal = {decimal.digits / 10, decimal.scale - 1};
    if (decimal.scale > UnitPrice::kScaleMax)
      return {"price.too_many_decimals", quoted(text) + " has more than 9 decimals"};
    to.set(Value::Kind::kPrice, decimal.digits);
    to.scale = static_cast<std::uint8_t>(decimal.scale);
    to.currency = type.currency;
    return {};
  }
  auto form = form_of(type);
  switch (bring_to(decimal, form.scale)) {
    case Scaled::kTooLarge:
      return {"number.too_large", quoted(text) + " is too large"};
    case Scaled::kTooManyDecimals:
      if (type.base == Base::kInteger) return {form.too_many, quoted(text) + " is no whole number"};
      return {form.too_many,
              quoted(text) + " has more than " + std::to_string(form.scale) + " decimals"};
    case Scaled::kYes:
      break;
  }
  to.set(form.kind, decimal.digits);
  to.currency = type.currency;
  return {};
}

ValueFault read_time(std::string_view text, const Datatype& type, TimeZone& zone, Value& to) {
  switch (type.pattern.read(text, type.base == Base::kDate, zone, to)) {
    case TimePattern::Fault::kNone:
      return {};
    case TimePattern::Fault::kNotInZone:
      return {"time.not_in_zone",
              quoted(text) + " does not exist in the time zone: a clock change skipped it"};
    case TimePattern::Fault::kMalformed:
      break;
  }
  return {"time.malformed", quoted(text) + " is no " + type.pattern.text()};
}

}  // namespace

std::optional<Base> Datatype::base_named(std::string_view name) {
  for (const auto& [known, base] : kBases)
    if (known == name) return base;
  return std::nullopt;
}

Value::Kind Datatype::kind() const {
  switch (base) {
    case Base::kString:
      return Value::Kind::kText;
    case Base::kBoolean:
      return Value::Kind::kBoolean;
    case Base::kPrice:
      return Value::Kind::kPrice;
    case Base::kDate:
      return Value::Kind::kDate;
    case Base::kDatetime:
      return Value::Kind::kTime;
    default:
      return form_of(*this).kind;
  }
}

ValueFault read_value(std::string_view text, const Datatype& type, TimeZone& zone, Value& to) {
  switch (type.base) {
    case Base::kString:
      to.set_text(text);
      return {};
    case Base::kBoolean:
      if (text != type.yes && text != type.no) {
        return {"boolean.malformed",
                quoted(text) + " is neither " + quoted(type.yes) + " nor " + quoted(type.no)};
      }
      to.set(Value::Kind::kBoolean, text == type.yes);
      return {};
    case Base::kDate:
    case Base::kDatetime:
      return read_time(text, type, zone, to);
    default:
      return read_number(text, type, to);
  }
}

}  // namespace rapport::import
