// Date and time patterns of Unicode's UTS 35, as far as exports use them: y M d H h m s S a, time
// zones X x Z z, quoted text.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/import/mapping/time_zone.h"
#include "adapters/import/mapping/value.h"
#include "domain/result.h"

namespace rapport::import {

class TimePattern final {
 public:
  // Errors: kInvalid with what the pattern lacks or what is not supported in it.
  static Result<TimePattern> parse(std::string_view pattern);
  // ISO 8601: a date, or a date and a time with 'T' or a blank between them, seconds and a zone if
  // there are any.
  static TimePattern iso();

  enum class Fault : std::uint8_t { kNone, kMalformed, kNotInZone };
  // Sets `to` to a date or a time, or leaves it. Precision follows from the pattern, of ISO texts
  // from what is there. A wall time without a zone of its own is one of `zone`.
  Fault read(std::string_view text, bool as_date, TimeZone& zone, Value& to) const;

  const std::string& text() const { return text_; }

 private:
  struct Part {
    char symbol = 0;  // 0 = literal
    int count = 0;
    std::string literal = {};
    bool next_to_digits =
        false;  // the part behind is a number, too: exactly `count` digits are taken
  };
  struct Clock;
  static bool read_part(const Part& part, std::string_view& text, Clock& clock);
  static Fault finish(const Clock& clock, bool as_date, TimeZone& zone, Value& to);
  static bool read_iso(std::string_view text, Clock& clock);
  bool has(char symbol) const;

  std::string text_;
  std::vector<Part> parts_;
};

}  // namespace rapport::import
