#include "adapters/application/times.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <memory>
#include <mutex>

#include "adapters/import/mapping/time_zone.h"
#include "adapters/json/text_forms.h"

namespace rapport {

Result<projections::DayStart> day_start_of(const std::string& zone) {
  if (zone.empty() || zone == "UTC") return projections::DayStart(projections::utc_day_start);
  auto found = import::TimeZone::find(zone);
  if (!found)
    return Error{ErrorCode::kInvalid, "time_zone.unknown", "\"" + zone + "\" is no time zone", "timeZone", "an IANA name such as Europe/Berlin"};
  return projections::DayStart([place = *found](Date day) {
    auto wall = std::int64_t{day.days} * kMicrosPerDay;
    auto one_thread = place;  // a zone remembers its last look-up
    for (auto later = wall; later < wall + kMicrosPerDay; later += 900 * kMicrosPerSecond)
      if (auto instant = one_thread.to_utc(later)) return Timestamp{*instant};  // a day that begins in a skipped hour begins after it
    return Timestamp{wall};
  });
}

Result<Timestamp> end_of(const std::string& text, const std::string& field, const projections::DayStart& day_start) {
  if (auto day = parse_date(text)) return Timestamp{day_start({day->days + 1}).micros - 1};
  if (auto time = parse_time(text)) return *time;
  return Error{ErrorCode::kInvalid, "time.malformed", "\"" + text + "\" is no time", field,
               "a date (2017-06-30) or RFC 3339 (2017-06-30T12:00:00Z)"};
}

Result<Position> position_of(const std::string& text, const EventStore& log, const projections::DayStart& day_start) {
  bool digits = !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c); });
  if (!digits) {
    auto time = end_of(text, "knownAt", day_start);
    if (!time) return std::move(time).error();
    return log.position_at(*time);
  }
  Position position;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), position.value);
  auto head = log.head().position;
  if (failure != std::errc() || position > head)
    return Error{ErrorCode::kInvalid, "position.unknown", "the log ends at position " + std::to_string(head.value), "knownAt",
                 "a position from 0 to " + std::to_string(head.value)};
  return position;
}

}  // namespace rapport
