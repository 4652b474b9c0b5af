// Publishes the log's signed checkpoints on crm.checkpoints.v1: what tells whoever has only the topics that none of their ends was
// cut off.
#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "adapters/kafka/record_sender.h"
#include "adapters/kafka/relay.h"

namespace rapport::kafka {

// One thread. A checkpoint that does not get through costs nobody an event: it is said, and a later one is tried.
class CheckpointPublisher final {
 public:
  // Borrows the options. `origin` is the log's name, and the records' key.
  CheckpointPublisher(const RelayOptions& options, std::string origin);
  ~CheckpointPublisher();

  // Everything up to `complete` is acknowledged in crm.log.v1, so a checkpoint of that size may follow. Publishes one every
  // now and then, and at once where the log has nothing more. Waits for brokers only when it connects.
  void offer(Position complete, bool caught_up);
  // The last one of a run: waits for its acknowledgement.
  void finish(Position complete);

 private:
  using Clock = std::chrono::steady_clock;
  Result<void> publish(Position size);
  Result<void> connect();
  void settle(Result<void> done);

  const RelayOptions& options_;
  const std::string origin_;
  std::unique_ptr<RecordSender> sender_;
  Position published_;  // size of the topic's last checkpoint
  Clock::time_point tried_at_{};
  std::string said_;  // the last trouble, so that it is said once
};

}  // namespace rapport::kafka
