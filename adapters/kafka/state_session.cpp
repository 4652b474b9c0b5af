#include "adapters/kafka/state_session.h"

#include "adapters/kafka/log.h"
#include "adapters/kafka/partitioner.h"

namespace rapport::kafka {
namespace {

Connection::Properties producer_settings() {
  return {
      {"enable.idempotence", "true"},
      {"message.timeout.ms", "0"},
      {"linger.ms", "5"},
      {"compression.type", "lz4"},
      {"queue.buffering.max.kbytes", "4096"},  // rows are small, and they wait where they are
  };
}

Personal personal_of(const StateOptions& options, const std::string& topic) {
  auto found = options.personal.find(topic);
  return found == options.personal.end() ? Personal::kSealed : found->second;
}

std::string name_of(Personal personal) {
  return personal == Personal::kMasked ? "masked" : personal == Personal::kOpen ? "open" : "sealed";
}

PersonalTexts texts_of(Personal personal, const SealOpener& keys) {
  if (personal == Personal::kMasked) return PersonalTexts::masked();
  return personal == Personal::kOpen ? PersonalTexts(&keys) : PersonalTexts::left_sealed(&keys);
}

}  // namespace

StateSession::~StateSession() {
  for (auto& lane : lanes_) lane->topic.reset();  // librdkafka wants its topics back before their owner goes
}

Result<std::unique_ptr<StateSession>> StateSession::open(const StateSources& sources, StatePublished& published) {
  std::unique_ptr<StateSession> session(new StateSession(sources));
  if (auto prepared = session->prepare(published); !prepared) return prepared.error();
  return session;
}

Result<void> StateSession::prepare(StatePublished& published) {
  const auto& options = sources_.options;
  published_ = &published;
  auto cluster = Cluster::connect(options.connection);
  if (!cluster) return cluster.error();
  cluster_ = (*cluster)->id();
  auto cursor = read_state_cursor(options.state_folder, cluster_);
  // Under another name the log is another one, or went on from an earlier place.
  if (cursor && cursor->origin != sources_.log.facts().origin) cursor.reset();
  auto partitions = provide_topics(**cluster, cursor);
  if (!partitions) return partitions.error();
  auto tails = (*cluster)->tails(*partitions);
  if (!tails) return tails.error();
  auto producer = Client::producer(options.connection, producer_settings(), on_delivery, this);
  if (!producer) return std::move(producer).error();
  producer_ = std::move(*producer);
  for (auto* view : sources_.views) {
    const auto& type = view->type();
    auto lane = std::make_unique<Lane>();
    lane->view = view;
    lane->name = state_topic(type.name);
    const auto personal = personal_of(options, lane->name);
    lane->personal = name_of(personal);
    auto edition = view->edition();
    if (!edition) return edition.error();
    lane->edition = std::move(*edition);
    lane->record = std::make_unique<StateRecord>(type.version, texts_of(personal, sources_.keys));
    for (const auto& rows : type.published) lane->tables[rows.table] = {&rows, rows.make_decoder()};
    lane->records = &published.topics[lane->name];
    const auto before = cursor ? cursor->views.find(type.name) : decltype(cursor->views.find(""))();
    resume(*lane, cursor && before != cursor->views.end() ? &before->second : nullptr, tails->at(lane->name));
    if (auto opened = open_topic(*lane); !opened) return opened;
    lanes_.push_back(std::move(lane));
  }
  return {};
}

// The number of partitions in use stays what it was first: with another one a key's later records would go elsewhere.
Result<std::map<std::string, std::int32_t>> StateSession::provide_topics(Cluster& cluster,
                                                                         const std::optional<StateCursor>& cursor) const {
  auto there = cluster.topics();
  if (!there) return there.error();
  std::map<std::string, std::int32_t> used;
  std::vector<TopicPlan> missing;
  for (auto* view : sources_.views) {
    const auto name = state_topic(view->type().name);
    auto found = there->find(name);
    if (found == there->end()) missing.push_back({name, sources_.options.partitions, true});
    auto& count = used[name] = found == there->end() ? sources_.options.partitions : found->second;
    const auto* before = cursor && cursor->views.contains(view->type().name) ? &cursor->views.at(view->type().name) : nullptr;
    if (before && found != there->end()) count = std::min(count, static_cast<std::int32_t>(before->ends.size()));
  }
  if (!missing.empty())
    if (auto made = cluster.create(missing); !made) return made.error();
  return used;
}

// Whether the topic is known to have the rows as they were at a position: these rows, of this version of the view, with personal texts
// published the same way, in as many partitions, none of which lost a record.
void StateSession::resume(Lane& lane, const StateCursor::View* before, const std::vector<PartitionTail>& tails) {
  for (const auto& tail : tails) lane.ends.push_back(tail.end);
  lane.anew = !before || before->version != lane.view->type().version || before->ends.size() != tails.size() ||
              before->personal != lane.personal || before->edition != lane.edition;
  for (std::size_t i = 0; !lane.anew && i < tails.size(); ++i) {
    if (tails[i].end >= before->ends[i]) continue;
    warn("topic " + lane.name + " lost records: all rows are published again");
    lane.anew = true;
  }
  if (!lane.anew) lane.position = before->position;
}

Result<void> StateSession::open_topic(Lane& lane) {
  auto* settings = rd_kafka_topic_conf_new();
  rd_kafka_topic_conf_set_opaque(settings, &lane);
  lane.topic.reset(rd_kafka_topic_new(producer_->handle(), lane.name.c_str(), settings));
  if (lane.topic) return {};
  return refused(sources_.options.connection, "topic " + lane.name, rd_kafka_err2str(rd_kafka_last_error()));
}

Result<bool> StateSession::round(std::stop_token stop) {
  stop_ = std::move(stop);
  bool moved = false;
  for (auto& lane : lanes_) {
    if (auto done = publish(*lane); !done) return done.error();
    moved |= lane->underway != lane->position;
  }
  while (usable() && outstanding_) {
    serve(20);
    if (stop_.stop_requested()) return false;
  }
  if (refused_) return *refused_;
  if (!broken_.empty()) return false;
  for (auto& lane : lanes_) {
    lane->position = lane->underway;
    published_->positions[lane->view->type().name] = lane->position;
  }
  if (moved) save();
  return true;
}

void StateSession::save() {
  StateCursor cursor{.cluster = cluster_,
                     .origin = sources_.log.facts().origin,
                     .views = {}};
  for (const auto& lane : lanes_)
    if (lane->begun) cursor.views[lane->view->type().name] = {lane->view->type().version, lane->position, lane->ends, lane->edition, lane->personal};
  if (auto written = write_state_cursor(sources_.options.state_folder, cursor); !written) warn(written.error().message);
}

Result<void> StateSession::send(Lane& lane) {
  const auto& record = *lane.record;
  const auto headers = record.headers();
  auto* list = rd_kafka_headers_new(headers.size());
  for (const auto& header : headers)
    rd_kafka_header_add(list, header.name, -1, header.value.data(), static_cast<ssize_t>(header.value.size()));
  rd_kafka_vu_t fields[6] = {};
  fields[0].vtype = RD_KAFKA_VTYPE_RKT;
  fields[0].u.rkt = lane.topic.get();
  fields[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  fields[1].u.i32 = partition_of(record.key(), static_cast<std::int32_t>(lane.ends.size()));
  fields[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  fields[2].u.i = RD_KAFKA_MSG_F_COPY;
  fields[3].vtype = RD_KAFKA_VTYPE_KEY;
  fields[3].u.mem = {const_cast<char*>(record.key().data()), record.key().size()};
  fields[4].vtype = RD_KAFKA_VTYPE_HEADERS;
  fields[4].u.headers = list;
  fields[5].vtype = RD_KAFKA_VTYPE_VALUE;
  if (auto value = record.value()) fields[5].u.mem = {const_cast<char*>(value->data()), value->size()};
  while (usable()) {
    Owned<rd_kafka_error_t, rd_kafka_error_destroy> fault(rd_kafka_produceva(producer_->handle(), fields, 6));
    if (!fault) {
      ++outstanding_;
      ++*lane.records;
      return {};
    }
    if (rd_kafka_error_code(fault.get()) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      serve(50);
      if (stop_.stop_requested()) broken_ = "told to stop";
    } else {
      broken_ = rd_kafka_error_string(fault.get());
    }
  }
  rd_kafka_headers_destroy(list);
  if (refused_) return *refused_;
  return {};
}

void StateSession::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  static_cast<StateSession*>(self)->delivered(*message);
}

void StateSession::delivered(const rd_kafka_message_t& message) {
  auto& lane = *static_cast<Lane*>(rd_kafka_topic_opaque(message.rkt));
  --outstanding_;
  progressed_at_ = Clock::now();
  if (message.err) {
    if (broken_.empty()) broken_ = lane.name + ": " + rd_kafka_err2str(message.err);
  } else if (message.offset >= 0) {
    lane.ends[static_cast<std::size_t>(message.partition)] = message.offset + 1;
  }
}

void StateSession::serve(int wait_ms) {
  rd_kafka_poll(producer_->handle(), wait_ms);
  if (producer_->refused()) refused_ = unreachable(sources_.options.connection, *producer_);
  else if (producer_->fatal() && broken_.empty()) broken_ = producer_->trouble();
  if (!outstanding_) progressed_at_ = Clock::now();
  else if (broken_.empty() && Clock::now() - progressed_at_ > sources_.options.stalled_after)
    broken_ = "nothing was acknowledged for " + std::to_string(sources_.options.stalled_after.count() / 1'000) + " s";
}

}  // namespace rapport::kafka
