#include "adapters/http/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <nlohmann/json.hpp>

#include "adapters/http/answers.h"

namespace rapport {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;

class HttpMetrics::Impl {
 public:
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      BuildCounter()
          .Name("rapport_http_requests_total")
          .Help("Requests answered, by route, method and status.")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& seconds =
      BuildHistogram()
          .Name("rapport_http_request_seconds")
          .Help("From a request's last byte to its reply's, by route; without live events.")
          .Register(registry);
  prometheus::Gauge& connections = gauge("rapport_http_connections", "Connections that are open.");
  prometheus::Gauge& live_clients = gauge("rapport_http_live_clients", "Clients of /v1/events/live.");
  prometheus::Gauge& head = gauge("rapport_head_position", "Position of the last event in the log.");
  prometheus::Family<prometheus::Gauge>& views =
      BuildGauge()
          .Name("rapport_view_position")
          .Help("Position up to which a view has followed the log.")
          .Register(registry);
  prometheus::Family<prometheus::Gauge>& bus_position =
      BuildGauge()
          .Name("rapport_kafka_position")
          .Help("Position up to which the log is published and acknowledged.")
          .Register(registry);
  prometheus::Family<prometheus::Gauge>& bus_connected =
      BuildGauge()
          .Name("rapport_kafka_connected")
          .Help("1 while the brokers take events, else 0.")
          .Register(registry);
  prometheus::Family<prometheus::Gauge>& bus_partition_position =
      BuildGauge()
          .Name("rapport_kafka_partition_position")
          .Help("Position of the last event that a partition acknowledged.")
          .Register(registry);
  prometheus::Family<prometheus::Gauge>& bus_partition_lag =
      BuildGauge()
          .Name("rapport_kafka_partition_lag_events")
          .Help("Events of the log that a partition may still lack.")
          .Register(registry);
  prometheus::Family<prometheus::Gauge>& bus_partition_lag_seconds =
      BuildGauge()
          .Name("rapport_kafka_partition_lag_seconds")
          .Help("How long the first event that a partition may lack has been in the log.")
          .Register(registry);
  prometheus::Family<prometheus::Gauge>& bus_alarms =
      BuildGauge()
          .Name("rapport_kafka_alarms")
          .Help("What the relay noticed and still remembers, by code.")
          .Register(registry);

 private:
  prometheus::Gauge& gauge(const char* name, const char* help) {
    return BuildGauge().Name(name).Help(help).Register(registry).Add({});
  }
};

HttpMetrics::HttpMetrics() : impl_(std::make_unique<Impl>()) {}
HttpMetrics::~HttpMetrics() = default;

void HttpMetrics::answered(std::string_view route, std::string_view method, unsigned status,
                           std::chrono::nanoseconds taken) {
  // 100 µs to 10 s: from a cached read over a shared fsync to a report that folds the log again.
  static const prometheus::Histogram::BucketBoundaries kSeconds{
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  // Whatever clients make up is one series.
  const bool known = method == "GET" || method == "POST" || method == "HEAD" || method == "PUT" || method == "DELETE";
  const std::string name(route), verb(known ? method : "other");
  impl_->requests.Add({{"route", name}, {"method", verb}, {"code", std::to_string(status)}}).Increment();
  impl_->seconds.Add({{"route", name}}, kSeconds).Observe(std::chrono::duration<double>(taken).count());
}

void HttpMetrics::connections(int change) { impl_->connections.Increment(change); }
void HttpMetrics::live_clients(int change) { impl_->live_clients.Increment(change); }

void HttpMetrics::positions(const Positions& positions) {
  impl_->head.Set(static_cast<double>(positions.head));
  for (const auto& [view, position] : positions.views) {
    impl_->views.Add({{"view", view}}).Set(static_cast<double>(position));
  }
  if (positions.bus) {
    impl_->bus_position.Add({}).Set(static_cast<double>(positions.bus->position));
    impl_->bus_connected.Add({}).Set(positions.bus->connected ? 1 : 0);
  }
}

// A partition that is no longer there keeps its last figures until the server is started anew: topics do not go away in normal life.
void HttpMetrics::bus(std::string_view document) {
  const auto parsed = nlohmann::json::parse(document, nullptr, false);
  if (!parsed.is_object()) return;
  for (const auto& topic : parsed.value("topics", nlohmann::json::array())) {
    const auto partition = topic.value("partition", nlohmann::json());  // null: a topic of rows as a whole
    const prometheus::Labels labels{{"topic", topic.value("topic", "")}, {"partition", partition.is_number() ? partition.dump() : ""}};
    impl_->bus_partition_position.Add(labels).Set(topic.value("position", 0.0));
    if (topic.contains("lag") && topic["lag"].is_number()) impl_->bus_partition_lag.Add(labels).Set(topic["lag"].get<double>());
    if (topic.contains("lagSeconds") && topic["lagSeconds"].is_number())
      impl_->bus_partition_lag_seconds.Add(labels).Set(topic["lagSeconds"].get<double>());
  }
  std::map<std::string, double> alarms;
  for (const auto& alarm : parsed.value("alarms", nlohmann::json::array())) alarms[alarm.value("code", "")] += alarm.value("times", 0.0);
  for (const auto& [code, times] : alarms) impl_->bus_alarms.Add({{"code", code}}).Set(times);
}

std::string HttpMetrics::text() const {
  return prometheus::TextSerializer{}.Serialize(impl_->registry.Collect());
}

}  // namespace rapport
