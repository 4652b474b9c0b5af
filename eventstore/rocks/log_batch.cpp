#include "eventstore/rocks/log_batch.h"

#include <algorithm>

#include "eventstore/rocks/rocks_status.h"

namespace rapport {
namespace {

constexpr std::size_t kBatchBytes = 4u << 10, kEntriesBytesPerEvent = 320;  // reserved, so that a batch does not grow by copies
constexpr std::size_t kProtectionBytesPerKey = 8;
constexpr std::size_t kEventOverheadBytes = 136;  // head, salt, and what points to the four parts

}  // namespace

LogBatch::LogBatch(const LogDatabase& database, MerkleTree& tree, const GroupPlan& plan)
    : database_(database), tree_(tree), plan_(plan),
      batch_(kBatchBytes + plan.bytes() + plan.events().size() * kEntriesBytesPerEvent, 0, kProtectionBytesPerKey, 0) {}

void LogBatch::put(Family family, const rocksdb::Slice& key, const rocksdb::Slice& value) {
  auto status = batch_.Put(database_[family], key, value);
  if (status_.ok()) status_ = status;
}

Result<void> LogBatch::build(std::uint64_t streams_before) {
  auto size_before = tree_.size();
  for (const auto& command : plan_.commands()) add(command);
  end_frame(true);
  if (size_before / kEdgeEvery != tree_.size() / kEdgeEvery) put(Family::kTree, log_key({tree_.size()}), tree_.edge());
  if (plan_.new_streams() > 0) {
    value_.clear();
    append_be<8>(value_, streams_before + plan_.new_streams());
    put(Family::kDefault, kStreamsKey, value_);
  }
  if (!status_.ok()) return from_status(status_, "cannot build a batch");
  return {};
}

void LogBatch::add(const PlannedCommand& command) {
  std::uint16_t ordinal = 0;
  for (auto i = command.first; i < command.first + command.count; ++i) add(plan_.events()[i], command, ordinal++);
  value_.clear();
  append_be<8>(value_, plan_.events()[command.first].position.value);
  append_be<4>(value_, command.count);
  put(Family::kCommand, command_key(command.append->command), value_);
}

void LogBatch::add(const PlannedEvent& event, const PlannedCommand& command, std::uint16_t ordinal) {
  const auto& prepared = *event.prepared;
  auto bytes = prepared.metadata.asBytes().size() + prepared.payload.asBytes().size() + kEventOverheadBytes;
  if (!events_.empty() && frame_bytes_ + bytes > kFrameBytes) end_frame(false);
  if (events_.empty()) {
    frame_.first = event.position;
    frame_.committed_at = event.recorded_at;
    frame_.previous_root = tree_.root();
  }
  if (commands_.empty() || commands_.back().id != command.append->command)
    commands_.push_back({command.append->command, command.append->request, 0, ordinal});
  ++commands_.back().events;
  auto type = std::find_if(types_.begin(), types_.end(), [&](const TypeEntry& t) { return t.type == prepared.type; });
  if (type == types_.end()) type = types_.insert(types_.end(), {prepared.type, {}});
  append_be<2>(type->places, events_.size());
  events_.push_back({event.head, prepared.salt, prepared.metadata, prepared.payload});
  frame_bytes_ += bytes;
  tree_.add(event.leaf);
  key_.assign(prepared.stream);
  key_ += '\0';
  append_be<8>(key_, event.version.value);
  value_.clear();
  append_be<8>(value_, event.position.value);
  put(Family::kStream, key_, value_);
}

void LogBatch::end_frame(bool ends_group) {
  if (events_.empty()) return;
  frame_.last = ends_group;
  frame_.events = events_;
  frame_.commands = commands_;
  auto message = encode_frame(frame_);
  auto bytes = message.asBytes();
  put(Family::kLog, log_key(frame_.first), {reinterpret_cast<const char*>(bytes.begin()), bytes.size()});
  for (const auto& [type, places] : types_) put(Family::kType, named_key(type, frame_.first.value), places);
  events_.clear();
  commands_.clear();
  types_.clear();
  frame_bytes_ = 0;
}

}  // namespace rapport
