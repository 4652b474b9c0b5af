#include "adapters/kafka/dead_letters.h"

#include <array>

#include "adapters/kafka/cluster.h"
#include "adapters/kafka/log.h"
#include "eventstore/stored_event.h"

namespace rapport::kafka {

Result<void> DeadLetters::tell(std::int64_t offset, Bytes record, std::string_view why) {
  return tell(offset, std::string(kLogTopic) + "/0/" + std::to_string(offset), record, {}, why);
}

Result<void> DeadLetters::tell(std::int64_t offset, const RecordedEvent& event, std::string_view why) {
  const auto position = std::to_string(event.position.value), stream = stream_name(event.stream_type, event.stream_id);
  return tell(offset, std::string(kLogTopic) + "/0/" + std::to_string(offset) + "/" + position, bytes_of(event.payload),
              {{"rapport-position", position}, {"rapport-stream", stream}, {"eventType", event.type}}, why);
}

Result<void> DeadLetters::tell(std::int64_t offset, std::string_view key, Bytes value, std::vector<Header> headers, std::string_view why) {
  const auto at = std::to_string(offset);
  headers.insert(headers.begin(), {{"rapport-reason", why},
                                   {"rapport-topic", kLogTopic},
                                   {"rapport-partition", "0"},
                                   {"rapport-offset", at},
                                   {"rapport-worker", worker_}});
  const bool sent_before = sender_ != nullptr;
  auto sent = send(key, value, headers);
  if (!sent && sent_before && sent.error().reason != "bus.unreachable") {
    sender_.reset();  // a producer that gave up for good is no refusal: another one is asked
    sent = send(key, value, headers);
  }
  if (sent) return sent;
  sender_.reset();
  if (sent.error().reason == "bus.unreachable") return sent;
  warn("topic " + std::string(kDeadLettersTopic) + " does not get " + std::string(key) + ": " + sent.error().message);
  return {};
}

Result<void> DeadLetters::send(std::string_view key, Bytes value, std::span<const Header> headers) {
  if (!sender_)
    if (auto connected = connect(); !connected) return connected;
  if (auto sent = sender_->send({kDeadLettersTopic, key, text_of(value), headers}); !sent) return sent;
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
