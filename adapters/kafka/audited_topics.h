// The part of an audit that knows the topics of events: their records are merged by position and held against the log's events.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "adapters/kafka/audited_log.h"
#include "adapters/kafka/partition_reader.h"

namespace rapport::kafka {

// Fills `into` from a message; borrows from it. False: a header is no text.
void read_record(const rd_kafka_message_t& message, AuditedRecord& into);

// One thread. Borrows the log.
class AuditedTopics final {
 public:
  // `partitions` of every topic that there is.
  static Result<std::unique_ptr<AuditedTopics>> open(const AuditOptions& options, const std::map<std::string, std::int32_t>& partitions,
                                                     const AuditedLog& log);

  // The event must be the next record of its aggregate's topic; repeats before it are passed over.
  Result<std::optional<Finding>> expect(const RecordedEvent& event);
  // After the log's last event. The position of a record that is past it, 0 if there is none: it may be under way to the log.
  Result<std::uint64_t> ahead();
  // The record that ahead() spoke of.
  Finding beyond() const;
  // Between ahead() and the end: repeats at the topics' ends.
  std::optional<Finding> problem() const { return problem_; }

  std::uint64_t repeated() const { return repeated_; }
  const std::vector<Repeat>& repeats() const { return repeats_; }
  std::uint64_t opened() const { return opened_; }

 private:
  struct Partition {
    PartitionReader reader;
    std::uint64_t sequence = 0;  // of the record at hand; 0: none
    std::uint64_t previous = 0;  // of the last one that counted
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;
  };

  AuditedTopics(const AuditOptions& options, const AuditedLog& log) : options_(options), log_(log) {}
  // Reads on where no record is at hand. The partition with the least sequence; null: all are at their ends.
  Result<Partition*> least(Topic& topic, std::chrono::milliseconds wait);
  Result<bool> advance(Partition& partition, std::chrono::milliseconds wait);
  std::optional<Finding> check(Partition& partition, const RecordedEvent& event);
  std::optional<Finding> check_repeated(Partition& partition);
  Finding missing(Topic& topic, const RecordedEvent& event, std::string_view key) const;

  const AuditOptions& options_;
  const AuditedLog& log_;
  std::unique_ptr<Client> client_;
  std::map<std::string, Topic, std::less<>> topics_;  // by aggregate
  std::unique_ptr<EventRecord> expected_;             // as a relay of the log at hand writes it
  std::string source_;                                // of expected_
  AuditedRecord record_;
  std::vector<std::uint64_t> marks_;  // of the records, by position
  std::uint64_t repeated_ = 0, opened_ = 0;
  std::vector<Repeat> repeats_;
  std::optional<Finding> problem_, beyond_;
};

}  // namespace rapport::kafka
