// Events as they come: from any position, through what is there to what is appended, without a gap or a double.
#pragma once
#include <memory>
#include <variant>

#include "eventstore/event_store.h"

namespace rapport {

// One thread. Borrows the store.
class Subscription final {
 public:
  // The first event that it hands over is the first behind `after` that the filter takes.
  Subscription(const EventStore& store, Position after, EventFilter filter = {});

  // Everything up to here was handed over or is not asked for. Said once when the end of the log is reached, also of an empty
  // one, and again after events that were not the last.
  struct CaughtUp {
    Position position;
    Timestamp recorded_at;  // of the event there
  };
  // The same, where nothing that is asked for came within the timeout: a place to go on from, and how far behind the clock.
  struct Heartbeat {
    Position position;
    Timestamp recorded_at;
  };
  // An event is borrowed until the next call.
  using Item = std::variant<const RecordedEvent*, CaughtUp, Heartbeat>;

  // The next item; a heartbeat when the timeout is over or stop is requested. Errors: of the log.
  Result<Item> next(std::chrono::milliseconds timeout_ms, std::stop_token stop = {});
  // Everything up to here was handed over or is not asked for.
  Position passed() const { return passed_; }

 private:
  const EventStore& store_;
  const EventFilter filter_;
  Position passed_;
  std::unique_ptr<EventReader> reader_;
  bool caught_up_ = false;
};

}  // namespace rapport
