// How far the deliveries of a webhook are, and where that is kept: eventstore/FORMAT.md, `webhooks/`.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "domain/result.h"
#include "eventstore/event.h"

namespace rapport::webhooks {

struct Unsettled {
  Position position;
  std::uint32_t attempts = 0;
  Timestamp due{0};
};

// Events on their way to the receiver: all that come, or those of a replay.
struct LanePlace {
  Position from, to{~std::uint64_t{0}};  // what was asked for
  Position read_to;                      // everything up to here is delivered, not asked for, or unsettled
  std::vector<Unsettled> unsettled = {};
};

struct Place {
  Position created;  // the webhook.created that it belongs to
  Position resumed;  // the last webhook.resumed that was heeded
  std::vector<LanePlace> lanes = {};
};

// What lies past the log's end was lost with it: positions there will be other events. Whether there was any of it.
bool take_back(LanePlace& lane, Position end);
// Of all its lanes; the last position that it knew of, if it was past the end. One whose subscription lies there belongs to nothing.
std::optional<Position> take_back(Place& place, Position end);

// One subscription's folder. One thread at a time.
class PlaceFile final {
 public:
  explicit PlaceFile(std::filesystem::path folder) : folder_(std::move(folder)) {}
  // Durable when it returns.
  Result<void> save(const Place& place) const;
  // Nothing if there is none. kCorrupt "webhooks.damaged".
  Result<std::optional<Place>> load() const;
  // The whole folder.
  Result<void> remove() const;

 private:
  const std::filesystem::path folder_;
};

}  // namespace rapport::webhooks
