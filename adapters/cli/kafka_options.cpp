#include "adapters/cli/kafka_options.h"

#include <algorithm>

#include "adapters/kafka/properties.h"
#include "projections/view_host.h"

namespace rapport::cli {
namespace {

constexpr std::string_view kPrefix = "kafka.", kOwnPrefix = "rapport.", kPersonalPrefix = "personal.", kNone = "none";

std::string is_setting(const std::string& text) {
  const auto equals = text.find('=');
  if (text.starts_with(kPrefix) && equals != text.npos && equals > kPrefix.size()) return {};
  return text.substr(0, equals) + " is no setting: kafka.NAME=VALUE";
}

Error wrong(const std::string& what, const std::string& expected) {
  return Error{ErrorCode::kInvalid, "bus.setting", what, "", expected};
}

Result<void> add_personal(const std::string& topic, const std::string& how, std::map<std::string, kafka::Personal>& personal) {
  const std::map<std::string, kafka::Personal> known{
      {"sealed", kafka::Personal::kSealed}, {"masked", kafka::Personal::kMasked}, {"open", kafka::Personal::kOpen}};
  auto found = known.find(how);
  if (found == known.end())
    return wrong("personal texts of topic " + topic + " cannot be \"" + how + "\"", "sealed, masked or open");
  personal[topic] = found->second;
  return {};
}

Result<kafka::Envelope> envelope_of(const std::string& name) {
  if (name.empty() || name == "binary") return kafka::Envelope::kBinary;
  if (name == "structured") return kafka::Envelope::kStructured;
  return wrong("there is no CloudEvents mode \"" + name + "\"", "binary or structured");
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
    std::erase_if(*read, [](const auto& property) { return property.first.starts_with(kOwnPrefix); });
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

Result<kafka::Connection::Properties> KafkaOptions::own_settings() const {
  kafka::Connection::Properties found;
  if (file_.empty()) return found;
  auto read = kafka::read_properties(file_);
  if (!read) return read.error();
  for (auto& [name, value] : *read)
    if (name.starts_with(kOwnPrefix)) found.emplace_back(name.substr(kOwnPrefix.size()), std::move(value));
  return found;
}

CLI::Option* PublishOptions::declare(CLI::App* verb, const std::string& what_for) {
  auto* brokers = KafkaOptions::declare(verb, what_for);
  add_typed(verb, "--kafka-rate", rate_, "records a second at most (else as many as go)")->needs(brokers);
  verb->add_option("--kafka-personal", personal_,
                   "TOPIC=sealed|masked|open: personal texts in a topic of events or rows (else sealed); given again: of another")
      ->needs(brokers)
      ->take_all();
  verb->add_option("--kafka-cloudevents", envelope_, "binary (attributes as headers) or structured (all of it as value, too)")->needs(brokers);
  verb->add_option("--kafka-rows", rows_, "views whose rows are published, too, VIEW[,VIEW…]; all unless said, or none")
      ->delimiter(',')
      ->needs(brokers);
  return brokers;
}

Result<kafka::RelayOptions> PublishOptions::relay(const SealOpener& keys) const {
  kafka::RelayOptions options;
  options.opener = &keys;
  auto connection = this->connection();
  if (!connection) return connection.error();
  options.connection = std::move(*connection);
  auto rate = number_of(rate_, "kafka-rate");
  if (!rate) return rate.error();
  options.records_a_second = rate->value_or(0);
  auto own = own_settings();
  if (!own) return own.error();
  std::string envelope;
  for (const auto& [name, value] : *own) {
    Result<void> added;
    if (name.starts_with(kPersonalPrefix)) added = add_personal(name.substr(kPersonalPrefix.size()), value, options.personal);
    else if (name == "cloudevents") envelope = value;
    else added = wrong("rapport." + name + " is no setting of the relay", "rapport.personal.TOPIC or rapport.cloudevents");
    if (!added) return added.error();
  }
  for (const auto& text : personal_) {
    const auto equals = text.find('=');
    if (equals == text.npos) return wrong("\"" + text + "\" names no topic", "TOPIC=sealed, masked or open");
    if (auto added = add_personal(text.substr(0, equals), text.substr(equals + 1), options.personal); !added) return added.error();
  }
  auto mode = envelope_of(envelope_.empty() ? envelope : envelope_);
  if (!mode) return mode.error();
  options.envelope = *mode;
  return options;
}

Result<std::vector<projections::ViewHost*>> PublishOptions::rows(const std::vector<projections::ViewHost*>& views) const {
  if (rows_.empty()) return views;
  std::vector<projections::ViewHost*> chosen;
  if (rows_.size() == 1 && rows_.front() == kNone) return chosen;
  for (const auto& name : rows_) {
    auto found = std::ranges::find_if(views, [&](auto* view) { return view->type().name == name; });
    std::string known;
    for (auto* view : views) known += (known.empty() ? "" : ", ") + view->type().name;
    if (found == views.end())
      return Error{ErrorCode::kInvalid, "view.unknown", "there is no view \"" + name + "\"", "kafka-rows", "some of " + known + "; or none"};
    if (std::ranges::find(chosen, *found) == chosen.end()) chosen.push_back(*found);
  }
  return chosen;
}

}  // namespace rapport::cli
