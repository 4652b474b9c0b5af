#include "adapters/kafka/dead_letters.h"

#include <array>

#include "adapters/kafka/cluster.h"
#include "adapters/kafka/log.h"

namespace rapport::kafka {

Result<void> DeadLetters::tell(std::int64_t offset, Bytes record, std::string_view why) {
  auto sent = send(offset, record, why);
  if (sent) return sent;
  sender_.reset();
  if (sent.error().reason == "bus.unreachable") return sent;
  warn("topic " + std::string(kDeadLettersTopic) + " does not get record " + std::to_string(offset) + ": " + sent.error().message);
  return {};
}

Result<void> DeadLetters::send(std::int64_t offset, Bytes record, std::string_view why) {
  if (!sender_)
    if (auto connected = connect(); !connected) return connected;
  const auto at = std::to_string(offset), key = std::string(kLogTopic) + "/0/" + at;
  const std::array<Header, 5> headers{{{"rapport-reason", why},
                                       {"rapport-topic", kLogTopic},
                                       {"rapport-partition", "0"},
                                       {"rapport-offset", at},
                                       {"rapport-worker", worker_}}};
  if (auto sent = sender_->send({kDeadLettersTopic, key, text_of(record), headers}); !sent) return sent;
  return sender_->settle(to_.unreachable_after);
}

Result<void> DeadLetters::connect() {
  auto cluster = Cluster::connect(to_);
  if (!cluster) return std::move(cluster).error();
  auto there = (*cluster)->topics();
  if (!there) return std::move(there).error();
  if (!there->contains(std::string(kDeadLettersTopic))) {
    const std::array<TopicPlan, 1> plan{{{std::string(kDeadLettersTopic), 1}}};
    if (auto made = (*cluster)->create(plan); !made) return made;
  }
  auto sender = RecordSender::open(to_);
  if (!sender) return std::move(sender).error();
  sender_ = std::move(*sender);
  return {};
}

}  // namespace rapport::kafka
