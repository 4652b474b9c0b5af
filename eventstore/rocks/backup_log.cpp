#include "eventstore/rocks/backup_log.h"

#include <algorithm>

#include "eventstore/rocks/log_database.h"
#include "eventstore/rocks/sorted_file.h"

namespace rapport {
namespace {

Error no_frame(Position position) { return backup_damaged("it has no event " + std::to_string(position.value)); }

}  // namespace

BackupLog::BackupLog(std::filesystem::path folder, const BackupManifest& manifest) : folder_(std::move(folder)), manifest_(manifest) {}
BackupLog::~BackupLog() = default;

Result<void> BackupLog::open_segment(Position position) {
  auto has = [&](const BackupManifest::Segment& segment) { return segment.first <= position && position <= segment.last; };
  if (segment_ && has(*segment_)) return {};
  auto found = std::find_if(manifest_.log.begin(), manifest_.log.end(), has);
  if (found == manifest_.log.end()) return no_frame(position);
  auto opened = SortedFileReader::open(folder_ / found->file.path);
  if (!opened) return opened.error();
  reader_ = std::make_unique<SortedFileReader>(std::move(*opened));
  segment_ = &*found;
  return {};
}

Result<const RecordedEvent*> BackupLog::event(Position position) {
  auto before = segment_;
  if (auto opened = open_segment(position); !opened) return opened.error();
  if (before != segment_ || !frame_.has(position)) {
    reader_->entries->SeekForPrev(log_key(position));
    if (!reader_->entries->Valid()) return no_frame(position);
    if (auto read = frame_.read(bytes_of(reader_->entries->value().ToStringView())); !read)
      return backup_damaged(read.error().message);
    if (!frame_.has(position)) return no_frame(position);
  }
  auto event = frame_.event(position.value - frame_.first().value);
  if (!event) return backup_damaged(event.error().message);
  return event;
}

// By halves: recordedAt grows with the position.
Result<Position> BackupLog::position_at(Timestamp t) {
  std::uint64_t before = 0, after = last().value + 1;  // recorded at or before t; later
  while (after - before > 1) {
    Position middle{before + (after - before) / 2};
    auto found = event(middle);
    if (!found) return found.error();
    ((*found)->recorded_at <= t ? before : after) = middle.value;
  }
  return Position{before};
}

// An append's events follow each other under one command id, numbered from 0.
Result<Position> BackupLog::append_end(Position wanted) {
  if (wanted >= last() || wanted.value == 0) return std::min(wanted, last());
  auto next = event({wanted.value + 1});
  if (!next) return next.error();
  return Position{wanted.value - (*next)->ordinal};
}

Result<void> BackupLog::each(const std::function<Result<bool>(Bytes)>& take) {
  for (const auto& segment : manifest_.log) {
    auto opened = SortedFileReader::open(folder_ / segment.file.path);
    if (!opened) return opened.error();
    auto& frames = *opened->entries;
    for (frames.SeekToFirst(); frames.Valid(); frames.Next()) {
      auto more = take(bytes_of(frames.value().ToStringView()));
      if (!more) return more.error();
      if (!*more) return {};
    }
    if (!frames.status().ok()) return backup_damaged((folder_ / segment.file.path).string() + ": " + frames.status().ToString());
  }
  return {};
}

}  // namespace rapport
