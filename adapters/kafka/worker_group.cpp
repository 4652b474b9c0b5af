#include "adapters/kafka/worker_group.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <utility>

#include "adapters/kafka/log.h"
#include "adapters/kafka/membership.h"
#include "adapters/kafka/topics.h"
#include "projections/held_shares.h"
#include "projections/row_store.h"
#include "projections/views.h"

namespace rapport::kafka {
namespace {

using projections::Share;

constexpr int kServeMs = 100;
constexpr std::chrono::milliseconds kBackoff{500}, kSlice{50};

bool passing(const Error& error) { return error.reason == "bus.unreachable" || error.reason == "bus.no_topic"; }

void pause(const std::stop_token& stop) {
  for (auto left = kBackoff; left.count() > 0 && !stop.stop_requested(); left -= kSlice) std::this_thread::sleep_for(kSlice);
}

// One share, folded on a thread of its own.
class ShareWorker final {
 public:
  ShareWorker(const projections::ViewType& view, std::unique_ptr<projections::RowStores> rows, WorkerOptions options, bool follow)
      : rows_(std::move(rows)), worker_(view, *rows_, std::move(options)), follow_(follow) {
    thread_ = std::jthread([this](std::stop_token stop) {
      result_ = work(stop);
      ended_ = true;
    });
  }

  bool caught_up() const { return caught_up_; }
  bool ended() const { return ended_; }
  std::uint64_t events() const { return events_; }
  void ask_to_stop() { thread_.request_stop(); }
  Result<WorkerResult> end() {
    thread_ = {};
    return std::move(result_);
  }

 private:
  Result<WorkerResult> work(const std::stop_token& stop) {
    const auto count = [this](Position, std::uint64_t events) { events_ = events; };
    for (;;) {
      auto done = worker_.run(WorkerUntil::kCaughtUp, count, stop);
      if (done) events_ = done->events;
      if (stop.stop_requested()) return done;
      if (done) {
        caught_up_ = true;
        if (!follow_) return done;
        break;
      }
      if (!follow_ || !passing(done.error())) return done;
      warn(done.error().message);
      pause(stop);
    }
    return worker_.run(WorkerUntil::kStopped, count, stop);
  }

  const std::unique_ptr<projections::RowStores> rows_;
  Worker worker_;
  const bool follow_;
  std::atomic<bool> caught_up_{false}, ended_{false};
  std::atomic<std::uint64_t> events_{0};
  Result<WorkerResult> result_ = WorkerResult{};
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace

struct WorkerGroup::Parts {
  const projections::ViewType& view;
  const Places places;
  const WorkerGroupOptions options;

  bool follow = false;
  std::map<std::uint32_t, std::unique_ptr<ShareWorker>> workers = {};  // by the share's number
  std::uint32_t count = 0;                                             // of shares
  std::uint64_t round = 0;
  std::vector<Share> held = {};
  std::optional<Error> failed = {};

  Result<std::unique_ptr<Membership>> join();
  Result<void> hold(std::vector<Share> shares);
  Result<void> arrange(Membership& member);
  Result<void> look(bool mine);
  bool done() const;
  Result<void> stay(const Progress& progress, const std::stop_token& stop);
  Result<std::vector<WorkerResult>> end();
};

WorkerGroup::WorkerGroup(const projections::ViewType& view, Places places, WorkerGroupOptions options)
    : parts_(new Parts{.view = view, .places = std::move(places), .options = std::move(options)}) {}
WorkerGroup::~WorkerGroup() = default;

Result<std::unique_ptr<Membership>> WorkerGroup::Parts::join() {
  auto name = projections::directory_name(options.state, view.name);
  if (!name) return name.error();
  return Membership::join(options.connection, {.group = options.group,
                                               .topic = state_topic(view.name),
                                               .name = "rapport-worker-" + *name,
                                               .lost = [this] {
                                                 if (auto none = hold({}); !none) failed = none.error();
                                               }});
}

Result<void> WorkerGroup::Parts::hold(std::vector<Share> shares) {
  held = std::move(shares);
  return projections::hold_shares(options.state, view.name, held);
}

// What stays this member's is folded on as if nothing had been.
Result<void> WorkerGroup::Parts::arrange(Membership& member) {
  auto partitions = member.partitions();
  if (!partitions) return partitions.error();
  round = member.round();
  if (static_cast<std::uint32_t>(*partitions) > Share::kCountMax)
    return Error{.code = ErrorCode::kInvalid,
                 .reason = "bus.partitions",
                 .message = "topic " + state_topic(view.name) + " has " + std::to_string(*partitions) + " partitions",
                 .expected = "as many as a view can have shares, " + std::to_string(Share::kCountMax) + " at most"};
  const auto& mine = *member.mine();
  const auto gone = [&](const auto& worker) {
    return count != static_cast<std::uint32_t>(*partitions) || !std::ranges::binary_search(mine, static_cast<std::int32_t>(worker.first) - 1);
  };
  for (auto& worker : workers)
    if (gone(worker)) worker.second->ask_to_stop();
  std::erase_if(workers, gone);
  count = static_cast<std::uint32_t>(*partitions);
  for (const auto partition : mine) {
    const Share share{static_cast<std::uint32_t>(partition) + 1, count};
    auto& worker = workers[share.number];
    if (!worker)
      worker = std::make_unique<ShareWorker>(view, places(projections::share_folder(options.state, view.name, share)),
                                             WorkerOptions{.connection = options.connection, .share = share, .replay_parked = options.replay_parked},
                                             follow);
  }
  return {};
}

// What has caught up is answered for, while the group says that it is this member's.
Result<void> WorkerGroup::Parts::look(bool mine) {
  if (failed) return *failed;
  std::vector<Share> ready;
  for (auto& [number, worker] : workers) {
    if (worker->caught_up()) ready.push_back({number, count});
    if (!worker->ended() || (!follow && worker->caught_up())) continue;
    if (auto result = worker->end(); !result) return result.error();  // nobody told it to stop
  }
  if (!mine || ready == held) return {};
  return hold(std::move(ready));
}

bool WorkerGroup::Parts::done() const {
  return !follow && round > 0 && std::ranges::all_of(workers, [](auto& worker) { return worker.second->ended(); });
}

Result<void> WorkerGroup::Parts::stay(const Progress& progress, const std::stop_token& stop) {
  auto joined = join();
  if (!joined) return joined.error();
  auto& member = **joined;
  round = 0;
  while (!stop.stop_requested()) {
    auto served = member.serve(kServeMs);
    if (served && member.mine() && member.round() != round) served = arrange(member);
    const bool settled = member.mine() && member.round() == round;
    if (served) served = look(settled);
    if (!served) return served;  // and leaves
    if (progress) {
      std::uint64_t events = 0;
      for (auto& worker : workers) events += worker.second->events();
      progress(workers.size(), events);
    }
    if (settled && done()) break;
  }
  for (auto& worker : workers) worker.second->ask_to_stop();
  member.leave();
  return {};
}

Result<std::vector<WorkerResult>> WorkerGroup::Parts::end() {
  for (auto& worker : workers) worker.second->ask_to_stop();
  std::vector<WorkerResult> results;
  std::optional<Error> error;
  for (auto& worker : std::exchange(workers, {})) {
    auto result = worker.second->end();
    if (result) results.push_back(std::move(*result));
    else error = result.error();
  }
  if (error) return *error;
  return results;
}

Result<std::vector<WorkerResult>> WorkerGroup::run(WorkerUntil until, const Progress& progress, std::stop_token stop) {
  auto& parts = *parts_;
  parts.follow = until == WorkerUntil::kStopped;
  if (!parts.view.by_stream) return not_shared(parts.view);
  // Nothing, until the group has said so.
  if (auto none = parts.hold({}); !none) return none.error();
  while (!stop.stop_requested()) {
    auto stayed = parts.stay(progress, stop);
    if (stayed) break;
    if (!parts.follow || !passing(stayed.error())) {
      static_cast<void>(parts.hold({}));
      static_cast<void>(parts.end());
      return stayed.error();
    }
    warn(stayed.error().message);
    if (auto none = parts.hold({}); !none) return none.error();
    pause(stop);
  }
  return parts.end();
}

}  // namespace rapport::kafka
