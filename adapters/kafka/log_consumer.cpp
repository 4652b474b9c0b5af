#include "adapters/kafka/log_consumer.h"

#include <thread>

#include "adapters/kafka/topics.h"

namespace rapport::kafka {
namespace {

const std::string kTopic(kLogTopic);

PartitionList at(std::int64_t offset) {
  PartitionList list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), kTopic.c_str(), 0)->offset = offset;
  return list;
}

}  // namespace

Result<std::unique_ptr<LogConsumer>> LogConsumer::open(const Connection& to,
                                                       const std::string& group) {
  auto client = Client::consumer(to, {
                                         {"group.id", group},
                                         {"enable.auto.commit", "false"},
                                         {"enable.auto.offset.store", "false"},
                                         {"auto.offset.reset", "error"},
                                         {"enable.partition.eof", "true"},
                                         {"check.crcs", "true"},
                                         {"fetch.wait.max.ms", "100"},
                                     });
  if (!client) return std::move(client).error();
  std::unique_ptr<LogConsumer> consumer(new LogConsumer(to, std::move(*client)));
  if (auto found = consumer->find_topic(); !found) return found.error();
  return consumer;
}

LogConsumer::~LogConsumer() {
  message_.reset();
  if (client_) rd_kafka_assign(client_->handle(), nullptr);
}

Result<void> LogConsumer::find_topic() {
  auto* handle = client_->handle();
  TopicHandle topic(rd_kafka_topic_new(handle, kTopic.c_str(), nullptr));
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto wait_ms = static_cast<int>(to_.unreachable_after.count());
  if (rd_kafka_metadata(handle, 0, topic.get(), &metadata, wait_ms)) {
    rd_kafka_poll(handle, 0);
    return unreachable(to_, *client_);
  }
  const bool found = metadata->topic_cnt == 1 && metadata->topics[0].partition_cnt > 0;
  rd_kafka_metadata_destroy(metadata);
  if (!found)
    return Error{.code = ErrorCode::kNotFound,
                 .reason = "bus.no_topic",
                 .message = "there is no topic " + kTopic + " at " + to_.brokers,
                 .hint = "publish a log there first: rapport publish --kafka " + to_.brokers};
  if (char* id = rd_kafka_clusterid(handle, wait_ms)) {
    cluster_ = id;
    rd_kafka_mem_free(handle, id);
  }
  return {};
}

// A broker that does not yet know of a new topic is asked again.
Result<LogConsumer::Extent> LogConsumer::extent() {
  const auto until = std::chrono::steady_clock::now() + to_.unreachable_after;
  for (;;) {
    Extent extent;
    auto fault = rd_kafka_query_watermark_offsets(client_->handle(), kTopic.c_str(), 0,
                                                  &extent.begin, &extent.end,
                                                  static_cast<int>(to_.unreachable_after.count()));
    if (!fault) return extent;
    if (std::chrono::steady_clock::now() >= until) return unreachable(to_, *client_);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

Result<void> LogConsumer::start(std::int64_t offset) {
  message_.reset();
  offset_ = offset;
  if (auto fault = rd_kafka_assign(client_->handle(), at(offset).get()))
    return refused(to_, "to read topic " + kTopic, rd_kafka_err2str(fault));
  return {};
}

Result<std::optional<LogConsumer::Record>> LogConsumer::next(int timeout_ms) {
  message_.reset(rd_kafka_consumer_poll(client_->handle(), timeout_ms));
  if (client_->refused()) return unreachable(to_, *client_);
  if (!message_) return std::optional<Record>();
  const auto& message = *message_;
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      offset_ = message.offset + 1;
      return std::optional<Record>(Record{
          message.offset,
          {static_cast<const std::uint8_t*>(message.payload), message.payload ? message.len : 0}});
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      offset_ = std::max(offset_, message.offset);
      return std::optional<Record>();
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return Error{.code = ErrorCode::kConflict,
                   .reason = "bus.out_of_range",
                   .message = "topic " + kTopic + " does not have offset " +
                              std::to_string(offset_) + " any more"};
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return refused(to_, "to read topic " + kTopic, rd_kafka_message_errstr(&message));
    default:
      return std::optional<Record>();  // librdkafka goes on by itself
  }
}

void LogConsumer::show_done(std::int64_t offset) {
  rd_kafka_commit(client_->handle(), at(offset).get(), 1);
}

}  // namespace rapport::kafka
