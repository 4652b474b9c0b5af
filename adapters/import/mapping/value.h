// One value of a row after it was read: typed, or missing.
#pragma once
#include <cstdint>
#include <string>

#include "domain/values.h"

namespace rapport::import {

// How exactly a time is known.
enum class TimePrecision : std::uint8_t { kInstant, kMinute, kDate };

struct Value {
  enum class Kind : std::uint8_t {
    kMissing,
    kText,
    kBoolean,
    kInteger,
    kQuantity,
    kMoney,
    kPrice,
    kBp,
    kDate,
    kTime
  };
  Kind kind = Kind::kMissing;
  TimePrecision precision = TimePrecision::kInstant;  // kDate, kTime
  std::uint8_t scale = 0;                             // kPrice: decimals
  Currency currency = {};                             // kMoney, kPrice
  // kBoolean 0 or 1; kQuantity thousandths; kMoney minor units; kPrice by `scale`; kBp hundredths
  // of a percent; kDate and kTime: microseconds since 1970 UTC, of a date: of its first instant in
  // the source's time zone.
  std::int64_t number = 0;
  std::int32_t days = 0;  // kDate: since 1970; kTime: its day in the source's time zone
  std::string text = {};  // kText

  bool missing() const { return kind == Kind::kMissing; }
  void clear() {
    kind = Kind::kMissing;
    text.clear();
  }
  void set_text(std::string_view t) {
    kind = Kind::kText;
    text.assign(t);
  }
  void set(Kind k, std::int64_t n) {
    kind = k;
    number = n;
    text.clear();
  }
  bool operator==(const Value&) const = default;
};

// The value as text, the same for equal values: 1.5, 2016-03-01, 2016-03-01T10:00:00Z, true.
// Nothing for a missing one.
void append_text(const Value& value, std::string& out);
std::string text_of(const Value& value);
// Likewise, as JSON: numbers and booleans bare, texts quoted, missing as null. For ids: never
// changes.
void append_canonical(const Value& value, std::string& out);
// Bytes that sort as the values do: missing first, numbers by size, texts by their bytes.
void append_sortable(const Value& value, std::string& out);

// Text as a JSON string, with only the escapes that JSON must have. For ids: never changes.
void append_canonical(std::string_view text, std::string& out);

}  // namespace rapport::import
