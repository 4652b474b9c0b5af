// Times as people give them on the command line and in URLs: RFC 3339, or a bare date in some time zone; and a time as the
// position up to which the log was known then.
#pragma once
#include <string>

#include "domain/result.h"
#include "eventstore/event_store.h"
#include "projections/report.h"

namespace rapport {

// The first instant of days in a zone ("Europe/Berlin"; empty: UTC). kInvalid "time_zone.unknown".
Result<projections::DayStart> day_start_of(const std::string& zone);

// The last instant that the text includes: a time itself, a bare date's end (everything before the next day's start).
// kInvalid "time.malformed".
Result<Timestamp> end_of(const std::string& text, const std::string& field, const projections::DayStart& day_start);

// --known-at: a position as it is, a time as the last position recorded up to then. kInvalid "position.unknown" past the head.
Result<Position> position_of(const std::string& text, const EventStore& log, const projections::DayStart& day_start);

}  // namespace rapport
