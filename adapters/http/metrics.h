// What /metrics shows, in the Prometheus text format.
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace rapport {

struct Positions;

// Safe for concurrent use.
class HttpMetrics final {
 public:
  HttpMetrics();
  ~HttpMetrics();

  // `route` is a pattern such as "/v1/views/{view}/{report}", never an address: one time series each.
  void answered(std::string_view route, std::string_view method, unsigned status,
                std::chrono::nanoseconds taken);
  void connections(int change);
  void live_clients(int change);
  void positions(const Positions& positions);
  // Of Service::bus().
  void bus(std::string_view document);

  std::string text() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rapport
