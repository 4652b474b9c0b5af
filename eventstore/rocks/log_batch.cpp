#include "eventstore/rocks/log_batch.h"

#include "eventstore/rocks/rocks_status.h"

namespace rapport {
namespace {

constexpr std::size_t kBatchBytes = 4u << 10, kHeadBytesPerEvent = 192;  // reserved, so that a batch does not grow by copies
constexpr std::size_t kEventOverheadBytes = 136;  // head, salt, and what points to the four parts

}  // namespace

LogBatch::LogBatch(const LogDatabase& database, MerkleTree& tree, const GroupPlan& plan)
    : database_(database), tree_(tree), plan_(plan),
      batch_(kBatchBytes + plan.bytes() + plan.events().size() * kHeadBytesPerEvent, 0, kProtectionBytesPerKey, 0) {}

void LogBatch::put(Family family, const rocksdb::Slice& key, const rocksdb::Slice& value) {
  auto status = batch_.Put(database_[family], key, value);
  if (status_.ok()) status_ = status;
}

Result<void> LogBatch::build() {
  auto size_before = tree_.size();
  for (const auto& command : plan_.commands()) add(command);
  end_frame(true);
  if (size_before / kEdgeEvery != tree_.size() / kEdgeEvery) put(Family::kTree, log_key({tree_.size()}), tree_.edge());
  if (!status_.ok()) return from_status(status_, "cannot build a batch");
  return {};
}

void LogBatch::add(const PlannedCommand& command) {
  std::uint16_t ordinal = 0;
  for (auto i = command.first; i < command.first + command.count; ++i) add(plan_.events()[i], command, ordinal++);
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
  events_.push_back({event.head, prepared.salt, prepared.metadata, prepared.payload});
  frame_bytes_ += bytes;
  tree_.add(event.leaf);
}

void LogBatch::end_frame(bool ends_group) {
  if (events_.empty()) return;
  frame_.last = ends_group;
  frame_.events = events_;
  frame_.commands = commands_;
  auto message = encode_frame(frame_);
  auto bytes = message.asBytes();
  put(Family::kLog, log_key(frame_.first), {reinterpret_cast<const char*>(bytes.begin()), bytes.size()});
  events_.clear();
  commands_.clear();
  frame_bytes_ = 0;
}

}  // namespace rapport
