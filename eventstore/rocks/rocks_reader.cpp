#include "eventstore/rocks/rocks_reader.h"

namespace rapport {
namespace {

bool whole_log(const ReadQuery& query) { return query.stream.empty() && query.filter.takes_all(); }

}  // namespace

RocksReader::RocksReader(const LogDatabase& database, const LogIndex& index, const CommittedHead& committed,
                         const ReadQuery& query)
    : index_(index), committed_(committed), query_(query),
      cursor_(database, whole_log(query) ? FrameCursor::Use::kScan : FrameCursor::Use::kPoint) {}

// What is committed after a source was made is left to the next one: a reader that waits holds no files.
Result<std::optional<Position>> RocksReader::next_position() {
  if (!source_) {
    auto head = committed_.position();
    if (done_ || (seen_ == head && head.value != 0)) return std::optional<Position>();
    seen_ = head;
    auto source = index_.positions(query_, head);
    if (!source) return source.error();
    source_ = std::move(*source);
  }
  auto position = source_->next();
  if (!position) return position;
  auto past = *position && (**position > seen_ || **position > query_.to);
  if (!*position || past) {
    done_ = query_.direction == Direction::kBackward || (past && **position > query_.to);
    rest();
    return std::optional<Position>();
  }
  return position;
}

void RocksReader::rest() {
  source_.reset();
  cursor_.release();
}

Result<const RecordedEvent*> RocksReader::next() {
  for (;;) {
    auto position = next_position();
    if (!position) return position.error();
    if (!*position) return static_cast<const RecordedEvent*>(nullptr);
    auto event = cursor_.event(**position);
    if (!event) return event;
    query_.from = {(*position)->value + 1};
    query_.from_version = {(*event)->version.value + 1};
    if (query_.filter.takes(**event)) return event;  // an index knows of one thing that was asked for, not of all
  }
}

}  // namespace rapport
