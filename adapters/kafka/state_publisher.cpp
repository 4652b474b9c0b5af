#include "adapters/kafka/state_publisher.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "adapters/kafka/backfill.h"
#include "adapters/kafka/log.h"
#include "adapters/kafka/state_session.h"

namespace rapport::kafka {
namespace {

constexpr int kAttemptsMax = 5;
constexpr std::chrono::milliseconds kRound{100};

void pause(std::chrono::milliseconds time, const std::stop_token& stop) {
  for (constexpr std::chrono::milliseconds kSlice{20}; time.count() > 0 && !stop.stop_requested(); time -= kSlice)
    std::this_thread::sleep_for(std::min(time, kSlice));
}

// Likewise: views are built anew.
bool passes(const Error& error) { return passing(error) || error.reason == "bus.stopped" || error.reason.starts_with("view."); }

}  // namespace

struct StatePublisher::Parts {
  Parts(std::vector<projections::ViewHost*> of, const EventStore& log, const SubjectKeys& keys, StateOptions wanted)
      : options(std::move(wanted)), sources{std::move(of), log, keys, options} {}

  const StateOptions options;
  const StateSources sources;
  mutable std::mutex mutex;
  StateStatus status;  // guarded by mutex

  void report(bool connected, const std::string& trouble, const StatePublished& published) {
    std::lock_guard lock(mutex);
    if (!trouble.empty() && trouble != status.trouble) warn(trouble);
    status = {.connected = connected, .positions = published.positions, .trouble = trouble};
  }
  // Rounds until all is published that the views had, or until stopped. False: with a new session.
  Result<bool> publish(StateSession& session, const std::map<std::string, Position>& wanted, bool follow, StatePublished& published,
                       const std::stop_token& stop);
};

StatePublisher::StatePublisher(std::vector<projections::ViewHost*> views, const EventStore& log, const SubjectKeys& keys,
                               StateOptions options)
    : parts_(std::make_unique<Parts>(std::move(views), log, keys, std::move(options))) {}
StatePublisher::~StatePublisher() = default;

StateStatus StatePublisher::status() const {
  std::lock_guard lock(parts_->mutex);
  return parts_->status;
}

Result<bool> StatePublisher::Parts::publish(StateSession& session, const std::map<std::string, Position>& wanted, bool follow,
                                            StatePublished& published, const std::stop_token& stop) {
  for (;;) {
    auto done = session.round(stop);
    if (!done) return done;
    if (stop.stop_requested()) return true;
    if (!*done) {
      report(false, "publishing rows starts over: " + session.why_broken(), published);
      return false;
    }
    report(true, {}, published);
    if (!follow && std::ranges::all_of(wanted, [&](auto& each) { return published.positions[each.first] >= each.second; })) return true;
    pause(kRound, stop);
  }
}

// As with the relay, a producer that fails is followed by another one, which goes on from what was acknowledged.
Result<StatePublished> StatePublisher::run(RelayUntil until, std::stop_token stop) {
  const bool follow = until == RelayUntil::kStopped;
  std::map<std::string, Position> wanted;
  for (auto* view : parts_->sources.views) wanted[view->type().name] = view->position();
  StatePublished published;
  Patience patience;
  for (int attempts = 0; !stop.stop_requested();) {
    Result<bool> done = false;
    if (auto session = StateSession::open(parts_->sources, published); !session) done = session.error();
    else done = parts_->publish(**session, wanted, follow, published, stop);
    if (done && *done) return published;
    if (done) patience.reset();
    if (!done) {
      parts_->report(false, done.error().message, published);
      if (!follow || !passes(done.error())) return done.error();
    } else if (!follow && ++attempts >= kAttemptsMax) {
      return refused(parts_->options.connection, "rows of views", parts_->status.trouble);
    }
    patience.pause(stop);
  }
  return published;
}

}  // namespace rapport::kafka
