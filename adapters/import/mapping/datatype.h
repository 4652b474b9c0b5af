// How a column's text is read: CSVW's datatypes as far as the catalogue has a use for them, plus
// money, price and bp.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "adapters/import/mapping/time_pattern.h"
#include "adapters/import/mapping/value.h"

namespace rapport::import {

struct Datatype {
  enum class Base : std::uint8_t {
    kString,
    kBoolean,
    kInteger,
    kQuantity,
    kMoney,
    kPrice,
    kBp,
    kDate,
    kDatetime
  };
  Base base = Base::kString;
  std::string yes = "true", no = "false";  // kBoolean
  Currency currency = {};                  // kMoney, kPrice
  bool percent = true;                     // kBp: 12.5 means 12.5 %, else 0.125 does
  char decimal_char = '.';
  char group_char = 0;  // 0 = none
  TimePattern pattern = TimePattern::iso();

  static std::optional<Base> base_named(std::string_view name);
  // The kind of value that it reads.
  Value::Kind kind() const;
  bool timed() const { return base == Base::kDate || base == Base::kDatetime; }
};

// Why a text is no value of a datatype; an empty code: it is one.
struct ValueFault {
  std::string_view code = {};
  std::string message = {};
  explicit operator bool() const { return !code.empty(); }
};

// Reads `text` into `to`. Never rounds: more decimals than the type holds are a fault.
ValueFault read_value(std::string_view text, const Datatype& datatype, TimeZone& zone, Value& to);

}  // namespace rapport::import
