// Readers over log/: which positions, in which order, and their events. Included under rocks/ only.
#pragma once
#include <memory>

#include "eventstore/rocks/committed_head.h"
#include "eventstore/rocks/frame_cursor.h"
#include "eventstore/rocks/log_index.h"

namespace rapport {

// One thread.
class RocksReader final : public EventReader {
 public:
  RocksReader(const LogDatabase& database, const LogIndex& index, const CommittedHead& committed, const ReadQuery& query);
  Result<const RecordedEvent*> next() override;

 private:
  Result<std::optional<Position>> next_position();
  void rest();

  const LogIndex& index_;
  const CommittedHead& committed_;
  ReadQuery query_;  // moves on: what is still to be read
  Position seen_;    // the head when source_ was made
  std::unique_ptr<PositionSource> source_;
  bool done_ = false;  // nothing can follow, whatever is appended
  FrameCursor cursor_;
};

}  // namespace rapport
