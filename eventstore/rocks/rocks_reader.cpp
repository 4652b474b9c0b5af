#include "eventstore/rocks/rocks_reader.h"

#include <algorithm>

namespace rapport {
namespace {

// Every position.
class All final : public PositionSource {
 public:
  All(const ReadQuery& query, Position head) : head_(head), forward_(query.direction == Direction::kForward) {
    if (forward_) next_ = std::max<std::uint64_t>(query.from.value, 1);
    else next_ = query.from.value == 0 ? head.value : std::min(query.from.value, head.value);
  }
  Result<std::optional<Position>> next() override {
    if (next_ == 0 || next_ > head_.value) return std::optional<Position>();
    return std::optional(Position{forward_ ? next_++ : next_--});
  }

 private:
  const Position head_;
  const bool forward_;
  std::uint64_t next_;
};

bool whole_log(const ReadQuery& query) { return query.stream.empty() && query.type.empty() && query.category.empty(); }

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
    if (whole_log(query_)) {
      source_ = std::make_unique<All>(query_, head);
    } else {
      auto source = index_.positions(query_);
      if (!source) return source.error();
      source_ = std::move(*source);
    }
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
    if (query_.takes(**event)) return event;  // an index knows of one thing that was asked for, not of all
  }
}

}  // namespace rapport
