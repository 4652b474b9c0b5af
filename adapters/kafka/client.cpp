#include "adapters/kafka/client.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <future>
#include <iterator>
#include <memory>
#include <thread>

#include "adapters/kafka/log.h"
#include "adapters/kafka/properties.h"

namespace rapport::kafka {
namespace {

using SettingsHandle = Owned<rd_kafka_conf_t, rd_kafka_conf_destroy>;

Result<void> set(rd_kafka_conf_t* settings, const std::string& name, const std::string& value) {
  char why[512];
  if (rd_kafka_conf_set(settings, name.c_str(), value.c_str(), why, sizeof why) == RD_KAFKA_CONF_OK)
    return {};
  return Error{.code = ErrorCode::kInvalid,
               .reason = "bus.setting",
               .message = std::string(why),
               .field = name};
}

// What is so until somebody changes a right, a password or a certificate.
bool refuses(int code, std::string_view why) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return true;
    case RD_KAFKA_RESP_ERR__SSL:  // a handshake that a dying broker broke off comes with it, too
      return why.find("certificate") != why.npos || why.find("PLAINTEXT") != why.npos;
    default:
      return false;
  }
}

constexpr std::chrono::seconds kFarewell{10};

// librdkafka 2.0 sometimes waits for a broker's thread for ever when a topic went away while it was asked about it. It is given a
// while and then left behind: a client that leaks is better than a relay that neither goes on nor stops.
void destroy(rd_kafka_t* handle) {
  auto ended = std::make_shared<std::promise<void>>();
  auto end = ended->get_future();
  std::thread([handle, ended] {
    rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    ended->set_value();
  }).detach();
  if (end.wait_for(kFarewell) == std::future_status::timeout)
    warn("a connection to Kafka does not end and is left behind");
}

}  // namespace

Result<std::unique_ptr<Client>> Client::consumer(const Connection& to, const Settings& settings) {
  return open(RD_KAFKA_CONSUMER, to, settings, {});
}

Result<std::unique_ptr<Client>> Client::member(const Connection& to, const Settings& settings, Rebalanced rebalanced, void* owner) {
  return open(RD_KAFKA_CONSUMER, to, settings, {.rebalanced = rebalanced, .owner = owner});
}

Result<std::unique_ptr<Client>> Client::producer(const Connection& to, const Settings& settings,
                                                 Delivered delivered, void* owner) {
  return open(RD_KAFKA_PRODUCER, to, settings, {.delivered = delivered, .owner = owner});
}

Result<std::unique_ptr<Client>> Client::open(rd_kafka_type_t type, const Connection& to,
                                             const Settings& settings, Calls calls) {
  SettingsHandle conf(rd_kafka_conf_new());
  Settings all{
      {"bootstrap.servers", to.brokers},    {"client.id", "rapport"},
      {"socket.nagle.disable", "true"},     {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "1000"},
  };
  all.insert(all.end(), settings.begin(), settings.end());
  all.insert(all.end(), to.properties.begin(), to.properties.end());
  for (const auto& [name, value] : to.properties)
    if (auto free = check_free(name); !free) return free.error();
  for (const auto& [name, value] : all)
    if (auto done = set(conf.get(), name, value); !done) {
      auto error = done.error();
      error.message = without_secrets(error.message, to.properties);
      return error;
    }
  std::unique_ptr<Client> client(new Client(type));
  std::ranges::copy_if(to.properties, std::back_inserter(client->secrets_),
                       [](const auto& property) { return is_secret(property.first); });
  client->calls_ = calls;
  rd_kafka_conf_set_opaque(conf.get(), client.get());
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  if (calls.delivered) rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  if (calls.rebalanced) rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
  rd_kafka_conf_enable_sasl_queue(conf.get(), 1);  // tokens are renewed by librdkafka's own thread
  char why[512];
  client->handle_ = rd_kafka_new(type, conf.get(), why, sizeof why);
  if (!client->handle_ && rd_kafka_last_error() != RD_KAFKA_RESP_ERR__INVALID_ARG)
    return Error{.code = ErrorCode::kUnavailable,  // no room for its threads, or a clock that was set while they began
                 .reason = "bus.unreachable",
                 .message = "the connection to Kafka could not begin: " + without_secrets(why, to.properties)};
  if (!client->handle_)
    return Error{.code = ErrorCode::kInvalid, .reason = "bus.setting", .message = without_secrets(why, to.properties)};
  Owned<rd_kafka_error_t, rd_kafka_error_destroy> no_tokens(rd_kafka_sasl_background_callbacks_enable(client->handle_));
  (void)conf.release();  // rd_kafka_new took it
  if (type == RD_KAFKA_CONSUMER) rd_kafka_poll_set_consumer(client->handle_);
  return client;
}

Client::~Client() {
  if (!handle_) return;
  // Whatever is still queued is dropped: the log is the buffer, and who comes next resumes from
  // what the brokers have.
  if (type_ == RD_KAFKA_PRODUCER)
    rd_kafka_purge(handle_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  calls_ = {};
  destroy(handle_);
}

std::string Client::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

void Client::on_error(rd_kafka_t* handle, int code, const char* reason, void* self) {
  auto* client = static_cast<Client*>(self);
  std::string text = reason;
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    char why[512];
    code = rd_kafka_fatal_error(handle, why, sizeof why);
    text = why;
    client->fatal_ = true;
  }
  text = without_secrets(std::move(text), client->secrets_);
  if (refuses(code, text)) client->refused_ = true;
  debug(text);
  // "all brokers are down" follows a reason that says more.
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    client->cut_off_ = true;
    return;
  }
  std::lock_guard lock(client->mutex_);
  client->trouble_ = std::move(text);
}

void Client::on_delivery(rd_kafka_t* handle, const rd_kafka_message_t* message, void* self) {
  auto* client = static_cast<Client*>(self);
  if (client->calls_.delivered) client->calls_.delivered(handle, message, client->calls_.owner);
}

void Client::on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions, void* self) {
  auto* client = static_cast<Client*>(self);
  if (client->calls_.rebalanced) client->calls_.rebalanced(handle, what, partitions, client->calls_.owner);
}

// Every line is for those who look closely: what an operator must know comes as an error or a
// warning of ours. Among the lines is "Coordinator load in progress: retrying", which the first
// idempotent producer of a new cluster always causes.
void Client::on_log(const rd_kafka_t*, int, const char* facility, const char* line) {
  debug(std::string(facility) + ": " + line);
}

Error unreachable(const Connection& to, const Client& client) {
  auto trouble = client.trouble();
  if (client.refused()) return refused(to, "the connection", trouble);
  return {.code = ErrorCode::kUnavailable,
          .reason = "bus.unreachable",
          .message =
              "no Kafka broker answers at " + to.brokers + (trouble.empty() ? "" : ": " + trouble),
          .hint = "is it running, and is the address the one it advertises?"};
}

namespace {

std::string hint_of(std::string_view why) {
  if (why.find("certificate") != why.npos) return "ssl.ca.location names the authority that signed the brokers' certificates";
  if (why.find("uthentication") != why.npos) return "sasl.mechanisms, sasl.username and sasl.password are as the cluster knows them";
  if (why.find("uthoriz") != why.npos)
    return "the relay needs the rights Describe, Create, DescribeConfigs, Read and Write on topics that begin with crm.";
  return {};
}

}  // namespace

Error refused(const Connection& to, std::string_view what, std::string_view why) {
  return {.code = ErrorCode::kUnavailable,
          .reason = "bus.refused",
          .message =
              "Kafka at " + to.brokers + " refused " + std::string(what) + ": " + std::string(why),
          .hint = hint_of(why)};
}

std::optional<std::string_view> header_of(const rd_kafka_message_t& message, const char* name) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::nullopt;
  const void* value = nullptr;
  std::size_t size = 0;
  if (rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      !value)
    return std::nullopt;
  return std::string_view(static_cast<const char*>(value), size);
}

std::optional<std::uint64_t> number_in(std::optional<std::string_view> text) {
  std::uint64_t number = 0;
  if (!text || text->empty()) return std::nullopt;
  auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (fault != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return number;
}

}  // namespace rapport::kafka
