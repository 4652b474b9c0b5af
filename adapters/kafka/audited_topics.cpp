#include "adapters/kafka/audited_topics.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "adapters/json/field_plan.h"
#include "adapters/kafka/partitioner.h"
#include "adapters/kafka/topics.h"

namespace rapport::kafka {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int kQueueKib = 1'024;  // a partition
constexpr milliseconds kSlice{50};

std::string number(std::uint64_t n) { return std::to_string(n); }

// Whether a value is the expected one but for personal texts, which are published sealed, masked or in plain: the log alone, which has
// them sealed, can only say where they are.
bool same_but_personal(const json& expected, const json& found) {
  if (expected.is_object() && expected.size() == 1 && expected.contains("sealed")) return found.is_string() || found.is_object() || found.is_null();
  if (found.is_discarded() || expected.type() != found.type()) return false;
  if (expected.is_object()) {
    if (expected.size() != found.size()) return false;
    for (const auto& [name, value] : expected.items()) {
      auto its = found.find(name);
      if (its == found.end() || !same_but_personal(value, *its)) return false;
    }
    return true;
  }
  if (expected.is_array()) {
    if (expected.size() != found.size()) return false;
    for (std::size_t i = 0; i < expected.size(); ++i)
      if (!same_but_personal(expected[i], found[i])) return false;
    return true;
  }
  return expected == found;
}

// CloudEvents' structured mode: the attributes, which the headers have too, and the data in one value.
constexpr std::string_view kStructured = "application/cloudevents+json";
bool same_envelope(const AuditedRecord& record, std::span<const Header> expected, const json& data) {
  auto found = json::parse(record.value, nullptr, false);
  if (!found.is_object() || found.value("datacontenttype", json()) != "application/json") return false;
  std::size_t members = 2;
  for (const auto& header : expected) {
    std::string_view name = header.name;
    if (name.starts_with("ce_")) name.remove_prefix(3);
    else if (name != "traceparent") continue;
    if (found.value(std::string(name), json()) != json(record.header(header.name).value_or(""))) return false;
    ++members;
  }
  return found.size() == members && found.contains("data") && same_but_personal(data, found["data"]);
}

std::uint64_t mark_of_record(const AuditedRecord& record) {
  std::string all(record.key);
  for (const auto& [name, value] : record.headers) all.append(1, '\0').append(name).append(1, '=').append(value);
  all.append(1, '\0').append(record.value);
  return mark_of(bytes_of(std::string_view(all)));
}

}  // namespace

void read_record(const rd_kafka_message_t& message, AuditedRecord& into) {
  into.partition = message.partition;
  into.offset = message.offset;
  into.key = {static_cast<const char*>(message.key), message.key ? message.key_len : 0};
  into.value = {static_cast<const char*>(message.payload), message.payload ? message.len : 0};
  into.headers.clear();
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers)) return;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &value, &size); ++i)
    into.headers.push_back({name, {static_cast<const char*>(value), value ? size : 0}});
}

Result<std::unique_ptr<AuditedTopics>> AuditedTopics::open(const AuditOptions& options, const std::map<std::string, std::int32_t>& partitions,
                                                           const AuditedLog& log) {
  std::unique_ptr<AuditedTopics> topics(new AuditedTopics(options, log));
  auto client = PartitionReader::client(options.connection, kQueueKib);
  if (!client) return std::move(client).error();
  topics->client_ = std::move(*client);
  for (const auto& aggregate : aggregate_plans()) {
    auto& topic = topics->topics_[std::string(aggregate.name)];
    topic.name = events_topic(aggregate.name);
    auto found = partitions.find(topic.name);
    for (std::int32_t i = 0; found != partitions.end() && i < found->second; ++i)
      topic.partitions.push_back({.reader = {options.connection, *topics->client_, topic.name, i}});
    for (auto& partition : topic.partitions)
      if (auto started = partition.reader.start(); !started) return started.error();
  }
  return topics;
}

Result<bool> AuditedTopics::advance(Partition& partition, milliseconds wait) {
  partition.sequence = 0;
  auto read = partition.reader.next(wait);
  if (!read || !*read) return read;
  partition.sequence = number_in(header_of(*partition.reader.head(), "ce_sequence")).value_or(0);
  if (partition.sequence == 0) {
    problem_ = Finding{.problem = "foreign",
                       .topic = partition.reader.topic(),
                       .partition = partition.reader.partition(),
                       .offset = partition.reader.offset(),
                       .position = 0,
                       .expected = "a record of an event",
                       .found = "one without ce_sequence"};
  }
  return true;
}

Result<AuditedTopics::Partition*> AuditedTopics::least(Topic& topic, milliseconds wait) {
  Partition* least = nullptr;
  for (auto& partition : topic.partitions) {
    const bool worth_looking = wait.count() > 0 || !partition.reader.at_end();
    if (!partition.reader.head() && worth_looking)
      if (auto read = advance(partition, wait); !read) return read.error();
    if (partition.reader.head() && (!least || partition.sequence < least->sequence)) least = &partition;
  }
  return least;
}

Result<std::optional<Finding>> AuditedTopics::expect(const RecordedEvent& event) {
  marks_.resize(event.position.value);
  auto known = topics_.find(event.stream_type);
  if (source_ != log_.origin() || !expected_) {
    source_ = log_.origin();
    expected_ = std::make_unique<EventRecord>(source_, nullptr);
  }
  const std::string key(expected_->key_of(event));
  if (known == topics_.end() || known->second.partitions.empty())
    return std::optional(Finding{.problem = "missing",
                                 .topic = events_topic(event.stream_type),
                                 .partition = 0,
                                 .offset = 0,
                                 .position = event.position.value,
                                 .expected = "event " + number(event.position.value),
                                 .found = "no such topic"});
  auto& topic = known->second;
  const auto began = Clock::now();
  for (auto wait = milliseconds(0);; wait = kSlice) {
    auto found = least(topic, wait);
    if (!found) return found.error();
    if (problem_) return problem_;
    if (*found && (*found)->sequence == event.position.value) return check(**found, event);
    if (*found && (*found)->sequence < event.position.value) {
      if (auto wrong = check_repeated(**found)) return wrong;
      if (auto moved = advance(**found, {}); !moved) return moved.error();
      if (problem_) return problem_;
      continue;
    }
    const auto at_end = std::ranges::any_of(topic.partitions, [](const Partition& partition) { return !partition.reader.head(); });
    if (!at_end || Clock::now() - began > options_.patience) return std::optional(missing(topic, event, key));
  }
}

Finding AuditedTopics::missing(Topic& topic, const RecordedEvent& event, std::string_view key) const {
  const auto& at = topic.partitions[static_cast<std::size_t>(partition_of(key, static_cast<std::int32_t>(topic.partitions.size())))];
  return {.problem = "missing",
          .topic = topic.name,
          .partition = at.reader.partition(),
          .offset = at.reader.offset(),
          .position = event.position.value,
          .expected = "event " + number(event.position.value) + ", " + to_text(event.id()) + " of " + std::string(key),
          .found = at.reader.head() ? "event " + number(at.sequence) : "the end of the partition"};
}

// The record at hand is of this event: its key, its headers, its value.
std::optional<Finding> AuditedTopics::check(Partition& partition, const RecordedEvent& event) {
  const auto& reader = partition.reader;
  const auto key = stream_name(event.stream_type, event.stream_id);
  read_record(*reader.head(), record_);
  auto altered = [&](std::string expected, std::string_view found) {
    return Finding{.problem = "altered",
                   .topic = reader.topic(),
                   .partition = reader.partition(),
                   .offset = reader.offset(),
                   .position = event.position.value,
                   .expected = std::move(expected),
                   .found = std::string(found.substr(0, 200))};
  };
  if (auto written = expected_->write(event, partition.previous); !written) return altered("an event that can be read", written.error().message);
  if (record_.key != key) return altered("key " + key, record_.key);
  for (const auto& [name, value] : expected_->headers()) {
    const auto found = record_.header(name);
    const bool same = found && (*found == value || (std::string_view(name) == "ce_source" && log_.has_source(*found)) ||
                                (std::string_view(name) == "content-type" && *found == kStructured));
    if (!same) return altered("header " + std::string(name) + " " + std::string(value), found.value_or("none"));
  }
  if (record_.value != expected_->value()) {
    const auto expected = json::parse(expected_->value(), nullptr, false);
    const bool structured = record_.header("content-type") == kStructured;
    const auto found = json::parse(record_.value, nullptr, false);
    const bool same = structured ? same_envelope(record_, expected_->headers(), expected) : same_but_personal(expected, found);
    if (!same) return altered(std::string(expected_->value().substr(0, 200)), record_.value);
    opened_ += (structured ? found["data"] : found) != expected;
  }
  marks_[event.position.value - 1] = mark_of_record(record_);
  partition.previous = event.position.value;
  partition.sequence = 0;
  partition.reader.drop();
  return std::nullopt;
}

std::optional<Finding> AuditedTopics::check_repeated(Partition& partition) {
  const auto& reader = partition.reader;
  read_record(*reader.head(), record_);
  if (marks_[partition.sequence - 1] == mark_of_record(record_)) {
    ++repeated_;
    if (repeats_.size() < AuditReport::kRepeatsNamedMax)
      repeats_.push_back({reader.topic(), reader.partition(), reader.offset(), partition.sequence});
    return std::nullopt;
  }
  return Finding{.problem = "altered",
                 .topic = reader.topic(),
                 .partition = reader.partition(),
                 .offset = reader.offset(),
                 .position = partition.sequence,
                 .expected = "event " + number(partition.sequence) + " once, in its place",
                 .found = "another record of it"};
}

Result<std::uint64_t> AuditedTopics::ahead() {
  std::uint64_t furthest = 0;
  for (auto& [aggregate, topic] : topics_) {
    for (auto& partition : topic.partitions) {
      while (!problem_) {
        if (!partition.reader.head()) {
          auto read = advance(partition, {});
          if (!read) return read.error();
          if (!*read) break;
          continue;
        }
        if (partition.sequence > log_.size()) break;
        problem_ = check_repeated(partition);
        partition.reader.drop();
      }
      if (problem_) return 0;
      if (!partition.reader.head() || partition.sequence <= furthest) continue;
      furthest = partition.sequence;
      beyond_ = Finding{.problem = "foreign",
                        .topic = topic.name,
                        .partition = partition.reader.partition(),
                        .offset = partition.reader.offset(),
                        .position = partition.sequence,
                        .expected = "no event after " + number(log_.size()) + ", the last one in " + std::string(kLogTopic),
                        .found = "event " + number(partition.sequence)};
    }
  }
  return furthest;
}

Finding AuditedTopics::beyond() const { return beyond_.value_or(Finding{}); }

}  // namespace rapport::kafka
