#include "adapters/kafka/audit.h"

#include "adapters/kafka/audited_topics.h"
#include "adapters/kafka/cluster.h"
#include "adapters/kafka/topics.h"

namespace rapport::kafka {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kLogQueueKib = 16 << 10;
constexpr milliseconds kSlice{50}, kReportEvery{200};

class Audit final {
 public:
  Audit(const AuditOptions& options, const AuditProgress& progress, std::stop_token stop)
      : options_(options), progress_(progress), stop_(std::move(stop)), log_(options.keys) {}

  Result<AuditReport> run() {
    if (auto opened = open(); !opened) return opened.error();
    auto found = read_all();
    if (!found) return found.error();
    AuditReport report;
    report.finding = std::move(*found);
    report.origin = log_.origin();
    report.events = log_.size();
    report.root = log_.root();
    report.checkpoints = log_.checkpoints();
    report.checked_up_to = log_.checked_up_to();
    report.repeated = repeated_;
    report.repeats = std::move(repeats_);
    if (topics_) {
      report.repeated += topics_->repeated();
      report.repeats.insert(report.repeats.end(), topics_->repeats().begin(), topics_->repeats().end());
      report.opened = topics_->opened();
    }
    return report;
  }

 private:
  using Found = Result<std::optional<Finding>>;

  Result<void> open() {
    auto cluster = Cluster::connect(options_.connection);
    if (!cluster) return std::move(cluster).error();
    auto there = (*cluster)->topics();
    if (!there) return std::move(there).error();
    if (!there->contains(std::string(kLogTopic)))
      return Error{.code = ErrorCode::kNotFound,
                   .reason = "bus.no_topic",
                   .message = "there is no topic " + std::string(kLogTopic) + " at " + options_.connection.brokers,
                   .hint = "publish a log there first: rapport publish --kafka " + options_.connection.brokers};
    has_checkpoints_ = there->contains(std::string(kCheckpointsTopic));
    auto client = PartitionReader::client(options_.connection, kLogQueueKib);
    if (!client) return std::move(client).error();
    client_ = std::move(*client);
    if (options_.log_only) return {};
    auto topics = AuditedTopics::open(options_, *there, log_);
    if (!topics) return std::move(topics).error();
    topics_ = std::move(*topics);
    return {};
  }

  // Checkpoints come before the log: what they say must be there.
  Found read_all() {
    PartitionReader reader(options_.connection, *client_, std::string(kLogTopic), 0);
    if (auto started = reader.start(); !started) return started.error();  // both at once
    if (auto found = read_checkpoints(); !found || *found) return found;
    if (auto found = read_log(reader, log_.promised()); !found || *found) return found;
    if (auto cut = log_.end(reader.offset())) return cut;
    return read_ahead(reader);
  }

  Found read_checkpoints() {
    AuditedRecord record;
    bool any = false;
    if (has_checkpoints_) {
      PartitionReader reader(options_.connection, *client_, std::string(kCheckpointsTopic), 0);
      for (;;) {
        auto read = reader.next();
        if (!read) return read.error();
        if (!*read) break;
        any = true;
        read_record(*reader.head(), record);
        if (auto finding = log_.add_checkpoint(record)) return finding;
      }
    }
    if (any || options_.keys.empty()) return std::optional<Finding>();
    return std::optional(Finding{.problem = "checkpoint",
                                 .topic = std::string(kCheckpointsTopic),
                                 .partition = 0,
                                 .offset = 0,
                                 .position = 0,
                                 .expected = "a checkpoint that was signed by a key that was named",
                                 .found = "none"});
  }

  // Up to the topic's end; past it until the log has event `until`, as long as patience lasts.
  Found read_log(PartitionReader& reader, std::uint64_t until) {
    auto moved = Clock::now();
    while (!stop_.stop_requested()) {
      auto read = reader.next(log_.size() < until ? kSlice : milliseconds(0));
      if (!read) return read.error();
      if (!*read) {
        if (log_.size() >= until || Clock::now() - moved > options_.patience) return std::optional<Finding>();
        continue;
      }
      if (auto found = take(*reader.head()); !found || *found) return found;
      moved = Clock::now();
      if (moved - reported_ < kReportEvery) continue;
      reported_ = moved;
      if (progress_) progress_(log_.size());
    }
    return Error{.code = ErrorCode::kUnavailable, .reason = "audit.stopped", .message = "told to stop after event " + std::to_string(log_.size())};
  }

  Found take(const rd_kafka_message_t& message) {
    read_record(message, record_);
    if (auto finding = log_.take(record_)) return finding;
    auto& frame = log_.frame();
    if (log_.repeated()) {
      ++repeated_;
      if (repeats_.size() < AuditReport::kRepeatsNamedMax)
        repeats_.push_back({std::string(kLogTopic), record_.partition, record_.offset, frame.last().value});
    }
    if (!topics_) return std::optional<Finding>();
    for (auto i = log_.first_new(); i < frame.size(); ++i) {
      auto event = frame.event(i);
      if (!event) return event.error();
      if (auto found = topics_->expect(**event); !found || *found) return found;
    }
    return std::optional<Finding>();
  }

  // What a topic of events has past the log's end is under way to it, or not of this log.
  Found read_ahead(PartitionReader& reader) {
    if (!topics_) return std::optional<Finding>();
    auto until = topics_->ahead();
    if (!until) return until.error();
    if (auto problem = topics_->problem()) return problem;
    if (*until == 0) return std::optional<Finding>();
    const auto beyond = topics_->beyond();
    if (auto found = read_log(reader, *until); !found || *found) return found;
    if (log_.size() < *until) return std::optional(beyond);
    return std::optional<Finding>();
  }

  const AuditOptions& options_;
  const AuditProgress& progress_;
  const std::stop_token stop_;
  AuditedLog log_;
  AuditedRecord record_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<AuditedTopics> topics_;
  bool has_checkpoints_ = false;
  std::uint64_t repeated_ = 0;
  std::vector<Repeat> repeats_;
  Clock::time_point reported_{};
};

}  // namespace

Result<AuditReport> audit_topics(const AuditOptions& options, const AuditProgress& progress, std::stop_token stop) {
  return Audit(options, progress, std::move(stop)).run();
}

}  // namespace rapport::kafka
