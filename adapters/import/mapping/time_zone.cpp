#include "adapters/import/mapping/time_zone.h"

#include <date/tz.h>

namespace rapport::import {

namespace {

constexpr std::int64_t kMicros = 1'000'000;
constexpr std::int64_t kDaySeconds = 86'400;

std::int64_t floor_seconds(std::int64_t micros) {
  return micros / kMicros - (micros % kMicros < 0);
}

}  // namespace

TimeZone::TimeZone() : zone_(nullptr) {}

std::optional<TimeZone> TimeZone::find(const std::string& name) try {
  TimeZone found;
  if (name != "UTC") found.zone_ = date::locate_zone(name);
  return found;
} catch (
    const std::exception&) {  // the library throws for an unknown name and for a missing database
  return std::nullopt;
}

std::optional<std::int64_t> TimeZone::to_utc(std::int64_t wall_micros) {
  if (!zone_) return wall_micros;
  auto wall = floor_seconds(wall_micros);
  // A day inside the span no clock change is near.
  if (wall - offset_ >= begin_ + kDaySeconds && wall - offset_ < end_ - kDaySeconds)
    return wall_micros - offset_ * kMicros;
  auto info = zone_->get_info(date::local_seconds{std::chrono::seconds(wall)});
  if (info.result == date::local_info::nonexistent) return std::nullopt;
  begin_ = info.first.begin.time_since_epoch().count();
  end_ = info.first.end.time_since_epoch().count();
  offset_ = info.first.offset.count();
  return wall_micros - offset_ * kMicros;
}

std::int64_t TimeZone::to_wall(std::int64_t utc_micros) {
  if (!zone_) return utc_micros;
  auto info = zone_->get_info(date::sys_seconds{std::chrono::seconds(floor_seconds(utc_micros))});
  return utc_micros + info.offset.count() * kMicros;
}

}  // namespace rapport::import
