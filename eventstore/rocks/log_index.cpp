#include "eventstore/rocks/log_index.h"

#include <algorithm>

#include "eventstore/rocks/frame_cursor.h"
#include "eventstore/rocks/rocks_status.h"
#include "eventstore/rocks/tile_entries.h"

namespace rapport {
namespace {

constexpr std::size_t kTimesBehindMax = 8;  // unsettled events before an append waits, in batches
constexpr std::size_t kBlockPositions = 1024;
constexpr std::size_t kSettledLately = 4;  // batches whose streams stay in memory, some 4 MiB each
constexpr std::size_t kCommandValueBytes = 12;
constexpr std::size_t kMarkBytes = 2 * sizeof(std::uint64_t) + sizeof(Hash);
constexpr char kIndexFormat = 2;  // behind the mark; 1 had none

class Batch final {
 public:
  explicit Batch(const LogDatabase& database) : database_(database), batch_(0, 0, kProtectionBytesPerKey, 0) {}

  void put(Family family, const rocksdb::Slice& key, const rocksdb::Slice& value) {
    auto status = batch_.Put(database_[family], key, value);
    if (status_.ok()) status_ = status;
  }
  rocksdb::Status write() {
    if (!status_.ok()) return status_;
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    return database_.index().Write(options, &batch_);
  }

 private:
  const LogDatabase& database_;
  rocksdb::WriteBatch batch_;
  rocksdb::Status status_;
};

// In key order: a memtable takes neighbours faster than strangers.
template <class Map>
auto sorted(const Map& map) {
  std::vector<const typename Map::value_type*> entries;
  entries.reserve(map.size());
  for (const auto& entry : map) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(), [](auto* a, auto* b) { return a->first < b->first; });
  return entries;
}

void put_streams(const IndexEntries& entries, Batch& batch) {
  std::string key, value;
  for (const auto* entry : sorted(entries.streams())) {
    const auto& positions = entry->second.positions;
    for (std::size_t block = 0; block < positions.size(); block += kBlockPositions) {
      key.assign(entry->first).append(1, '\0');
      append_be<8>(key, entry->second.first.value + block);
      value.clear();
      append_be<8>(value, positions[block].value);
      for (auto i = block + 1; i < std::min(block + kBlockPositions, positions.size()); ++i)
        append_be<4>(value, positions[i].value - positions[block].value);
      batch.put(Family::kStream, key, value);
    }
  }
}

void put_commands(const IndexEntries& entries, Batch& batch) {
  std::string value;
  for (const auto* entry : sorted(entries.commands())) {
    value.clear();
    append_be<8>(value, entry->second.first.value);
    append_be<4>(value, entry->second.events);
    batch.put(Family::kCommand, command_key(entry->first), value);
  }
}

void put_terms(const IndexEntries& entries, Batch& batch) {
  std::string value;
  for (std::size_t kind = 0; kind < Term::kKinds; ++kind) {
    for (const auto* entry : sorted(entries.terms(static_cast<Term::Kind>(kind)))) {
      auto key = Term::key(static_cast<Term::Kind>(kind), entry->first);
      const auto& positions = entry->second;
      for (std::size_t block = 0; block < positions.size(); block += kBlockPositions) {
        value.clear();
        for (auto i = block; i < std::min(block + kBlockPositions, positions.size()); ++i)
          append_be<4>(value, positions[i].value - positions[block].value);
        batch.put(Family::kTerm, named_key(key, positions[block].value), value);
      }
    }
  }
}

std::vector<Position> from_version(const IndexEntries::Stream& stream, const ReadQuery& query) {
  auto begin = stream.positions.begin(), end = stream.positions.end();
  auto version = query.from_version.value, first = stream.first.value;
  auto size = stream.positions.size();
  if (query.direction == Direction::kForward) {
    if (version > first) begin += static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(version - first, size));
  } else if (version > 0) {
    auto wanted = version < first ? 0 : std::min<std::uint64_t>(version - first + 1, size);
    end = begin + static_cast<std::ptrdiff_t>(wanted);
  }
  return {begin, end};
}

std::vector<Position> from_position(const std::vector<Position>& positions, const ReadQuery& query) {
  auto begin = positions.begin(), end = positions.end();
  if (query.direction == Direction::kForward) begin = std::lower_bound(begin, end, query.from);
  else if (query.from.value > 0) end = std::upper_bound(begin, end, query.from);
  return {begin, end};
}

}  // namespace

// How far index/ goes.
struct LogIndex::Mark {
  Position settled;
  std::uint64_t streams = 0;
};

LogIndex::LogIndex(LogDatabase& database, std::size_t unsettled_events)
    : database_(database), unsettled_events_(unsettled_events), young_(std::make_unique<IndexEntries>()) {}

LogIndex::~LogIndex() = default;

// Nothing: index/ is empty, or not of this log.
Result<std::optional<LogIndex::Mark>> LogIndex::mark_of(Position end) const {
  std::string value;
  auto status = database_.index().Get({}, database_[Family::kIndex], kSettledKey, &value);
  if (status.IsNotFound()) return std::optional<Mark>();
  if (!status.ok()) return index_error(status, "cannot read how far index/ goes");
  std::string_view format(value);
  format.remove_prefix(std::min(kMarkBytes, value.size()));
  if (value.size() < kMarkBytes || !(format.empty() || format == std::string_view(&kIndexFormat, 1))) return std::optional<Mark>();
  Mark mark{{read_be<8>(value)}, read_be<8>(std::string_view(value).substr(8))};
  if (mark.settled.value == 0 || mark.settled > end) return std::optional<Mark>();
  FrameCursor cursor(database_);
  auto event = cursor.event(mark.settled);
  if (!event) return event.error();
  if (text_of((*event)->leaf) != std::string_view(value).substr(16, sizeof(Hash))) return std::optional<Mark>();
  return std::optional(mark);
}

Result<void> LogIndex::recover(Position end) {
  auto mark = mark_of(end);
  if (!mark && mark.error().code != ErrorCode::kCorrupt) return mark.error();
  if (!mark && database_.read_only()) return mark.error();
  if (mark && !*mark && database_.read_only()) mark = std::optional(Mark{});  // nothing was ever settled: there are no entries
  if (!mark || !*mark) {
    if (auto renewed = database_.renew_index(); !renewed) return renewed;
    mark = std::optional(Mark{});
  }
  settled_ = (*mark)->settled;
  settled_streams_ = (*mark)->streams;
  if (auto indexed = index_from(settled_, end); !indexed) return indexed;
  if (!database_.read_only()) settler_ = std::jthread([this](std::stop_token stop) { settle_as_they_come(std::move(stop)); });
  return {};
}

Result<void> LogIndex::index_from(Position settled, Position end) {
  FrameCursor cursor(database_, FrameCursor::Use::kScan);
  for (auto next = settled; next < end;) {
    auto frame = cursor.frame({next.value + 1});
    if (!frame) return frame.error();
    if (auto added = young_->add(**frame); !added) return added;
    next = (*frame)->last();
    // A command's events may go on in the next frame, not in the next group.
    if (young_->events() < unsettled_events_ || !(*frame)->ends_group() || database_.read_only()) continue;
    std::unique_lock lock(mutex_);
    settle_young(lock);
    if (failed_) return *failed_;
  }
  return {};
}

Result<void> LogIndex::add(const GroupPlan& plan) {
  std::unique_lock lock(mutex_);
  if (young_->events() >= kTimesBehindMax * unsettled_events_) settled_something_.wait(lock, [&] { return !old_ || failed_; });
  if (failed_) return *failed_;
  young_->add(plan);
  if (young_->events() >= unsettled_events_ && !old_) grown_.notify_one();
  return {};
}

void LogIndex::settle_as_they_come(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (grown_.wait(lock, stop, [&] { return young_->events() >= unsettled_events_ && !old_; })) settle_young(lock);
}

void LogIndex::settle_young(std::unique_lock<std::shared_mutex>& lock) {
  old_ = std::exchange(young_, std::make_unique<IndexEntries>());
  auto streams = settled_streams_ + old_->new_streams();
  lock.unlock();
  auto written = write(*old_, streams);
  std::unique_ptr<IndexEntries> done;  // freed without the lock, and so is the oldest batch
  IndexEntries::Streams forgotten;
  lock.lock();
  if (!written) {
    failed_ = written.error();
  } else {
    settled_ = old_->last();
    settled_streams_ = streams;
    done = std::move(old_);
    settled_lately_.push_front(std::move(*done).take_streams());
    if (settled_lately_.size() > kSettledLately) {
      forgotten = std::move(settled_lately_.back());
      settled_lately_.pop_back();
    }
  }
  settled_something_.notify_all();
  if (!written) return;
  lock.unlock();
  done.reset();
  forgotten.clear();
  lock.lock();
}

Result<void> LogIndex::write(const IndexEntries& entries, std::uint64_t streams) const {
  Batch batch(database_);
  put_streams(entries, batch);
  put_commands(entries, batch);
  put_terms(entries, batch);
  auto put_tile = [&](const std::string& key, const std::string& value) { batch.put(Family::kTile, key, value); };
  const auto& leaves = entries.leaves();
  if (auto put = put_tiles(database_, entries.last().value - leaves.size(), leaves, put_tile); !put) return put;
  std::string mark;
  append_be<8>(mark, entries.last().value);
  append_be<8>(mark, streams);
  mark += text_of(leaves.back());
  mark += kIndexFormat;
  batch.put(Family::kIndex, kSettledKey, mark);
  auto status = batch.write();
  if (!status.ok()) return index_error(status, "cannot write index/");
  return {};
}

Result<void> LogIndex::settle() {
  std::unique_lock lock(mutex_);
  settled_something_.wait(lock, [&] { return !old_ || failed_; });
  if (!failed_ && young_->events() > 0) settle_young(lock);
  if (failed_) return *failed_;
  return {};
}

std::vector<const IndexEntries*> LogIndex::unsettled() const {
  if (old_) return {old_.get(), young_.get()};
  return {young_.get()};
}

std::uint64_t LogIndex::streams() const {
  std::shared_lock lock(mutex_);
  auto streams = settled_streams_;
  for (const auto* entries : unsettled()) streams += entries->new_streams();
  return streams;
}

Result<StreamVersion> LogIndex::version_of(std::string_view stream) const {
  {
    std::shared_lock lock(mutex_);
    if (const auto* entry = young_->stream(stream)) return entry->last();
    if (const auto* entry = old_ ? old_->stream(stream) : nullptr) return entry->last();
    for (const auto& streams : settled_lately_)
      if (auto entry = streams.find(stream); entry != streams.end()) return entry->second.last();
  }
  auto it = database_.named(Family::kStream);
  auto last = named_key(stream, ~std::uint64_t{0});
  it->SeekForPrev(last);
  if (!it->status().ok()) return index_error(it->status(), "cannot read a stream's version");
  auto prefix = rocksdb::Slice(last.data(), stream.size() + 1);
  if (!it->Valid() || it->key().size() != last.size() || !it->key().starts_with(prefix)) return StreamVersion{};
  auto block = stream_block(it->key().ToStringView(), it->value().ToStringView());
  if (block.positions.empty()) return damaged({}, "an entry of stream " + std::string(stream));
  return block.last();
}

Result<std::optional<IndexEntries::Command>> LogIndex::command(const CommandId& id) const {
  {
    std::shared_lock lock(mutex_);
    if (const auto* entry = young_->command(id)) return std::optional(*entry);
    if (const auto* entry = old_ ? old_->command(id) : nullptr) return std::optional(*entry);
  }
  rocksdb::PinnableSlice value;
  auto status = database_.index().Get({}, database_[Family::kCommand], command_key(id), &value);
  if (status.IsNotFound()) return std::optional<IndexEntries::Command>();
  if (!status.ok()) return index_error(status, "cannot look a command up");
  if (value.size() != kCommandValueBytes) return damaged({}, "the entry of command " + to_text(id));
  std::string_view entry(value.data(), value.size());
  return std::optional(IndexEntries::Command{{read_be<8>(entry)}, static_cast<std::uint32_t>(read_be<4>(entry.substr(8)))});
}

Result<std::vector<Hash>> LogIndex::tile(TileId tile, unsigned width) {
  if (auto there = settle_at_least({leaves_needed(tile, width)}); !there) return there.error();
  return read_tile(database_, tile, width);
}

Result<std::vector<Hash>> LogIndex::whole_tile(TileId tile) {
  if (auto there = settle_at_least({leaves_needed(tile, kTileHashes)}); !there) return there.error();
  return read_whole_tile(database_, tile);
}

Result<void> LogIndex::settle_at_least(Position position) {
  auto settled = [&] {
    std::shared_lock lock(mutex_);
    return settled_;
  };
  return settled() < position ? settle() : Result<void>();
}

Result<std::unique_ptr<PositionSource>> LogIndex::positions(const ReadQuery& query, Position head) const {
  if (!query.stream.empty()) return stream_positions(database_, query, tail_of_stream(query));
  if (query.filter.takes_all()) return all_positions(query, head);
  std::vector<std::unique_ptr<PositionSource>> sources;
  for (const auto& clause : query.filter.any_of) {
    if (clause.empty()) return all_positions(query, head);
    auto source = of_term(*std::ranges::min_element(clause, {}, &Term::kind), query);
    if (!source) return source.error();
    sources.push_back(std::move(*source));
  }
  if (sources.size() == 1) return std::move(sources.front());
  return merged_positions(std::move(sources), query.direction);
}

IndexTail LogIndex::tail_of_stream(const ReadQuery& query) const {
  std::shared_lock lock(mutex_);
  IndexTail tail{settled_, {}};
  for (const auto* entries : unsettled()) {
    const auto* stream = entries->stream(query.stream);
    if (!stream) continue;
    auto positions = from_version(*stream, query);
    tail.positions.insert(tail.positions.end(), positions.begin(), positions.end());
  }
  return tail;
}

IndexTail LogIndex::tail_of_term(const Term& term, const ReadQuery& query) const {
  std::shared_lock lock(mutex_);
  IndexTail tail{settled_, {}};
  for (const auto* entries : unsettled()) {
    const auto* all = entries->term(term.kind, term.value);
    if (!all) continue;
    auto positions = from_position(*all, query);
    tail.positions.insert(tail.positions.end(), positions.begin(), positions.end());
  }
  return tail;
}

// What a command itself stored has no entries under its correlation.
Result<std::unique_ptr<PositionSource>> LogIndex::of_term(const Term& term, const ReadQuery& query) const {
  auto tail = tail_of_term(term, query);
  auto positions = term_positions(database_, term, query, std::move(tail));
  if (term.kind != Term::Kind::kCorrelation) return positions;
  CommandId id;
  if (term.value.size() != id.bytes.size()) return positions;
  std::copy(term.value.begin(), term.value.end(), id.bytes.begin());
  auto own = command(id);
  if (!own) return own.error();
  if (!*own) return positions;
  std::vector<std::unique_ptr<PositionSource>> both;
  both.push_back(run_of_positions((*own)->first, (*own)->events, query));
  both.push_back(std::move(positions));
  return merged_positions(std::move(both), query.direction);
}

}  // namespace rapport
