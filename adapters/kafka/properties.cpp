#include "adapters/kafka/properties.h"

#include <algorithm>
#include <array>
#include <fstream>

namespace rapport::kafka {
namespace {

constexpr std::array<std::string_view, 26> kOurs{
    // Each event once and in order.
    "enable.idempotence", "enable.gapless.guarantee", "acks", "request.required.acks", "message.timeout.ms", "delivery.timeout.ms",
    "message.send.max.retries", "retries", "transactional.id", "max.in.flight", "max.in.flight.requests.per.connection",
    "queuing.strategy", "delivery.report.only.error", "message.max.bytes",
    // Room for the largest record, and no more memory than the relay may take.
    "queue.buffering.max.kbytes", "queue.buffering.max.messages",
    // Reading without a jump.
    "auto.offset.reset", "enable.auto.commit", "enable.auto.offset.store", "enable.partition.eof", "isolation.level",
    "partition.assignment.strategy", "check.crcs", "group.id",
    // Where the brokers are is asked for elsewhere.
    "bootstrap.servers", "metadata.broker.list"};

constexpr std::size_t kSecretBytesMin = 3;  // shorter ones are in every word

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  auto first = text.find_first_not_of(kBlank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace

Result<void> check_free(std::string_view name) {
  if (std::ranges::find(kOurs, name) == kOurs.end()) return {};
  const bool address = name == "bootstrap.servers" || name == "metadata.broker.list";
  return Error{.code = ErrorCode::kInvalid,
               .reason = "bus.setting",
               .message = "the setting " + std::string(name) + " is not free: " +
                          (address ? "the brokers are named by --kafka" : "that each event is there once and in order rests on it"),
               .field = std::string(name),
               .hint = "leave it out"};
}

Result<Connection::Properties> read_properties(const std::filesystem::path& file) {
  const auto wrong = [&](std::size_t line, const std::string& what) {
    return Error{.code = ErrorCode::kInvalid,
                 .reason = "bus.setting",
                 .message = file.string() + (line ? ":" + std::to_string(line) : "") + ": " + what,
                 .hint = "lines of NAME=VALUE, such as security.protocol=SASL_SSL"};
  };
  std::ifstream in(file);
  Connection::Properties found;
  std::string text;
  std::size_t line = 0;
  while (std::getline(in, text)) {
    ++line;
    const auto whole = trimmed(text);
    if (whole.empty() || whole.front() == '#') continue;
    const auto equals = whole.find('=');
    const auto name = trimmed(whole.substr(0, equals));
    if (equals == whole.npos || name.empty()) return wrong(line, "this is no setting");
    found.emplace_back(name, trimmed(whole.substr(equals + 1)));
  }
  if (!in.eof()) return wrong(0, "the file cannot be read");
  return found;
}

bool is_secret(std::string_view name) {
  constexpr std::array<std::string_view, 6> kMarks{"password", "secret", "pem", "token", "jaas", "oauthbearer.config"};
  return std::ranges::any_of(kMarks, [&](auto mark) { return name.find(mark) != name.npos; });
}

std::string without_secrets(std::string text, const Connection::Properties& properties) {
  for (const auto& [name, value] : properties) {
    if (!is_secret(name) || value.size() < kSecretBytesMin) continue;
    for (std::size_t at = 0; (at = text.find(value, at)) != text.npos; at += 3) text.replace(at, value.size(), "***");
  }
  return text;
}

}  // namespace rapport::kafka
