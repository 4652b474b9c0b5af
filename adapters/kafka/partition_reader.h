// Reads one partition of a topic from its beginning, at the reader's own pace: several of them can be merged.
#pragma once
#include <memory>
#include <string>

#include "adapters/kafka/client.h"

namespace rapport::kafka {

// One thread. Borrows the client, which it shares with other partitions' readers; they go before it.
class PartitionReader final {
 public:
  // A client whose readers keep at most so much of each partition in memory.
  static Result<std::unique_ptr<Client>> client(const Connection& to, int kib_a_partition);

  PartitionReader(const Connection& to, Client& client, std::string topic, std::int32_t partition);
  PartitionReader(PartitionReader&&) = default;
  ~PartitionReader();

  const std::string& topic() const { return topic_; }
  std::int32_t partition() const { return partition_; }
  // The record at hand; null: next() found none.
  const rd_kafka_message_t* head() const { return head_.get(); }
  void drop() { head_.reset(); }
  // Whether the last look found the end. There may be more by now.
  bool at_end() const { return at_end_; }
  // The offset of the record at hand, or where the next one is expected.
  std::int64_t offset() const { return head_ ? head_->offset : offset_; }
  // Begins to fetch; several readers fetch at once. next() does it, too. Errors: bus.refused.
  Result<void> start();
  // Drops the record at hand and takes the next one; false at the partition's end as it is now, after waiting so long for more.
  // Errors: bus.unreachable, bus.refused.
  Result<bool> next(std::chrono::milliseconds wait_at_end = {});

 private:
  Connection to_;
  Client* client_;
  std::string topic_;
  std::int32_t partition_;
  TopicHandle handle_;
  MessageHandle head_;
  std::int64_t offset_ = 0;
  bool started_ = false;
  bool at_end_ = false;
};

}  // namespace rapport::kafka
