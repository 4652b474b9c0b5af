#include "adapters/import/mapping/time_pattern.h"

#include <date/date.h>

#include <algorithm>
#include <array>

namespace rapport::import {

// What was read so far.
struct TimePattern::Clock {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, micros = 0;
  int hour12 = -1, half = -1;  // of h and a
  bool has_hour = false, has_second = false;
  std::optional<int> offset_seconds = {};
};

namespace {

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool take_number(std::string_view& text, std::size_t least, std::size_t most, int& number) {
  std::size_t size = 0;
  int value = 0;
  while (size < most && size < text.size() && digit(text[size]))
    value = value * 10 + (text[size++] - '0');
  if (size < least) return false;
  text.remove_prefix(size);
  number = value;
  return true;
}

bool equal_letters(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

bool take_month_name(std::string_view& text, bool whole, int& month) {
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    auto name = whole ? kMonths[i] : kMonths[i].substr(0, 3);
    if (text.size() < name.size() || !equal_letters(text.substr(0, name.size()), name)) continue;
    text.remove_prefix(name.size());
    month = static_cast<int>(i) + 1;
    return true;
  }
  return false;
}

bool take_half(std::string_view& text, int& half) {
  for (int i = 0; i < 2; ++i) {
    if (text.size() < 2 || !equal_letters(text.substr(0, 2), i ? "pm" : "am")) continue;
    text.remove_prefix(2);
    half = i;
    return true;
  }
  return false;
}

// Z, +01, +0100, +01:00.
bool take_offset(std::string_view& text, std::optional<int>& seconds) {
  if (text.starts_with('Z') || text.starts_with('z')) {
    text.remove_prefix(1);
    seconds = 0;
    return true;
  }
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return false;
  int sign = text[0] == '-' ? -1 : 1, hours = 0, minutes = 0;
  text.remove_prefix(1);
  if (!take_number(text, 2, 2, hours)) return false;
  auto rest = text;
  if (rest.starts_with(':')) rest.remove_prefix(1);
  if (take_number(rest, 2, 2, minutes)) text = rest;
  if (hours > 18 || minutes > 59) return false;
  seconds = sign * (hours * 3600 + minutes * 60);
  return true;
}

// Decimals of a second, more than six only if they are zeros.
bool take_fraction(std::string_view& text, int& micros) {
  int value = 0, size = 0;
  while (!text.empty() && digit(text[0])) {
    if (size < 6)
      value = value * 10 + (text[0] - '0');
    else if (text[0] != '0')
      return false;
    ++size;
    text.remove_prefix(1);
  }
  if (!size) return false;
  for (; size < 6; ++size) value *= 10;
  micros = value;
  return true;
}

}  // namespace

Result<TimePattern> TimePattern::parse(std::string_view pattern) {
  TimePattern made;
  made.text_ = pattern;
  auto refuse = [](std::string why) {
    return Error{ErrorCode::kInvalid, "mapping.bad_pattern", std::move(why)};
  };
  auto literal = [&](char c) {
    if (made.parts_.empty() || made.parts_.back().symbol) made.parts_.push_back({});
    made.parts_.back().literal += c;
  };
  for (std::size_t i = 0; i < pattern.size();) {
    char c = pattern[i];
    if (c == '\'') {
      bool twice = i + 1 < pattern.size() && pattern[i + 1] == '\'';
      if (twice) {
        literal('\'');
        i += 2;
        continue;
      }
      auto end = pattern.find('\'', i + 1);
      if (end == pattern.npos) return refuse("a quote in the pattern is never closed");
      for (++i; i < end; ++i) literal(pattern[i]);
      ++i;
      continue;
    }
    if (!letter(c)) {
      literal(c);
      ++i;
      continue;
    }
    int count = 0;
    for (; i < pattern.size() && pattern[i] == c; ++i) ++count;
    if (std::string_view("yMdHhmsSaXxZz").find(c) == std::string_view::npos) {
      return refuse(std::string("\"") + std::string(static_cast<std::size_t>(count), c) +
                    "\" is not supported; known are y M d H h m s S a X x Z z and 'text'");
    }
    bool numeric = c != 'a' && std::string_view("XxZz").find(c) == std::string_view::npos &&
                   !(c == 'M' && count > 2);
    if (!made.parts_.empty() && made.parts_.back().symbol && numeric)
      made.parts_.back().next_to_digits = true;
    made.parts_.push_back({.symbol = c, .count = count});
  }
  for (char needed : {'y', 'M', 'd'})
    if (!made.has(needed)) return refuse(std::string("the pattern has no ") + needed);
  if (made.has('h') != made.has('a'))
    return refuse("h (hour of twelve) and a (am, pm) go together");
  if (made.has('m') && !made.has('H') && !made.has('h'))
    return refuse("the pattern has minutes but no hour");
  return made;
}

TimePattern TimePattern::iso() {
  TimePattern made;
  made.text_ = "ISO 8601";
  return made;
}

bool TimePattern::has(char symbol) const {
  return std::ranges::any_of(parts_, [&](const Part& part) { return part.symbol == symbol; });
}

bool TimePattern::read_part(const Part& part, std::string_view& text, Clock& clock) {
  if (!part.symbol) {
    if (!text.starts_with(part.literal)) return false;
    text.remove_prefix(part.literal.size());
    return true;
  }
  // One letter takes one or two digits, two letters two; next to another number exactly as many as
  // letters.
  auto least = static_cast<std::size_t>(part.count), most = std::max<std::size_t>(least, 2);
  if (part.next_to_digits) most = least;
  switch (part.symbol) {
    case 'y': {
      if (part.count == 2) {
        if (!take_number(text, 2, 2, clock.year)) return false;
        clock.year += clock.year < 70 ? 2000 : 1900;
        return true;
      }
      return take_number(text, 4, 4, clock.year);
    }
    case 'M':
      return part.count > 2 ? take_month_name(text, part.count > 3, clock.month)
                            : take_number(text, least, most, clock.month);
    case 'd':
      return take_number(text, least, most, clock.day);
    case 'H':
      clock.has_hour = true;
      return take_number(text, least, most, clock.hour);
    case 'h':
      clock.has_hour = true;
      return take_number(text, least, most, clock.hour12);
    case 'm':
      return take_number(text, least, most, clock.minute);
    case 's':
      clock.has_second = true;
      return take_number(text, least, most, clock.second);
    case 'S':
      return take_fraction(text, clock.micros);
    case 'a':
      return take_half(text, clock.half);
    default:
      return take_offset(text, clock.offset_seconds);
  }
}

bool TimePattern::read_iso(std::string_view text, Clock& clock) {
  auto take = [&](char c) { return text.starts_with(c) && (text.remove_prefix(1), true); };
  if (!take_number(text, 4, 4, clock.year) || !take('-') || !take_number(text, 2, 2, clock.month) ||
      !take('-') || !take_number(text, 2, 2, clock.day)) {
    return false;
  }
  if (text.empty()) return true;
  if (!take('T') && !take('t') && !take(' ')) return false;
  clock.has_hour = true;
  if (!take_number(text, 2, 2, clock.hour) || !take(':') || !take_number(text, 2, 2, clock.minute))
    return false;
  if (take(':')) {
    clock.has_second = true;
    if (!take_number(text, 2, 2, clock.second)) return false;
    if ((take('.') || take(',')) && !take_fraction(text, clock.micros)) return false;
  }
  take(' ');
  if (text == "UTC" || text == "GMT") {
    clock.offset_seconds = 0;
    return true;
  }
  return text.empty() || (take_offset(text, clock.offset_seconds) && text.empty());
}

TimePattern::Fault TimePattern::finish(const Clock& clock, bool as_date, TimeZone& zone,
                                       Value& to) {
  date::year_month_day day{date::year(clock.year), date::month(static_cast<unsigned>(clock.month)),
                           date::day(static_cast<unsigned>(clock.day))};
  int hour = clock.hour;
  if (clock.hour12 >= 0) {
    if (clock.hour12 < 1 || clock.hour12 > 12) return Fault::kMalformed;
    hour = clock.hour12 % 12 + 12 * clock.half;
  }
  if (!day.ok() || clock.year < 1 || hour > 23 || clock.minute > 59 || clock.second > 59)
    return Fault::kMalformed;
  auto days = date::sys_days(day).time_since_epoch().count();
  bool timed = clock.has_hour && !as_date;
  std::int64_t seconds = timed ? hour * 3600 + clock.minute * 60 + clock.second : 0;
  std::int64_t wall =
      (std::int64_t{days} * 86'400 + seconds) * 1'000'000 + (timed ? clock.micros : 0);
  if (timed && clock.offset_seconds) {
    to.set(Value::Kind::kTime, wall - std::int64_t{*clock.offset_seconds} * 1'000'000);
  } else {
    auto utc = zone.to_utc(wall);
    // A day that begins with a skipped hour begins when the clocks have been changed.
    if (!utc && !timed) utc = zone.to_utc(wall + 3'600'000'000);
    if (!utc) return Fault::kNotInZone;
    to.set(timed ? Value::Kind::kTime : Value::Kind::kDate, *utc);
  }
  to.days = days;
  to.precision = !timed             ? TimePrecision::kDate
                 : clock.has_second ? TimePrecision::kInstant
                                    : TimePrecision::kMinute;
  return Fault::kNone;
}

TimePattern::Fault TimePattern::read(std::string_view text, bool as_date, TimeZone& zone,
                                     Value& to) const {
  Clock clock;
  if (parts_.empty()) {
    if (!read_iso(text, clock)) return Fault::kMalformed;
  } else {
    for (const auto& part : parts_)
      if (!read_part(part, text, clock)) return Fault::kMalformed;
    if (!text.empty()) return Fault::kMalformed;
  }
  return finish(clock, as_date, zone, to);
}

}  // namespace rapport::import
