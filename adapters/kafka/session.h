// One stretch of publishing over one producer, from connecting until all is sent or the producer is
// of no more use.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adapters/kafka/alarms.h"
#include "adapters/kafka/client.h"
#include "adapters/kafka/coverage.h"
#include "adapters/kafka/record.h"
#include "adapters/kafka/relay.h"
#include "adapters/kafka/resume.h"
#include "adapters/kafka/run_cursor.h"
#include "adapters/kafka/throttle.h"
#include "eventstore/event_store.h"
#include "eventstore/frame.h"
#include "eventstore/proof/merkle_tree.h"

namespace rapport::kafka {

// What the sessions of a relay's run share.
struct Run {
  const EventStore& store;
  const RelayOptions& options;
  Alarms& alarms;
  RunCursor& cursor;
  Throttle& throttle;
};

// What was counted so far in one pass of a relay's run, over all of its sessions: an event that is sent again
// counts once.
struct Tally {
  Published published;
  std::uint64_t events_counted =
      0;  // positions up to here are in `published`, `already` and the topics
  std::map<std::string, std::uint64_t> records_counted;  // likewise in the records of each topic
};

// Which topics a session takes.
struct Share {
  Pass pass = Pass::kLeading;
  bool may_leave_behind = false;     // topics that are far behind are left to another pass
  std::set<std::string> topics = {};  // none: all, but for those
};

// One thread. Borrows what the run shares, and the tally.
class Session final {
 public:
  enum class Ended : std::uint8_t { kCaughtUp, kStopped, kBroken };
  using Watch = std::function<void(const Session&)>;

  // Connects, makes missing topics and finds out where to go on. `careful`: a producer of this log
  // may have died a moment ago, so wait until nothing of it arrives any more.
  static Result<std::unique_ptr<Session>> open(const Run& run, Tally& tally, const Share& share,
                                               bool careful);
  ~Session();
  Session(const Session&) = delete;

  // Publishes up to `to` and waits for the acknowledgements; with `follow`, whatever comes, until
  // stopped. kBroken: open another session. `watch` is called a few times a second. After kCaughtUp it
  // can be asked again.
  Result<Ended> publish(Position to, bool follow, const Watch& watch, std::stop_token stop);
  const Notice& why_broken() const { return *broken_; }
  Position complete() const { return coverage_.complete(); }
  const std::string& cluster() const { return cluster_; }
  // Topics that are far behind and were left to another pass.
  const std::set<std::string>& left_behind() const { return left_behind_; }
  // Whether the brokers took less than the log gave a moment ago.
  bool waits_for_brokers() const;
  // How its partitions stand, appended.
  void describe(std::vector<PartitionStatus>& partitions) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Lane {              // one partition
    std::uint64_t sent = 0;  // sequence of the last record that was sent, or was there
    Acknowledged last;
    std::uint64_t waiting = 0;  // records sent and not yet acknowledged
  };
  struct Topic {
    std::string name;
    TopicHandle handle;
    std::vector<Lane> lanes;
    Personal personal = Personal::kSealed;
    std::uint64_t* records = nullptr;  // in the tally, as is
    std::uint64_t* counted = nullptr;
  };

  Session(const Run& run, Tally& tally, const Share& share);

  // session.cpp: before and after publishing.
  Result<void> prepare(bool careful);
  Result<std::map<std::string, std::int32_t>> provide_topics(Cluster& cluster);
  Result<ResumeFacts> gather(Cluster& cluster, bool careful);
  Result<Tails> settled_tails(Cluster& cluster,
                              const std::map<std::string, std::int32_t>& partitions, bool careful);
  void leave_behind(ResumeFacts& facts, ResumePlan& plan);
  Result<void> check_same_log(const Tails& tails) const;
  Result<void> start_producer(const Tails& tails, const ResumePlan& plan);
  void recall_tree(const std::optional<Cursor>& cursor);
  void save_cursor(bool clean);

  // publish.cpp: the loop.
  void wait_for_more(const std::stop_token& stop);
  bool held_back(const Watch& watch);
  Result<bool> take_next(EventReader& reader);
  Result<void> send(const RecordedEvent& event);
  Result<bool> send_event(const RecordedEvent& event);
  Result<bool> frame_event(const RecordedEvent& event);
  Result<void> send_frame();
  Result<Hash> root_before(Position position) const;
  Result<void> produce(Topic& topic, std::int32_t partition, std::string_view key,
                       std::string_view value, std::span<const Header> headers, Timestamp at,
                       std::uint64_t sequence);
  Result<void> queue(rd_kafka_vu_t* fields, std::size_t count, rd_kafka_headers_t* headers,
                     std::uint64_t sequence);
  Result<Topic*> topic_of(const RecordedEvent& event);
  void count(const RecordedEvent& event, bool sent);
  static void count_record(Topic& topic, std::uint64_t sequence);
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self);
  void delivered(const rd_kafka_message_t& message);
  void failed(const std::string& topic, std::uint64_t sequence, rd_kafka_resp_err_t fault);
  void serve(int wait_ms);
  void look_around(const Watch& watch);
  void drain(const Watch& watch);
  bool usable() const { return !broken_ && !refused_; }
  void breaks(std::string code, std::string message);

  // Constant after prepare().
  const Run run_;
  const EventStore& store_;
  const RelayOptions& options_;
  Tally& tally_;
  const Share share_;
  std::set<std::string> left_behind_;
  std::string cluster_;
  std::map<std::string, Topic> topics_;
  Topic* log_topic_ = nullptr;  // null: of another pass
  // The event at hand.
  EventRecord event_record_;
  std::string aggregate_at_hand_;
  Topic* topic_at_hand_ = nullptr;
  // The frame that is being filled.
  FrameRecord frame_record_;
  FrameBuilder frame_;
  Position first_in_frame_, last_in_frame_;
  Hash root_before_frame_{};
  EventId last_id_in_frame_{};
  Timestamp last_time_in_frame_{0};
  // Where publishing stands.
  Position taken_;  // the last event that was read and dealt with
  // Over every event taken. Without it, as after a crash, the store computes each frame's root: 0.7
  // ms instead of 10 us.
  std::optional<MerkleTree> tree_;
  std::uint64_t events_in_run_ = 0;
  Coverage coverage_{{}};
  std::optional<Notice> broken_;  // why the producer is of no more use
  std::optional<Error> refused_;  // why another one would be of no use either
  std::stop_token stop_;
  Clock::time_point progressed_at_, looked_at_, saved_at_, full_at_;
  Position saved_;
  std::unique_ptr<Client> producer_;
};

}  // namespace rapport::kafka
