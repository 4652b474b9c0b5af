// The second pass over the log: fills topics that are far behind, a new one or one that was removed, while new events of the
// others go on, until both can go on as one.
#pragma once
#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "adapters/kafka/session.h"

namespace rapport::kafka {

// Waits between attempts, longer each time.
class Patience final {
 public:
  void pause(const std::stop_token& stop);
  void reset() { next_ = kFirst; }

 private:
  static constexpr std::chrono::milliseconds kFirst{500}, kMax{30'000};
  std::chrono::milliseconds next_ = kFirst;
};

// Counts looks at records that a relay did not write. A single one may be anybody's; who writes again and again is another relay.
class Strangers final {
 public:
  // Error bus.second_publisher, if there have been too many.
  Result<void> noticed(const Notice& why);

 private:
  std::vector<std::chrono::steady_clock::time_point> seen_;
};

// What may be otherwise in a while: brokers come back, rights are given, topics are mended.
bool passing(const Error& error);

// Begins at once, in a thread of its own. Methods are safe for concurrent use. The destructor ends it.
class Backfill final {
 public:
  // `over` is asked to stop when nothing is left to do here: the topics have caught up, or it cannot go on.
  Backfill(const Run& run, std::set<std::string> topics, std::stop_source over);
  Backfill(const Backfill&) = delete;

  const std::set<std::string>& topics() const { return topics_; }
  Position complete() const { return {complete_}; }
  void describe(std::vector<PartitionStatus>& partitions) const;
  std::string trouble() const;

  // Ends it. What was sent, by topic; or why it could not go on.
  Result<std::map<std::string, std::uint64_t>> end();

 private:
  void fill(const std::stop_token& stop);
  Result<bool> fill_once(bool careful, const std::stop_token& stop);
  void watch(const Session& session);
  void troubled(const Notice& what);

  const Run run_;
  const std::set<std::string> topics_;
  std::stop_source over_;
  Tally tally_;         // of the thread
  Strangers strangers_;  // likewise
  Patience patience_;    // likewise
  std::atomic<std::uint64_t> complete_ = 0;
  mutable std::mutex mutex_;
  std::vector<PartitionStatus> partitions_;  // guarded by mutex_
  std::string trouble_;                      // likewise
  std::optional<Error> failed_;              // likewise
  std::jthread thread_;
};

}  // namespace rapport::kafka
