// What an event costs on its way over Kafka, stage by stage, each beside its floor in the same run: recording it (decided,
// sealed, stored, folded), publishing a back-log with its memory, reading crm.log.v1 with librdkafka alone, folding the same log without Kafka, and a worker, which does both.
//   bus [--events N] [--rounds N]
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "adapters/kafka/topics.h"
#include "eventstore/rocks/rocks_event_store.h"
#include "projections/rocks/rocks_row_stores.h"
#include "projections/view_host.h"
#include "tests/bench/child.h"
#include "tests/broker/broker.h"

namespace rapport::kafka {
namespace {

using bench::Used;

template <class Work>
Used measure(Work&& work) {
  const auto cpu = bench::own_cpu_seconds();
  const auto began = std::chrono::steady_clock::now();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(), bench::own_cpu_seconds() - cpu, 0};
}

void print(const char* what, const Used& used, std::uint64_t events) {
  const auto count = static_cast<double>(events);
  std::printf("%-28s %9.0f events/s  %5.2f us CPU an event", what, count / used.seconds, used.cpu_seconds / count * 1e6);
  if (used.peak_mib != 0) std::printf("  peak %ld MiB", used.peak_mib);
  std::printf("\n");
}

// The log's topic from its beginning to its end, by librdkafka as anybody would use it.
void consume_raw(const std::string& brokers) {
  char why[512];
  auto* conf = rd_kafka_conf_new();
  for (auto [name, value] : std::initializer_list<std::pair<const char*, const char*>>{{"bootstrap.servers", brokers.c_str()},
                                                                                       {"group.id", "floor"},
                                                                                       {"enable.auto.commit", "false"},
                                                                                       {"enable.partition.eof", "true"},
                                                                                       {"auto.offset.reset", "earliest"}})
    RAPPORT_ASSERT(rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK);
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  auto* handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
  RAPPORT_ASSERT(handle);
  auto* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, std::string(kLogTopic).c_str(), 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
  RAPPORT_ASSERT(rd_kafka_assign(handle, list) == RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_topic_partition_list_destroy(list);
  for (bool end = false; !end;) {
    auto* message = rd_kafka_consumer_poll(handle, 100);
    if (message == nullptr) continue;
    end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    RAPPORT_ASSERT(end || !message->err);
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consumer_close(handle);
  rd_kafka_destroy(handle);
}

void fold(const std::filesystem::path& data, const std::filesystem::path& rows) {
  auto directory = StoreDirectory::open(data, false);
  RAPPORT_ASSERT(directory);
  auto store = RocksEventStore::open(**directory);
  RAPPORT_ASSERT(store);
  projections::RocksRowStores stores(rows);
  auto host = projections::ViewHost::open(*projections::find_view("pipeline"), **store, stores);
  RAPPORT_ASSERT(host);
  RAPPORT_ASSERT(host->catch_up());
}

struct Rounds {
  std::vector<double> publish, raw, fold, worker;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void one_round(Broker& broker, const std::filesystem::path& data, std::uint64_t events, Rounds& rounds) {
  auto clean = [&](const char* name) {
    std::filesystem::remove_all(broker.folder(name));
    return broker.folder(name);
  };
  auto forget_topics = [&] {
    broker.topics("--delete --topic 'crm[.].*'");
    std::filesystem::remove_all(data / "kafka");
  };
  const std::vector<std::string> publish{RAPPORT_PROGRAM, "publish", "--data", data.string(), "--kafka", broker.address(), "--until-caught-up", "--quiet"};
  auto events_alone = publish;
  events_alone.insert(events_alone.end(), {"--kafka-rows", "none"});
  auto published = bench::run(events_alone);
  print("publish events", published, events);
  print("publish the views' rows", bench::run(publish), events);
  auto raw = measure([&] { consume_raw(broker.address()); });
  print("read with librdkafka alone", raw, events);
  auto folded = measure([&] { fold(data, clean("rows")); });
  print("pipeline folded locally", folded, events);
  auto work = [&](const std::string& view) {
    auto used = bench::run({RAPPORT_PROGRAM, "worker", view, "--kafka", broker.address(), "--state", clean("state").string(), "--until-caught-up",
                            "--quiet"});
    print((view + " worker").c_str(), used, events);
    return used;
  };
  auto worker = work("pipeline");
  for (auto* view : {"service", "loyalty", "customer360"}) work(view);
  forget_topics();
  print("publish events and rows", bench::run(publish), events);
  forget_topics();
  rounds.publish.push_back(published.seconds);
  rounds.raw.push_back(raw.seconds);
  rounds.fold.push_back(folded.seconds);
  rounds.worker.push_back(worker.seconds);
}

// Some thirty events a customer; how many there are.
std::uint64_t record(const std::filesystem::path& data, std::uint64_t events) {
  auto used = bench::run({RAPPORT_PROGRAM, "demo", "--data", data.string(), "--customers", std::to_string(std::max<std::uint64_t>(events / 30, 1)),
                          "--years", "1", "--quiet"});
  auto directory = StoreDirectory::open(data, false);
  RAPPORT_ASSERT(directory);
  auto store = RocksEventStore::open(**directory);
  RAPPORT_ASSERT(store);
  const auto there = (*store)->head().position.value;
  print("record: four views, too", used, there);
  return there;
}

void compare(std::uint64_t wanted, int count) {
  Broker broker;
  const auto data = broker.folder("store");
  const auto events = record(data, wanted);
  Rounds rounds;
  for (int round = 0; round < count; ++round) one_round(broker, data, events, rounds);
  std::printf("worker is %.2f of reading and folding one after the other, by the median of %d rounds\n",
              (median(rounds.raw) + median(rounds.fold)) / median(rounds.worker), count);
}

}  // namespace
}  // namespace rapport::kafka

int main(int argc, char** argv) {
  std::uint64_t events = 500'000;
  int rounds = 3;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--events") == 0) events = std::stoull(argv[i + 1]);
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = std::stoi(argv[i + 1]);
  }
  rapport::kafka::compare(events, rounds);
}
