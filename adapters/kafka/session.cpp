#include "adapters/kafka/session.h"

#include <thread>

#include "adapters/kafka/cluster.h"
#include "adapters/kafka/log.h"

namespace rapport::kafka {
namespace {

// Between two looks at the topics' ends: what a killed producer had on the wire has arrived by
// then.
constexpr std::chrono::milliseconds kSettling{300};
// They come for so long: somebody else is at work.
constexpr std::chrono::seconds kSettlingMax{15};
// What reading the log for a topic that lacks more would hold up new events by: 50 ms.
constexpr std::uint64_t kEventsBehindMax = 10'000;

// Both passes together keep the relay below 128 MiB whatever waits: a record in the queue takes some 2 KiB beside its own bytes, for
// its headers most of all.
constexpr std::int32_t kQueuedMax = 24'000, kQueuedBehindMax = 8'000;

Connection::Properties producer_settings(const RelayOptions& options, Pass pass) {
  const bool leading = pass == Pass::kLeading;
  const auto kib = leading ? options.queue_kib : std::max(options.queue_kib / 2, (kMessageBytesMax >> 10) + 1'024);
  return {
      {"enable.idempotence", "true"},
      {"enable.gapless.guarantee", "true"},
      {"message.timeout.ms", "0"},  // the log is the buffer: nothing is ever given up
      {"linger.ms", "1"},  // what is sent together was gathered before; while the queue is full batches fill by themselves
      {"batch.size", "1000000"},
      {"compression.type", "lz4"},
      {"message.max.bytes", std::to_string(kMessageBytesMax)},
      {"queue.buffering.max.messages", std::to_string(leading ? kQueuedMax : kQueuedBehindMax)},
      {"queue.buffering.max.kbytes", std::to_string(kib)},
  };
}

}  // namespace

Session::Session(const Run& run, Tally& tally, const Share& share)
    : run_(run),
      store_(run.store),
      options_(run.options),
      tally_(tally),
      share_(share),
      event_record_(store_.facts().origin, options_.opener, options_.envelope),
      frame_record_(store_.facts().origin) {}

Session::~Session() {
  topics_.clear();  // librdkafka wants its topics back before their owner goes
}

Result<std::unique_ptr<Session>> Session::open(const Run& run, Tally& tally, const Share& share, bool careful) {
  std::unique_ptr<Session> session(new Session(run, tally, share));
  if (auto prepared = session->prepare(careful); !prepared) return prepared.error();
  return session;
}

Result<void> Session::prepare(bool careful) {
  auto cluster = Cluster::connect(options_.connection);
  if (!cluster) return cluster.error();
  cluster_ = (*cluster)->id();
  auto facts = gather(**cluster, careful);
  if (!facts) return facts.error();
  auto plan = plan_resume(*facts);
  if (!plan) return plan.error();
  if (auto same = check_same_log(facts->tails); !same) return same;
  for (const auto& notice : plan->notices) run_.alarms.raise(notice);
  if (share_.may_leave_behind) leave_behind(*facts, *plan);
  if (auto started = start_producer(facts->tails, *plan); !started) return started;
  recall_tree(facts->cursor);
  return {};
}

// What stands in the topics of this session's share, and what is remembered of them.
Result<ResumeFacts> Session::gather(Cluster& cluster, bool careful) {
  ResumeFacts facts{.head = store_.head().position, .tails = {}, .heads = {}, .cursor = run_.cursor.remembered(cluster_)};
  auto there = provide_topics(cluster);
  if (!there) return there.error();
  if (!careful && share_.pass == Pass::kLeading) {  // once is enough
    auto concerns = cluster.concerns(planned_topics(options_.partitions));
    if (!concerns) return concerns.error();
    for (const auto& concern : *concerns) run_.alarms.raise({"bus.topic_setting", concern});
  }
  std::vector<Notice> notices;
  auto used = partitions_in_use(*there, facts.cursor, &notices);
  if (!used) return used.error();
  for (const auto& notice : notices) run_.alarms.raise(notice);
  auto tails = settled_tails(cluster, *used, careful || (facts.cursor && !facts.cursor->clean));
  if (!tails) return tails.error();
  facts.tails = std::move(*tails);
  auto heads = cluster.heads(facts.tails);
  if (!heads) return heads.error();
  facts.heads = std::move(*heads);
  return facts;
}

// Topics that are far behind go to the other pass, which is remembered before anything is sent.
void Session::leave_behind(ResumeFacts& facts, ResumePlan& plan) {
  left_behind_ = far_behind(plan.complete, kEventsBehindMax);
  if (left_behind_.empty()) return;
  Cursor part{.cluster = cluster_, .brokers = {}, .clean = false, .position = plan.complete_of(left_behind_), .tree_edge = {}, .topics = {}};
  for (const auto& topic : left_behind_) {
    const auto& tails = facts.tails.at(topic);
    for (std::size_t i = 0; i < tails.size(); ++i)
      part.topics[topic].push_back({plan.sequences.at(topic)[i], tails[i].end - 1});
    facts.tails.erase(topic);
    plan.complete.erase(topic);
  }
  if (auto saved = run_.cursor.save(Pass::kBehind, part); !saved) warn(saved.error().message);
}

// The remembered tree, if it is that of the log at the place where reading begins.
void Session::recall_tree(const std::optional<Cursor>& cursor) {
  if (taken_.value == 0 && log_topic_) tree_.emplace();
  if (taken_.value == 0 || !cursor || cursor->position != taken_) return;
  if (!log_topic_) return;
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
    if (!share_.topics.empty() && !share_.topics.contains(plan.name)) continue;
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
  for (const auto until = Clock::now() + kSettlingMax; tails && careful;) {
    if (Clock::now() > until)
      return Error{.code = ErrorCode::kConflict,
                   .reason = "bus.second_publisher",
                   .message = "records that this relay did not write kept coming for " + std::to_string(kSettlingMax.count()) +
                              " s: another relay of this log, or another program, writes to its topics",
                   .hint = kHintSecondPublisher};
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
      Client::producer(options_.connection, producer_settings(options_, share_.pass), on_delivery, this);
  if (!producer) return std::move(producer).error();
  producer_ = std::move(*producer);
  for (const auto& [name, list] : tails) {
    auto& topic = topics_[name];
    topic.name = name;
    topic.records = &tally_.published.topics[name];
    topic.counted = &tally_.records_counted[name];
    if (auto how = options_.personal.find(name); how != options_.personal.end()) topic.personal = how->second;
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
  auto log = topics_.find(std::string(kLogTopic));
  log_topic_ = log == topics_.end() ? nullptr : &log->second;
  std::set<std::string> names;
  for (const auto& [name, topic] : topics_) names.insert(name);
  taken_ = plan.complete_of(names);
  coverage_ = Coverage(taken_);
  if (taken_.value > tally_.events_counted) {
    tally_.published.already += taken_.value - tally_.events_counted;
    tally_.events_counted = taken_.value;
  }
  return {};
}

void Session::save_cursor(bool clean) {
  saved_at_ = Clock::now();
  Cursor cursor{.cluster = cluster_,
                .brokers = options_.connection.brokers,
                .clean = clean && coverage_.outstanding() == 0,
                .position = coverage_.complete(),
                .tree_edge = {},
                .topics = {}};
  if (tree_ && tree_->size() == cursor.position.value) cursor.tree_edge = tree_->edge();
  for (const auto& [name, topic] : topics_)
    for (const auto& lane : topic.lanes) cursor.topics[name].push_back(lane.last);
  if (auto written = run_.cursor.save(share_.pass, cursor); !written) warn(written.error().message);
  saved_ = cursor.position;
}

void Session::describe(std::vector<PartitionStatus>& partitions) const {
  for (const auto& [name, topic] : topics_)
    for (std::size_t i = 0; i < topic.lanes.size(); ++i) {
      const auto& lane = topic.lanes[i];
      const bool framing = &topic == log_topic_ && frame_.size() > 0;
      partitions.push_back({.topic = name,
                            .partition = static_cast<std::int32_t>(i),
                            .sequence = lane.last.sequence,
                            .offset = lane.last.offset,
                            .through = lane.waiting || framing ? Position{lane.last.sequence} : taken_,
                            .behind = share_.pass == Pass::kBehind});
    }
}

}  // namespace rapport::kafka
