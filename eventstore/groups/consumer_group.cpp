#include "eventstore/groups/consumer_group.h"

#include <algorithm>

namespace rapport {
namespace {

constexpr std::size_t kNameBytesMax = 64, kErrorBytesMax = 1'000;
constexpr std::chrono::milliseconds kLookEvery{50};  // while waiting: leases and tries that are due come by the clock

std::int64_t micros(std::chrono::milliseconds ms) { return std::chrono::microseconds(ms).count(); }

std::chrono::milliseconds back_off(std::uint32_t attempts) {
  auto doublings = std::min(attempts == 0 ? 0u : attempts - 1, 20u);
  return std::min(ConsumerGroup::kBackOffMin * (1 << doublings), ConsumerGroup::kBackOffMax);
}

}  // namespace

Error unknown_group(const std::string& name) {
  return {ErrorCode::kNotFound, "group.unknown", "there is no consumer group \"" + name + "\"", "/group", "",
          "`rapport group list` names them, `rapport group create` makes one"};
}

bool valid_group_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && name.front() != '.' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

std::optional<Position> take_back(GroupRecord& record, Position end) {
  auto last = record.checkpoint;
  if (!record.acknowledged.empty()) last = std::max(last, *record.acknowledged.rbegin());
  if (!record.parked.empty()) last = std::max(last, record.parked.rbegin()->first);
  if (last <= end) return {};
  record.checkpoint = std::min(record.checkpoint, end);
  record.acknowledged.erase(record.acknowledged.upper_bound(end), record.acknowledged.end());
  record.parked.erase(record.parked.upper_bound(end), record.parked.end());
  return last;
}

ConsumerGroup::ConsumerGroup(const EventStore& events, GroupStore& store, const Clock& clock, GroupRecord record, EventFilter filter)
    : events_(events), store_(store), clock_(clock), record_(std::move(record)),
      subscription_(events, record_.checkpoint, std::move(filter)) {}

Result<std::unique_ptr<ConsumerGroup>> ConsumerGroup::open(const EventStore& events, GroupStore& store, const Clock& clock, GroupRecord record) {
  auto filter = parse_filter(record.match);
  if (!filter) return std::move(filter).error();
  return std::unique_ptr<ConsumerGroup>(new ConsumerGroup(events, store, clock, std::move(record), std::move(*filter)));
}

// The checkpoint goes to before the first event that is waited for, or as far as was read. Events that are replayed lie behind it.
Result<void> ConsumerGroup::save() {
  if (removed_) return unknown_group(record_.name);
  auto waited_for = pending_.upper_bound(record_.checkpoint);
  auto checkpoint = subscription_.passed();
  if (waited_for != pending_.end()) checkpoint = std::min(checkpoint, Position{waited_for->first.value - 1});
  record_.checkpoint = std::max(record_.checkpoint, checkpoint);
  record_.acknowledged.erase(record_.acknowledged.begin(), record_.acknowledged.upper_bound(record_.checkpoint));
  return store_.save(record_);
}

void ConsumerGroup::park(Position position, std::uint32_t attempts, const std::string& error) {
  pending_.erase(position);
  record_.parked[position] = {position, attempts, error.substr(0, kErrorBytesMax), clock_.now()};
}

// Leases that are over: their events are tried again at once, or parked.
Result<void> ConsumerGroup::expire() {
  auto now = clock_.now();
  std::vector<Position> given_up;
  for (auto& [position, pending] : pending_) {
    if (!pending.out || pending.due > now) continue;
    pending.out = false;
    if (pending.attempts >= record_.attempts_max) given_up.push_back(position);
  }
  for (auto position : given_up) park(position, record_.attempts_max, "not acknowledged in time");
  return given_up.empty() ? Result<void>() : save();
}

bool ConsumerGroup::is_settled(Position position) const {
  return position <= record_.checkpoint || record_.acknowledged.contains(position) || record_.parked.contains(position);
}

// Also one that an earlier process handed out: who has it may answer to this one.
ConsumerGroup::Pending* ConsumerGroup::waited_for(Position position) {
  auto found = pending_.find(position);
  if (found != pending_.end()) return &found->second;
  if (is_settled(position) || position > events_.head().position) return nullptr;
  return &pending_.emplace(position, Pending{.attempts = 1, .due = {}, .out = true}).first->second;
}

void ConsumerGroup::hand_out(Position position, Pending& pending, std::vector<Taken>& taken) {
  pending.out = true;
  pending.due = {clock_.now().micros + micros(record_.lease_ms)};
  taken.push_back({position, ++pending.attempts});
}

Result<void> ConsumerGroup::read_more(std::size_t max, std::vector<Taken>& taken) {
  while (taken.size() < max && pending_.size() < kInFlightMax) {
    auto item = subscription_.next(std::chrono::milliseconds(0));
    if (!item) return std::move(item).error();
    auto* event = std::get_if<const RecordedEvent*>(&*item);
    if (!event) return {};
    auto position = (*event)->position;
    if (is_settled(position) || pending_.contains(position)) continue;  // an earlier process handed it out
    hand_out(position, pending_[position], taken);
  }
  return {};
}

Result<void> ConsumerGroup::collect(std::size_t max, std::vector<Taken>& taken) {
  if (removed_) return unknown_group(record_.name);
  if (auto expired = expire(); !expired) return expired;
  if (record_.parked.size() >= kParkedMax)
    return Error{ErrorCode::kUnavailable, "group.too_many_parked", record_.name + " has parked " + std::to_string(record_.parked.size()) + " events",
                 "", "fewer than " + std::to_string(kParkedMax), "see to what they fail for, then have them replayed"};
  auto now = clock_.now();
  for (auto& [position, pending] : pending_)
    if (taken.size() < max && !pending.out && pending.due <= now) hand_out(position, pending, taken);
  return read_more(max, taken);
}

Result<std::vector<ConsumerGroup::Taken>> ConsumerGroup::take(std::size_t max, std::chrono::milliseconds wait_ms, std::stop_token stop) {
  const auto until = std::chrono::steady_clock::now() + wait_ms;
  std::vector<Taken> taken;
  for (;;) {
    Position passed;
    {
      std::lock_guard lock(mutex_);
      if (auto collected = collect(max, taken); !collected) return std::move(collected).error();
      passed = subscription_.passed();
    }
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (!taken.empty() || max == 0 || left.count() <= 0 || stop.stop_requested()) break;
    events_.wait_past(passed, std::min(left, kLookEvery), stop);
  }
  std::ranges::sort(taken, {}, &Taken::position);
  return taken;
}

Result<std::size_t> ConsumerGroup::acknowledge(std::span<const Position> positions) {
  std::lock_guard lock(mutex_);
  std::size_t known = 0;
  for (auto position : positions) {
    if (!waited_for(position)) continue;
    pending_.erase(position);
    record_.parked.erase(position);  // if it was replayed
    if (position > record_.checkpoint) record_.acknowledged.insert(position);
    ++known;
  }
  if (known > 0)
    if (auto saved = save(); !saved) return std::move(saved).error();
  return known;
}

Result<std::size_t> ConsumerGroup::refuse(std::span<const Position> positions, const std::string& error, bool give_up) {
  std::lock_guard lock(mutex_);
  std::size_t known = 0, parked = 0;
  for (auto position : positions) {
    auto* pending = waited_for(position);
    if (!pending) continue;
    ++known;
    if (give_up || pending->attempts >= record_.attempts_max) {
      park(position, pending->attempts, error);
      ++parked;
      continue;
    }
    pending->out = false;
    pending->due = {clock_.now().micros + micros(back_off(pending->attempts))};
  }
  if (parked > 0)
    if (auto saved = save(); !saved) return std::move(saved).error();
  return known;
}

Result<std::size_t> ConsumerGroup::replay_parked(std::span<const Position> positions) {
  std::lock_guard lock(mutex_);
  std::vector<Position> wanted(positions.begin(), positions.end());
  if (wanted.empty())
    for (auto& [position, parked] : record_.parked) wanted.push_back(position);
  std::size_t known = 0;
  for (auto position : wanted) {
    if (!record_.parked.contains(position) || pending_.contains(position)) continue;
    pending_[position] = {.attempts = 0, .due = clock_.now(), .out = false};
    ++known;
  }
  return known;
}

Result<void> ConsumerGroup::limit(std::optional<std::uint32_t> attempts_max, std::optional<std::chrono::milliseconds> lease_ms) {
  std::lock_guard lock(mutex_);
  record_.attempts_max = attempts_max.value_or(record_.attempts_max);
  record_.lease_ms = lease_ms.value_or(record_.lease_ms);
  return save();
}

Result<void> ConsumerGroup::remove() {
  std::lock_guard lock(mutex_);
  removed_ = true;
  return store_.remove(record_.name);
}

Result<ConsumerGroup::Status> ConsumerGroup::status() const {
  std::lock_guard lock(mutex_);
  Status status{.record = record_, .head = events_.head().position};
  for (auto& [position, pending] : pending_) {
    ++(pending.out ? status.in_flight : status.retrying);
    status.record.parked.erase(position);  // being replayed
  }
  auto first = pending_.empty() ? Position{subscription_.passed().value + 1} : pending_.begin()->first;
  if (first > status.head) return status;
  auto reader = events_.read({.from = first, .to = first});
  auto event = reader->next();
  if (!event) return std::move(event).error();
  if (*event) status.behind = std::chrono::microseconds(std::max<std::int64_t>(0, clock_.now().micros - (*event)->recorded_at.micros));
  return status;
}

}  // namespace rapport
