#include "adapters/kafka/cluster.h"

#include <functional>
#include <set>
#include <thread>

#include "adapters/kafka/client.h"

namespace rapport::kafka {
namespace {

using Clock = std::chrono::steady_clock;
using MetadataHandle = Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;

int left_ms(Clock::time_point until) {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

bool ready(const rd_kafka_metadata_topic_t& topic) {
  if (topic.err || topic.partition_cnt == 0) return false;
  for (int i = 0; i < topic.partition_cnt; ++i)
    if (topic.partitions[i].leader < 0) return false;
  return true;
}

}  // namespace

struct Cluster::Parts {
  Connection to;
  std::unique_ptr<Client> client;
  std::string id;
  std::size_t brokers = 0;

  Result<MetadataHandle> metadata();
  Result<void> await(const std::set<std::string>& names);
  Result<void> created(rd_kafka_event_t* event);
  Result<void> read_settings(const std::vector<std::string>& topics, std::vector<std::string>& found);
  using Wanted = std::map<std::pair<std::string, std::int32_t>, PartitionTail>;
  Result<void> read_tails(Wanted& wanted, std::int64_t records);
  using Offsets = std::map<std::pair<std::string, std::int32_t>, std::int64_t>;
  // Of a record, or of the end of a partition (err is set): whether the partition is done.
  using Visit = std::function<bool(const Offsets::key_type&, const rd_kafka_message_t&)>;
  Result<void> read(const Offsets& from, const Visit& visit);
  Result<void> try_read(const Offsets& from, const Visit& visit);
  void take(const rd_kafka_message_t& message, PartitionTail& tail);
};

Cluster::Cluster(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Cluster::~Cluster() = default;
const std::string& Cluster::id() const { return parts_->id; }
std::size_t Cluster::brokers() const { return parts_->brokers; }

Result<std::unique_ptr<Cluster>> Cluster::connect(const Connection& to) {
  auto parts = std::make_unique<Parts>();
  parts->to = to;
  auto client = Client::consumer(
      to, {
              {"group.id", "rapport-relay"},  // asked for, never joined
              {"enable.auto.commit", "false"},
              {"enable.partition.eof", "true"},
              {"auto.offset.reset", "earliest"},  // fewer records than the tail asked for
              {"fetch.wait.max.ms", "10"},
              // One record of each partition is wanted, not what follows it. (queued.min.messages would make it wait: it counts all partitions.)
              {"fetch.message.max.bytes", "65536"},
              {"isolation.level", "read_uncommitted"},
          });
  if (!client) return std::move(client).error();
  parts->client = std::move(*client);
  auto metadata = parts->metadata();
  if (!metadata) return metadata.error();
  parts->brokers = static_cast<std::size_t>((*metadata)->broker_cnt);
  if (char* id = rd_kafka_clusterid(parts->client->handle(),
                                    static_cast<int>(to.unreachable_after.count()))) {
    parts->id = id;
    rd_kafka_mem_free(parts->client->handle(), id);
  }
  return std::unique_ptr<Cluster>(new Cluster(std::move(parts)));
}

Result<MetadataHandle> Cluster::Parts::metadata() {
  const rd_kafka_metadata_t* found = nullptr;
  const auto until = Clock::now() + to.unreachable_after;
  rd_kafka_resp_err_t fault;
  // In slices, so that a refusal ends the waiting.
  do {
    fault = rd_kafka_metadata(client->handle(), 1, nullptr, &found, std::min(500, left_ms(until)));
    rd_kafka_poll(client->handle(), 0);
  } while (fault && !client->refused() && left_ms(until) > 0);
  if (fault) return unreachable(to, *client);
  return MetadataHandle(found);
}

Result<std::map<std::string, std::int32_t>> Cluster::topics() {
  auto metadata = parts_->metadata();
  if (!metadata) return metadata.error();
  std::map<std::string, std::int32_t> found;
  for (int i = 0; i < (*metadata)->topic_cnt; ++i) {
    const auto& topic = (*metadata)->topics[i];
    if (!topic.err) found.emplace(topic.topic, topic.partition_cnt);
  }
  return found;
}

Result<void> Cluster::create(std::span<const TopicPlan> plans) {
  using NewTopic = Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
  std::vector<NewTopic> owned;
  std::vector<rd_kafka_NewTopic_t*> topics;
  std::set<std::string> names;
  char why[512];
  for (const auto& plan : plans) {
    owned.emplace_back(rd_kafka_NewTopic_new(plan.name.c_str(), plan.partitions,
                                             replication_factor(parts_->brokers), why, sizeof why));
    if (!owned.back())
      return Error{
          .code = ErrorCode::kInvalid, .reason = "bus.setting", .message = std::string(why)};
    for (const auto& [name, value] : topic_settings(parts_->brokers, plan.compacted))
      rd_kafka_NewTopic_set_config(owned.back().get(), name.c_str(), value.c_str());
    topics.push_back(owned.back().get());
    names.insert(plan.name);
  }
  auto* handle = parts_->client->handle();
  Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy> options(
      rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS));
  const auto wait_ms = static_cast<int>(parts_->to.unreachable_after.count());
  rd_kafka_AdminOptions_set_request_timeout(options.get(), wait_ms, why, sizeof why);
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), wait_ms, why, sizeof why);
  QueueHandle queue(rd_kafka_queue_new(handle));
  rd_kafka_CreateTopics(handle, topics.data(), topics.size(), options.get(), queue.get());
  EventHandle event(rd_kafka_queue_poll(queue.get(), wait_ms + 1'000));
  if (!event) return unreachable(parts_->to, *parts_->client);
  if (auto done = parts_->created(event.get()); !done) return done;
  return parts_->await(names);
}

Result<std::vector<std::string>> Cluster::concerns(std::span<const TopicPlan> plans) {
  std::set<std::string> names;
  for (const auto& plan : plans) names.insert(plan.name);
  auto metadata = parts_->metadata();
  if (!metadata) return metadata.error();
  const auto wanted = replication_factor(static_cast<std::size_t>((*metadata)->broker_cnt));
  std::vector<std::string> found, there;
  for (int i = 0; i < (*metadata)->topic_cnt; ++i) {
    const auto& topic = (*metadata)->topics[i];
    if (topic.err || !names.contains(topic.topic)) continue;
    there.emplace_back(topic.topic);
    auto fewest = wanted;
    for (int p = 0; p < topic.partition_cnt; ++p)
      fewest = std::min(fewest, static_cast<std::int32_t>(topic.partitions[p].replica_cnt));
    if (fewest < wanted)
      found.push_back("topic " + there.back() + " is kept on " + std::to_string(fewest) + " of " +
                      std::to_string((*metadata)->broker_cnt) +
                      " brokers: give it more copies with kafka-reassign-partitions");
  }
  if (auto read = parts_->read_settings(there, found); !read) return read.error();
  return found;
}

Result<void> Cluster::Parts::read_settings(const std::vector<std::string>& topics,
                                           std::vector<std::string>& found) {
  if (topics.empty()) return {};
  using Resource = Owned<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;
  std::vector<Resource> owned;
  std::vector<rd_kafka_ConfigResource_t*> asked;
  for (const auto& topic : topics) {
    owned.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
    asked.push_back(owned.back().get());
  }
  auto* handle = client->handle();
  Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy> options(
      rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  const auto wait_ms = static_cast<int>(to.unreachable_after.count());
  char why[512];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), wait_ms, why, sizeof why);
  QueueHandle queue(rd_kafka_queue_new(handle));
  rd_kafka_DescribeConfigs(handle, asked.data(), asked.size(), options.get(), queue.get());
  EventHandle event(rd_kafka_queue_poll(queue.get(), wait_ms + 1'000));
  if (!event) return unreachable(to, *client);
  if (rd_kafka_event_error(event.get())) {
    found.push_back("the settings of topics cannot be read: " +
                    std::string(rd_kafka_event_error_string(event.get())));
    return {};
  }
  std::size_t count = 0;
  const auto* result = rd_kafka_event_DescribeConfigs_result(event.get());
  const auto** resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_ConfigResource_error(resources[i])) {
      const auto* reason = rd_kafka_ConfigResource_error_string(resources[i]);
      found.push_back("the settings of topic " + std::string(rd_kafka_ConfigResource_name(resources[i])) +
                      " cannot be read: " + (reason ? reason : "no reason is given"));
      continue;
    }
    std::size_t entries = 0;
    const auto** settings = rd_kafka_ConfigResource_configs(resources[i], &entries);
    for (std::size_t k = 0; k < entries; ++k) {
      const auto* value = rd_kafka_ConfigEntry_value(settings[k]);
      auto concern = setting_concern(rd_kafka_ConfigEntry_name(settings[k]), value ? value : "");
      if (!concern.empty())
        found.push_back("topic " + std::string(rd_kafka_ConfigResource_name(resources[i])) + " " + concern);
    }
  }
  return {};
}

Result<void> Cluster::Parts::created(rd_kafka_event_t* event) {
  if (auto fault = rd_kafka_event_error(event)) {
    if (fault == RD_KAFKA_RESP_ERR__TIMED_OUT || fault == RD_KAFKA_RESP_ERR__TRANSPORT)
      return unreachable(to, *client);
    return refused(to, "to create topics", rd_kafka_event_error_string(event));
  }
  std::size_t count = 0;
  const auto** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  for (std::size_t i = 0; i < count; ++i) {
    auto fault = rd_kafka_topic_result_error(results[i]);
    if (fault == RD_KAFKA_RESP_ERR_NO_ERROR || fault == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
      continue;
    auto* text = rd_kafka_topic_result_error_string(results[i]);
    return refused(to, "to create topic " + std::string(rd_kafka_topic_result_name(results[i])),
                   text ? text : rd_kafka_err2str(fault));
  }
  return {};
}

Result<void> Cluster::Parts::await(const std::set<std::string>& names) {
  const auto until = Clock::now() + to.unreachable_after;
  for (;;) {
    auto found = metadata();
    if (!found) return found.error();
    std::size_t known = 0;
    for (int i = 0; i < (*found)->topic_cnt; ++i)
      known += names.contains((*found)->topics[i].topic) && ready((*found)->topics[i]);
    if (known == names.size()) return {};
    if (left_ms(until) == 0)
      return refused(to, "new topics", "their partitions got no leader in time");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Result<Tails> Cluster::tails(const std::map<std::string, std::int32_t>& partitions) {
  Parts::Wanted wanted;
  for (const auto& [topic, count] : partitions)
    for (std::int32_t i = 0; i < count; ++i) wanted.try_emplace({topic, i});
  Tails tails;
  for (const auto& [topic, count] : partitions)
    tails[topic].resize(static_cast<std::size_t>(count));
  // A partition's last offsets may be control records of somebody's transaction, or records that
  // are not ours.
  for (std::int64_t records : {1, 16, 256}) {
    if (wanted.empty()) break;
    if (auto read = parts_->read_tails(wanted, records); !read) return read.error();
    for (auto at = wanted.begin(); at != wanted.end();) {
      const auto& [key, tail] = *at;
      tails[key.first][static_cast<std::size_t>(key.second)] = tail;
      at = tail.last || tail.end <= records ? wanted.erase(at) : std::next(at);
    }
  }
  return tails;
}

// Reads the last so many offsets of every wanted partition, to its end.
Result<void> Cluster::Parts::read_tails(Wanted& wanted, std::int64_t records) {
  Offsets from;
  for (const auto& [key, tail] : wanted) from[key] = RD_KAFKA_OFFSET_TAIL(records);
  return read(from, [&](const Offsets::key_type& key, const rd_kafka_message_t& message) {
    auto& tail = wanted.at(key);
    if (!message.err) take(message, tail);
    else tail.end = message.offset;
    return message.err != 0;
  });
}

Result<Heads> Cluster::heads(const Tails& tails) {
  Heads heads;
  Parts::Offsets from;
  for (const auto& [topic, list] : tails) {
    heads[topic].resize(list.size());
    for (std::size_t i = 0; i < list.size(); ++i)
      if (list[i].end > 0) from[{topic, static_cast<std::int32_t>(i)}] = RD_KAFKA_OFFSET_BEGINNING;
  }
  if (from.empty()) return heads;
  auto read = parts_->read(from, [&](const Parts::Offsets::key_type& key, const rd_kafka_message_t& message) {
    auto& head = heads.at(key.first)[static_cast<std::size_t>(key.second)];
    head.offset = message.offset;
    auto sequence = message.err ? std::nullopt : number_in(header_of(message, "ce_sequence"));
    auto previous = message.err ? std::nullopt : number_in(header_of(message, "rapport-prev"));
    if (sequence && previous) head.first = {*sequence, *previous};
    return true;
  });
  if (!read) return read.error();
  return heads;
}

// A broker that does not yet know of a new topic, or of its new leader, is asked again.
Result<void> Cluster::Parts::read(const Offsets& from, const Visit& visit) {
  const auto until = Clock::now() + to.unreachable_after;
  for (;;) {
    auto done = try_read(from, visit);
    rd_kafka_assign(client->handle(), nullptr);
    if (done || done.error().reason != "bus.refused" || client->refused() || left_ms(until) == 0)
      return done;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

Result<void> Cluster::Parts::try_read(const Offsets& from, const Visit& visit) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(from.size())));
  std::set<Offsets::key_type> open;
  for (const auto& [key, offset] : from) {
    rd_kafka_topic_partition_list_add(list.get(), key.first.c_str(), key.second)->offset = offset;
    open.insert(key);
  }
  auto* handle = client->handle();
  if (auto fault = rd_kafka_assign(handle, list.get()))
    return refused(to, "to read topics", rd_kafka_err2str(fault));
  auto quiet_until = Clock::now() + to.unreachable_after;
  while (!open.empty()) {
    MessageHandle message(rd_kafka_consumer_poll(handle, 100));
    if (!message) {
      if (left_ms(quiet_until) == 0) return unreachable(to, *client);
      continue;
    }
    if (!message->rkt) continue;  // of the connection; if it lasts, silence follows
    quiet_until = Clock::now() + to.unreachable_after;
    Offsets::key_type key(rd_kafka_topic_name(message->rkt), message->partition);
    if (!open.contains(key)) continue;
    if (message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
      return refused(to, "to read topic " + key.first, rd_kafka_message_errstr(message.get()));
    if (visit(key, *message)) open.erase(key);
  }
  return {};
}

void Cluster::Parts::take(const rd_kafka_message_t& message, PartitionTail& tail) {
  auto sequence = number_in(header_of(message, "ce_sequence"));
  if (!sequence || (tail.last && tail.last->sequence > *sequence)) return;
  tail.last = {*sequence, std::string(header_of(message, "ce_id").value_or("")),
               std::string(header_of(message, "ce_source").value_or(""))};
}

}  // namespace rapport::kafka
