#include "eventstore/rocks/frame_cursor.h"

#include "eventstore/rocks/rocks_status.h"

namespace rapport {
namespace {

Bytes bytes_of(const rocksdb::Slice& slice) { return rapport::bytes_of(std::string_view(slice.data(), slice.size())); }

Error unreadable(Position position, const rocksdb::Status& status) {
  return from_status(status, "cannot read the log at position " + std::to_string(position.value));
}

}  // namespace

bool FrameCursor::seek(Position position) {
  auto next = iterator_ && iterator_->Valid() && frame_.size() > 0 && position.value == frame_.last().value + 1;
  if (next) {
    iterator_->Next();
    if (iterator_->Valid() && position_of(iterator_->key()) == position) return true;
  }
  // An older iterator sees what was there when it was made.
  if (!iterator_ || next) {
    if (use_ == Use::kScan) iterator_ = database_.scan(Family::kLog);
    else iterator_.reset(database_.log().NewIterator({}, database_[Family::kLog]));
  }
  iterator_->SeekForPrev(log_key(position));
  return iterator_->Valid();
}

Result<Frame*> FrameCursor::frame(Position position) {
  if (frame_.has(position)) return &frame_;
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (seek(position)) {
      if (auto read = frame_.read(bytes_of(iterator_->value())); !read) return damaged(position, read.error().message);
      if (frame_.first() != position_of(iterator_->key())) return damaged(position, "a frame under another's key");
      if (frame_.has(position)) return &frame_;
    }
    if (!iterator_->status().ok()) return unreadable(position, iterator_->status());
    iterator_.reset();
  }
  return damaged(position, "no frame has it");
}

Result<const RecordedEvent*> FrameCursor::event(Position position) {
  auto found = frame(position);
  if (!found) return found.error();
  return (*found)->event(position.value - (*found)->first().value);
}

}  // namespace rapport
