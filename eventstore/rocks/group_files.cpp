#include "eventstore/rocks/group_files.h"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <algorithm>
#include "eventstore/rocks/files.h"
#include "eventstore/rocks/message_file.h"
#include "eventstore/schema/group.capnp.h"
#include "eventstore/stored_event.h"

namespace rapport {
namespace {

constexpr std::string_view kEnding = ".group";

std::string encoded(const GroupRecord& record) {
  capnp::MallocMessageBuilder message;
  auto group = message.initRoot<groups::wire::Group>();
  group.setName(record.name.c_str());
  auto match = group.initMatch(static_cast<unsigned>(record.match.size()));
  for (unsigned i = 0; i < match.size(); ++i) match.set(i, record.match[i].c_str());
  group.setCheckpoint(record.checkpoint.value);
  auto acknowledged = group.initAcknowledged(static_cast<unsigned>(record.acknowledged.size()));
  unsigned at = 0;
  for (auto position : record.acknowledged) acknowledged.set(at++, position.value);
  auto parked = group.initParked(static_cast<unsigned>(record.parked.size()));
  at = 0;
  for (const auto& [position, event] : record.parked) {
    auto to = parked[at++];
    to.setPosition(position.value);
    to.setAttempts(event.attempts);
    to.setError(event.error.c_str());
    to.setParkedAt(event.parked_at.micros);
  }
  group.setAttemptsMax(record.attempts_max);
  group.setLeaseMs(static_cast<std::uint32_t>(record.lease_ms.count()));
  return with_digest(message);
}

std::optional<GroupRecord> decoded(std::string_view bytes) try {
  auto words = message_in(bytes);
  if (!words) return {};
  capnp::FlatArrayMessageReader reader(*words);
  auto group = reader.getRoot<groups::wire::Group>();
  GroupRecord record{.name = group.getName().cStr(), .match = {}, .checkpoint = {group.getCheckpoint()}, .acknowledged = {}, .parked = {},
                     .attempts_max = group.getAttemptsMax(), .lease_ms = std::chrono::milliseconds(group.getLeaseMs())};
  for (auto clause : group.getMatch()) record.match.emplace_back(clause.cStr());
  for (auto position : group.getAcknowledged()) record.acknowledged.insert({position});
  for (auto event : group.getParked())
    record.parked[{event.getPosition()}] = {{event.getPosition()}, event.getAttempts(), event.getError().cStr(), {event.getParkedAt()}};
  return record;
} catch (const kj::Exception&) {
  return {};
}

}  // namespace

Result<void> GroupFiles::save(const GroupRecord& record) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return Error{ErrorCode::kUnavailable, "store.io", "cannot make " + folder_.string() + ": " + error.message()};
  return write_file_durably(folder_ / (record.name + std::string(kEnding)), encoded(record));
}

Result<void> GroupFiles::remove(const std::string& name) { return remove_durably(folder_ / (name + std::string(kEnding))); }

Result<std::vector<GroupRecord>> GroupFiles::load() const {
  std::vector<GroupRecord> records;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, none)) {
    if (entry.path().extension() != kEnding) continue;
    auto bytes = read_file(entry.path());
    if (!bytes) return std::move(bytes).error();
    auto record = decoded(*bytes);
    if (!record || !valid_group_name(record->name) || record->name != entry.path().stem())
      return Error{ErrorCode::kCorrupt, "groups.damaged", entry.path().string() + " is no record of a consumer group", "", "",
                   "restore it from a backup, or remove it and make the group anew"};
    records.push_back(std::move(*record));
  }
  std::ranges::sort(records, {}, &GroupRecord::name);
  return records;
}

}  // namespace rapport
