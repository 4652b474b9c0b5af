// What a relay noticed and an operator should know: named by a stable code, counted, the latest kept.
//
//   bus.records_lost      brokers lost records that they had acknowledged: published again from there
//   bus.topic_recreated   a topic was removed, or made anew: published again from event 1
//   bus.topic_incomplete  a topic was made anew under the relay, and later events came before earlier ones: has to be removed
//   bus.events_expired    brokers dropped events (a retention time, a deletion): who starts later misses them
//   bus.partitions_unused a topic got more partitions than it had
//   bus.topic_setting     a setting of a topic may lose events
//   bus.second_publisher  records that this relay did not write
//   bus.producer_failed   the client gave up: another one goes on
//   bus.connection_lost   no broker was connected: looking at what they have once they are back
//   bus.stalled           nothing was acknowledged for a while: another client goes on
//   bus.unknown_topic     a topic went away while it was published to: made anew
//   and the codes of errors (relay.h) that are waited out
#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "domain/values.h"

namespace rapport::kafka {

struct Notice {
  std::string code, message;
  bool operator==(const Notice&) const = default;
};

struct Alarm {
  Notice what;
  Timestamp first, last;
  std::uint64_t times = 1;
};

// Safe for concurrent use.
class Alarms final {
 public:
  static constexpr std::size_t kKeptMax = 32;

  // The same words again are counted. What is new is logged as a warning.
  void raise(const Notice& what);
  std::vector<Alarm> latest() const;  // the last one raised comes last

 private:
  mutable std::mutex mutex_;
  std::vector<Alarm> kept_;  // guarded by mutex_
};

}  // namespace rapport::kafka
