// The options of every verb that speaks to Kafka: where the brokers are, settings of the connection, and how to publish.
#pragma once
#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "adapters/cli/typed_option.h"
#include "adapters/kafka/connection.h"
#include "adapters/kafka/relay.h"
#include "domain/result.h"

namespace rapport::projections {
class ViewHost;
}

namespace rapport::cli {

class KafkaOptions {
 public:
  // --kafka, --kafka-config and kafka.NAME=VALUE. What is parsed is kept here.
  CLI::Option* declare(CLI::App* verb, const std::string& what_for);
  bool given() const { return !brokers_.empty(); }
  // The file's settings, then those of the command line, the last one of a name counts. Errors: "bus.setting".
  Result<kafka::Connection> connection() const;

 protected:
  // Lines of the file that are not librdkafka's: rapport.NAME=VALUE, without the prefix.
  Result<kafka::Connection::Properties> own_settings() const;

 private:
  std::string brokers_, file_;
  std::vector<std::string> settings_;
};

// Of a verb that publishes, also: --kafka-rate, --kafka-personal, --kafka-cloudevents, --kafka-rows.
class PublishOptions final : public KafkaOptions {
 public:
  CLI::Option* declare(CLI::App* verb, const std::string& what_for);
  // The keys are borrowed. Errors: "bus.setting", "usage".
  Result<kafka::RelayOptions> relay(const SealOpener& keys) const;
  // Those of the views whose rows are published. kInvalid "view.unknown".
  Result<std::vector<projections::ViewHost*>> rows(const std::vector<projections::ViewHost*>& views) const;

 private:
  WholeNumber rate_;
  std::vector<std::string> personal_;  // TOPIC=HOW
  std::string envelope_;
  std::vector<std::string> rows_;
};

}  // namespace rapport::cli
