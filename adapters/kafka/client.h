// librdkafka's handles with owners, its settings with errors, its log lines kept from the user.
// Only .cpp files of this folder include this header.
#pragma once
#include <librdkafka/rdkafka.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/kafka/connection.h"
#include "domain/result.h"

namespace rapport::kafka {

template <auto Destroy>
struct DestroyWith {
  template <class T>
  void operator()(T* p) const {
    Destroy(p);
  }
};
template <class T, auto Destroy>
using Owned = std::unique_ptr<T, DestroyWith<Destroy>>;

using TopicHandle = Owned<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using PartitionList = Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;
using MessageHandle = Owned<rd_kafka_message_t, rd_kafka_message_destroy>;
using QueueHandle = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using EventHandle = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;

// A connection to the cluster in one of its two roles. handle() is safe for concurrent use, as
// librdkafka is.
class Client final {
 public:
  using Settings = Connection::Properties;
  using Delivered = void (*)(rd_kafka_t*, const rd_kafka_message_t*, void* owner);
  using Rebalanced = void (*)(rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t*, void* owner);

  static Result<std::unique_ptr<Client>> consumer(const Connection& to, const Settings& settings);
  // One of a group: `rebalanced` is called with `owner`, from rd_kafka_consumer_poll and rd_kafka_consumer_close, and has to answer
  // with rd_kafka_assign.
  static Result<std::unique_ptr<Client>> member(const Connection& to, const Settings& settings, Rebalanced rebalanced, void* owner);
  // `delivered` is called with `owner`, from rd_kafka_poll, once for every message that was
  // produced.
  static Result<std::unique_ptr<Client>> producer(const Connection& to, const Settings& settings,
                                                  Delivered delivered, void* owner);
  Client(const Client&) = delete;
  ~Client();

  rd_kafka_t* handle() const { return handle_; }
  // The last thing that librdkafka reported to be wrong, for a message to a person; empty if
  // nothing.
  std::string trouble() const;
  bool refused() const { return refused_; }  // authentication failed: waiting does not help
  // Whether an idempotent producer gave up: nothing more can be produced with it.
  bool fatal() const { return fatal_; }
  // Whether no broker was connected at some time since it was made.
  bool was_cut_off() const { return cut_off_; }

 private:
  explicit Client(rd_kafka_type_t type) : type_(type) {}
  struct Calls {
    Delivered delivered = nullptr;
    Rebalanced rebalanced = nullptr;
    void* owner = nullptr;
  };
  static Result<std::unique_ptr<Client>> open(rd_kafka_type_t type, const Connection& to, const Settings& settings, Calls calls);
  static void on_error(rd_kafka_t*, int code, const char* reason, void* self);
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t*, void* self);
  static void on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t*, void* self);
  static void on_log(const rd_kafka_t*, int level, const char* facility, const char* line);

  const rd_kafka_type_t type_;
  rd_kafka_t* handle_ = nullptr;
  Calls calls_;
  std::atomic<bool> refused_{false}, fatal_{false}, cut_off_{false};
  Settings secrets_;  // constant after open
  mutable std::mutex mutex_;
  std::string trouble_;  // guarded by mutex_
};

// "bus.unreachable" naming the brokers and what the client said last, or "bus.refused".
Error unreachable(const Connection& to, const Client& client);
Error refused(const Connection& to, std::string_view what, std::string_view why);

// The text of a record's header of that name; nothing if it has none.
std::optional<std::string_view> header_of(const rd_kafka_message_t& message, const char* name);
std::optional<std::uint64_t> number_in(std::optional<std::string_view> text);

}  // namespace rapport::kafka
