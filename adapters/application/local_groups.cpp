// Consumer groups of a store in this process.
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "adapters/application/wiring.h"
#include "adapters/json/event_json.h"
#include "adapters/json/text_forms.h"

namespace rapport {
namespace {

using Json = nlohmann::ordered_json;
using About = GroupRequest::About;

constexpr std::uint64_t kTakenMax = 1'000, kAttemptsMax = 1'000, kLeaseSecondsMax = 86'400;

Error bad_group(const char* field, std::string message, std::string expected) {
  return {ErrorCode::kInvalid, "group.invalid", std::move(message), std::string("/") + field, std::move(expected)};
}

Result<void> check_range(const char* field, const std::optional<std::uint64_t>& value, std::uint64_t max) {
  if (!value || (*value >= 1 && *value <= max)) return {};
  return bad_group(field, std::string(field) + " is " + std::to_string(*value), "1 to " + std::to_string(max));
}

Json status_of(const ConsumerGroup& group, Result<void>& failed) {
  auto status = group.status();
  if (!status) {
    failed = std::move(status).error();
    return {};
  }
  auto& record = status->record;
  auto checkpoint = record.checkpoint.value, head = status->head.value;
  return {{"group", record.name},
          {"match", record.match},
          {"checkpoint", checkpoint},
          {"head", head},
          {"behindPositions", head > checkpoint ? head - checkpoint : 0},
          {"behindSeconds", static_cast<double>(status->behind.count()) / 1e6},
          {"inFlight", status->in_flight},
          {"retrying", status->retrying},
          {"parked", record.parked.size()},
          {"attemptsMax", record.attempts_max},
          {"leaseSeconds", record.lease_ms.count() / 1'000}};
}

Result<std::string> shown(const ConsumerGroup& group) {
  Result<void> failed;
  auto document = status_of(group, failed);
  if (!failed) return std::move(failed).error();
  return document.dump();
}

Result<std::string> parked(const ConsumerGroup& group) {
  auto status = group.status();
  if (!status) return std::move(status).error();
  auto events = Json::array();
  for (auto& [position, event] : status->record.parked)
    events.push_back({{"position", position.value}, {"attempts", event.attempts}, {"error", event.error}, {"parkedAt", to_text(event.parked_at)}});
  return Json{{"group", status->record.name}, {"events", events}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<Position> positions_of(const GroupRequest& request) {
  std::vector<Position> positions;
  for (auto position : request.positions) positions.push_back({position});
  return positions;
}

Result<std::string> take(ConsumerGroup& group, const GroupRequest& request, const EventStore& store, const SealOpener& keys, std::stop_token stop) {
  if (auto checked = check_range("max", request.max, kTakenMax); !checked) return std::move(checked).error();
  auto taken = group.take(request.max, std::chrono::milliseconds(request.wait_ms), std::move(stop));
  if (!taken) return std::move(taken).error();
  std::string out = "{\"group\":" + Json(request.name).dump() + ",\"events\":[";
  for (auto& [position, attempt] : *taken) {
    auto reader = store.read({.from = position, .to = position});
    auto event = reader->next();
    if (!event) return std::move(event).error();
    out.append(out.back() == '[' ? "" : ",").append("{\"attempt\":").append(std::to_string(attempt)).append(",\"event\":");
    if (auto written = append_event(**event, &keys, out); !written) return std::move(written).error();
    out.push_back('}');
  }
  return out + "]}";
}

Result<std::string> settled(const ConsumerGroup& group, Result<std::size_t> known) {
  if (!known) return std::move(known).error();
  Result<void> failed;
  auto document = status_of(group, failed);
  if (!failed) return std::move(failed).error();
  document["known"] = *known;
  return document.dump();
}

}  // namespace

Result<void> LocalStore::Impl::read_groups() {
  if (group_files) return {};
  GroupFiles files(path);
  auto records = files.load();
  if (!records) return std::move(records).error();
  group_files.emplace(std::move(files));
  for (auto& record : *records) {
    auto name = record.name;
    // Accepting the loss of a tail does this; whoever was killed in the middle of it comes here.
    if (auto was = take_back(record, store->head().position)) {
      spdlog::warn("group {} knew of position {}: it begins again after {}", name, was->value, record.checkpoint.value);
      if (auto saved = group_files->save(record); !saved) return std::move(saved).error();
    }
    auto group = ConsumerGroup::open(*store, *group_files, clock, std::move(record));
    if (!group) return std::move(group).error();
    groups.emplace(std::move(name), std::move(*group));
  }
  return {};
}

Result<std::shared_ptr<ConsumerGroup>> LocalStore::Impl::group(const std::string& name) {
  std::lock_guard lock(groups_mutex);
  if (auto read = read_groups(); !read) return std::move(read).error();
  auto found = groups.find(name);
  if (found == groups.end()) return unknown_group(name);
  return found->second;
}

// Of a group that is there only the limits can change: another filter would be about other events.
Result<std::string> LocalStore::Impl::create_group(const GroupRequest& request) {
  if (!valid_group_name(request.name)) return bad_group("group", "no group name: " + request.name, "1 to 64 of a-z, 0-9, -, _ and .");
  if (auto checked = check_range("attemptsMax", request.attempts_max, kAttemptsMax); !checked) return std::move(checked).error();
  if (auto checked = check_range("leaseSeconds", request.lease_seconds, kLeaseSecondsMax); !checked) return std::move(checked).error();
  if (auto filter = parse_known_filter(request.match); !filter) return std::move(filter).error();
  std::lock_guard lock(groups_mutex);
  if (auto read = read_groups(); !read) return std::move(read).error();
  auto& group = groups[request.name];
  if (!group) {
    GroupRecord record{.name = request.name, .match = request.match, .checkpoint = {request.from && *request.from > 0 ? *request.from - 1 : 0}};
    auto made = ConsumerGroup::open(*store, *group_files, clock, std::move(record));
    if (made) group = std::move(*made);
    else groups.erase(request.name);
    if (!made) return std::move(made).error();
  } else if (auto there = group->status(); !there || request.from || (!request.match.empty() && request.match != there->record.match)) {
    if (!there) return std::move(there).error();
    return Error{ErrorCode::kConflict, "group.exists", "the consumer group \"" + request.name + "\" is there, with another filter or place", "/group",
                 "", "delete it first, or make one of another name"};
  }
  std::optional<std::uint32_t> attempts;
  if (request.attempts_max) attempts = static_cast<std::uint32_t>(*request.attempts_max);
  std::optional<std::chrono::milliseconds> lease;
  if (request.lease_seconds) lease = std::chrono::seconds(*request.lease_seconds);
  if (auto saved = group->limit(attempts, lease); !saved) return std::move(saved).error();
  return shown(*group);
}

Result<std::string> LocalStore::Impl::delete_group(const std::string& name) {
  std::lock_guard lock(groups_mutex);
  if (auto read = read_groups(); !read) return std::move(read).error();
  auto found = groups.find(name);
  if (found == groups.end()) return unknown_group(name);
  if (auto removed = found->second->remove(); !removed) return std::move(removed).error();
  groups.erase(found);
  return Json{{"group", name}, {"deleted", true}}.dump();
}

Result<std::string> LocalStore::Impl::list_groups() {
  std::lock_guard lock(groups_mutex);
  if (auto read = read_groups(); !read) return std::move(read).error();
  auto all = Json::array();
  Result<void> failed;
  for (auto& [name, group] : groups) all.push_back(status_of(*group, failed));
  if (!failed) return std::move(failed).error();
  return Json{{"groups", all}}.dump();
}

Result<std::string> LocalStore::group(const GroupRequest& request, std::stop_token stop) {
  if (impl_->directory->read_only())
    if (auto reopened = impl_->reopen_for_writing(); !reopened) return std::move(reopened).error();
  switch (request.about) {
    case About::kList: return impl_->list_groups();
    case About::kCreate: return impl_->create_group(request);
    case About::kDelete: return impl_->delete_group(request.name);
    default: break;
  }
  auto group = impl_->group(request.name);
  if (!group) return std::move(group).error();
  auto positions = positions_of(request);
  switch (request.about) {
    case About::kParked: return parked(**group);
    case About::kTake: return take(**group, request, *impl_->store, *impl_->keys, std::move(stop));
    case About::kAcknowledge: return settled(**group, (*group)->acknowledge(positions));
    case About::kRefuse: return settled(**group, (*group)->refuse(positions, request.error, request.park));
    case About::kReplay: return settled(**group, (*group)->replay_parked(positions));
    default: return shown(**group);
  }
}

}  // namespace rapport
