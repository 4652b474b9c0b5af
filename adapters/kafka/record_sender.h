// Sends few records of its own to one-partition topics: checkpoints, and what a worker parks. What publishes the log is a Session.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "adapters/kafka/client.h"
#include "adapters/kafka/record.h"

namespace rapport::kafka {

// One thread. After an error it is of no more use: open another one.
class RecordSender final {
 public:
  struct Outgoing {
    std::string_view topic, key, value;
    std::span<const Header> headers;
  };

  // Errors: bus.setting.
  static Result<std::unique_ptr<RecordSender>> open(const Connection& to);
  RecordSender(const RecordSender&) = delete;

  // Queues a copy for partition 0. Errors: bus.refused.
  Result<void> send(const Outgoing& record);
  // Takes up acknowledgements without waiting. Errors: what the brokers answered to a record.
  Result<void> look();
  // Waits until everything is acknowledged. Errors: those of look(); bus.unreachable.
  Result<void> settle(std::chrono::milliseconds timeout);
  std::size_t outstanding() const { return outstanding_; }

 private:
  explicit RecordSender(const Connection& to) : to_(to) {}
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self);

  const Connection to_;
  std::size_t outstanding_ = 0;
  std::optional<Error> failed_;
  std::unique_ptr<Client> producer_;
};

}  // namespace rapport::kafka
