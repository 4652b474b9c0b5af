// Reading the log's frames by position. Included under rocks/ only.
#pragma once
#include <memory>

#include "eventstore/frame.h"
#include "eventstore/rocks/log_database.h"

namespace rapport {

// Reads events by position, best in order: keeps its place and the last frame. One thread.
class FrameCursor final {
 public:
  enum class Use : std::uint8_t { kPoint, kScan };  // kScan: leaves the cache to others
  explicit FrameCursor(const LogDatabase& database, Use use = Use::kPoint) : database_(database), use_(use) {}

  // The frame that has the position. kCorrupt if none has: ask only for what was committed. Borrowed until the next call.
  Result<Frame*> frame(Position position);
  Result<const RecordedEvent*> event(Position position);
  // Lets go of the database's files; the next call opens them again.
  void release() { iterator_.reset(); }

 private:
  bool seek(Position position);

  const LogDatabase& database_;
  const Use use_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  Frame frame_;
};

}  // namespace rapport
