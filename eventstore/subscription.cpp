#include "eventstore/subscription.h"

namespace rapport {

Subscription::Subscription(const EventStore& store, Position after, EventFilter filter)
    : store_(store), filter_(std::move(filter)), passed_(after),
      reader_(store.read({.from = {after.value + 1}, .filter = filter_})) {}

Result<Subscription::Item> Subscription::next(std::chrono::milliseconds timeout_ms, std::stop_token stop) {
  const auto until = std::chrono::steady_clock::now() + timeout_ms;
  for (;;) {
    // Read after the head was: what the reader does not find is not there up to that head.
    auto head = store_.head();
    auto event = reader_->next();
    if (!event) return std::move(event).error();
    if (*event) {
      passed_ = (*event)->position;
      caught_up_ = false;
      return Item(*event);
    }
    if (passed_ < head.position) passed_ = head.position;
    if (!std::exchange(caught_up_, true)) return Item(CaughtUp{passed_, head.recorded_at});
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0 || stop.stop_requested() || !store_.wait_past(passed_, left, stop)) return Item(Heartbeat{passed_, head.recorded_at});
  }
}

}  // namespace rapport
