#include "eventstore/rocks/rocks_reader.h"

#include <algorithm>

#include "eventstore/rocks/rocks_status.h"

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

// A stream's positions from its index, in order of versions.
class OfStream final : public PositionSource {
 public:
  OfStream(const LogDatabase& database, const ReadQuery& query)
      : forward_(query.direction == Direction::kForward), prefix_(query.stream + '\0'), it_(database.named(Family::kStream)) {
    auto version = query.from_version.value;
    if (forward_) it_->Seek(named_key(query.stream, std::max<std::uint64_t>(version, 1)));
    else it_->SeekForPrev(named_key(query.stream, version == 0 ? ~std::uint64_t{0} : version));
  }
  Result<std::optional<Position>> next() override {
    if (!it_->status().ok()) return from_status(it_->status(), "cannot read a stream");
    if (!it_->Valid() || !it_->key().starts_with(prefix_)) return std::optional<Position>();
    auto position = position_of(it_->value());
    if (forward_) it_->Next();
    else it_->Prev();
    return std::optional(position);
  }

 private:
  const bool forward_;
  const std::string prefix_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

// One type's positions: the postings of its frames, taken apart.
class OfType final : public PositionSource {
 public:
  OfType(const LogDatabase& database, const std::string& type, const ReadQuery& query)
      : forward_(query.direction == Direction::kForward), from_(query.from), prefix_(type + '\0'),
        it_(database.named(Family::kType)) {
    // The frame that has the first position begins at or before it.
    auto bound = !forward_ && from_.value == 0 ? ~std::uint64_t{0} : from_.value;
    it_->SeekForPrev(named_key(type, bound));
    if (forward_ && !(it_->Valid() && it_->key().starts_with(prefix_))) it_->Seek(prefix_);
  }
  Result<std::optional<Position>> next() override {
    for (;;) {
      while (at_ < places_.size()) {
        auto position = places_[at_++];
        if (forward_ ? position >= from_ : from_.value == 0 || position <= from_) return std::optional(position);
      }
      if (!it_->status().ok()) return from_status(it_->status(), "cannot read the index of types");
      if (!it_->Valid() || !it_->key().starts_with(prefix_)) return std::optional<Position>();
      load();
    }
  }

 private:
  void load() {
    places_.clear();
    at_ = 0;
    auto first = read_be<8>({it_->key().data() + prefix_.size(), sizeof(std::uint64_t)});
    auto value = it_->value().ToStringView();
    for (std::size_t i = 0; i + 1 < value.size(); i += 2) places_.push_back({first + read_be<2>(value.substr(i))});
    if (!forward_) std::reverse(places_.begin(), places_.end());
    if (forward_) it_->Next();
    else it_->Prev();
  }

  const bool forward_;
  const Position from_;
  const std::string prefix_;
  std::unique_ptr<rocksdb::Iterator> it_;
  std::vector<Position> places_;
  std::size_t at_ = 0;
};

// A category's positions: its types', merged.
class OfCategory final : public PositionSource {
 public:
  OfCategory(const LogDatabase& database, const ReadQuery& query) : forward_(query.direction == Direction::kForward) {
    auto prefix = query.category + '.';
    auto it = database.named(Family::kType);
    for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix);) {
      auto type = it->key().ToString();
      type.resize(type.size() - sizeof(std::uint64_t) - 1);
      types_.push_back({OfType(database, type, query), {}});
      it->Seek(named_key(type, ~std::uint64_t{0}));
    }
    status_ = it->status();
  }
  Result<std::optional<Position>> next() override {
    if (!status_.ok()) return from_status(status_, "cannot read the index of types");
    Entry* nearest = nullptr;
    for (auto& type : types_) {
      if (type.done) continue;
      if (!type.head) {
        auto head = type.positions.next();
        if (!head) return head.error();
        type.head = *head;
        type.done = !type.head;
        if (type.done) continue;
      }
      if (!nearest || (forward_ ? *type.head < *nearest->head : *type.head > *nearest->head)) nearest = &type;
    }
    if (!nearest) return std::optional<Position>();
    return std::exchange(nearest->head, std::nullopt);
  }

 private:
  struct Entry {
    OfType positions;
    std::optional<Position> head;
    bool done = false;
  };
  const bool forward_;
  std::vector<Entry> types_;
  rocksdb::Status status_;
};

std::unique_ptr<PositionSource> source_of(const LogDatabase& database, const ReadQuery& query, Position head) {
  if (!query.stream.empty()) return std::make_unique<OfStream>(database, query);
  if (!query.type.empty()) return std::make_unique<OfType>(database, query.type, query);
  if (!query.category.empty()) return std::make_unique<OfCategory>(database, query);
  return std::make_unique<All>(query, head);
}

bool whole_log(const ReadQuery& query) { return query.stream.empty() && query.type.empty(); }

}  // namespace

RocksReader::RocksReader(const LogDatabase& database, const CommittedHead& committed, const ReadQuery& query)
    : database_(database), committed_(committed), query_(query),
      cursor_(database, whole_log(query) ? FrameCursor::Use::kScan : FrameCursor::Use::kPoint) {}

// What is committed after a source was made is left to the next one: a reader that waits holds no files.
Result<std::optional<Position>> RocksReader::next_position() {
  if (!source_) {
    auto head = committed_.position();
    if (done_ || (seen_ == head && head.value != 0)) return std::optional<Position>();
    seen_ = head;
    source_ = source_of(database_, query_, head);
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
  auto position = next_position();
  if (!position) return position.error();
  if (!*position) return static_cast<const RecordedEvent*>(nullptr);
  auto event = cursor_.event(**position);
  if (!event) return event;
  query_.from = {(*position)->value + 1};
  query_.from_version = {(*event)->version.value + 1};
  return event;
}

}  // namespace rapport
