// Where the brokers are and how long to wait for them.
#pragma once
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace rapport::kafka {

struct Connection {
  using Properties = std::vector<std::pair<std::string, std::string>>;

  std::string brokers;  // "HOST:PORT[,HOST:PORT…]": some of the cluster's, the others are found
                        // through them
  // Settings of librdkafka, for TLS and authentication: {"security.protocol", "SASL_SSL"}, …
  Properties properties = {};
  // No broker answers for so long: "bus.unreachable".
  std::chrono::milliseconds unreachable_after{5'000};
};

}  // namespace rapport::kafka
