#include "adapters/kafka/relay.h"

#include <algorithm>
#include <mutex>

#include "adapters/kafka/backfill.h"
#include "adapters/kafka/checkpoint_publisher.h"
#include "eventstore/event_store.h"

namespace rapport::kafka {
namespace {

constexpr int kAttemptsMax = 5;  // sessions without any progress

// Error bus.setting: a topic that is none of ours, or cannot be so.
Result<void> check_personal(const RelayOptions& options) {
  for (const auto& [topic, personal] : options.personal) {
    const auto wrong = [&](std::string why) {
      return Error{.code = ErrorCode::kInvalid, .reason = "bus.setting", .message = "personal texts of topic " + topic + ": " + std::move(why), .field = topic};
    };
    if (topic == kLogTopic && personal != Personal::kSealed) return wrong("it carries the log as it is, which its root is computed from");
    if (std::ranges::none_of(planned_topics(options.partitions), [&](const auto& plan) { return plan.name == topic; }))
      return wrong("nothing is published there");
    if (personal == Personal::kOpen && !options.opener) return wrong("there are no keys to open them with");
  }
  return {};
}

}  // namespace

struct Relay::Parts {
  Parts(const EventStore& from, RelayOptions wanted)
      : store(from), options(std::move(wanted)), cursor(options.state_folder), throttle(options.records_a_second) {}

  const EventStore& store;
  const RelayOptions options;
  Alarms alarms;
  RunCursor cursor;
  Throttle throttle;
  mutable std::mutex mutex;
  RelayStatus status;  // guarded by mutex

  // Of the thread of run().
  Tally tally;
  Strangers strangers;
  Patience patience;
  Position best;
  int attempts = 0;
  std::optional<CheckpointPublisher> checkpoints;

  Result<Published> run(RelayUntil until, const Progress& progress, const std::stop_token& stop);
  Result<bool> run_once(RelayUntil until, Position to, bool careful, const Progress& progress, const std::stop_token& stop);
  Result<void> gather(Backfill& backfill);
  Result<void> begin_anew(const Session& session, bool follow);
  void look(const Session& session, const Backfill* backfill);
  void report(bool connected, std::string doing, std::string trouble);
};

Relay::Relay(const EventStore& store, RelayOptions options) : parts_(new Parts(store, std::move(options))) {}
Relay::~Relay() = default;

RelayStatus Relay::status() const {
  std::lock_guard lock(parts_->mutex);
  return parts_->status;
}

std::vector<Alarm> Relay::alarms() const { return parts_->alarms.latest(); }

Result<Published> Relay::run(RelayUntil until, const Progress& progress, std::stop_token stop) {
  return parts_->run(until, progress, stop);
}

void Relay::Parts::report(bool connected, std::string doing, std::string trouble) {
  std::lock_guard lock(mutex);
  status.connected = connected;
  status.doing = std::move(doing);
  status.trouble = std::move(trouble);
}

// How it stands while it publishes.
void Relay::Parts::look(const Session& session, const Backfill* backfill) {
  std::vector<PartitionStatus> partitions;
  session.describe(partitions);
  std::string doing = session.waits_for_brokers() ? "publishes as fast as the brokers take it" : "publishes";
  auto position = session.complete();
  if (backfill) {
    backfill->describe(partitions);
    position = std::min(position, backfill->complete());
    doing += ", and fills apart what is far behind:";
    for (const auto& topic : backfill->topics()) doing += " " + topic;
  }
  report(true, std::move(doing), backfill ? backfill->trouble() : "");
  std::lock_guard lock(mutex);
  status.position = position;
  status.cluster = session.cluster();
  status.partitions = std::move(partitions);
}

// A session that breaks is followed by another, which finds out anew what the topics have: a record
// whose acknowledgement is missing may be there or not, so sending it again blindly could double
// it.
Result<Published> Relay::Parts::run(RelayUntil until, const Progress& progress, const std::stop_token& stop) {
  const bool follow = until == RelayUntil::kStopped;
  const auto to = store.head().position;
  if (auto checked = check_personal(options); !checked) return checked.error();
  tally = {};
  best = {};
  attempts = 0;
  checkpoints.emplace(options, store.facts().origin);
  for (bool careful = false;;) {
    auto broken = run_once(until, to, careful, progress, stop);
    if (!broken) {
      const auto& error = broken.error();
      // Who wants to be done at once is told at once, but for brokers that go away in the middle.
      const bool again = careful && error.reason == "bus.unreachable" && ++attempts < kAttemptsMax;
      const bool wait = passing(error) && (follow || again);
      report(false, wait ? "waits and tries again" : "stopped", error.message);
      if (!wait) return error;
      alarms.raise({error.reason, error.message + (error.hint.empty() ? "" : "; " + error.hint)});
      patience.pause(stop);
    }
    if (stop.stop_requested() || (!follow && broken && !*broken)) return tally.published;
    if (broken && *broken && attempts > 1) patience.pause(stop);
    careful = !broken || *broken;
  }
}

// One session, with a pass of its own for what is far behind. Whether it broke.
Result<bool> Relay::Parts::run_once(RelayUntil until, Position to, bool careful, const Progress& progress,
                                    const std::stop_token& stop) {
  const bool follow = until == RelayUntil::kStopped;
  const Run shared{store, options, alarms, cursor, throttle};
  auto session = Session::open(shared, tally, {.pass = Pass::kLeading, .may_leave_behind = follow}, careful);
  if (!session) return session.error();
  std::stop_source over;
  std::stop_callback stopped(stop, [&] { over.request_stop(); });
  std::optional<Backfill> backfill;
  if (!(*session)->left_behind().empty()) backfill.emplace(shared, (*session)->left_behind(), over);
  const auto watch = [&](const Session& now) {
    look(now, backfill ? &*backfill : nullptr);
    tally.published.position = now.complete();
    const auto everywhere = backfill ? std::min(now.complete(), backfill->complete()) : now.complete();
    checkpoints->offer(everywhere, everywhere >= store.head().position);
    if (progress) progress(tally.published, store.head().position);
  };
  watch(**session);
  auto ended = (*session)->publish(to, follow, watch, over.get_token());
  auto gathered = backfill ? gather(*backfill) : Result<void>();
  if ((*session)->complete() > best) patience.reset();
  if (!ended) return ended.error();
  if (!gathered) return gathered.error();
  tally.published.position = (*session)->complete();
  report(*ended == Session::Ended::kCaughtUp, "", {});
  if (*ended != Session::Ended::kBroken && !backfill) checkpoints->finish(tally.published.position);
  if (*ended != Session::Ended::kBroken || stop.stop_requested()) return false;
  if (auto begun = begin_anew(**session, follow); !begun) return begun.error();
  return true;
}

// Both passes go on as one, or both begin anew.
Result<void> Relay::Parts::gather(Backfill& backfill) {
  auto sent = backfill.end();
  cursor.join();
  if (!sent) return sent.error();
  for (const auto& [topic, records] : *sent) tally.published.topics[topic] += records;
  return {};
}

Result<void> Relay::Parts::begin_anew(const Session& session, bool follow) {
  const auto& why = session.why_broken();
  alarms.raise(why);
  report(false, "begins anew", why.message);
  if (auto few = strangers.noticed(why); !few) return few;
  attempts = tally.published.position > best ? 0 : attempts + 1;
  best = std::max(best, tally.published.position);
  if (!follow && attempts >= kAttemptsMax)
    return refused(options.connection, "to take events after " + std::to_string(best.value), why.message);
  return {};
}

}  // namespace rapport::kafka
