// Readers over log/: which positions, in which order, and their events. Included under rocks/ only.
#pragma once
#include <memory>

#include "eventstore/rocks/committed_head.h"
#include "eventstore/rocks/stored_log.h"

namespace rapport {

// The positions that a query is about, in its order, as of when it was made. One thread.
class PositionSource {
 public:
  virtual ~PositionSource() = default;
  virtual Result<std::optional<Position>> next() = 0;
};

class RocksReader final : public EventReader {
 public:
  RocksReader(const LogDatabase& database, const CommittedHead& committed, const ReadQuery& query);
  Result<const RecordedEvent*> next() override;

 private:
  Result<std::optional<Position>> next_position();
  void rest();

  const LogDatabase& database_;
  const CommittedHead& committed_;
  ReadQuery query_;  // moves on: what is still to be read
  Position seen_;    // the head when source_ was made
  std::unique_ptr<PositionSource> source_;
  bool done_ = false;  // nothing can follow, whatever is appended
  FrameCursor cursor_;
};

}  // namespace rapport
