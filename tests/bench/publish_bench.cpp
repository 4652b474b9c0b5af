// How fast the relay publishes, against its floor: librdkafka alone with the same records, made
// beforehand, in the same run.
//   publish [--events N] [--rounds N]
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "adapters/kafka/partitioner.h"
#include "adapters/kafka/record.h"
#include "adapters/kafka/relay.h"
#include "eventstore/frame.h"
#include "eventstore/memory/memory_event_store.h"
#include "eventstore/rocks/rocks_event_store.h"
#include "tests/broker/broker.h"
#include "tests/kafka/enterprise.h"

namespace rapport::kafka {
namespace {

struct Ready {
  std::string topic, key, value;
  std::int32_t partition = 0;
  std::int64_t timestamp_ms = 0;
  std::vector<std::pair<const char*, std::string>> headers;
};

struct Figure {
  double seconds = 0, cpu_seconds = 0;
};

double cpu_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

template <class Work>
Figure measure(Work&& work) {
  const auto cpu = cpu_seconds();
  const auto began = std::chrono::steady_clock::now();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(),
          cpu_seconds() - cpu};
}

// The records of the relay, as it would send them.
std::vector<Ready> render(const EventStore& store) {
  std::vector<Ready> all;
  std::map<std::pair<std::string, std::int32_t>, std::uint64_t> previous;
  EventRecord record(store.facts().origin, nullptr);
  FrameRecord frame_record(store.facts().origin);
  FrameBuilder frame;
  Position first{1};
  auto copy = [](std::span<const Header> from, Ready& to) {
    for (const auto& header : from) to.headers.emplace_back(header.name, header.value);
  };
  auto add_frame = [&](Position last, const EventId& id) {
    auto message = frame.finish(*store.root_at({first.value - 1}));
    auto& ready = all.emplace_back();
    ready.topic = kLogTopic;
    ready.value.assign(message.asChars().begin(), message.asChars().size());
    frame_record.write(first, last, id);
    copy(frame_record.headers(), ready);
    first = {last.value + 1};
  };
  auto reader = store.read({});
  EventId id{};
  for (std::uint64_t position = 1;; ++position) {
    auto next = reader->next();
    RAPPORT_ASSERT(next);
    if (!*next) break;
    const auto& event = **next;
    if (!frame.add(event)) {
      add_frame({position - 1}, id);
      RAPPORT_ASSERT(frame.add(event));
    }
    id = event.id();
    auto& ready = all.emplace_back();
    ready.topic = events_topic(event.stream_type);
    ready.key = record.key_of(event);
    ready.partition = partition_of(ready.key, kPartitionsDefault);
    auto& prev = previous[{ready.topic, ready.partition}];
    RAPPORT_ASSERT(record.write(event, prev));
    prev = position;
    ready.value = record.value();
    ready.timestamp_ms = event.recorded_at.micros / 1'000;
    copy(record.headers(), ready);
  }
  if (frame.size()) add_frame(store.head().position, id);
  return all;
}

// librdkafka as anybody would use it for this, with the relay's settings.
void produce_raw(const std::string& brokers, const std::vector<Ready>& records) {
  char why[512];
  std::size_t acknowledged = 0;
  auto* conf = rd_kafka_conf_new();
  for (auto [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"bootstrap.servers", brokers.c_str()},
           {"enable.idempotence", "true"},
           {"message.timeout.ms", "0"},
           {"linger.ms", "1"},
           {"batch.size", "1000000"},
           {"compression.type", "lz4"},
           {"message.max.bytes", "4194304"},
           {"queue.buffering.max.kbytes", "65536"},
           {"socket.nagle.disable", "true"}})
    RAPPORT_ASSERT(rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK);
  rd_kafka_conf_set_opaque(conf, &acknowledged);
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_conf_set_dr_msg_cb(conf,
                              [](rd_kafka_t*, const rd_kafka_message_t* message, void* count) {
                                RAPPORT_ASSERT(!message->err);
                                ++*static_cast<std::size_t*>(count);
                              });
  auto* handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
  RAPPORT_ASSERT(handle);
  std::map<std::string, rd_kafka_topic_t*> topics;
  std::size_t sent = 0;
  for (const auto& record : records) {
    auto& topic = topics[record.topic];
    if (!topic) topic = rd_kafka_topic_new(handle, record.topic.c_str(), nullptr);
    auto* headers = rd_kafka_headers_new(record.headers.size());
    for (const auto& [name, value] : record.headers)
      rd_kafka_header_add(headers, name, -1, value.data(), static_cast<ssize_t>(value.size()));
    for (;;) {
      auto fault = rd_kafka_producev(
          handle, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(record.partition),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
          RD_KAFKA_V_KEY(record.key.data(), record.key.size()),
          RD_KAFKA_V_VALUE(const_cast<char*>(record.value.data()), record.value.size()),
          RD_KAFKA_V_TIMESTAMP(record.timestamp_ms), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
      if (!fault) break;
      RAPPORT_ASSERT(fault == RD_KAFKA_RESP_ERR__QUEUE_FULL);
      rd_kafka_poll(handle, 50);
    }
    if (++sent % 256 == 0) rd_kafka_poll(handle, 0);
  }
  while (acknowledged < records.size()) rd_kafka_poll(handle, 20);
  for (auto [name, topic] : topics) rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(handle);
}

void print(const char* what, const Figure& figure, std::uint64_t events) {
  const auto count = static_cast<double>(events);
  std::printf("%-8s %9.0f events/s  %5.2f us CPU an event\n", what, count / figure.seconds,
              figure.cpu_seconds / count * 1e6);
}

Figure median(std::vector<Figure> figures) {
  std::sort(figures.begin(), figures.end(), [](auto& a, auto& b) { return a.seconds < b.seconds; });
  return figures[figures.size() / 2];
}

void compare(std::uint64_t events, int rounds) {
  Broker broker;
  auto directory = StoreDirectory::open(broker.folder("store"), true);
  RAPPORT_ASSERT(directory);
  auto opened = RocksEventStore::open(**directory);
  RAPPORT_ASSERT(opened);
  const EventStore& store = **opened;
  Enterprise(**opened).grow(events, events / 10);
  const auto records = render(store);
  std::size_t bytes = 0;
  for (const auto& record : records) bytes += record.value.size();
  std::printf("%llu events in %zu records, %zu bytes of values an event\n",
              static_cast<unsigned long long>(events), records.size(), bytes / events);
  std::vector<Figure> raw, ours;
  auto publish = [&] {
    Relay relay(store, {.connection = {.brokers = broker.address()}});
    ours.push_back(measure([&] {
      auto published = relay.run(RelayUntil::kCaughtUp);
      RAPPORT_ASSERT(published);
      RAPPORT_ASSERT(published->published == events);
    }));
    print("relay", ours.back(), events);
  };
  // What the relay takes to find out where to go on, whatever the back-log.
  auto publish_nothing = [&] {
    auto idle = measure([&] { RAPPORT_ASSERT(Relay(store, {.connection = {.brokers = broker.address()}}).run(RelayUntil::kCaughtUp)); });
    std::printf("relay that finds nothing to do: %.2f s\n", idle.seconds);
  };
  auto produce = [&] {
    raw.push_back(measure([&] { produce_raw(broker.address(), records); }));
    print("raw", raw.back(), events);
  };
  // The relay first: it goes on where the topics end, and what librdkafka sends is nothing to it. A round more than asked
  // for comes first and does not count: the broker is slow until it has been busy for a while.
  for (int round = 0; round <= rounds; ++round) {
    MemoryEventStore empty;
    RAPPORT_ASSERT(Relay(empty, {.connection = {.brokers = broker.address()}})
                       .run(RelayUntil::kCaughtUp));  // makes the topics
    publish();
    publish_nothing();
    produce();
    broker.topics("--delete --topic 'crm[.].*'");
    if (round == 0 && rounds > 1) raw.clear(), ours.clear();
  }
  std::printf("relay is %.2f of raw by the median of %zu rounds; CPU %.2f\n",
              median(raw).seconds / median(ours).seconds, ours.size(),
              median(raw).cpu_seconds / median(ours).cpu_seconds);
}

}  // namespace
}  // namespace rapport::kafka

int main(int argc, char** argv) {
  std::uint64_t events = 800'000;
  int rounds = 5;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--events") == 0) events = std::stoull(argv[i + 1]);
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = std::stoi(argv[i + 1]);
  }
  rapport::kafka::compare(events, rounds);
}
