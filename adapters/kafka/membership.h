// One member of a Kafka consumer group over the partitions of a topic. Nothing is read of the topic: its partitions are what the
// members share out among them, and Kafka tells each which are its own.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/kafka/client.h"

namespace rapport::kafka {

// One thread.
class Membership final {
 public:
  struct Options {
    std::string group, topic;
    // Of this member, the same after a restart: partitions are given out in the order of names, so that members who come back find
    // what they had.
    std::string name;
    // Called from serve() when the partitions are this member's no longer, before anybody else gets them; if it stood still or was
    // cut off for longer than the group waits, afterwards.
    std::function<void()> lost;
  };
  // Errors: bus.unreachable, bus.refused, bus.setting; bus.no_topic.
  static Result<std::unique_ptr<Membership>> join(const Connection& to, Options options);
  ~Membership();
  Membership(const Membership&) = delete;

  // Serves the group for so long: has to be called again and again. Errors: bus.refused.
  Result<void> serve(int wait_ms);
  // This member's partitions; nothing while the group has not said.
  const std::optional<std::vector<std::int32_t>>& mine() const { return mine_; }
  // Counts what was given out to this member.
  std::uint64_t round() const { return round_; }
  // How many the topic has now. Errors as join().
  Result<std::int32_t> partitions();
  // The others get its partitions at once; `lost` is not called.
  void leave();

 private:
  Membership(const Connection& to, Options options) : to_(to), options_(std::move(options)) {}
  static void on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions, void* self);
  void take(rd_kafka_t* handle, rd_kafka_topic_partition_list_t* partitions);
  void give_up(rd_kafka_t* handle);

  const Connection to_;
  const Options options_;
  std::optional<std::vector<std::int32_t>> mine_;
  std::uint64_t round_ = 0;
  bool leaving_ = false;
  std::unique_ptr<Client> client_;  // last: it calls on_rebalance until it is gone
};

}  // namespace rapport::kafka
