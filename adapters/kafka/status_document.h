// How publishing stands, as the JSON that /v1/bus and `rapport bus status` answer:
//
//   {"cluster":…, "brokers":…, "connected":bool, "doing":"…", "position":n, "head":n, "lag":n, "lagSeconds":x, "trouble":"…"|null,
//    "alarms":[{"code":…, "message":…, "times":n, "firstAt":…, "lastAt":…}…],
//    "topics":[{"topic":…, "partition":n, "position":n, "offset":n, "lag":n, "lagSeconds":x, "doing":"…"}…]}
//
// A partition's position is the last event that it acknowledged, its lag the events of the log that it may still lack, of whatever
// topic, and lagSeconds how long the first of those has been in the log. A topic of rows is one entry, without partition and offset.
// What is not known is null.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "adapters/kafka/relay.h"
#include "adapters/kafka/state_publisher.h"

namespace rapport::kafka {

struct BusPicture {
  RelayStatus status;
  std::vector<Alarm> alarms;
  std::string brokers;
  StateStatus rows = {};
};

// `store` null: the log is another process's, and how far behind it publishing is, is not known. Reads an event of the log for each
// place where a partition stands.
std::string status_document(const BusPicture& picture, const EventStore* store);

// Of a relay that does not run here: what it remembered of each cluster, in `folder` (DIR/kafka).
std::vector<BusPicture> remembered_pictures(const std::filesystem::path& folder);
// The same, looked up at the brokers: what they have, and what a relay would find wrong. Errors: bus.unreachable, bus.refused, bus.setting
// and those of plan_resume as an alarm.
Result<BusPicture> picture_of(const Connection& to, const std::filesystem::path& folder, Position head);

}  // namespace rapport::kafka
