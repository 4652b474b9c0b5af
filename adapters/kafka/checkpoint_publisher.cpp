#include "adapters/kafka/checkpoint_publisher.h"

#include <array>

#include "adapters/kafka/cluster.h"
#include "adapters/kafka/log.h"

namespace rapport::kafka {
namespace {

constexpr std::chrono::seconds kEvery{10};    // while events come
constexpr std::chrono::seconds kAtLeast{1};   // between two, also of a log that is caught up after every event

}  // namespace

CheckpointPublisher::CheckpointPublisher(const RelayOptions& options, std::string origin)
    : options_(options), origin_(std::move(origin)) {}
CheckpointPublisher::~CheckpointPublisher() = default;

void CheckpointPublisher::offer(Position complete, bool caught_up) {
  if (!options_.checkpoint || complete.value == 0) return;
  if (sender_) settle(sender_->look());
  const auto now = Clock::now();
  if (complete <= published_ || now - tried_at_ < (caught_up && said_.empty() ? kAtLeast : kEvery)) return;
  tried_at_ = now;
  settle(publish(complete));
}

void CheckpointPublisher::finish(Position complete) {
  if (!options_.checkpoint || complete.value == 0) return;
  auto done = complete > published_ ? publish(complete) : Result<void>();
  if (done && sender_) done = sender_->settle(options_.connection.unreachable_after);
  settle(std::move(done));
}

void CheckpointPublisher::settle(Result<void> done) {
  if (done) return;
  sender_.reset();  // the next one looks anew which checkpoint is the last
  if (said_ != done.error().message) warn("a checkpoint is not published: " + done.error().message);
  said_ = done.error().message;
}

// Without a key there is no topic either.
Result<void> CheckpointPublisher::publish(Position size) {
  auto note = options_.checkpoint(size);
  if (!note) return std::move(note).error();
  if (!*note) return {};
  if (!sender_)
    if (auto connected = connect(); !connected) return connected;
  if (size <= published_) return {};
  const auto id = "checkpoint." + std::to_string(size.value), sequence = std::to_string(size.value);
  const std::array<Header, 6> headers{{{"ce_specversion", "1.0"},
                                       {"ce_id", id},
                                       {"ce_source", origin_},
                                       {"ce_type", "rapport.checkpoint"},
                                       {"ce_sequence", sequence},
                                       {"content-type", "text/plain; charset=utf-8"}}};
  if (auto sent = sender_->send({kCheckpointsTopic, origin_, **note, headers}); !sent) return sent;
  published_ = size;
  said_.clear();
  return {};
}

Result<void> CheckpointPublisher::connect() {
  const std::string topic(kCheckpointsTopic);
  auto cluster = Cluster::connect(options_.connection);
  if (!cluster) return std::move(cluster).error();
  auto there = (*cluster)->topics();
  if (!there) return std::move(there).error();
  if (!there->contains(topic)) {
    const std::array<TopicPlan, 1> plan{{{topic, 1}}};
    if (auto made = (*cluster)->create(plan); !made) return made;
  }
  auto tails = (*cluster)->tails({{topic, 1}});
  if (!tails) return std::move(tails).error();
  const auto& last = tails->at(topic).at(0).last;
  published_ = {last ? last->sequence : 0};
  auto sender = RecordSender::open(options_.connection);
  if (!sender) return std::move(sender).error();
  sender_ = std::move(*sender);
  return {};
}

}  // namespace rapport::kafka
