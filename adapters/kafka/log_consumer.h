// Reads crm.log.v1, its one partition, from an offset on. Offsets are the caller's: none is stored
// with the brokers to read from, and outside of what the topic has is an error, never a jump.
#pragma once
#include <memory>
#include <optional>

#include "adapters/kafka/client.h"
#include "eventstore/stored_event.h"

namespace rapport::kafka {

// One thread.
class LogConsumer final {
 public:
  struct Extent {
    std::int64_t begin = 0;  // offset of the first record that is still there
    std::int64_t end = 0;    // the offset that the next record gets
  };
  struct Record {  // borrows until the next call of next()
    std::int64_t offset = 0;
    Bytes value;
  };

  // `group` is only a name under which lag can be looked at. Errors: bus.unreachable, bus.refused,
  // bus.setting; bus.no_topic (kNotFound): nothing was ever published there.
  static Result<std::unique_ptr<LogConsumer>> open(const Connection& to, const std::string& group);
  ~LogConsumer();
  LogConsumer(const LogConsumer&) = delete;

  // Kafka's own id of the cluster.
  const std::string& cluster() const { return cluster_; }
  Result<Extent> extent();
  Result<void> start(std::int64_t offset);
  // The next record; nothing if none came in time. Error bus.out_of_range: the topic does not have
  // that offset any more.
  Result<std::optional<Record>> next(int timeout_ms);
  // The offset after everything that was answered, control records included.
  std::int64_t offset() const { return offset_; }
  // Shows the brokers, for tools that display lag, that everything below the offset is done. Does
  // not wait.
  void show_done(std::int64_t offset);

 private:
  LogConsumer(const Connection& to, std::unique_ptr<Client> client)
      : to_(to), client_(std::move(client)) {}
  Result<void> find_topic();

  const Connection to_;
  std::unique_ptr<Client> client_;
  std::string cluster_;
  std::int64_t offset_ = 0;
  MessageHandle message_;
};

}  // namespace rapport::kafka
