#include "adapters/kafka/topic_keys.h"

#include "adapters/kafka/client.h"

namespace rapport::kafka {

Result<std::set<std::string>> live_keys(const Connection& to, const std::string& topic, std::int32_t partitions, std::stop_token stop) {
  auto client = Client::consumer(to, {{"group.id", "rapport-state"},  // asked for, never joined
                                      {"enable.auto.commit", "false"},
                                      {"enable.partition.eof", "true"},
                                      {"auto.offset.reset", "earliest"}});
  if (!client) return std::move(client).error();
  auto* handle = (*client)->handle();
  PartitionList all(rd_kafka_topic_partition_list_new(partitions));
  for (std::int32_t i = 0; i < partitions; ++i)
    rd_kafka_topic_partition_list_add(all.get(), topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  if (auto fault = rd_kafka_assign(handle, all.get())) return refused(to, "to read topic " + topic, rd_kafka_err2str(fault));
  std::set<std::string> keys;
  auto heard_at = std::chrono::steady_clock::now();
  for (std::set<std::int32_t> ended; std::ssize(ended) < partitions;) {
    if (stop.stop_requested())
      return Error{.code = ErrorCode::kUnavailable, .reason = "bus.stopped", .message = "told to stop while topic " + topic + " was read"};
    MessageHandle message(rd_kafka_consumer_poll(handle, 100));
    const auto now = std::chrono::steady_clock::now();
    if (!message || !message->rkt) {
      if (now - heard_at > to.unreachable_after) return unreachable(to, **client);
      continue;
    }
    heard_at = now;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ended.insert(message->partition);
    } else if (message->err) {
      return refused(to, "to read topic " + topic, rd_kafka_message_errstr(message.get()));
    } else if (std::string key(static_cast<const char*>(message->key), message->key_len); message->payload) {
      keys.insert(std::move(key));
    } else {
      keys.erase(key);
    }
  }
  rd_kafka_assign(handle, nullptr);
  return keys;
}

}  // namespace rapport::kafka
