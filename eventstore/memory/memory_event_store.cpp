#include "eventstore/memory/memory_event_store.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "eventstore/append_plan.h"
#include "eventstore/proof/merkle_tree.h"

namespace rapport {
namespace {

const SystemClock kSystemClock;

struct Kept {
  HeadBytes head;
  Salt salt;
  Hash request, leaf, root;  // root: of the tree after this event
  Timestamp recorded_at{0};
  StreamVersion version;
  std::string stream, type;
  kj::Array<capnp::word> metadata, payload;

  StoredBytes bytes() const { return {head, salt, metadata, payload, request}; }
};

kj::Array<capnp::word> copy(Words words) { return kj::heapArray(words); }

using Positions = std::vector<Position>;

}  // namespace

struct MemoryEventStore::Log final : KeptLog {
  explicit Log(const Clock& clock) : guard(clock) {}

  // Called with the mutex held.
  Result<StreamVersion> kept_version(std::string_view stream) const override {
    return StreamVersion{positions_of(stream).size()};
  }
  Result<std::optional<Command>> kept_command(const CommandId& id) const override {
    auto found = commands.find(id);
    return found == commands.end() ? std::optional<Command>() : std::optional(found->second);
  }
  const Positions& positions_of(std::string_view stream) const {
    static const Positions kNone;
    auto found = streams.find(stream);
    return found == streams.end() ? kNone : found->second;
  }
  const Kept& at(Position position) const { return events[position.value - 1]; }
  Head head() const {
    if (events.empty()) return {{}, tree.root(), {0}};
    return {{events.size()}, events.back().root, events.back().recorded_at};
  }
  void keep(const PlannedEvent& event, const Hash& request);
  void keep(const GroupPlan& plan);
  Result<StoredOutcome> kept_outcome(Position first, std::size_t count) const override;
  Result<std::vector<StoredOutcome::Item>> kept_items(const ReadQuery& query, std::size_t max) const override;

  mutable std::shared_mutex mutex;
  mutable std::condition_variable_any grown;
  ClockGuard guard;
  MerkleTree tree;
  std::deque<Kept> events;
  std::map<std::string, Positions, std::less<>> streams;
  std::map<CommandId, Command> commands;
};

void MemoryEventStore::Log::keep(const PlannedEvent& event, const Hash& request) {
  const auto& from = *event.prepared;
  tree.add(event.leaf);
  events.push_back({event.head, from.salt, request, event.leaf, tree.root(), event.recorded_at, event.version,
                    std::string(from.stream), std::string(from.type), copy(from.metadata), copy(from.payload)});
  streams[events.back().stream].push_back(event.position);
}

void MemoryEventStore::Log::keep(const GroupPlan& plan) {
  for (const auto& command : plan.commands()) {
    auto first = plan.events()[command.first].position;
    commands[command.append->command] = {first, command.count, command.append->request};
    for (auto i = command.first; i < command.first + command.count; ++i) keep(plan.events()[i], command.append->request);
  }
}

Result<StoredOutcome> MemoryEventStore::Log::kept_outcome(Position first, std::size_t count) const {
  StoredOutcome outcome;
  for (auto position = first; position.value < first.value + count; ++position.value) {
    const auto& event = at(position);
    outcome.events.push_back({event.stream, event.type, event.version, position, event.leaf});
  }
  return outcome;
}

// Walks a stream's positions, or all of them. With the mutex held.
class MemoryEventStore::Walk final {
 public:
  Walk(const Log& log, const ReadQuery& query) : log_(log), query_(query) {
    if (query_.direction == Direction::kForward) start_forward();
    else start_backward();
  }

  Result<const RecordedEvent*> next() {
    for (;;) {
      auto position = next_position();
      if (!position) return static_cast<const RecordedEvent*>(nullptr);
      auto event = decoder_.decode(log_.at(*position).bytes());
      if (!event || query_.filter.takes(**event)) return event;
    }
  }

 private:
  // The positions that the query is about; null: all.
  const Positions* list() const { return query_.stream.empty() ? nullptr : &log_.positions_of(query_.stream); }
  std::size_t size() const { return list() ? list()->size() : log_.events.size(); }
  Position at(std::size_t index) const { return list() ? (*list())[index] : Position{index + 1}; }
  std::optional<Position> next_position() {
    if (query_.direction == Direction::kBackward) {
      if (next_ == 0) return {};
      return at(--next_);
    }
    if (next_ >= size() || at(next_) > query_.to) return {};
    return at(next_++);
  }
  // How many of the list are before position p.
  std::size_t before(Position p) const {
    if (!list()) return std::min(log_.events.size(), p.value == 0 ? 0 : p.value - 1);
    return static_cast<std::size_t>(std::lower_bound(list()->begin(), list()->end(), p) - list()->begin());
  }
  void start_forward() {
    if (query_.stream.empty()) next_ = before(query_.from);
    else next_ = query_.from_version.value == 0 ? 0 : query_.from_version.value - 1;
  }
  void start_backward() {
    next_ = size();
    if (!query_.stream.empty()) {
      if (query_.from_version.value != 0) next_ = std::min(next_, query_.from_version.value);
    } else if (query_.from.value != 0) {
      next_ = before({query_.from.value + 1});
    }
  }

  const Log& log_;
  const ReadQuery query_;
  std::size_t next_ = 0;  // forward: index of the next; backward: one past it
  EventDecoder decoder_;
};

class MemoryEventStore::Reader final : public EventReader {
 public:
  Reader(const Log& log, const ReadQuery& query) : log_(log) {
    std::shared_lock lock(log_.mutex);
    walk_.emplace(log, query);
  }
  Result<const RecordedEvent*> next() override {
    std::shared_lock lock(log_.mutex);
    return walk_->next();
  }

 private:
  const Log& log_;
  std::optional<Walk> walk_;
};

Result<std::vector<StoredOutcome::Item>> MemoryEventStore::Log::kept_items(const ReadQuery& query, std::size_t max) const {
  std::vector<StoredOutcome::Item> items;
  Walk walk(*this, query);
  while (items.size() < max) {
    auto event = walk.next();
    if (!event) return event.error();
    if (!*event) break;
    items.push_back(item_of(**event));
  }
  return items;
}

MemoryEventStore::MemoryEventStore(const Clock& clock) : log_(std::make_unique<Log>(clock)) {}
MemoryEventStore::MemoryEventStore() : MemoryEventStore(kSystemClock) {}
MemoryEventStore::~MemoryEventStore() = default;

Result<std::vector<AppendOutcome>> MemoryEventStore::append(std::span<const Append> appends) {
  auto prepared = prepare(appends);
  if (!prepared) return prepared.error();
  std::unique_lock lock(log_->mutex);
  GroupPlan plan(*log_, log_->guard, log_->head());
  for (const auto& append : *prepared)
    if (auto added = plan.add(append); !added) return added.error();
  log_->keep(plan);
  std::vector<AppendOutcome> outcomes;
  outcomes.reserve(appends.size());
  for (const auto& answer : plan.answers()) {
    auto outcome = plan.outcome(answer);
    if (!outcome) return outcome.error();
    outcomes.push_back(std::move(*outcome));
  }
  log_->grown.notify_all();
  return outcomes;
}

Result<std::optional<StoredOutcome>> MemoryEventStore::find(const CommandId& command) const {
  std::shared_lock lock(log_->mutex);
  auto found = log_->commands.find(command);
  if (found == log_->commands.end()) return std::optional<StoredOutcome>();
  auto outcome = log_->kept_outcome(found->second.first, found->second.events);
  if (!outcome) return outcome.error();
  outcome->request = found->second.request;
  return std::optional(std::move(*outcome));
}

Result<std::optional<Position>> MemoryEventStore::find(const EventId& event) const {
  std::shared_lock lock(log_->mutex);
  auto found = log_->commands.find(command_of(event));
  if (found == log_->commands.end() || event.ordinal >= found->second.events) return std::optional<Position>();
  return std::optional(Position{found->second.first.value + event.ordinal});
}

Head MemoryEventStore::head() const {
  std::shared_lock lock(log_->mutex);
  return log_->head();
}

Result<Hash> MemoryEventStore::root_at(Position position) const {
  std::shared_lock lock(log_->mutex);
  if (position.value > log_->events.size()) return past_head(position);
  return position.value == 0 ? MerkleTree().root() : log_->at(position).root;
}

Result<std::vector<Hash>> MemoryEventStore::tile(TileId tile, unsigned width) const {
  std::shared_lock lock(log_->mutex);
  if (width > tile_width(tile, log_->events.size())) return past_head({leaves_needed(tile, width)});
  auto each = std::uint64_t{1} << (kTileHeight * tile.level);  // leaves under a hash
  std::vector<Hash> hashes;
  for (auto n = tile.n * kTileHashes; n < tile.n * kTileHashes + width; ++n) {
    MerkleTree subtree;
    for (auto leaf = n * each; leaf < (n + 1) * each; ++leaf) subtree.add(log_->events[leaf].leaf);
    hashes.push_back(subtree.root());
  }
  return hashes;
}

Result<Position> MemoryEventStore::position_at(Timestamp t) const {
  std::shared_lock lock(log_->mutex);
  const auto& events = log_->events;
  auto later = std::upper_bound(events.begin(), events.end(), t,
                                [](Timestamp time, const Kept& event) { return time < event.recorded_at; });
  return Position{static_cast<std::uint64_t>(later - events.begin())};
}

Result<StreamVersion> MemoryEventStore::version_of(std::string_view stream) const {
  std::shared_lock lock(log_->mutex);
  return log_->kept_version(stream);
}

StoreFacts MemoryEventStore::facts() const {
  std::shared_lock lock(log_->mutex);
  StoreFacts facts{"rapport/memory", log_->streams.size(), {0}, {0}};
  if (log_->events.empty()) return facts;
  facts.first_recorded_at = log_->events.front().recorded_at;
  facts.last_recorded_at = log_->events.back().recorded_at;
  return facts;
}

std::unique_ptr<EventReader> MemoryEventStore::read(const ReadQuery& query) const {
  return std::make_unique<Reader>(*log_, query);
}

bool MemoryEventStore::wait_past(Position position, std::chrono::milliseconds timeout_ms, std::stop_token stop) const {
  std::shared_lock lock(log_->mutex);
  return log_->grown.wait_for(lock, stop, timeout_ms, [&] { return log_->events.size() > position.value; });
}

void MemoryEventStore::accept_clock() {
  std::unique_lock lock(log_->mutex);
  log_->guard.accept();
}

}  // namespace rapport
