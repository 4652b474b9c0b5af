#include "adapters/kafka/membership.h"

#include <algorithm>
#include <utility>

#include "adapters/kafka/log.h"

namespace rapport::kafka {

Result<std::unique_ptr<Membership>> Membership::join(const Connection& to, Options options) {
  std::unique_ptr<Membership> member(new Membership(to, std::move(options)));
  auto client = Client::member(to,
                               {
                                   {"group.id", member->options_.group},
                                   {"client.id", member->options_.name},
                                   {"partition.assignment.strategy", "range"},  // by names; cooperative-sticky loses assignments
                                   {"session.timeout.ms", "6000"},
                                   {"heartbeat.interval.ms", "1000"},
                                   {"topic.metadata.refresh.interval.ms", "10000"},
                                   {"enable.auto.commit", "false"},
                                   {"enable.auto.offset.store", "false"},
                               },
                               on_rebalance, member.get());
  if (!client) return std::move(client).error();
  member->client_ = std::move(*client);
  if (auto there = member->partitions(); !there) return there.error();
  PartitionList topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), member->options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (auto fault = rd_kafka_subscribe(member->client_->handle(), topics.get()))
    return refused(to, "to join group " + member->options_.group, rd_kafka_err2str(fault));
  return member;
}

Membership::~Membership() { leave(); }

Result<void> Membership::serve(int wait_ms) {
  MessageHandle message(rd_kafka_consumer_poll(client_->handle(), wait_ms));
  if (client_->refused()) return unreachable(to_, *client_);
  if (!message) return {};
  switch (message->err) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return refused(to_, "to be in group " + options_.group, rd_kafka_message_errstr(message.get()));
    default:  // a record that came before the partition stood still, or what librdkafka goes on from by itself
      return {};
  }
}

Result<std::int32_t> Membership::partitions() {
  auto* handle = client_->handle();
  TopicHandle topic(rd_kafka_topic_new(handle, options_.topic.c_str(), nullptr));
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(handle, 0, topic.get(), &metadata, static_cast<int>(to_.unreachable_after.count()))) return unreachable(to_, *client_);
  const auto count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
  rd_kafka_metadata_destroy(metadata);
  if (count > 0) return count;
  return Error{.code = ErrorCode::kNotFound,
               .reason = "bus.no_topic",
               .message = "there is no topic " + options_.topic + " at " + to_.brokers + ", whose partitions the group shares out",
               .hint = "publish a log with its rows there first: rapport publish --kafka " + to_.brokers};
}

void Membership::leave() {
  if (!client_ || std::exchange(leaving_, true)) return;
  rd_kafka_consumer_close(client_->handle());
}

void Membership::on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions, void* self) {
  auto& member = *static_cast<Membership*>(self);
  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) member.take(handle, partitions);
  else member.give_up(handle);
}

// They are taken, or the group would not go on, and stand still: what is in them is of no interest here.
void Membership::take(rd_kafka_t* handle, rd_kafka_topic_partition_list_t* partitions) {
  mine_.emplace();
  for (int i = 0; i < partitions->cnt; ++i) {
    mine_->push_back(partitions->elems[i].partition);
    partitions->elems[i].offset = RD_KAFKA_OFFSET_END;
  }
  std::ranges::sort(*mine_);
  ++round_;
  if (auto fault = rd_kafka_assign(handle, partitions)) debug(std::string("shares of a group: ") + rd_kafka_err2str(fault));
  rd_kafka_pause_partitions(handle, partitions);
}

void Membership::give_up(rd_kafka_t* handle) {
  mine_.reset();
  if (!leaving_) options_.lost();
  rd_kafka_assign(handle, nullptr);
}

}  // namespace rapport::kafka
