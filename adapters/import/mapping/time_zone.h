// Wall times of a place to instants. Two entries of the tz database matter to an import: times that
// a clock change skips and times that it repeats.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace date {
class time_zone;
}

namespace rapport::import {

// One thread.
class TimeZone final {
 public:
  TimeZone();  // UTC
  // Nothing if the tz database does not know the name ("Europe/London").
  static std::optional<TimeZone> find(const std::string& name);

  // Microseconds since 1970 UTC of a wall time given as if it were UTC. Of a time that occurs twice
  // the first; nothing for one that a clock change skipped.
  std::optional<std::int64_t> to_utc(std::int64_t wall_micros);
  // The other way round.
  std::int64_t to_wall(std::int64_t utc_micros);

 private:
  const date::time_zone* zone_;
  // The last looked-up span of one offset, in seconds: a file's neighbours in time share it.
  std::int64_t begin_ = 0, end_ = 0, offset_ = 0;
};

}  // namespace rapport::import
