#include "adapters/kafka/run_cursor.h"

namespace rapport::kafka {

Cursor RunCursor::whole() const {
  auto cursor = *leading_;
  if (!behind_) return cursor;
  cursor.clean = cursor.clean && behind_->clean;
  for (const auto& [topic, partitions] : behind_->topics) {
    cursor.topics[topic] = partitions;
    cursor.behind[topic] = behind_->position;
  }
  return cursor;
}

std::optional<Cursor> RunCursor::remembered(const std::string& cluster) const {
  std::lock_guard lock(mutex_);
  if (leading_ && leading_->cluster == cluster) return whole();
  return folder_.empty() ? std::nullopt : read_cursor(folder_, cluster);
}

Result<void> RunCursor::save(Pass pass, const Cursor& part) {
  std::lock_guard lock(mutex_);
  (pass == Pass::kLeading ? leading_ : behind_) = part;
  if (!leading_ || folder_.empty()) return {};
  return write_cursor(folder_, whole());
}

void RunCursor::join() {
  std::lock_guard lock(mutex_);
  if (!leading_ || !behind_) return;
  auto joined = whole();
  leading_ = std::move(joined);
  behind_.reset();
}

}  // namespace rapport::kafka
