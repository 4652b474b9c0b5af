#include "adapters/import/mapping/value.h"

#include "adapters/json/text_forms.h"

namespace rapport::import {

namespace {

// A number with a fixed count of decimals: 2550, 3 → 2.550; with `trim` 2.55.
void append_decimal(std::int64_t number, int scale, bool trim, std::string& out) {
  bool negative = number < 0;
  auto digits = std::to_string(negative ? std::uint64_t{0} - static_cast<std::uint64_t>(number)
                                        : static_cast<std::uint64_t>(number));
  auto decimals = static_cast<std::size_t>(scale);
  if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
  std::string fraction = digits.substr(digits.size() - decimals);
  digits.resize(digits.size() - decimals);
  while (trim && fraction.ends_with('0')) fraction.pop_back();
  if (negative) out += '-';
  out += digits;
  if (!fraction.empty()) out += '.' + fraction;
}

}  // namespace

void append_text(const Value& value, std::string& out) {
  switch (value.kind) {
    case Value::Kind::kMissing:
      return;
    case Value::Kind::kText:
      out += value.text;
      return;
    case Value::Kind::kBoolean:
      out += value.number ? "true" : "false";
      return;
    case Value::Kind::kInteger:
      out += std::to_string(value.number);
      return;
    case Value::Kind::kQuantity:
      append_decimal(value.number, 3, true, out);
      return;
    case Value::Kind::kMoney:
      append_decimal(value.number, minor_digits(value.currency), false, out);
      return;
    case Value::Kind::kPrice:
      append_decimal(value.number, value.scale, false, out);
      return;
    case Value::Kind::kBp:
      append_decimal(value.number, 2, true, out);
      return;
    case Value::Kind::kDate:
      out += to_text(Date{value.days});
      return;
    case Value::Kind::kTime:
      out += to_text(Timestamp{value.number});
      return;
  }
}

std::string text_of(const Value& value) {
  std::string out;
  append_text(value, out);
  return out;
}

void append_canonical(std::string_view text, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_canonical(const Value& value, std::string& out) {
  switch (value.kind) {
    case Value::Kind::kMissing:
      out += "null";
      return;
    case Value::Kind::kText:
      append_canonical(std::string_view(value.text), out);
      return;
    case Value::Kind::kDate:
    case Value::Kind::kTime:
      out += '"';
      append_text(value, out);
      out += '"';
      return;
    default:
      append_text(value, out);
  }
}

void append_sortable(const Value& value, std::string& out) {
  if (value.missing()) {
    out += '\0';
    return;
  }
  if (value.kind == Value::Kind::kText) {
    // A zero byte inside is escaped, so that the end sorts before everything else.
    out += '\2';
    for (char c : value.text) {
      out += c;
      if (c == '\0') out += '\xff';
    }
    out.append("\0\0", 2);
    return;
  }
  out += '\1';
  auto biased = static_cast<std::uint64_t>(value.number) ^ (std::uint64_t{1} << 63);
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(biased >> shift);
}

}  // namespace rapport::import
