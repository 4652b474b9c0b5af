#include "adapters/kafka/relay.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "adapters/kafka/checkpoint_publisher.h"
#include "adapters/kafka/log.h"
#include "adapters/kafka/session.h"
#include "eventstore/event_store.h"

namespace rapport::kafka {
namespace {

constexpr int kAttemptsMax = 5;  // sessions without any progress
constexpr std::chrono::milliseconds kBackoff{500}, kBackoffMax{30'000};

void pause(std::chrono::milliseconds time, const std::stop_token& stop) {
  for (auto slice = std::chrono::milliseconds(20); time.count() > 0 && !stop.stop_requested();
       time -= slice)
    std::this_thread::sleep_for(slice);
}

// What may be otherwise in a while: brokers come back, rights are given, partitions get leaders.
bool passing(const Error& error) { return error.reason == "bus.unreachable" || error.reason == "bus.refused"; }

}  // namespace

struct Relay::Parts {
  const EventStore& store;
  const RelayOptions options;
  mutable std::mutex mutex;
  RelayStatus status;  // guarded by mutex

  void report(bool connected, std::string trouble,
              std::optional<Position> position = std::nullopt) {
    std::lock_guard lock(mutex);
    if (!trouble.empty() && trouble != status.trouble) warn(trouble);
    status.connected = connected;
    status.trouble = std::move(trouble);
    if (position) status.position = *position;
  }
  Result<Published> run(RelayUntil until, const Progress& progress, std::stop_token stop);
};

Relay::Relay(const EventStore& store, RelayOptions options)
    : parts_(new Parts{store, std::move(options), {}, {}}) {}
Relay::~Relay() = default;

RelayStatus Relay::status() const {
  std::lock_guard lock(parts_->mutex);
  return parts_->status;
}

Result<Published> Relay::run(RelayUntil until, const Progress& progress, std::stop_token stop) {
  return parts_->run(until, progress, std::move(stop));
}

// A session that breaks is followed by another, which finds out anew what the topics have: a record
// whose acknowledgement is missing may be there or not, so sending it again blindly could double
// it.
Result<Published> Relay::Parts::run(RelayUntil until, const Progress& progress,
                                    std::stop_token stop) {
  const bool follow = until == RelayUntil::kStopped;
  const auto to = store.head().position;
  Tally tally;
  Position best;
  int attempts = 0;
  auto backoff = kBackoff;
  CheckpointPublisher checkpoints(options, store.facts().origin);
  const auto wait_out = [&](const Error& error) {
    report(false, error.message);
    if (!follow || !passing(error)) return false;
    pause(backoff, stop);
    backoff = std::min(2 * backoff, kBackoffMax);
    return true;
  };
  for (bool careful = false;; careful = true) {
    auto session = Session::open(store, options, tally, careful);
    if (!session) {
      if (!wait_out(session.error())) return session.error();
      if (stop.stop_requested()) return tally.published;
      continue;
    }
    report(true, {}, (*session)->complete());
    auto ended = (*session)->publish(
        to, follow,
        [&](Position complete) {
          report(true, {}, complete);
          tally.published.position = complete;
          checkpoints.offer(complete, complete >= store.head().position);
          if (progress) progress(tally.published, store.head().position);
        },
        stop);
    if ((*session)->complete() > best) backoff = kBackoff;
    if (!ended) {
      if (!wait_out(ended.error())) return ended.error();
      if (stop.stop_requested()) return tally.published;
      continue;
    }
    tally.published.position = (*session)->complete();
    report(*ended == Session::Ended::kCaughtUp, {}, tally.published.position);
    if (*ended != Session::Ended::kBroken) checkpoints.finish(tally.published.position);
    if (*ended != Session::Ended::kBroken || stop.stop_requested()) return tally.published;
    report(false, "publishing starts over: " + (*session)->why_broken());
    attempts = tally.published.position > best ? 0 : attempts + 1;
    best = std::max(best, tally.published.position);
    if (!follow && attempts >= kAttemptsMax)
      return refused(options.connection, "to take events after " + std::to_string(best.value),
                     (*session)->why_broken());
  }
}

}  // namespace rapport::kafka
