#include "adapters/kafka/partition_reader.h"

#include <algorithm>

namespace rapport::kafka {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kSliceMs = 50;

}  // namespace

Result<std::unique_ptr<Client>> PartitionReader::client(const Connection& to, int kib_a_partition) {
  return Client::consumer(to, {
                                  {"enable.partition.eof", "true"},
                                  {"auto.offset.reset", "error"},
                                  {"check.crcs", "true"},
                                  {"fetch.wait.max.ms", "100"},
                                  {"queued.min.messages", "100000"},
                                  {"queued.max.messages.kbytes", std::to_string(kib_a_partition)},
                                  // What is fetched at once is compressed, and kept as a whole until its last record is read.
                                  {"fetch.message.max.bytes", std::to_string(std::min(kib_a_partition << 7, 1 << 20))},
                              });
}

PartitionReader::PartitionReader(const Connection& to, Client& client, std::string topic, std::int32_t partition)
    : to_(to), client_(&client), topic_(std::move(topic)), partition_(partition) {}

PartitionReader::~PartitionReader() {
  head_.reset();
  if (handle_ && started_) rd_kafka_consume_stop(handle_.get(), partition_);
}

Result<void> PartitionReader::start() {
  if (started_) return {};
  handle_.reset(rd_kafka_topic_new(client_->handle(), topic_.c_str(), nullptr));
  if (!handle_ || rd_kafka_consume_start(handle_.get(), partition_, RD_KAFKA_OFFSET_BEGINNING))
    return refused(to_, "to read topic " + topic_, rd_kafka_err2str(rd_kafka_last_error()));
  started_ = true;
  return {};
}

Result<bool> PartitionReader::next(std::chrono::milliseconds wait_at_end) {
  head_.reset();
  if (auto started = start(); !started) return started.error();
  const auto began = Clock::now();
  for (;;) {
    MessageHandle message(rd_kafka_consume(handle_.get(), partition_, at_end_ && wait_at_end.count() == 0 ? 0 : kSliceMs));
    rd_kafka_poll(client_->handle(), 0);
    if (client_->refused()) return unreachable(to_, *client_);
    if (message && !message->err) {
      head_ = std::move(message);
      offset_ = head_->offset + 1;
      at_end_ = false;
      return true;
    }
    if (message && message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      at_end_ = true;
      offset_ = message->offset;
    } else if (message && (message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                           message->err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                           message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)) {
      return refused(to_, "to read topic " + topic_, rd_kafka_message_errstr(message.get()));
    }
    if (at_end_ && Clock::now() - began >= wait_at_end) return false;
    if (!at_end_ && Clock::now() - began > to_.unreachable_after) return unreachable(to_, *client_);
  }
}

}  // namespace rapport::kafka
