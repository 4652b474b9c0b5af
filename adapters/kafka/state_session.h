// One stretch of publishing rows over one producer.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adapters/kafka/client.h"
#include "adapters/kafka/cluster.h"
#include "adapters/kafka/state_cursor.h"
#include "adapters/kafka/state_publisher.h"
#include "adapters/kafka/state_record.h"
#include "projections/view_host.h"

namespace rapport::kafka {

// What is borrowed for the life of a session.
struct StateSources {
  std::vector<projections::ViewHost*> views;
  const EventStore& log;
  const SubjectKeys& keys;
  const StateOptions& options;
};

// One thread.
class StateSession final {
 public:
  static Result<std::unique_ptr<StateSession>> open(const StateSources& sources, StatePublished& published);
  ~StateSession();
  StateSession(const StateSession&) = delete;

  // Publishes what changed since the last round, of each view, and waits for the acknowledgements. False: the producer is of no
  // more use, why_broken() says why.
  Result<bool> round(std::stop_token stop);
  const std::string& why_broken() const { return broken_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Lane {  // a view and its topic
    projections::ViewHost* view = nullptr;
    std::string name;
    TopicHandle topic;
    std::vector<std::int64_t> ends;
    std::string personal;  // how personal texts are published
    std::string edition;   // of the rows that are published
    Position position;   // the topic has the rows as they were here, or later
    Position underway;   // likewise, once everything is acknowledged
    bool begun = false;  // what changed before the session is published
    bool anew = false;   // nobody knows what the topic has: every row is published, and its other keys are taken back
    std::uint64_t* records = nullptr;
    std::unique_ptr<StateRecord> record;
    std::map<char, std::pair<const projections::PublishedRows*, std::unique_ptr<projections::RowDecoder>>> tables;
  };
  using StoredRows = std::vector<std::pair<std::string, std::string>>;

  explicit StateSession(const StateSources& sources) : sources_(sources) {}
  Result<void> prepare(StatePublished& published);
  Result<std::map<std::string, std::int32_t>> provide_topics(Cluster& cluster, const std::optional<StateCursor>& cursor) const;
  void resume(Lane& lane, const StateCursor::View* before, const std::vector<PartitionTail>& tails);
  Result<void> open_topic(Lane& lane);

  Result<void> publish(Lane& lane);
  Result<void> publish_all(Lane& lane);
  // The rows of all tables that changed after lane.position; with `erasures` those, too, that an erasure made unreadable.
  Result<void> publish_changed(Lane& lane, bool erasures);
  Result<void> publish_keys(Lane& lane, const std::vector<std::string>& keys);
  // Rows of a table, in pieces: the view is lent for a moment only.
  Result<void> each_row(Lane& lane, const std::function<Result<void>(std::string_view key, projections::StoredRow)>& f) const;
  // Whether a person was erased by an event after lane.position, up to `to`. Nothing: it is not done yet.
  Result<std::optional<bool>> erasures(const Lane& lane, Position to) const;
  Result<void> write(Lane& lane, std::string_view key, projections::StoredRow stored);
  Result<void> send(Lane& lane);
  void serve(int wait_ms);
  void save();
  bool usable() const { return broken_.empty() && !refused_; }
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self);
  void delivered(const rd_kafka_message_t& message);

  const StateSources& sources_;
  std::string cluster_;
  StatePublished* published_ = nullptr;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::uint64_t outstanding_ = 0;
  Clock::time_point progressed_at_ = Clock::now();
  std::string broken_;
  std::optional<Error> refused_;
  std::stop_token stop_;
  std::unique_ptr<Client> producer_;  // last: it calls delivered() until it is gone
};

}  // namespace rapport::kafka
