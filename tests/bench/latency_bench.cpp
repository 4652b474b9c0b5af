// How long it takes from a command to a Kafka consumer, at a steady rate, beside librdkafka alone with records of that size: the
// server with its relay, one broker, a consumer with librdkafka's defaults. A command's time counts from when it was due, so
// that a server that is late is late for all; its stages are told apart by when the event was recorded.
//   latency [--rate N] [--seconds N]
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>

#include "adapters/kafka/topics.h"
#include "domain/result.h"
#include "tests/bench/child.h"
#include "tests/broker/broker.h"

namespace rapport::kafka {
namespace {

using Clock = std::chrono::steady_clock;
namespace http = boost::beast::http;

constexpr unsigned kConnections = 16;

// Of each command or record by its number: how long it took. Written once each, by whoever sees it.
class Delays {
 public:
  explicit Delays(std::size_t count) : microseconds_(std::make_unique<std::atomic<std::int64_t>[]>(count)), count_(count) {}
  void took(std::size_t number, Clock::duration time) {
    auto late = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    if (number < count_ && microseconds_[number].exchange(std::max<std::int64_t>(late, 1)) == 0) ++seen_;
  }
  void seen(std::size_t number, Clock::time_point due) { took(number, Clock::now() - due); }
  bool complete() const { return seen_ == count_; }
  void print(const char* what) const {
    std::vector<std::int64_t> sorted(count_);
    for (std::size_t i = 0; i < count_; ++i) sorted[i] = microseconds_[i];
    std::ranges::sort(sorted);
    auto at = [&](double part) { return static_cast<double>(sorted[static_cast<std::size_t>(part * static_cast<double>(count_ - 1))]) / 1e3; };
    std::printf("%-30s p50 %7.2f ms  p99 %7.2f ms  p99.9 %7.2f ms  most %7.2f ms\n", what, at(.5), at(.99), at(.999), at(1));
  }

 private:
  std::unique_ptr<std::atomic<std::int64_t>[]> microseconds_;  // 0: not yet
  const std::size_t count_;
  std::atomic<std::size_t> seen_ = 0;
};

struct Schedule {
  Clock::time_point start;
  double rate;
  Clock::time_point due(std::size_t number) const {
    return start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(static_cast<double>(number) / rate));
  }
};

rd_kafka_t* client(rd_kafka_type_t type, const std::string& brokers) {
  char why[512];
  auto* conf = rd_kafka_conf_new();
  for (auto [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"bootstrap.servers", brokers.c_str()}, {"group.id", "latency"}, {"enable.auto.commit", "false"}, {"socket.nagle.disable", "true"}})
    if (type == RD_KAFKA_CONSUMER || std::strcmp(name, "bootstrap.servers") == 0 || std::strcmp(name, "socket.nagle.disable") == 0)
      RAPPORT_ASSERT(rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK);
  if (type == RD_KAFKA_PRODUCER) RAPPORT_ASSERT(rd_kafka_conf_set(conf, "enable.idempotence", "true", why, sizeof why) == RD_KAFKA_CONF_OK);
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  auto* handle = rd_kafka_new(type, conf, why, sizeof why);
  RAPPORT_ASSERT(handle);
  return handle;
}

// How long ago the record was made, by the clock on the wall.
Clock::duration age(const rd_kafka_message_t& message) {
  return std::chrono::system_clock::now().time_since_epoch() - std::chrono::milliseconds(rd_kafka_message_timestamp(&message, nullptr));
}

// Reads a topic from its end on another thread; `on_record` gets each record's key and age.
class Tail {
 public:
  using OnRecord = std::function<void(std::string_view key, Clock::duration age)>;
  Tail(const std::string& brokers, const std::string& topic, OnRecord on_record) : handle_(client(RD_KAFKA_CONSUMER, brokers)) {
    auto* list = rd_kafka_topic_partition_list_new(kPartitionsDefault);
    for (std::int32_t partition = 0; partition < kPartitionsDefault; ++partition) {
      std::int64_t first = 0, end = 0;
      RAPPORT_ASSERT(rd_kafka_query_watermark_offsets(handle_, topic.c_str(), partition, &first, &end, 20'000) == RD_KAFKA_RESP_ERR_NO_ERROR);
      rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset = end;
    }
    RAPPORT_ASSERT(rd_kafka_assign(handle_, list) == RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    thread_ = std::jthread([this, on_record = std::move(on_record)](std::stop_token stop) {
      while (!stop.stop_requested()) {
        auto* message = rd_kafka_consumer_poll(handle_, 50);
        if (message == nullptr) continue;
        if (!message->err) on_record({static_cast<const char*>(message->key), message->key_len}, age(*message));
        rd_kafka_message_destroy(message);
      }
    });
  }
  ~Tail() {
    thread_.request_stop();
    thread_.join();
    rd_kafka_consumer_close(handle_);
    rd_kafka_destroy(handle_);
  }

 private:
  rd_kafka_t* handle_;
  std::jthread thread_;
};

// "account-7-123" is number 123.
std::size_t number_of(std::string_view key) { return std::stoull(std::string(key.substr(key.rfind('-') + 1))); }

class Connection {
 public:
  explicit Connection(const std::string& address) : stream_(context_), host_(address) {
    auto colon = address.rfind(':');
    stream_.connect(boost::asio::ip::tcp::resolver(context_).resolve(address.substr(0, colon), address.substr(colon + 1)));
    stream_.socket().set_option(boost::asio::ip::tcp::no_delay(true));
  }
  void create_account(const std::string& id) {
    http::request<http::string_body> request(http::verb::post, "/v1/account/" + id + "/create", 11);
    request.set(http::field::host, host_);
    request.set(http::field::content_type, "application/json");
    request.body() = R"({"kind":"organisation","industry":"machinery","ownerId":"anna"})";
    request.prepare_payload();
    http::write(stream_, request);
    http::response<http::string_body> answer;
    http::read(stream_, buffer_, answer);
    RAPPORT_ASSERT(answer.result() == http::status::ok);
  }

 private:
  boost::asio::io_context context_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  const std::string host_;
};

// Does `one` for each number when it is due, or as soon as it can after that.
template <class MakeWorker>
void at_its_time(const Schedule& schedule, std::size_t count, MakeWorker&& make_worker) {
  std::vector<std::jthread> threads;
  for (unsigned thread = 0; thread < kConnections; ++thread)
    threads.emplace_back([&, thread] {
      auto one = make_worker();
      for (std::size_t number = thread; number < count; number += kConnections) {
        std::this_thread::sleep_until(schedule.due(number));
        one(number);
      }
    });
}

template <class Claim>
void await(Claim&& claim) {
  const auto until = Clock::now() + std::chrono::minutes(2);
  while (!claim()) {
    RAPPORT_ASSERT(Clock::now() < until);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

Schedule soon(double rate) { return {Clock::now() + std::chrono::milliseconds(200), rate}; }

void through_rapport(const std::string& address, const Broker& broker, double rate, std::size_t count, const std::string& run, bool counts) {
  Delays answered(count), recorded(count), published(count), consumed(count);
  const auto schedule = soon(rate);
  {
    Tail tail(broker.address(), events_topic("account"), [&](std::string_view key, Clock::duration age) {
      if (!key.starts_with("account-" + run + "-")) return;
      const auto number = number_of(key);
      recorded.took(number, Clock::now() - age - schedule.due(number));
      published.took(number, age);
      consumed.seen(number, schedule.due(number));
    });
    at_its_time(schedule, count, [&] {
      return [&, connection = std::make_shared<Connection>(address)](std::size_t number) {
        connection->create_account(run + "-" + std::to_string(number));
        answered.seen(number, schedule.due(number));
      };
    });
    await([&] { return consumed.complete(); });
  }
  if (!counts) return;
  recorded.print("event recorded, to the ms");
  published.print("from there to the consumer");
  answered.print("command answered");
  consumed.print("event at the consumer");
}

// With `producer`, whose first records have gone before.
void through_librdkafka(const Broker& broker, rd_kafka_t* producer, double rate, std::size_t count, bool counts) {
  const std::string topic = "floor";
  Delays consumed(count);
  const auto schedule = soon(rate);
  {
    Tail tail(broker.address(), topic, [&](std::string_view key, auto) { consumed.seen(number_of(key), schedule.due(number_of(key))); });
    at_its_time(schedule, count, [&] {
      return [&](std::size_t number) {
        auto key = "account-floor-" + std::to_string(number);
        std::string value(700, 'x');  // the value and headers of such an event
        RAPPORT_ASSERT(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                         RD_KAFKA_V_KEY(key.data(), key.size()), RD_KAFKA_V_VALUE(value.data(), value.size()),
                                         RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR_NO_ERROR);
      };
    });
    await([&] { return consumed.complete(); });
  }
  if (counts) consumed.print("librdkafka to the consumer");
}

void measure(double rate, double seconds) {
  Broker broker;
  broker.topics("--create --topic floor --partitions " + std::to_string(kPartitionsDefault));
  const auto count = static_cast<std::size_t>(rate * seconds), warm = count / 2;  // a broker that was just started compiles itself
  bench::Child server({RAPPORT_PROGRAM, "serve", "--data", broker.folder("store").string(), "--kafka", broker.address(), "--listen", "127.0.0.1:0", "--quiet"});
  const auto line = server.read_line();
  const auto address = line.substr(line.rfind('/') + 1);
  Connection(address).create_account("first");  // the relay makes its topics
  await([&] { return !consume(broker.address(), events_topic("account")).empty(); });
  through_rapport(address, broker, rate, warm, "warm", false);
  const auto cpu = server.cpu_seconds();
  std::printf("%.0f commands/s for %.0f s over %u connections\n", rate, seconds, kConnections);
  through_rapport(address, broker, rate, count, "timed", true);
  std::printf("server and relay: %.1f us CPU an event\n", (server.cpu_seconds() - cpu) / static_cast<double>(count) * 1e6);
  auto* producer = client(RD_KAFKA_PRODUCER, broker.address());
  through_librdkafka(broker, producer, rate, static_cast<std::size_t>(rate), false);
  through_librdkafka(broker, producer, rate, count, true);
  rd_kafka_destroy(producer);
  server.terminate();
  std::printf("server: peak %ld MiB\n", server.wait().peak_mib);
}

}  // namespace
}  // namespace rapport::kafka

int main(int argc, char** argv) {
  double rate = 2'000, seconds = 20;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--rate") == 0) rate = std::stod(argv[i + 1]);
    if (std::strcmp(argv[i], "--seconds") == 0) seconds = std::stod(argv[i + 1]);
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  rapport::kafka::measure(rate, seconds);
}
