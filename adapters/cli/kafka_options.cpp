#include "adapters/cli/kafka_options.h"

#include "adapters/kafka/properties.h"

namespace rapport::cli {
namespace {

constexpr std::string_view kPrefix = "kafka.";

std::string is_setting(const std::string& text) {
  const auto equals = text.find('=');
  if (text.starts_with(kPrefix) && equals != text.npos && equals > kPrefix.size()) return {};
  return text.substr(0, equals) + " is no setting: kafka.NAME=VALUE";
}

}  // namespace

CLI::Option* KafkaOptions::declare(CLI::App* verb, const std::string& what_for) {
  auto* brokers = verb->add_option("--kafka", brokers_, what_for + ", HOST:PORT[,HOST:PORT…]");
  verb->add_option("--kafka-config", file_, "settings of librdkafka, a line each: NAME=VALUE (TLS, passwords)")->needs(brokers);
  verb->add_option("settings", settings_, "kafka.NAME=VALUE: a setting of librdkafka, before those of the file")
      ->check(is_setting)
      ->needs(brokers);
  return brokers;
}

Result<kafka::Connection> KafkaOptions::connection() const {
  kafka::Connection connection{.brokers = brokers_};
  if (!file_.empty()) {
    auto read = kafka::read_properties(file_);
    if (!read) return read.error();
    connection.properties = std::move(*read);
  }
  for (const auto& text : settings_) {
    const auto equals = text.find('=');
    connection.properties.emplace_back(text.substr(kPrefix.size(), equals - kPrefix.size()), text.substr(equals + 1));
  }
  for (const auto& [name, value] : connection.properties)
    if (auto free = kafka::check_free(name); !free) return free.error();
  return connection;
}

}  // namespace rapport::cli
