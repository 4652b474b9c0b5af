#include "adapters/demo/calendar.h"

#include <chrono>

namespace rapport::demo {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

sys_days sys(Date day) { return sys_days(days(day.days)); }
Date ours(sys_days day) { return {static_cast<std::int32_t>(day.time_since_epoch().count())}; }

bool weekend(Date day) {
  auto weekday = std::chrono::weekday(sys(day));
  return weekday == std::chrono::Saturday || weekday == std::chrono::Sunday;
}

Timestamp at_minute(Random& random, Date day, int minute) {
  return {day.days * kMicrosPerDay + minute * kMicrosPerMinute + random.between(0, 59) * kMicrosPerSecond};
}

// UTC; offices open for nine hours.
int opening_minute(Market market) { return market == Market::kChina ? 60 : 7 * 60; }

}  // namespace

Timestamp office_time(Random& random, Date day, Market market) {
  while (weekend(day)) ++day.days;
  return at_minute(random, day, opening_minute(market) + random.between(0, 9 * 60));
}

Timestamp leisure_time(Random& random, Date day, Market market) {
  return at_minute(random, day, opening_minute(market) + random.between(0, 14 * 60));
}

Timestamp days_later(Random& random, Timestamp t, int days_min, int days_max, Market market) {
  auto wait = random.between(days_min, days_max);
  if (wait == 0) return {t.micros + random.between(5, 120) * kMicrosPerMinute};
  return office_time(random, {date_of(t).days + wait}, market);
}

Date seasonal_day(Random& random, Date from, Date end, const Season& season) {
  constexpr int kMost = 16;
  for (;;) {
    Date day{random.between(from.days, end.days - 1)};
    auto month = static_cast<unsigned>(year_month_day(sys(day)).month());
    if (random.between(1, kMost) <= season[month - 1]) return day;
  }
}

Date quarter_end(Date day) {
  year_month_day date(sys(day));
  auto quarter = (static_cast<unsigned>(date.month()) - 1) / 3;
  auto first = date.year() / std::chrono::month(quarter * 3 + 1) / 1;
  return ours(sys_days(first + std::chrono::months(3)));
}

int year_of(Date day) { return static_cast<int>(year_month_day(sys(day)).year()); }
Date new_year(int year) { return ours(sys_days(std::chrono::year(year) / 1 / 1)); }

}  // namespace rapport::demo
