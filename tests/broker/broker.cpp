#include "tests/broker/broker.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "domain/result.h"

namespace rapport::kafka {
namespace {

namespace fs = std::filesystem;

fs::path new_root() {
  static int number = 0;
  auto root = fs::path(testing::TempDir()) /
              ("rapport_broker_" + std::to_string(getpid()) + "_" + std::to_string(++number));
  fs::create_directories(root);
  return root;
}

rd_kafka_t* client(rd_kafka_type_t type,
                   const std::vector<std::pair<std::string, std::string>>& settings) {
  char why[512];
  auto* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings)
    RAPPORT_ASSERT(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why, sizeof why) ==
                   RD_KAFKA_CONF_OK);
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  auto* handle = rd_kafka_new(type, conf, why, sizeof why);
  RAPPORT_ASSERT(handle);
  return handle;
}

int partitions_of(rd_kafka_t* handle, const std::string& topic) {
  auto* rkt = rd_kafka_topic_new(handle, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  RAPPORT_ASSERT(rd_kafka_metadata(handle, 0, rkt, &metadata, 10'000) ==
                 RD_KAFKA_RESP_ERR_NO_ERROR);
  int count = metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(rkt);
  return count;
}

Consumed consumed(const rd_kafka_message_t& message) {
  Consumed record{.partition = message.partition,
                  .offset = message.offset,
                  .timestamp_ms = 0,
                  .key = {},
                  .value = {},
                  .headers = {}};
  rd_kafka_timestamp_type_t type;
  record.timestamp_ms = rd_kafka_message_timestamp(&message, &type);
  if (message.key) record.key.assign(static_cast<const char*>(message.key), message.key_len);
  if (message.payload) record.value.assign(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers)) return record;
  const char* name;
  const void* value;
  std::size_t size;
  for (std::size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &value, &size); ++i)
    record.headers.emplace_back(name, std::string(static_cast<const char*>(value), size));
  return record;
}

}  // namespace

std::string output_of(const std::string& command) {
  std::string out;
  auto* pipe = popen(command.c_str(), "r");
  RAPPORT_ASSERT(pipe);
  std::array<char, 65'536> chunk;
  while (auto size = fread(chunk.data(), 1, chunk.size(), pipe)) out.append(chunk.data(), size);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return out;
}

Broker::Broker(int nodes) : root_(new_root()), nodes_(nodes) { start(); }

Broker::~Broker() {
  command("kill");
  fs::remove_all(root_);
}

std::string Broker::command(const std::string& verb, const std::string& arguments) const {
  return output_of(RAPPORT_SOURCE_DIR "/ops/kafka/broker " + verb + " " +
                   (root_ / "kafka").string() + " " + arguments + " 2>" +
                   (root_ / "broker.log").string());
}

void Broker::start() {
  auto out = command("start", "--nodes " + std::to_string(nodes_));
  auto at = out.rfind("bootstrap=");
  RAPPORT_ASSERT(at != std::string::npos);
  address_ = out.substr(at + 10, out.find('\n', at) - at - 10);
}

void Broker::kill(int node) { command("kill", node ? std::to_string(node) : ""); }
void Broker::freeze(bool still) {
  for (int node = 1; node <= nodes_; ++node)
    output_of("kill -" + std::string(still ? "STOP" : "CONT") + " $(cat " + (root_ / "kafka").string() + "/node" +
              std::to_string(node) + "/pid)");
}

void Broker::lose(const std::string& topic, int partition) {
  for (int node = 1; node <= nodes_; ++node)
    fs::remove_all(root_ / "kafka" / ("node" + std::to_string(node)) / "data" / (topic + "-" + std::to_string(partition)));
}

void Broker::topics(const std::string& arguments) { command("topics", arguments); }

void Broker::cut(const std::string& topic, std::int64_t offset) const {
  auto* handle = client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", address_}});
  auto* before = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(before, topic.c_str(), 0)->offset = offset;
  auto* request = rd_kafka_DeleteRecords_new(before);
  auto* queue = rd_kafka_queue_new(handle);
  rd_kafka_DeleteRecords(handle, &request, 1, nullptr, queue);
  auto* answer = rd_kafka_queue_poll(queue, 20'000);
  EXPECT_TRUE(answer && !rd_kafka_event_error(answer));
  if (answer) rd_kafka_event_destroy(answer);
  rd_kafka_queue_destroy(queue);
  rd_kafka_DeleteRecords_destroy(request);
  rd_kafka_topic_partition_list_destroy(before);
  rd_kafka_destroy(handle);
}

std::string_view Consumed::header(std::string_view name) const {
  for (const auto& [its_name, text] : headers)
    if (its_name == name) return text;
  return {};
}

std::uint64_t Consumed::number(std::string_view name) const {
  auto text = std::string(header(name));
  return text.empty() ? ~std::uint64_t{0} : std::stoull(text);
}

std::vector<Consumed> consume(const std::string& brokers, const std::string& topic) {
  auto* handle = client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers},
                                            {"group.id", "test"},
                                            {"enable.partition.eof", "true"},
                                            {"enable.auto.commit", "false"},
                                            {"auto.offset.reset", "earliest"},
                                            {"fetch.wait.max.ms", "10"}});
  const int partitions = partitions_of(handle, topic);
  auto* list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i)
    rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  rd_kafka_poll_set_consumer(handle);
  RAPPORT_ASSERT(rd_kafka_assign(handle, list) == RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_topic_partition_list_destroy(list);
  std::map<std::int32_t, std::vector<Consumed>> by_partition;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (int open = partitions; open > 0 && std::chrono::steady_clock::now() < until;) {
    auto* message = rd_kafka_consumer_poll(handle, 100);
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) --open;
    if (!message->err) by_partition[message->partition].push_back(consumed(*message));
    rd_kafka_message_destroy(message);
  }
  rd_kafka_assign(handle, nullptr);
  rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  std::vector<Consumed> all;
  for (auto& [partition, records] : by_partition)
    for (auto& record : records) all.push_back(std::move(record));
  return all;
}

void produce(const std::string& brokers, const std::vector<RawRecord>& records) {
  auto* handle =
      client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers}, {"message.max.bytes", "4194304"}});
  for (const auto& record : records)
    RAPPORT_ASSERT(
        rd_kafka_producev(
            handle, RD_KAFKA_V_TOPIC(record.topic.c_str()), RD_KAFKA_V_PARTITION(record.partition),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_KEY(record.key.data(), record.key.size()),
            RD_KAFKA_V_VALUE(const_cast<char*>(record.value.data()), record.value.size()),
            RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR_NO_ERROR);
  RAPPORT_ASSERT(rd_kafka_flush(handle, 20'000) == RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_destroy(handle);
}

void expire(const std::string& brokers, const std::string& topic, std::int32_t partition, std::int64_t before) {
  auto* handle = client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers}});
  auto* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset = before;
  auto* records = rd_kafka_DeleteRecords_new(list);
  auto* queue = rd_kafka_queue_new(handle);
  rd_kafka_DeleteRecords(handle, &records, 1, nullptr, queue);
  auto* event = rd_kafka_queue_poll(queue, 20'000);
  RAPPORT_ASSERT(event && !rd_kafka_event_error(event));
  rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_DeleteRecords_destroy(records);
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_destroy(handle);
}

}  // namespace rapport::kafka
