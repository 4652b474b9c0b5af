#include "tests/broker/hostile_copier.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <chrono>
#include <thread>

#include "adapters/kafka/cluster.h"
#include "domain/result.h"

namespace rapport::kafka {
namespace {

rd_kafka_t* producer(const std::string& brokers) {
  char why[512];
  auto* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), why, sizeof why);
  rd_kafka_conf_set(conf, "message.max.bytes", "4194304", why, sizeof why);
  rd_kafka_conf_set(conf, "linger.ms", "0", why, sizeof why);
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  auto* handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
  RAPPORT_ASSERT(handle);
  return handle;
}

}  // namespace

HostileCopier::HostileCopier(const std::string& from, std::string to) : to_(std::move(to)) {
  auto there = (*Cluster::connect({.brokers = from}))->topics();
  RAPPORT_ASSERT(there);
  for (const auto& [topic, count] : *there) {
    if (!topic.starts_with("crm.")) continue;
    originals_[topic] = consume(from, topic);
    partitions_[topic] = count;
    restore(topic);
  }
}

void HostileCopier::remove(const std::string& topic) {
  auto* handle = producer(to_);
  auto* queue = rd_kafka_queue_new(handle);
  auto* doomed = rd_kafka_DeleteTopic_new(topic.c_str());
  rd_kafka_DeleteTopics(handle, &doomed, 1, nullptr, queue);
  if (auto* event = rd_kafka_queue_poll(queue, 20'000)) rd_kafka_event_destroy(event);
  rd_kafka_DeleteTopic_destroy(doomed);
  rd_kafka_queue_destroy(queue);
  rd_kafka_destroy(handle);
}

void HostileCopier::put(const std::string& topic, const Records& records) {
  auto cluster = Cluster::connect({.brokers = to_});
  RAPPORT_ASSERT(cluster);
  if ((*cluster)->topics()->contains(topic)) remove(topic);
  while ((*cluster)->topics()->contains(topic)) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::array<TopicPlan, 1> plan{{{topic, partitions_.at(topic)}}};
  RAPPORT_ASSERT((*cluster)->create(plan));
  auto* handle = producer(to_);
  for (const auto& record : records) {
    auto* headers = rd_kafka_headers_new(record.headers.size());
    for (const auto& [name, value] : record.headers)
      rd_kafka_header_add(headers, name.c_str(), -1, value.data(), static_cast<ssize_t>(value.size()));
    RAPPORT_ASSERT(rd_kafka_producev(handle, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(record.partition),
                                     RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(record.key.data(), record.key.size()),
                                     RD_KAFKA_V_VALUE(const_cast<char*>(record.value.data()), record.value.size()),
                                     RD_KAFKA_V_TIMESTAMP(record.timestamp_ms), RD_KAFKA_V_HEADERS(headers),
                                     RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  RAPPORT_ASSERT(rd_kafka_flush(handle, 20'000) == RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_destroy(handle);
}

}  // namespace rapport::kafka
