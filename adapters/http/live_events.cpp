#include "adapters/http/live_events.h"

#include <algorithm>
#include <utility>

#include "adapters/http/answers.h"

namespace rapport {

LiveEvent::LiveEvent(std::string_view line)
    : position(event_position(line)), stream(event_stream(line)), type(event_type(line)), json(line) {}

const std::vector<Term>& LiveEvent::terms() const {
  std::call_once(read_, [this] { terms_ = event_terms(json); });
  return terms_;
}

LiveTail::LiveTail(Service& service, LiveLimits limits)
    : service_(service), limits_(limits), thread_([this](std::stop_token stop) { run(stop); }) {}

LiveTail::~LiveTail() { close(); }

void LiveTail::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    follow_stop_.request_stop();
    notify_all();
  }
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void LiveTail::run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (wake_.wait(lock, stop, [this] { return !listeners_.empty(); }) && !closed_) {
    follow_stop_ = std::stop_source{};
    const auto token = follow_stop_.get_token();
    lock.unlock();
    auto followed = follow(token);
    lock.lock();
    following_ = false;
    ring_.clear();
    ring_bytes_ = 0;
    if (token.stop_requested()) continue;  // the last reader left; another may have come since
    if (followed)
      followed = Error{ErrorCode::kUnavailable, "http.events_ended", "the log stopped being followed"};
    for (auto& listener : listeners_) listener.failed = followed.error();
    notify_all();
    // Those who were told go; who joins meanwhile has the tail tried again.
    wake_.wait(lock, stop, [this] {
      return std::ranges::all_of(listeners_, [](const Listener& listener) { return !listener.failed; });
    });
  }
}

Result<void> LiveTail::follow(std::stop_token stop) {
  const auto status = service_.status();
  if (!status) return status.error();
  const auto positions = inspected_positions(*status);
  if (!positions)
    return Error{ErrorCode::kCorrupt, "http.bad_inspect", "the head of the log is not to be had"};
  {
    std::lock_guard lock(mutex_);
    if (stop.stop_requested()) return {};
    head_ = positions->head;
    ring_from_ = head_ + 1;
    following_ = true;
    notify_all();
  }
  EventsRequest all;
  all.from = positions->head + 1;
  all.follow = true;
  return service_.events(
      all, [&](std::string_view line) { return !stop.stop_requested() && keep(line); }, stop);
}

bool LiveTail::keep(std::string_view line) {
  auto event = std::make_shared<const LiveEvent>(line);
  std::lock_guard lock(mutex_);
  if (!following_ || event->position <= head_) return following_;
  head_ = event->position;
  ring_bytes_ += event->json.size();
  ring_.push_back(std::move(event));
  while (ring_.size() > limits_.ring_events || (ring_bytes_ > limits_.ring_bytes && ring_.size() > 1)) {
    ring_bytes_ -= ring_.front()->json.size();
    ring_from_ = ring_.front()->position + 1;
    ring_.pop_front();
  }
  notify_all();
  return true;
}

LiveTail::Listeners::iterator LiveTail::join(std::function<void()> on_news) {
  std::lock_guard lock(mutex_);
  listeners_.push_back({std::move(on_news), {}});
  wake_.notify_all();
  return std::prev(listeners_.end());
}

void LiveTail::leave(Listeners::iterator listener) {
  std::lock_guard lock(mutex_);
  listeners_.erase(listener);
  wake_.notify_all();
  if (!listeners_.empty()) return;
  // Following makes JSON of every event: not for nobody.
  following_ = false;
  follow_stop_.request_stop();
}

void LiveTail::notify_all() {
  for (const auto& listener : listeners_) listener.on_news();
}

LiveReader::LiveReader(LiveTail& tail, From from, std::function<void()> on_news)
    : tail_(tail),
      from_(std::move(from)),
      listener_(tail.join(std::move(on_news))),
      next_(from_.position ? std::max<std::uint64_t>(*from_.position, 1) : 0) {}

LiveReader::~LiveReader() { tail_.leave(listener_); }

std::optional<LiveReader::Next> LiveReader::not_following() const {
  if (tail_.closed_ || listener_->failed) return Next{State::kClosed, {}, listener_->failed};
  if (!tail_.following_) return Next{State::kStarting};
  return {};
}

LiveReader::Next LiveReader::start() const {
  std::lock_guard lock(tail_.mutex_);
  if (auto answer = not_following()) return *answer;
  return {next_ > tail_.head_ + 1 ? State::kAhead : State::kEvents};
}

LiveReader::Next LiveReader::next() {
  std::lock_guard lock(tail_.mutex_);
  if (auto answer = not_following()) return *answer;
  const std::uint64_t head = tail_.head_;
  if (next_ == 0) next_ = head + 1;
  if (next_ > head) return {State::kAtHead};
  if (next_ < tail_.ring_from_) {
    log_to_ = tail_.ring_from_ - 1;
    return {State::kBehind};
  }
  Next answer{State::kEvents};
  const auto& ring = tail_.ring_;
  auto at = std::ranges::lower_bound(ring, next_, {}, [](const auto& event) { return event->position; });
  std::size_t bytes = 0;
  for (std::size_t seen = 0; at != ring.end() && seen < tail_.limits_.batch_events; ++at, ++seen) {
    next_ = (*at)->position + 1;
    if (!wants(**at)) continue;
    answer.events.push_back(*at);
    bytes += (*at)->json.size();
    if (bytes >= tail_.limits_.batch_bytes) break;
  }
  return answer;
}

Result<LiveEvents> LiveReader::read_log() {
  EventsRequest older;
  older.from = next_;
  older.to = log_to_;
  older.stream = from_.stream;
  older.type = from_.type;
  older.match = to_text(from_.filter);
  older.limit = tail_.limits_.batch_events;
  LiveEvents events;
  std::size_t bytes = 0;
  const auto sink = [&](std::string_view line) {
    events.push_back(std::make_shared<const LiveEvent>(line));
    bytes += line.size();
    return events.size() < tail_.limits_.batch_events && bytes < tail_.limits_.batch_bytes;
  };
  auto read = tail_.service_.events(older, sink, {});
  if (!read) return read.error();
  const bool full = events.size() >= tail_.limits_.batch_events || bytes >= tail_.limits_.batch_bytes;
  next_ = full ? events.back()->position + 1 : log_to_ + 1;
  return events;
}

std::uint64_t LiveReader::passed() const { return next_ == 0 ? 0 : next_ - 1; }

bool LiveReader::wants(const LiveEvent& event) const {
  return (from_.stream.empty() || from_.stream == event.stream) &&
         (from_.type.empty() || from_.type == event.type) && (from_.filter.takes_all() || from_.filter.takes(event.terms()));
}

}  // namespace rapport
