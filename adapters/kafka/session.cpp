#include "adapters/kafka/session.h"

#include <thread>

#include "adapters/kafka/cluster.h"
#include "adapters/kafka/log.h"

namespace rapport::kafka {
namespace {

// Between two looks at the topics' ends: what a killed producer had on the wire has arrived by
// then.
constexpr std::chrono::milliseconds kSettling{300};

Connection::Properties producer_settings(const RelayOptions& options) {
  return {
      {"enable.idempotence", "true"},
      {"enable.gapless.guarantee", "true"},
      {"message.timeout.ms", "0"},  // the log is the buffer: nothing is ever given up
      {"linger.ms", "5"},
      {"batch.size", "1000000"},
      {"compression.type", "lz4"},
      {"message.max.bytes", std::to_string(kMessageBytesMax)},
      {"queue.buffering.max.messages", "100000"},
      {"queue.buffering.max.kbytes", std::to_string(options.queue_kib)},
  };
}

}  // namespace

Session::Session(const EventStore& store, const RelayOptions& options, Tally& tally)
    : store_(store),
      options_(options),
      tally_(tally),
      event_record_(store.facts().origin, options.opener),
      frame_record_(store.facts().origin) {}

Session::~Session() {
  topics_.clear();  // librdkafka wants its topics back before their owner goes
}

Result<std::unique_ptr<Session>> Session::open(const EventStore& store, const RelayOptions& options,
                                               Tally& tally, bool careful) {
  std::unique_ptr<Session> session(new Session(store, options, tally));
  if (auto prepared = session->prepare(careful); !prepared) return prepared.error();
  return session;
}

Result<void> Session::prepare(bool careful) {
  auto cluster = Cluster::connect(options_.connection);
  if (!cluster) return cluster.error();
  cluster_ = (*cluster)->id();
  ResumeFacts facts{.head = store_.head().position,
                    .tails = {},
                    .cursor = read_cursor(options_.state_folder, cluster_)};
  auto there = provide_topics(**cluster);
  if (!there) return there.error();
  if (!careful) {  // a relay's first session: once is enough
    auto concerns = (*cluster)->concerns(planned_topics(options_.partitions));
    if (!concerns) return concerns.error();
    for (const auto& concern : *concerns) warn(concern);
  }
  auto used = partitions_in_use(*there, facts.cursor);
  if (!used) return used.error();
  auto tails = settled_tails(**cluster, *used, careful || (facts.cursor && !facts.cursor->clean));
  if (!tails) return tails.error();
  facts.tails = std::move(*tails);
  auto plan = plan_resume(facts);
  if (!plan) return plan.error();
  if (auto same = check_same_log(facts.tails); !same) return same;
  for (const auto& loss : plan->lost) warn(loss);
  if (auto started = start_producer(facts.tails, *plan); !started) return started;
  recall_tree(facts.cursor);
  return {};
}

// The remembered tree, if it is that of the log at the place where reading begins.
void Session::recall_tree(const std::optional<Cursor>& cursor) {
  if (taken_.value == 0) tree_.emplace();
  if (taken_.value == 0 || !cursor || cursor->position != taken_) return;
  auto root = store_.root_at(taken_);
  tree_ = MerkleTree::from_edge(taken_.value, cursor->tree_edge);
  if (!root || !tree_ || tree_->root() != *root) tree_.reset();
}

Result<std::map<std::string, std::int32_t>> Session::provide_topics(Cluster& cluster) {
  auto there = cluster.topics();
  if (!there) return there.error();
  std::map<std::string, std::int32_t> ours;
  std::vector<TopicPlan> missing;
  for (const auto& plan : planned_topics(options_.partitions)) {
    auto found = there->find(plan.name);
    if (found == there->end()) missing.push_back(plan);
    ours[plan.name] = found == there->end() ? plan.partitions : found->second;
  }
  if (!missing.empty())
    if (auto made = cluster.create(missing); !made) return made.error();
  return ours;
}

Result<Tails> Session::settled_tails(Cluster& cluster,
                                     const std::map<std::string, std::int32_t>& partitions,
                                     bool careful) {
  auto tails = cluster.tails(partitions);
  auto ends = [](const Tails& of) {
    std::vector<std::int64_t> all;
    for (const auto& [topic, list] : of)
      for (const auto& tail : list) all.push_back(tail.end);
    return all;
  };
  while (tails && careful) {
    std::this_thread::sleep_for(kSettling);
    auto again = cluster.tails(partitions);
    careful = again && ends(*again) != ends(*tails);
    tails = std::move(again);
  }
  return tails;
}

// An event's id is the same in every copy of a log, and different in another one; two histories of one log have names of their own.
Result<void> Session::check_same_log(const Tails& tails) const {
  for (const auto& [topic, list] : tails)
    for (const auto& tail : list) {
      EventId id{};
      const auto shared = tail.last && options_.shared_with ? options_.shared_with(tail.last->source) : std::nullopt;
      if (shared && tail.last->sequence > shared->value)
        return Error{.code = ErrorCode::kConflict,
                     .reason = "bus.other_history",
                     .message = "topic " + topic + " ends with event " + std::to_string(tail.last->sequence) + " of " +
                                tail.last->source + ", which this log left after position " + std::to_string(shared->value),
                     .hint = kHintOtherHistory};
      if (!tail.last || !parse(tail.last->event_id, id)) continue;
      auto position = store_.find(id);
      if (!position) return position.error();
      if (*position && (*position)->value == tail.last->sequence) continue;
      return Error{.code = ErrorCode::kConflict,
                   .reason = "bus.other_log",
                   .message = "topic " + topic + " ends with event " + tail.last->event_id +
                              " as number " + std::to_string(tail.last->sequence) +
                              ", which is not so in this log",
                   .hint = kHintOtherHistory};
    }
  return {};
}

Result<void> Session::start_producer(const Tails& tails, const ResumePlan& plan) {
  auto producer =
      Client::producer(options_.connection, producer_settings(options_), on_delivery, this);
  if (!producer) return std::move(producer).error();
  producer_ = std::move(*producer);
  for (const auto& [name, list] : tails) {
    auto& topic = topics_[name];
    topic.name = name;
    topic.records = &tally_.published.topics[name];
    auto* settings = rd_kafka_topic_conf_new();
    rd_kafka_topic_conf_set_opaque(settings, &topic);
    topic.handle.reset(rd_kafka_topic_new(producer_->handle(), name.c_str(), settings));
    if (!topic.handle)
      return refused(options_.connection, "topic " + name, rd_kafka_err2str(rd_kafka_last_error()));
    const auto& sequences = plan.sequences.at(name);
    for (std::size_t i = 0; i < list.size(); ++i)
      topic.lanes.push_back(
          {.sent = sequences[i], .last = {.sequence = sequences[i], .offset = list[i].end - 1}});
  }
  log_topic_ = &topics_.at(std::string(kLogTopic));
  taken_ = plan.complete;
  coverage_ = Coverage(plan.complete);
  if (plan.complete.value > tally_.events_counted) {
    tally_.published.already += plan.complete.value - tally_.events_counted;
    tally_.events_counted = plan.complete.value;
  }
  return {};
}

void Session::save_cursor(bool clean) {
  saved_at_ = Clock::now();
  if (options_.state_folder.empty()) return;
  Cursor cursor{.cluster = cluster_,
                .brokers = options_.connection.brokers,
                .clean = clean && coverage_.outstanding() == 0,
                .position = coverage_.complete(),
                .tree_edge = {},
                .topics = {}};
  if (tree_ && tree_->size() == cursor.position.value) cursor.tree_edge = tree_->edge();
  for (const auto& [name, topic] : topics_)
    for (const auto& lane : topic.lanes) cursor.topics[name].push_back(lane.last);
  if (auto written = write_cursor(options_.state_folder, cursor); !written)
    warn(written.error().message);
  saved_ = cursor.position;
}

}  // namespace rapport::kafka
