#include "adapters/kafka/backfill.h"

#include <algorithm>

namespace rapport::kafka {
namespace {

constexpr std::size_t kStrangersMax = 3;
constexpr std::chrono::minutes kStrangersWithin{10};
// So near to the log's head that going on as one holds nobody up.
constexpr std::uint64_t kNearEvents = 2'000;

}  // namespace

void Patience::pause(const std::stop_token& stop) {
  constexpr std::chrono::milliseconds kSlice(20);
  for (auto left = next_; left.count() > 0 && !stop.stop_requested(); left -= kSlice) std::this_thread::sleep_for(kSlice);
  next_ = std::min(2 * next_, kMax);
}

Result<void> Strangers::noticed(const Notice& why) {
  if (why.code != "bus.second_publisher") return {};
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(seen_, [&](auto at) { return now - at > kStrangersWithin; });
  seen_.push_back(now);
  if (seen_.size() < kStrangersMax) return {};
  return Error{.code = ErrorCode::kConflict,
               .reason = "bus.second_publisher",
               .message = why.message.substr(0, why.message.find(':')) + ", " + std::to_string(seen_.size()) +
                          " times in a short while: another relay of this log, or another program, writes there",
               .hint = kHintSecondPublisher};
}

bool passing(const Error& error) {
  for (auto* reason : {"bus.unreachable", "bus.refused", "bus.too_large", "bus.topic_incomplete", "bus.partitions"})
    if (error.reason == reason) return true;
  return false;
}

Backfill::Backfill(const Run& run, std::set<std::string> topics, std::stop_source over)
    : run_(run), topics_(std::move(topics)), over_(std::move(over)), thread_([this](const std::stop_token& stop) { fill(stop); }) {}

void Backfill::describe(std::vector<PartitionStatus>& partitions) const {
  std::lock_guard lock(mutex_);
  partitions.insert(partitions.end(), partitions_.begin(), partitions_.end());
}

std::string Backfill::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

Result<std::map<std::string, std::uint64_t>> Backfill::end() {
  thread_ = {};
  if (failed_) return *failed_;
  return tally_.published.topics;
}

void Backfill::watch(const Session& session) {
  complete_ = session.complete().value;
  std::vector<PartitionStatus> partitions;
  session.describe(partitions);
  std::lock_guard lock(mutex_);
  partitions_ = std::move(partitions);
  trouble_.clear();
}

void Backfill::troubled(const Notice& what) {
  run_.alarms.raise(what);
  std::lock_guard lock(mutex_);
  trouble_ = what.message;
}

void Backfill::fill(const std::stop_token& stop) {
  for (bool careful = false; !stop.stop_requested(); careful = true) {
    auto done = fill_once(careful, stop);
    if (done && *done) break;
    if (!done) {
      troubled({done.error().reason, done.error().message});
      if (!passing(done.error())) {
        std::lock_guard lock(mutex_);
        failed_ = done.error();
        break;
      }
    }
    patience_.pause(stop);
  }
  over_.request_stop();
}

// One session. True: the topics are near the head, or it was told to stop. False: another one is needed.
Result<bool> Backfill::fill_once(bool careful, const std::stop_token& stop) {
  auto session = Session::open(run_, tally_, {.pass = Pass::kBehind, .topics = topics_}, careful);
  if (!session) return session.error();
  watch(**session);
  for (const auto before = (*session)->complete();;) {
    auto ended = (*session)->publish(run_.store.head().position, false, [this](const Session& now) { watch(now); }, stop);
    watch(**session);
    if (!ended) return ended.error();
    if ((*session)->complete() > before) patience_.reset();
    if (*ended == Session::Ended::kBroken && !stop.stop_requested()) {
      troubled((*session)->why_broken());
      if (auto few = strangers_.noticed((*session)->why_broken()); !few) return few.error();
      return false;
    }
    if (stop.stop_requested() || run_.store.head().position.value - (*session)->complete().value < kNearEvents) return true;
  }
}

}  // namespace rapport::kafka
