#include "adapters/webhooks/place.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <algorithm>

#include "adapters/webhooks/schema/place.capnp.h"
#include "eventstore/rocks/files.h"
#include "eventstore/rocks/message_file.h"

namespace rapport::webhooks {
namespace {

constexpr const char* kName = "place";

std::string encoded(const Place& place) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<wire::Place>();
  root.setCreated(place.created.value);
  root.setResumed(place.resumed.value);
  auto lanes = root.initLanes(static_cast<unsigned>(place.lanes.size()));
  for (unsigned i = 0; i < lanes.size(); ++i) {
    auto& from = place.lanes[i];
    auto to = lanes[i];
    to.setFrom(from.from.value);
    to.setTo(from.to.value);
    to.setReadTo(from.read_to.value);
    auto unsettled = to.initUnsettled(static_cast<unsigned>(from.unsettled.size()));
    for (unsigned k = 0; k < unsettled.size(); ++k) {
      unsettled[k].setPosition(from.unsettled[k].position.value);
      unsettled[k].setAttempts(from.unsettled[k].attempts);
      unsettled[k].setDue(from.unsettled[k].due.micros);
    }
  }
  return with_digest(message);
}

std::optional<Place> decoded(std::string_view bytes) try {
  auto words = message_in(bytes);
  if (!words) return {};
  capnp::FlatArrayMessageReader reader(*words);
  auto root = reader.getRoot<wire::Place>();
  Place place{.created = {root.getCreated()}, .resumed = {root.getResumed()}};
  for (auto from : root.getLanes()) {
    auto& lane = place.lanes.emplace_back(LanePlace{.from = {from.getFrom()}, .to = {from.getTo()}, .read_to = {from.getReadTo()}});
    for (auto one : from.getUnsettled()) lane.unsettled.push_back({{one.getPosition()}, one.getAttempts(), {one.getDue()}});
  }
  if (place.lanes.empty()) return {};
  return place;
} catch (const kj::Exception&) {
  return {};
}

}  // namespace

bool take_back(LanePlace& lane, Position end) {
  const auto before = lane;
  Position before_first{lane.from.value > 0 ? lane.from.value - 1 : 0};
  lane.read_to = std::min(lane.read_to, std::max(end, before_first));
  if (lane.to != LanePlace{}.to) lane.to = std::min(lane.to, end);
  std::erase_if(lane.unsettled, [&](const Unsettled& one) { return one.position > end; });
  return lane.read_to != before.read_to || lane.to != before.to || lane.unsettled.size() != before.unsettled.size();
}

std::optional<Position> take_back(Place& place, Position end) {
  Position last;
  for (auto& lane : place.lanes) {
    auto read_to = lane.read_to;
    if (take_back(lane, end)) last = std::max(last, read_to);
  }
  place.resumed = std::min(place.resumed, end);
  if (place.created > end) last = std::max(last, place.created);
  return last > end ? std::optional(last) : std::nullopt;
}

Result<void> PlaceFile::save(const Place& place) const {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return Error{ErrorCode::kUnavailable, "store.io", "cannot make " + folder_.string() + ": " + error.message()};
  return write_file_durably(folder_ / kName, encoded(place));
}

Result<std::optional<Place>> PlaceFile::load() const {
  auto bytes = read_file(folder_ / kName);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return std::optional<Place>();
  if (!bytes) return std::move(bytes).error();
  auto place = decoded(*bytes);
  if (!place)
    return Error{ErrorCode::kCorrupt, "webhooks.damaged", (folder_ / kName).string() + " is no place of a webhook", "", "",
                 "restore it, or remove it: then the webhook begins where it was created to begin"};
  return place;
}

Result<void> PlaceFile::remove() const {
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
  if (error) return Error{ErrorCode::kUnavailable, "store.io", "cannot remove " + folder_.string() + ": " + error.message()};
  return {};
}

}  // namespace rapport::webhooks
