// When things happen: in office hours, on working days, more in some months than in others.
#pragma once
#include <array>

#include "adapters/demo/random.h"
#include "domain/values.h"

namespace rapport::demo {

// Two home markets, with their names, currencies and office hours.
enum class Market : std::uint8_t { kEurope, kChina };

inline constexpr std::int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;

// How much happens in each month, January first, in comparison.
using Season = std::array<int, 12>;
inline constexpr Season kEvenYear{10, 10, 10, 10, 10, 10, 8, 6, 10, 10, 10, 7};
inline constexpr Season kShopping{7, 6, 7, 8, 9,  8,
                                  7, 6, 8, 9, 14, 16};  // up to the feasts at the year's end
inline constexpr Season kTrouble{15, 11, 9, 8, 8,  8,
                                 9,  9,  9, 9, 11, 13};  // what was bought breaks after the feasts

// Some time in office hours of the day, or of the next working day.
Timestamp office_time(Random& random, Date day, Market market);
// Some time in the evening or whenever people shop, weekends included.
Timestamp leisure_time(Random& random, Date day, Market market);
// Some days later in office hours; 0 days = up to two hours later. Always after t.
Timestamp days_later(Random& random, Timestamp t, int days_min, int days_max, Market market);
// A day from `from` to the one before `end`, by season. from < end.
Date seasonal_day(Random& random, Date from, Date end, const Season& season);
// The first day of the quarter after the one that the day is in.
Date quarter_end(Date day);
int year_of(Date day);
Date new_year(int year);

}  // namespace rapport::demo
