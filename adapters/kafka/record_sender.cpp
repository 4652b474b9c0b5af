#include "adapters/kafka/record_sender.h"

#include <string>
#include <vector>

#include "adapters/kafka/topics.h"

namespace rapport::kafka {

Result<std::unique_ptr<RecordSender>> RecordSender::open(const Connection& to) {
  std::unique_ptr<RecordSender> sender(new RecordSender(to));
  auto producer = Client::producer(to,
                                   {
                                       {"enable.idempotence", "true"},
                                       {"message.timeout.ms", "0"},  // who sends decides how long to wait
                                       {"linger.ms", "0"},
                                       {"compression.type", "lz4"},
                                       {"message.max.bytes", std::to_string(kMessageBytesMax)},
                                   },
                                   on_delivery, sender.get());
  if (!producer) return std::move(producer).error();
  sender->producer_ = std::move(*producer);
  return sender;
}

Result<void> RecordSender::send(const Outgoing& record) {
  if (failed_) return *failed_;
  const std::string topic(record.topic);
  auto* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& header : record.headers)
    rd_kafka_header_add(headers, header.name, -1, header.value.data(), static_cast<ssize_t>(header.value.size()));
  rd_kafka_vu_t fields[6] = {};
  fields[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  fields[0].u.cstr = topic.c_str();
  fields[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  fields[1].u.i32 = 0;
  fields[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  fields[2].u.i = RD_KAFKA_MSG_F_COPY;
  fields[3].vtype = RD_KAFKA_VTYPE_VALUE;
  fields[3].u.mem = {const_cast<char*>(record.value.data()), record.value.size()};
  fields[4].vtype = RD_KAFKA_VTYPE_KEY;
  fields[4].u.mem = {const_cast<char*>(record.key.data()), record.key.size()};
  fields[5].vtype = RD_KAFKA_VTYPE_HEADERS;
  fields[5].u.headers = headers;
  Owned<rd_kafka_error_t, rd_kafka_error_destroy> fault(rd_kafka_produceva(producer_->handle(), fields, std::size(fields)));
  if (fault) {
    rd_kafka_headers_destroy(headers);
    failed_ = refused(to_, "a record for " + topic, rd_kafka_error_string(fault.get()));
    return *failed_;
  }
  ++outstanding_;
  return {};
}

void RecordSender::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  auto& sender = *static_cast<RecordSender*>(self);
  --sender.outstanding_;
  if (message->err && !sender.failed_)
    sender.failed_ = refused(sender.to_, std::string("a record for ") + rd_kafka_topic_name(message->rkt), rd_kafka_err2str(message->err));
}

Result<void> RecordSender::look() {
  rd_kafka_poll(producer_->handle(), 0);
  if (!failed_ && producer_->fatal()) failed_ = refused(to_, "records", producer_->trouble());
  if (!failed_ && producer_->refused()) failed_ = unreachable(to_, *producer_);
  if (failed_) return *failed_;
  return {};
}

Result<void> RecordSender::settle(std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    if (auto looked = look(); !looked) return looked;
    if (!outstanding_) return {};
    if (std::chrono::steady_clock::now() >= until) return unreachable(to_, *producer_);
    rd_kafka_poll(producer_->handle(), 20);
  }
}

}  // namespace rapport::kafka
