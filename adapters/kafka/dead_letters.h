// Where records go that a worker could not take: crm.log.v1.dlq, with the reason and where they came from, for people and their tools.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "adapters/kafka/record_sender.h"
#include "adapters/kafka/topics.h"

namespace rapport::kafka {

// One thread. Nothing is connected before the first letter.
class DeadLetters final {
 public:
  // `worker` names who could not take them.
  DeadLetters(Connection to, std::string worker) : to_(std::move(to)), worker_(std::move(worker)) {}

  // Returns when the brokers have it. A worker that is killed before its batch is written tells again: rapport-offset says which
  // record it is. Errors: bus.unreachable; brokers that refuse it are warned of, since the worker's rows remember it, too.
  Result<void> tell(std::int64_t offset, Bytes record, std::string_view why);
  // The same of one event of a record: its payload, with its place and type.
  Result<void> tell(std::int64_t offset, const RecordedEvent& event, std::string_view why);

 private:
  Result<void> tell(std::int64_t offset, std::string_view key, Bytes value, std::vector<Header> headers, std::string_view why);
  Result<void> send(std::string_view key, Bytes value, std::span<const Header> headers);
  Result<void> connect();

  const Connection to_;
  const std::string worker_;
  std::unique_ptr<RecordSender> sender_;
};

}  // namespace rapport::kafka
