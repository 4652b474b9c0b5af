// The relay: publishes a log on Kafka, every event exactly once and in order, and goes on where it
// stopped.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "adapters/kafka/alarms.h"
#include "adapters/kafka/connection.h"
#include "adapters/kafka/record.h"
#include "adapters/kafka/topics.h"
#include "domain/result.h"
#include "eventstore/event.h"

namespace rapport {
class EventStore;
class SealOpener;
}  // namespace rapport

namespace rapport::kafka {

struct RelayOptions {
  Connection connection;
  // Where to remember how far each cluster is (DIR/kafka); empty: nowhere, and each start reads the
  // log from its beginning.
  std::filesystem::path state_folder = {};
  std::int32_t partitions = kPartitionsDefault;  // of topics of events that the relay makes
  // Of topics of events, by name; those not named are sealed, as crm.log.v1 always is.
  std::map<std::string, Personal> personal = {};
  const SealOpener* opener = nullptr;  // for those that are open. Borrowed
  Envelope envelope = Envelope::kBinary;
  // Of a log that left another history: up to where it is the log of that name; nothing: it never had the name. Not given: it has
  // had one name alone. What a client sends again after a restore gets the same ids, often at the same positions, so ids do not
  // tell two histories apart.
  std::function<std::optional<Position>(std::string_view origin)> shared_with = {};
  // The log's signed checkpoint of a size, for crm.checkpoints.v1; nothing: there is no key to sign with. Not given: none is published.
  std::function<Result<std::optional<std::string>>(Position size)> checkpoint = {};
  // Unacknowledged records for so long without any acknowledgement: the connection is made anew.
  std::chrono::milliseconds stalled_after{15'000};
  // Records a second that are sent at most; 0: as many as go.
  std::uint64_t records_a_second = 0;
  // What waits in memory for the brokers, KiB: more than the largest record, kMessageBytesMax.
  std::int32_t queue_kib = 24 << 10;
};

enum class RelayUntil : std::uint8_t {
  kCaughtUp,  // what the log holds at the start is acknowledged
  kStopped,   // told to stop; brokers that go away are waited for
};

struct Published {
  std::uint64_t published = 0;  // events of which anything was sent now
  std::uint64_t already = 0;    // events that were there before
  Position position;            // every event up to here is acknowledged
  std::map<std::string, std::uint64_t>
      topics;  // records sent now, by topic; every topic of the log is named
};

struct PartitionStatus {
  std::string topic;
  std::int32_t partition = 0;
  std::uint64_t sequence = 0;  // the last event that it acknowledged; 0: none
  std::int64_t offset = -1;    // of that record
  Position through;            // it has every event of its own up to here
  bool behind = false;         // it is being filled apart from new events
};

struct RelayStatus {
  bool connected = false;
  Position position;    // every event up to here is acknowledged: its distance to the log's head is
                        // the lag
  std::string trouble;  // why it is not connected, or a topic is not filled, for a person; empty if nothing is wrong
  std::string doing = "connects";  // for a person
  std::string cluster;  // Kafka's own id; empty: not reached yet
  std::vector<PartitionStatus> partitions;  // as they were a moment ago
};

// run() on one thread at a time; status() on any. Only one relay may publish a log on a cluster at
// a time.
class Relay final {
 public:
  using Progress = std::function<void(const Published&, Position head)>;

  // Borrows the store.
  Relay(const EventStore& store, RelayOptions options);
  ~Relay();
  Relay(const Relay&) = delete;

  // Blocks. `progress`, if any, is called now and then on this thread.
  // Topics that are far behind are filled in a thread of their own meanwhile, with kStopped.
  // Errors:
  //   bus.unreachable, bus.refused, bus.too_large, bus.partitions (a topic cannot keep the order), bus.topic_incomplete: none
  //     of them with kStopped, for then they are waited out, with growing pauses;
  //   bus.setting; bus.second_publisher;
  //   bus.ahead_of_log, bus.other_log, bus.other_history: what is in the topics is not of this log as it is now;
  //   and whatever reading the log answers.
  Result<Published> run(RelayUntil until, const Progress& progress = {}, std::stop_token stop = {});

  RelayStatus status() const;
  // What was noticed since the relay was made, the latest last.
  std::vector<Alarm> alarms() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace rapport::kafka
