#include "adapters/json/text_forms.h"

#include <sodium/utils.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <numeric>
#include <vector>

namespace rapport {
namespace {

// Reads fixed-width fields off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  bool digits(std::size_t count, int& value) {
    if (rest_.size() < count) return false;
    value = 0;
    for (char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }
  bool one_of(std::string_view wanted) {
    if (rest_.empty() || wanted.find(rest_[0]) == wanted.npos) return false;
    last_ = rest_[0];
    rest_.remove_prefix(1);
    return true;
  }
  char last() const { return last_; }
  bool at_end() const { return rest_.empty(); }
  bool digit_next() const { return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }

 private:
  std::string_view rest_;
  char last_ = 0;
};

std::optional<Date> scan_date(Scanner& in) {
  int year, month, day;
  if (!in.digits(4, year) || !in.one_of("-") || !in.digits(2, month) || !in.one_of("-") ||
      !in.digits(2, day))
    return std::nullopt;
  std::chrono::year_month_day date{std::chrono::year(year),
                                   std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (year < 1 || !date.ok()) return std::nullopt;
  return Date{static_cast<std::int32_t>(std::chrono::sys_days(date).time_since_epoch().count())};
}

// The offset from UTC in minutes: Z or ±hh:mm.
std::optional<int> scan_offset(Scanner& in) {
  if (in.one_of("Zz")) return 0;
  int hours, minutes;
  if (!in.one_of("+-")) return std::nullopt;
  int sign = in.last() == '-' ? -1 : 1;
  if (!in.digits(2, hours) || !in.one_of(":") || !in.digits(2, minutes) || hours > 23 ||
      minutes > 59)
    return std::nullopt;
  return sign * (hours * 60 + minutes);
}

constexpr std::int32_t kFirstDay = -719'162;  // 0001-01-01
constexpr std::int32_t kLastDay = 2'932'896;  // 9999-12-31

}  // namespace

std::optional<Date> parse_date(std::string_view text) {
  Scanner in(text);
  auto date = scan_date(in);
  return in.at_end() ? date : std::nullopt;
}

std::optional<Timestamp> parse_time(std::string_view text) {
  Scanner in(text);
  auto date = scan_date(in);
  if (!date) return std::nullopt;
  auto day = std::int64_t{date->days} * kMicrosPerDay;
  if (in.at_end()) return Timestamp{day};
  int hour, minute, second;
  if (!in.one_of("Tt ") || !in.digits(2, hour) || !in.one_of(":") || !in.digits(2, minute) ||
      !in.one_of(":") || !in.digits(2, second) || hour > 23 || minute > 59 || second > 59)
    return std::nullopt;
  std::int64_t fraction = 0;
  if (in.one_of(".")) {
    if (!in.digit_next()) return std::nullopt;
    for (std::int64_t worth = kMicrosPerSecond / 10; in.digit_next(); worth /= 10) {
      int digit;
      if (worth == 0 || !in.digits(1, digit))
        return std::nullopt;  // nothing finer than a microsecond
      fraction += digit * worth;
    }
  }
  auto offset = scan_offset(in);
  if (!offset || !in.at_end()) return std::nullopt;
  Timestamp time{day + ((hour * 60 + minute - *offset) * 60 + second) * kMicrosPerSecond +
                 fraction};
  auto utc_day = date_of(time).days;
  if (utc_day < kFirstDay || utc_day > kLastDay) return std::nullopt;
  return time;
}

std::optional<Currency> parse_currency(std::string_view text) {
  Currency currency(text);
  if (text.size() != 3 || !currency.well_formed()) return std::nullopt;
  return currency;
}

std::string to_text(Date date) {
  if (date.days < kFirstDay || date.days > kLastDay) return {};
  std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(date.days))};
  // By hand: snprintf is half of the time of writing an event.
  std::string text = "0000-00-00";
  auto put = [&](std::size_t at, std::size_t count, unsigned value) {
    for (; count > 0; --count, value /= 10)
      text[at + count - 1] = static_cast<char>('0' + value % 10);
  };
  put(0, 4, static_cast<unsigned>(static_cast<int>(day.year())));
  put(5, 2, static_cast<unsigned>(day.month()));
  put(8, 2, static_cast<unsigned>(day.day()));
  return text;
}

std::string to_text(Timestamp time) {
  auto day = date_of(time);
  auto text = to_text(day);
  if (text.empty()) return text;
  auto micros = static_cast<std::uint64_t>(time.micros - day.days * kMicrosPerDay);
  auto seconds = micros / kMicrosPerSecond;
  auto fraction = micros % kMicrosPerSecond;
  auto pair = [&](char before, std::uint64_t value) {
    text += before;
    text += static_cast<char>('0' + value / 10);
    text += static_cast<char>('0' + value % 10);
  };
  pair('T', seconds / 3600);
  pair(':', seconds / 60 % 60);
  pair(':', seconds % 60);
  if (fraction != 0) {
    text += '.';
    for (std::uint64_t worth = kMicrosPerSecond / 10; fraction != 0; worth /= 10) {
      text += static_cast<char>('0' + fraction / worth);
      fraction %= worth;
    }
  }
  text += 'Z';
  return text;
}

void append_base64(std::span<const std::uint8_t> bytes, std::string& out) {
  auto before = out.size();
  auto length =
      sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL);  // with a final NUL
  out.resize(before + length);
  sodium_bin2base64(out.data() + before, length, bytes.data(), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();
}

std::optional<std::string> parse_base64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  std::size_t length = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &length, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0)
    return std::nullopt;
  bytes.resize(length);
  return bytes;
}

std::size_t utf8_sequence(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  auto first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  // Overlong forms, surrogates, and what is past U+10FFFF.
  auto second = byte(1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
      (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
    return 0;
  return length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    auto length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void NearestName::offer(std::string_view name) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  // Levenshtein's distance, row by row, blind to case.
  std::vector<std::size_t> row(name.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  if (wanted_.size() > 64) return;  // nobody means a name of ours by that
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    auto diagonal = row[0]++;
    for (std::size_t j = 0; j < name.size(); ++j) {
      auto changed = diagonal + (lower(wanted_[i]) == lower(name[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  auto distance = row.back();
  if (distance >= distance_ || distance > std::max<std::size_t>(1, name.size() / 3)) return;
  distance_ = distance;
  nearest_ = name;
}

std::string NearestName::hint() const {
  return nearest_.empty() ? std::string() : "did you mean " + nearest_ + "?";
}

}  // namespace rapport
