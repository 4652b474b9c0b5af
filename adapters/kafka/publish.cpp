// The session's loop: events are read, rendered and queued on this thread, sent by librdkafka's.
#include <thread>

#include "adapters/json/field_plan.h"
#include "adapters/kafka/partitioner.h"
#include "adapters/kafka/session.h"

namespace rapport::kafka {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookAroundEvery{100};
constexpr milliseconds kSaveEvery{2'000};
// Events that come one by one are sent several at once: a frame, a wake-up and a request to a broker cost far more than an event.
// The first one after a pause goes at once.
constexpr milliseconds kGather{10};
constexpr milliseconds kFarewell{5'000};  // for what is under way when told to stop
constexpr std::uint64_t kEventsARunMax = 4'096;
constexpr int kReportSlices = 25, kReportSliceMs = 20;
constexpr std::uint64_t kEventsAPoll = 256;  // events between two looks at the acknowledgements

// What another producer would meet again.
bool final(rd_kafka_resp_err_t fault) {
  switch (fault) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<Session::Ended> Session::publish(Position to, bool follow, const Watch& watch,
                                        std::stop_token stop) {
  stop_ = stop;
  progressed_at_ = looked_at_ = Clock::now();
  save_cursor(false);
  ReadQuery query{.from = {taken_.value + 1}};
  if (!follow) query.to = to;
  auto reader = store_.read(query);
  std::uint64_t taken = 0;
  while (usable() && !stop.stop_requested()) {
    if (held_back(watch)) continue;
    auto more = take_next(*reader);
    if (!more) return more.error();
    if (*more && ++taken % kEventsAPoll) continue;
    if (!*more && !follow) break;
    serve(0);
    look_around(watch);
    if (!*more && usable()) wait_for_more(stop);
  }
  if (usable()) drain(watch);
  if (refused_) return *refused_;
  save_cursor(usable());
  if (!usable()) return Ended::kBroken;
  return stop.stop_requested() ? Ended::kStopped : Ended::kCaughtUp;
}

void Session::wait_for_more(const std::stop_token& stop) {
  const auto gathered = Clock::now() + kGather;
  if (store_.wait_past(taken_, kLookAroundEvery, stop)) std::this_thread::sleep_until(gathered);
}

// Whether the rate allows nothing just now; then some time has passed.
bool Session::held_back(const Watch& watch) {
  const auto wait = run_.throttle.wait(share_.pass == Pass::kBehind);
  if (wait.count() == 0) return false;
  serve(static_cast<int>(std::min(wait, kLookAroundEvery / 2).count()));
  look_around(watch);
  return true;
}

// Sends the next event; false at the end of the log, with everything read so far sent.
Result<bool> Session::take_next(EventReader& reader) {
  auto next = reader.next();
  if (!next) return next.error();
  if (*next) {
    if (auto done = send(**next); !done) return done.error();
    return true;
  }
  if (auto done = send_frame(); !done) return done.error();
  if (events_in_run_) coverage_.close_run(taken_);
  events_in_run_ = 0;
  return false;
}

// The frame comes first: when one is full, it ends before this event, and so does the run.
Result<void> Session::send(const RecordedEvent& event) {
  auto framed = frame_event(event);
  if (!framed) return framed.error();
  auto sent = send_event(event);
  if (!sent) return sent.error();
  if (!usable()) return {};
  taken_ = event.position;
  if (tree_) tree_->add(event.leaf);
  count(event, *framed || *sent);
  if (++events_in_run_ >= kEventsARunMax && frame_.size() == 0) {
    coverage_.close_run(taken_);
    events_in_run_ = 0;
  }
  return {};
}

void Session::count(const RecordedEvent& event, bool sent) {
  if (event.position.value <= tally_.events_counted) return;
  tally_.events_counted = event.position.value;
  ++(sent ? tally_.published.published : tally_.published.already);
}

void Session::count_record(Topic& topic, std::uint64_t sequence) {
  if (sequence <= *topic.counted) return;
  *topic.counted = sequence;
  ++*topic.records;
}

// Null: another pass fills its topic.
Result<Session::Topic*> Session::topic_of(const RecordedEvent& event) {
  if (event.stream_type == aggregate_at_hand_) return topic_at_hand_;
  auto found = topics_.find(events_topic(event.stream_type));
  if (found == topics_.end() && !find_aggregate(event.stream_type))
    return Error{.code = ErrorCode::kInvalid,
                 .reason = "bus.unknown_aggregate",
                 .message = "event " + std::to_string(event.position.value) + " is of aggregate " +
                            std::string(event.stream_type) +
                            ", which this version of the program does not know"};
  aggregate_at_hand_ = event.stream_type;
  return topic_at_hand_ = found == topics_.end() ? nullptr : &found->second;
}

// Whether it had to be sent.
Result<bool> Session::send_event(const RecordedEvent& event) {
  auto found = topic_of(event);
  if (!found) return found.error();
  auto* topic = *found;
  if (!topic) return false;
  auto key = event_record_.key_of(event);
  auto partition = partition_of(key, static_cast<std::int32_t>(topic->lanes.size()));
  auto& lane = topic->lanes[static_cast<std::size_t>(partition)];
  if (event.position.value <= lane.sent) return false;
  if (auto written = event_record_.write(event, lane.sent, topic->personal); !written) return written.error();
  auto done = produce(*topic, partition, key, event_record_.value(), event_record_.headers(),
                      event.recorded_at, event.position.value);
  if (!done) return done.error();
  count_record(*topic, event.position.value);
  return true;
}

// Whether it has to be in a frame.
Result<bool> Session::frame_event(const RecordedEvent& event) {
  if (!log_topic_ || event.position.value <= log_topic_->lanes[0].sent) return false;
  if (!frame_.add(event)) {
    if (auto done = send_frame(); !done) return done.error();
    RAPPORT_ASSERT(frame_.add(event));
  }
  if (frame_.size() == 1) {
    auto root = root_before(event.position);
    if (!root) return root.error();
    first_in_frame_ = event.position;
    root_before_frame_ = *root;
  }
  last_in_frame_ = event.position;
  last_id_in_frame_ = event.id();
  last_time_in_frame_ = event.recorded_at;
  return true;
}

Result<Hash> Session::root_before(Position position) const {
  if (tree_ && tree_->size() + 1 == position.value) return tree_->root();
  return store_.root_at({position.value - 1});
}

Result<void> Session::send_frame() {
  if (frame_.size() == 0 || !usable()) return {};
  auto message = frame_.finish(root_before_frame_);
  frame_record_.write(first_in_frame_, last_in_frame_, last_id_in_frame_);
  auto bytes = message.asChars();
  auto done = produce(*log_topic_, 0, {}, {bytes.begin(), bytes.size()}, frame_record_.headers(),
                      last_time_in_frame_, last_in_frame_.value);
  if (!done) return done;
  count_record(*log_topic_, last_in_frame_.value);
  coverage_.close_run(last_in_frame_);
  events_in_run_ = 0;
  return {};
}

Result<void> Session::produce(Topic& topic, std::int32_t partition, std::string_view key,
                              std::string_view value, std::span<const Header> headers, Timestamp at,
                              std::uint64_t sequence) {
  auto* list = rd_kafka_headers_new(headers.size());
  for (const auto& header : headers)
    rd_kafka_header_add(list, header.name, -1, header.value.data(),
                        static_cast<ssize_t>(header.value.size()));
  rd_kafka_vu_t fields[8] = {};
  fields[0].vtype = RD_KAFKA_VTYPE_RKT;
  fields[0].u.rkt = topic.handle.get();
  fields[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  fields[1].u.i32 = partition;
  fields[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  fields[2].u.i = RD_KAFKA_MSG_F_COPY;
  fields[3].vtype = RD_KAFKA_VTYPE_VALUE;
  fields[3].u.mem = {const_cast<char*>(value.data()), value.size()};
  fields[4].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  fields[4].u.i64 = at.micros / 1'000;
  fields[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  fields[5].u.ptr = reinterpret_cast<void*>(sequence);
  fields[6].vtype = RD_KAFKA_VTYPE_HEADERS;
  fields[6].u.headers = list;
  fields[7].vtype = RD_KAFKA_VTYPE_KEY;
  fields[7].u.mem = {const_cast<char*>(key.data()), key.size()};
  auto done = queue(fields, key.empty() ? 7 : 8, list, sequence);
  if (!done || !usable()) return done;
  auto& lane = topic.lanes[static_cast<std::size_t>(partition)];
  lane.sent = sequence;
  ++lane.waiting;
  run_.throttle.sent();
  return {};
}

// Waits for room: nothing is dropped, the log is the buffer.
Result<void> Session::queue(rd_kafka_vu_t* fields, std::size_t count, rd_kafka_headers_t* headers,
                            std::uint64_t sequence) {
  while (usable()) {
    Owned<rd_kafka_error_t, rd_kafka_error_destroy> fault(
        rd_kafka_produceva(producer_->handle(), fields, count));
    if (!fault) {
      coverage_.sent();
      return {};
    }
    const auto code = rd_kafka_error_code(fault.get());
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      full_at_ = Clock::now();
      serve(50);
      if (stop_.stop_requested()) breaks("bus.stopped", "told to stop");
    } else if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
      refused_ = Error{.code = ErrorCode::kInvalid,
                       .reason = "bus.too_large",
                       .message = "the record of event " + std::to_string(sequence) +
                                  " is larger than " + std::to_string(kMessageBytesMax) + " bytes"};
    } else {
      breaks("bus.producer_failed", rd_kafka_error_string(fault.get()));
    }
  }
  rd_kafka_headers_destroy(headers);
  if (refused_) return *refused_;
  return {};
}

void Session::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  static_cast<Session*>(self)->delivered(*message);
}

void Session::delivered(const rd_kafka_message_t& message) {
  auto& topic = *static_cast<Topic*>(rd_kafka_topic_opaque(message.rkt));
  const auto sequence =
      static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(message._private));
  if (message.err) return failed(topic.name, sequence, message.err);
  auto& lane = topic.lanes[static_cast<std::size_t>(message.partition)];
  // A retried record that was there already is acknowledged without its offset.
  const auto offset = message.offset >= 0 ? message.offset : lane.last.offset + 1;
  if (offset != lane.last.offset + 1) {  // what was acknowledged before stays remembered
    auto where = topic.name + "[" + std::to_string(message.partition) + "]";
    if (offset <= lane.last.offset)
      breaks("bus.topic_recreated", where + " gave event " + std::to_string(sequence) + " offset " + std::to_string(offset) +
                                        " and has acknowledged " + std::to_string(lane.last.offset) +
                                        " before: looking at what it has");
    else
      breaks("bus.second_publisher", where + " has records that this relay did not write: looking at what they are");
    return;
  }
  lane.last = {.sequence = sequence, .offset = offset};
  --lane.waiting;
  coverage_.acknowledged(sequence);
  progressed_at_ = Clock::now();
}

void Session::failed(const std::string& topic, std::uint64_t sequence, rd_kafka_resp_err_t fault) {
  const auto what = "event " + std::to_string(sequence) + " for " + topic;
  if (fault == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || fault == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE)
    refused_ = Error{.code = ErrorCode::kUnavailable,
                     .reason = "bus.too_large",
                     .message = "Kafka at " + options_.connection.brokers + " finds " + what + " too large",
                     .hint = "give the topic max.message.bytes=" + std::to_string(kMessageBytesMax)};
  else if (final(fault))
    refused_ = refused(options_.connection, what, rd_kafka_err2str(fault));
  if (fault == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || fault == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
      fault == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
    breaks("bus.unknown_topic", "topic " + topic + " is gone: making it anew");
  else
    breaks("bus.producer_failed", topic + ": " + rd_kafka_err2str(fault));
}

void Session::breaks(std::string code, std::string message) {
  if (!broken_) broken_ = {std::move(code), std::move(message)};
}

bool Session::waits_for_brokers() const { return Clock::now() - full_at_ < std::chrono::seconds(1); }

void Session::serve(int wait_ms) {
  rd_kafka_poll(producer_->handle(), wait_ms);
  if (broken_) return;
  if (producer_->refused()) {
    refused_ = unreachable(options_.connection, *producer_);
  } else if (producer_->fatal()) {
    // What became of the records tells better what was wrong, and comes right behind.
    for (int slice = 0; slice < kReportSlices && !broken_ && !refused_; ++slice) rd_kafka_poll(producer_->handle(), kReportSliceMs);
    if (!broken_ && !refused_) breaks("bus.producer_failed", producer_->trouble());
  } else if (producer_->was_cut_off()) {
    // Brokers that come back may have lost what they acknowledged, and would take what follows all the same: a hole. librdkafka
    // sends by itself as soon as they are back, so it is taken away from it before.
    breaks("bus.connection_lost", "all brokers went away" + (producer_->trouble().empty() ? "" : ": " + producer_->trouble()));
  } else if (coverage_.outstanding() && Clock::now() - progressed_at_ > options_.stalled_after) {
    breaks("bus.stalled", "nothing was acknowledged for " +
                              std::to_string(std::chrono::duration_cast<std::chrono::seconds>(options_.stalled_after).count()) + " s");
  }
  if (!coverage_.outstanding()) progressed_at_ = Clock::now();
}

void Session::look_around(const Watch& watch) {
  const auto now = Clock::now();
  if (now - looked_at_ < kLookAroundEvery) return;
  looked_at_ = now;
  if (watch) watch(*this);
  if (now - saved_at_ > kSaveEvery && saved_ != coverage_.complete()) save_cursor(false);
}

// Waits for the acknowledgements, but not for long when told to stop.
void Session::drain(const Watch& watch) {
  const auto began = Clock::now();
  while (usable() && coverage_.outstanding()) {
    serve(20);
    look_around(watch);
    if (stop_.stop_requested() && Clock::now() - began > kFarewell) breaks("bus.stopped", "told to stop");
  }
}

}  // namespace rapport::kafka
