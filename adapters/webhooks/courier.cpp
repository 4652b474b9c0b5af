#include "adapters/webhooks/courier.h"

#include <algorithm>

namespace rapport::webhooks {
namespace {

constexpr Position kEver{~std::uint64_t{0}};

Timestamp after(Timestamp time, std::chrono::milliseconds wait) { return {time.micros + wait.count() * 1'000}; }

}  // namespace

Result<std::unique_ptr<Courier>> Courier::open(const EventStore& events, const Subscription& subscription, std::optional<Place> place, RetryRule retry) {
  std::unique_ptr<Courier> courier(new Courier(events, retry));
  auto filter = subscription.filter();
  if (!filter) return std::move(filter).error();
  courier->filter_ = std::move(*filter);
  courier->per_stream_ = subscription.state.ordering == webhook::Ordering::PER_STREAM;
  courier->created_ = subscription.created;
  courier->filtered_ = subscription.filtered;
  if (!place || place->created != subscription.created) {
    auto first = subscription.state.from.value_or(subscription.created.value + 1);
    place = Place{.created = subscription.created, .resumed = subscription.resumed};
    place->lanes.push_back({.from = {first}, .to = kEver, .read_to = {first > 0 ? first - 1 : 0}});
    courier->dirty_ = true;
  }
  courier->resumed_ = place->resumed;
  for (auto& lane : place->lanes)
    if (auto restored = courier->restore(lane); !restored) return std::move(restored).error();
  if (auto followed = courier->follow(subscription, {0}); !followed) return std::move(followed).error();
  return courier;
}

Result<void> Courier::restore(const LanePlace& kept) {
  auto place = kept;
  take_back(place, events_.head().position);
  auto lane = std::make_unique<Lane>(Lane{.from = place.from, .to = place.to, .read_to = place.read_to});
  for (auto& one : place.unsettled) {
    auto reader = events_.read({.from = one.position, .to = one.position});
    auto event = reader->next();
    if (!event) return std::move(event).error();
    auto stream = stream_name((*event)->stream_type, (*event)->stream_id);
    lane->streams[stream].insert(one.position);
    lane->waiting.emplace(one.position, Waiting{.stream = std::move(stream), .attempts = one.attempts, .due = one.due});
  }
  lanes_.push_back(std::move(lane));
  return {};
}

Result<void> Courier::follow(const Subscription& subscription, Timestamp now) {
  per_stream_ = subscription.state.ordering == webhook::Ordering::PER_STREAM;
  if (subscription.filtered != filtered_) {
    auto filter = subscription.filter();
    if (!filter) return std::move(filter).error();
    filter_ = std::move(*filter);
    filtered_ = subscription.filtered;
    for (auto& lane : lanes_)
      if (lane) lane->reader.reset();
  }
  if (subscription.resumed <= resumed_) return {};
  resumed_ = subscription.resumed;
  failures_in_row_ = 0;
  not_before_ = {0};
  dirty_ = true;
  for (auto& lane : lanes_) {
    if (!lane) continue;
    for (auto& [position, waiting] : lane->waiting) {
      waiting.attempts = 0;
      if (!waiting.out) waiting.due = now;
    }
  }
  return {};
}

Result<void> Courier::replay(Position from, Position to) {
  to = std::min(to, events_.head().position);
  auto going = static_cast<std::size_t>(std::ranges::count_if(lanes_, [](auto& lane) { return lane != nullptr; }));
  if (going > kReplaysMax)
    return Error{ErrorCode::kUnavailable, "webhook.too_many_replays", std::to_string(kReplaysMax) + " replays of this webhook are going on", "", "",
                 "wait for one to end, or replay one range that holds them all"};
  auto first = std::max<std::uint64_t>(from.value, 1);
  auto lane = std::make_unique<Lane>(Lane{.from = {first}, .to = to, .read_to = {first - 1}});
  auto free = std::ranges::find_if(lanes_, [](auto& one) { return one == nullptr; });
  if (free == lanes_.end()) lanes_.push_back(std::move(lane));
  else *free = std::move(lane);
  dirty_ = true;
  return {};
}

bool Courier::may_go(const Lane& lane, Position position, const Waiting& waiting) const {
  if (waiting.out) return false;
  return !per_stream_ || *lane.streams.at(waiting.stream).begin() == position;
}

// False: nothing more for now.
Result<bool> Courier::read_one(Lane& lane) {
  if (lane.read_to >= lane.to || lane.waiting.size() >= kUnsettledMax) return false;
  if (!lane.reader) lane.reader = events_.read({.from = {lane.read_to.value + 1}, .to = lane.to, .filter = filter_});
  auto head = events_.head().position;
  auto event = lane.reader->next();
  if (!event) return std::move(event).error();
  auto read_to = *event ? (*event)->position : std::min(head, lane.to);
  // Found nothing: that alone is no reason to write; what was not asked for is passed over again in a moment.
  if (*event) {
    auto stream = stream_name((*event)->stream_type, (*event)->stream_id);
    lane.streams[stream].insert(read_to);
    lane.waiting.emplace(read_to, Waiting{.stream = std::move(stream)});
    dirty_ = true;
  }
  lane.read_to = std::max(lane.read_to, read_to);
  return *event != nullptr;
}

Result<std::optional<Courier::Item>> Courier::next_of(std::size_t number, Timestamp now) {
  auto& lane = *lanes_[number];
  auto hand_out = [&](Position position, Waiting& waiting) {
    waiting.out = true;
    ++in_flight_;
    return std::optional(Item{number, position, waiting.attempts + 1});
  };
  for (auto& [position, waiting] : lane.waiting)
    if (waiting.due <= now && may_go(lane, position, waiting)) return hand_out(position, waiting);
  for (;;) {
    auto read = read_one(lane);
    if (!read) return std::move(read).error();
    if (!*read) break;
    auto& [position, waiting] = *lane.waiting.rbegin();
    if (may_go(lane, position, waiting)) return hand_out(position, waiting);
  }
  if (number > 0 && lane.waiting.empty() && lane.read_to >= lane.to) {
    lanes_[number].reset();
    dirty_ = true;
  }
  return std::optional<Item>();
}

Result<std::optional<Courier::Item>> Courier::next(Timestamp now) {
  // A receiver that fails is asked one question at a time.
  if (now < not_before_ || in_flight_ >= (failures_in_row_ ? 1 : kInFlightMax)) return std::optional<Item>();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    auto number = (turn_ + i) % lanes_.size();
    if (!lanes_[number]) continue;
    auto item = next_of(number, now);
    if (item && !*item) continue;
    turn_ = number + 1;
    return item;
  }
  return std::optional<Item>();
}

std::optional<Timestamp> Courier::due() const {
  std::optional<Timestamp> first;
  if (in_flight_ >= (failures_in_row_ ? 1 : kInFlightMax)) return first;
  for (auto& lane : lanes_) {
    if (!lane) continue;
    for (auto& [position, waiting] : lane->waiting) {
      if (!may_go(*lane, position, waiting)) continue;
      auto when = std::max(waiting.due, not_before_);
      if (!first || when < *first) first = when;
    }
  }
  return first;
}

Courier::Waiting* Courier::find(const Item& item) {
  if (item.lane >= lanes_.size() || !lanes_[item.lane]) return nullptr;
  auto found = lanes_[item.lane]->waiting.find(item.position);
  return found == lanes_[item.lane]->waiting.end() ? nullptr : &found->second;
}

void Courier::settle(const Item& item) {
  auto* waiting = find(item);
  if (!waiting) return;
  auto& lane = *lanes_[item.lane];
  auto of_stream = lane.streams.find(waiting->stream);
  of_stream->second.erase(item.position);
  if (of_stream->second.empty()) lane.streams.erase(of_stream);
  lane.waiting.erase(item.position);
  --in_flight_;
  dirty_ = true;
}

void Courier::delivered(const Item& item, Timestamp now) {
  settle(item);
  auto outage = std::exchange(failures_in_row_, 0) >= kOutage;
  if (!outage) return;
  // It was away and is back: what waits for its next try need not.
  for (auto& lane : lanes_) {
    if (!lane) continue;
    for (auto& [position, waiting] : lane->waiting)
      if (!waiting.out) waiting.due = std::min(waiting.due, now);
  }
}

std::optional<Timestamp> Courier::failed(const Item& item, Timestamp now, std::optional<Timestamp> not_before) {
  auto* waiting = find(item);
  if (!waiting) return now;
  --in_flight_;
  waiting->out = false;
  ++failures_in_row_;
  dirty_ = true;
  waiting->attempts = item.attempt;
  auto jitter = std::uniform_real_distribution<double>(-1, 1)(random_);
  waiting->due = after(now, retry_.delay(item.attempt, jitter));
  if (not_before) {
    not_before_ = std::min(*not_before, after(now, retry_.longest));
    waiting->due = std::max(waiting->due, not_before_);
  }
  if (waiting->attempts >= retry_.attempts_max) return {};
  return waiting->due;
}

void Courier::put_back(const Item& item) {
  auto* waiting = find(item);
  if (!waiting) return;
  --in_flight_;
  waiting->out = false;
}

std::optional<Position> Courier::exhausted() const {
  for (auto& lane : lanes_) {
    if (!lane) continue;
    for (auto& [position, waiting] : lane->waiting)
      if (waiting.attempts >= retry_.attempts_max) return position;
  }
  return {};
}

Place Courier::place() const {
  Place place{.created = created_, .resumed = resumed_};
  for (auto& lane : lanes_) {
    if (!lane) continue;
    auto& to = place.lanes.emplace_back(LanePlace{.from = lane->from, .to = lane->to, .read_to = lane->read_to});
    for (auto& [position, waiting] : lane->waiting) to.unsettled.push_back({position, waiting.attempts, waiting.due});
  }
  return place;
}

Position Courier::checkpoint() const {
  auto& lane = *lanes_.front();
  return lane.waiting.empty() ? lane.read_to : Position{lane.waiting.begin()->first.value - 1};
}

std::size_t Courier::unsettled() const {
  std::size_t count = 0;
  for (auto& lane : lanes_)
    if (lane) count += lane->waiting.size();
  return count;
}

std::size_t Courier::retrying() const {
  std::size_t count = 0;
  for (auto& lane : lanes_)
    if (lane) count += static_cast<std::size_t>(std::ranges::count_if(lane->waiting, [](auto& one) { return one.second.attempts > 0; }));
  return count;
}

std::vector<Courier::Replay> Courier::replays() const {
  std::vector<Replay> all;
  for (std::size_t i = 1; i < lanes_.size(); ++i) {
    if (!lanes_[i]) continue;
    auto& lane = *lanes_[i];
    all.push_back({lane.from, lane.to, lane.waiting.empty() ? lane.read_to : Position{lane.waiting.begin()->first.value - 1}});
  }
  return all;
}

}  // namespace rapport::webhooks
