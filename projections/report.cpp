#include "projections/report.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace rapport::projections {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int v = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    v = v * 10 + (text[i] - '0');
  }
  return v;
}

// Minutes east of UTC from "Z", "+02:00", "-0530"; nothing if it is none.
std::optional<int> zone_minutes(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 5 && text.size() != 6) return std::nullopt;
  if (text[0] != '+' && text[0] != '-') return std::nullopt;
  if (text.size() == 6 && text[3] != ':') return std::nullopt;
  auto hours = digits(text, 1, 2), minutes = digits(text, text.size() - 2, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  int east = *hours * 60 + *minutes;
  return text[0] == '-' ? -east : east;
}

// The code point at `at`, which moves past it. Broken UTF-8 is taken byte by byte.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  auto lead = byte(at);
  std::size_t more = lead < 0x80 ? 0 : lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  auto v = more == 0 ? lead : lead & (0x3FU >> more);
  if (at + more >= text.size()) more = 0, v = lead;
  for (std::size_t i = 1; i <= more; ++i) v = v << 6 | (byte(at + i) & 0x3F);
  at += more + 1;
  return v;
}

std::uint32_t lower(std::uint32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 32;
  if ((c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177)) return c | 1;
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return c + (c & 1);
  if (c >= 0x391 && c <= 0x3A9) return c + 32;
  if (c >= 0x410 && c <= 0x42F) return c + 32;
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  return c;
}

std::u32string folded(std::string_view text) {
  std::u32string out;
  for (std::size_t at = 0; at < text.size();) out.push_back(lower(next_code_point(text, at)));
  return out;
}

}  // namespace

std::string_view name_of(ColumnType type) {
  static constexpr std::array<std::string_view, 6> kNames{"text", "integer", "money", "date", "timestamp", "bool"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string text_of(Date date) {
  year_month_day d{sys_days(days(date.days))};
  char out[32];
  std::snprintf(out, sizeof out, "%04d-%02u-%02u", static_cast<int>(d.year()), static_cast<unsigned>(d.month()),
                static_cast<unsigned>(d.day()));
  return out;
}

std::string text_of(Timestamp time) {
  auto date = date_of(time);
  auto in_day = time.micros - date.days * kMicrosPerDay;
  auto seconds = static_cast<int>(in_day / kMicrosPerSecond);
  auto fraction = static_cast<int>(in_day % kMicrosPerSecond);
  char out[48];
  std::snprintf(out, sizeof out, "T%02d:%02d:%02d", seconds / 3'600, seconds / 60 % 60, seconds % 60);
  std::string text = text_of(date) + out;
  if (fraction) {
    std::snprintf(out, sizeof out, ".%06d", fraction);
    text += out;
    while (text.back() == '0') text.pop_back();
  }
  return text + "Z";
}

std::string text_of(const Value& value) {
  return std::visit(
      []<class T>(const T& v) -> std::string {
        if constexpr (std::same_as<T, std::monostate> || std::same_as<T, Erased>) return {};
        else if constexpr (std::same_as<T, bool>) return v ? "true" : "false";
        else if constexpr (std::same_as<T, std::int64_t>) return std::to_string(v);
        else if constexpr (std::same_as<T, std::string>) return v;
        else return text_of(v);
      },
      value);
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t v = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return v;
}

std::optional<Date> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  auto y = digits(text, 0, 4), m = digits(text, 5, 2), d = digits(text, 8, 2);
  if (!y || !m || !d) return std::nullopt;
  year_month_day date{std::chrono::year(*y), std::chrono::month(static_cast<unsigned>(*m)),
                      std::chrono::day(static_cast<unsigned>(*d))};
  if (!date.ok()) return std::nullopt;
  return Date{static_cast<std::int32_t>(sys_days(date).time_since_epoch().count())};
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  if (text.size() < 20 || (text[10] != 'T' && text[10] != 't' && text[10] != ' ')) return std::nullopt;
  if (text[13] != ':' || text[16] != ':') return std::nullopt;
  auto date = parse_date(text.substr(0, 10));
  auto h = digits(text, 11, 2), m = digits(text, 14, 2), s = digits(text, 17, 2);
  if (!date || !h || !m || !s || *h > 23 || *m > 59 || *s > 59) return std::nullopt;
  std::size_t at = 19;
  std::int64_t fraction = 0;
  if (text[at] == '.') {
    std::int64_t unit = kMicrosPerSecond;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      if (unit == 1) return std::nullopt;  // finer than we keep
      fraction += (text[at] - '0') * (unit /= 10);
    }
    if (unit == kMicrosPerSecond) return std::nullopt;
  }
  auto zone = zone_minutes(text.substr(at));
  if (!zone) return std::nullopt;
  auto seconds = (*h * 60 + *m - *zone) * 60 + *s;
  return Timestamp{date->days * kMicrosPerDay + seconds * kMicrosPerSecond + fraction};
}

Timestamp utc_day_start(Date day) { return {day.days * kMicrosPerDay}; }

bool contains_ignoring_case(std::string_view whole, std::string_view part) {
  return folded(whole).find(folded(part)) != std::u32string::npos;
}

}  // namespace rapport::projections
