// Reading the log of a backup, where it lies.
#pragma once
#include <functional>
#include <memory>

#include "eventstore/frame.h"
#include "eventstore/rocks/backup_manifest.h"

namespace rapport {

struct SortedFileReader;

// One thread.
class BackupLog final {
 public:
  // Borrows the manifest.
  BackupLog(std::filesystem::path folder, const BackupManifest& manifest);
  ~BackupLog();

  Position last() const { return manifest_.head().position; }
  // The event at a position from 1 to last(), borrowed until the next call. kCorrupt "backup.damaged".
  Result<const RecordedEvent*> event(Position position);
  // The last position that was recorded at or before t; 0 if there is none.
  Result<Position> position_at(Timestamp t);
  // The last position up to `wanted` at which an append ends: half of one is never cut off.
  Result<Position> append_end(Position wanted);
  // Every frame in order, until `take` answers false or fails.
  Result<void> each(const std::function<Result<bool>(Bytes frame)>& take);

 private:
  Result<void> open_segment(Position position);

  const std::filesystem::path folder_;
  const BackupManifest& manifest_;
  const BackupManifest::Segment* segment_ = nullptr;  // that reader_ reads
  std::unique_ptr<SortedFileReader> reader_;
  Frame frame_;
};

}  // namespace rapport
