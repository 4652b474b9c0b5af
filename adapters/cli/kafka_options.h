// The options of every verb that speaks to Kafka: where the brokers are, and settings of the connection.
#pragma once
#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "adapters/kafka/connection.h"
#include "domain/result.h"

namespace rapport::cli {

class KafkaOptions final {
 public:
  // --kafka, --kafka-config and kafka.NAME=VALUE. What is parsed is kept here.
  CLI::Option* declare(CLI::App* verb, const std::string& what_for);
  bool given() const { return !brokers_.empty(); }
  // The file's settings, then those of the command line, the last one of a name counts. Errors: "bus.setting".
  Result<kafka::Connection> connection() const;

 private:
  std::string brokers_, file_;
  std::vector<std::string> settings_;
};

}  // namespace rapport::cli
