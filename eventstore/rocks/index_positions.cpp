#include "eventstore/rocks/index_positions.h"

#include <algorithm>

#include "eventstore/rocks/rocks_status.h"
#include "eventstore/stored_event.h"

namespace rapport {
namespace {

// A stream's positions from its entries, in order of versions.
class SettledOfStream final : public PositionSource {
 public:
  SettledOfStream(const LogDatabase& database, const ReadQuery& query)
      : forward_(query.direction == Direction::kForward), from_(query.from_version), prefix_(query.stream + '\0'),
        it_(database.named(Family::kStream)) {
    // The block that has the first version begins at or before it.
    auto bound = !forward_ && from_.value == 0 ? ~std::uint64_t{0} : from_.value;
    it_->SeekForPrev(named_key(query.stream, bound));
    if (forward_ && !(it_->Valid() && it_->key().starts_with(prefix_))) it_->Seek(named_key(query.stream, 0));
  }
  Result<std::optional<Position>> next() override {
    for (;;) {
      while (at_ < block_.positions.size()) {
        auto i = forward_ ? at_ : block_.positions.size() - 1 - at_;
        ++at_;
        StreamVersion version{block_.first.value + i};
        if (forward_ ? version >= from_ : from_.value == 0 || version <= from_) return std::optional(block_.positions[i]);
      }
      if (!it_->status().ok()) return from_status(it_->status(), "cannot read a stream");
      if (!it_->Valid() || !it_->key().starts_with(prefix_)) return std::optional<Position>();
      at_ = 0;
      block_ = stream_block(it_->key().ToStringView(), it_->value().ToStringView());
      if (block_.positions.empty()) return damaged({}, "an entry of stream " + prefix_);
      if (forward_) it_->Next();
      else it_->Prev();
    }
  }

 private:
  const bool forward_;
  const StreamVersion from_;
  const std::string prefix_;
  std::unique_ptr<rocksdb::Iterator> it_;
  StreamBlock block_;
  std::size_t at_ = 0;
};

// One term's positions: its blocks, taken apart.
class SettledOfTerm final : public PositionSource {
 public:
  SettledOfTerm(const LogDatabase& database, const Term& term, const ReadQuery& query)
      : forward_(query.direction == Direction::kForward), from_(query.from), prefix_(Term::key(term.kind, term.value) + '\0'),
        it_(database.named(Family::kTerm)) {
    // The block that has the first position begins at or before it.
    auto bound = !forward_ && from_.value == 0 ? ~std::uint64_t{0} : from_.value;
    it_->SeekForPrev(named_key({prefix_.data(), prefix_.size() - 1}, bound));
    if (forward_ && !(it_->Valid() && it_->key().starts_with(prefix_))) it_->Seek(prefix_);
  }
  Result<std::optional<Position>> next() override {
    for (;;) {
      while (at_ < block_.size()) {
        auto position = block_[at_++];
        if (forward_ ? position >= from_ : from_.value == 0 || position <= from_) return std::optional(position);
      }
      if (!it_->status().ok()) return from_status(it_->status(), "cannot read the index of terms");
      if (!it_->Valid() || !it_->key().starts_with(prefix_)) return std::optional<Position>();
      load();
    }
  }

 private:
  void load() {
    at_ = 0;
    block_ = block_positions(it_->key().ToStringView(), it_->value().ToStringView());
    if (!forward_) std::reverse(block_.begin(), block_.end());
    if (forward_) it_->Next();
    else it_->Prev();
  }

  const bool forward_;
  const Position from_;
  const std::string prefix_;
  std::unique_ptr<rocksdb::Iterator> it_;
  std::vector<Position> block_;
  std::size_t at_ = 0;
};

// Forward index/ and then the tail, backward the other way round.
class WithTail final : public PositionSource {
 public:
  WithTail(std::unique_ptr<PositionSource> settled, IndexTail tail, Direction direction)
      : settled_(std::move(settled)), end_(tail.settled), tail_(std::move(tail.positions)),
        forward_(direction == Direction::kForward) {
    if (!forward_) std::reverse(tail_.begin(), tail_.end());
  }
  Result<std::optional<Position>> next() override {
    if (!forward_ && at_ < tail_.size()) return std::optional(tail_[at_++]);
    while (settled_) {
      auto position = settled_->next();
      if (!position) return position;
      if (*position && **position <= end_) return position;
      if (!*position || forward_) settled_.reset();
    }
    if (at_ < tail_.size()) return std::optional(tail_[at_++]);
    return std::optional<Position>();
  }

 private:
  std::unique_ptr<PositionSource> settled_;
  const Position end_;
  std::vector<Position> tail_;
  const bool forward_;
  std::size_t at_ = 0;
};

// Every position from one to another.
class Run final : public PositionSource {
 public:
  Run(Position first, Position last, const ReadQuery& query) : forward_(query.direction == Direction::kForward), first_(first), last_(last) {
    auto from = query.from.value;
    if (forward_) next_ = std::max(from, first.value);
    else next_ = from == 0 ? last.value : std::min(from, last.value);
  }
  Result<std::optional<Position>> next() override {
    if (next_ < first_.value || next_ > last_.value) return std::optional<Position>();
    return std::optional(Position{forward_ ? next_++ : next_--});
  }

 private:
  const bool forward_;
  const Position first_, last_;
  std::uint64_t next_;
};

class Merged final : public PositionSource {
 public:
  Merged(std::vector<std::unique_ptr<PositionSource>> sources, Direction direction)
      : forward_(direction == Direction::kForward) {
    for (auto& source : sources) sources_.push_back({std::move(source), {}});
  }
  Result<std::optional<Position>> next() override {
    Source* nearest = nullptr;
    for (auto& source : sources_) {
      if (!source.head && source.positions) {
        auto head = source.positions->next();
        if (!head) return head.error();
        source.head = *head;
        if (!source.head) source.positions.reset();
      }
      if (!source.head) continue;
      if (!nearest || (forward_ ? *source.head < *nearest->head : *source.head > *nearest->head)) nearest = &source;
    }
    if (!nearest) return std::optional<Position>();
    auto position = nearest->head;
    for (auto& source : sources_)
      if (source.head == position) source.head.reset();
    return position;
  }

 private:
  struct Source {
    std::unique_ptr<PositionSource> positions;  // null: nothing follows
    std::optional<Position> head;
  };
  const bool forward_;
  std::vector<Source> sources_;
};

// Whether everything that a forward query asks for is behind index/.
bool past(const IndexTail& tail, const ReadQuery& query) {
  return query.direction == Direction::kForward && query.stream.empty() && query.from > tail.settled;
}

}  // namespace

StreamBlock stream_block(std::string_view key, std::string_view value) {
  StreamBlock block{{read_be<8>(key.substr(key.size() - sizeof(std::uint64_t)))}, {}};
  if (value.size() < sizeof(std::uint64_t) || value.size() % sizeof(std::uint32_t) != 0) return block;
  auto first = read_be<8>(value);
  block.positions.push_back({first});
  for (value.remove_prefix(sizeof(std::uint64_t)); !value.empty(); value.remove_prefix(sizeof(std::uint32_t)))
    block.positions.push_back({first + read_be<4>(value)});
  return block;
}

std::vector<Position> block_positions(std::string_view key, std::string_view value) {
  auto first = read_be<8>(key.substr(key.size() - sizeof(std::uint64_t)));
  std::vector<Position> positions;
  for (; value.size() >= sizeof(std::uint32_t); value.remove_prefix(sizeof(std::uint32_t)))
    positions.push_back({first + read_be<4>(value)});
  return positions;
}

std::unique_ptr<PositionSource> stream_positions(const LogDatabase& database, const ReadQuery& query, IndexTail tail) {
  return std::make_unique<WithTail>(std::make_unique<SettledOfStream>(database, query), std::move(tail), query.direction);
}

std::unique_ptr<PositionSource> term_positions(const LogDatabase& database, const Term& term, const ReadQuery& query, IndexTail tail) {
  std::unique_ptr<PositionSource> settled;
  if (!past(tail, query)) settled = std::make_unique<SettledOfTerm>(database, term, query);
  return std::make_unique<WithTail>(std::move(settled), std::move(tail), query.direction);
}

std::unique_ptr<PositionSource> all_positions(const ReadQuery& query, Position head) {
  return std::make_unique<Run>(Position{1}, head, query);
}

std::unique_ptr<PositionSource> run_of_positions(Position first, std::size_t count, const ReadQuery& query) {
  return std::make_unique<Run>(first, Position{first.value + count - 1}, query);
}

std::unique_ptr<PositionSource> merged_positions(std::vector<std::unique_ptr<PositionSource>> sources, Direction direction) {
  return std::make_unique<Merged>(std::move(sources), direction);
}

}  // namespace rapport
