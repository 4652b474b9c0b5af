#include "adapters/kafka/resume.h"

#include <algorithm>

namespace rapport::kafka {
namespace {

std::string place(const std::string& topic, std::size_t partition) {
  return topic + "[" + std::to_string(partition) + "]";
}

Error ahead(const std::string& topic, std::size_t partition, std::uint64_t sequence,
            Position head) {
  return {
      .code = ErrorCode::kConflict,
      .reason = "bus.ahead_of_log",
      .message = place(topic, partition) + " ends with event " + std::to_string(sequence) +
                 ", but the log ends with " + std::to_string(head.value),
      .hint = kHintOtherHistory};
}

// Later records came before earlier ones: nothing can be put in front of them.
Error incomplete(const std::string& where, const std::string& what) {
  return {.code = ErrorCode::kUnavailable,
          .reason = "bus.topic_incomplete",
          .message = where + " " + what + ": the topic was made anew, or lost records, while events were on their way",
          .hint = "remove the topic once more: the relay, which now waits, makes it and fills it from event 1"};
}

Acknowledged remembered(const std::optional<Cursor>& cursor, const std::string& topic,
                        std::size_t partition) {
  if (!cursor) return {};
  auto found = cursor->topics.find(topic);
  if (found == cursor->topics.end() || partition >= found->second.size()) return {};
  return found->second[partition];
}

// Nothing, if the partition's first record is the first that it ever got, or cannot be known.
std::optional<Notice> expired(const std::string& where, const PartitionTail& tail, const PartitionHead& head,
                              const Acknowledged& before) {
  if (head.offset == 0) return std::nullopt;
  const auto last = head.first ? head.first->previous : std::max(before.sequence, tail.last ? tail.last->sequence : 0);
  return Notice{"bus.events_expired",
                where + " no longer has its events up to " + (last ? std::to_string(last) : std::string("its end")) +
                    ", offsets 0 to " + std::to_string(head.offset - 1) +
                    ": whoever starts now misses them; set retention.ms and retention.bytes to -1, and to have them back remove the "
                    "topic: it is then published again from event 1"};
}

bool is_empty(const PartitionTail& tail) { return tail.end == 0; }

// The topic had records of which none is left, not even their offsets.
bool is_new_again(const std::string& topic, const std::vector<PartitionTail>& tails, const std::optional<Cursor>& cursor) {
  bool had = false;
  for (std::size_t i = 0; i < tails.size(); ++i) {
    if (!is_empty(tails[i])) return false;
    had = had || remembered(cursor, topic, i).offset >= 0;
  }
  return had;
}

Position remembered_position(const std::optional<Cursor>& cursor, const std::string& topic) {
  if (!cursor || !cursor->topics.contains(topic)) return {};  // it may lack anything
  auto behind = cursor->behind.find(topic);
  return behind == cursor->behind.end() ? cursor->position : behind->second;
}

}  // namespace

Result<std::map<std::string, std::int32_t>> partitions_in_use(
    const std::map<std::string, std::int32_t>& partitions, const std::optional<Cursor>& cursor,
    std::vector<Notice>* notices) {
  auto used = partitions;
  if (auto log = used.find(std::string(kLogTopic)); log != used.end() && log->second > 1)
    return Error{.code = ErrorCode::kConflict,
                 .reason = "bus.partitions",
                 .message = "topic " + log->first + " has " + std::to_string(log->second) +
                            " partitions and must have exactly one: the log is one sequence"};
  if (!cursor) return used;
  for (auto& [topic, count] : used) {
    auto found = cursor->topics.find(topic);
    if (found == cursor->topics.end() || found->second.empty()) continue;
    const auto before = static_cast<std::int32_t>(found->second.size());
    if (count < before)
      return Error{
          .code = ErrorCode::kConflict,
          .reason = "bus.partitions",
          .message = "topic " + topic + " has " + std::to_string(count) + " partitions and had " +
                     std::to_string(before) +
                     " when events were published there: streams would lose their order",
          .hint = "give the topic its partitions back, or remove it to have it published again"};
    if (notices && count > before)
      notices->push_back({"bus.partitions_unused", "topic " + topic + " has " + std::to_string(count) + " partitions now and had " +
                                                       std::to_string(before) + ": the new ones stay empty, or streams would lose " +
                                                       "their order; to use them remove the topic and make it anew"});
    count = before;
  }
  return used;
}

namespace {

// One topic's part of the plan.
Result<void> plan_topic(const ResumeFacts& facts, const std::string& topic, ResumePlan& plan) {
  const auto& tails = facts.tails.at(topic);
  auto& complete = plan.complete[topic] = remembered_position(facts.cursor, topic);
  auto& sequences = plan.sequences[topic];
  const bool anew = is_new_again(topic, tails, facts.cursor);
  if (anew) {
    plan.notices.push_back({"bus.topic_recreated", "topic " + topic + " was removed or made anew: publishing it again from event 1"});
    complete = {};
  }
  auto heads = facts.heads.find(topic);
  for (std::size_t i = 0; i < tails.size(); ++i) {
    const auto& tail = tails[i];
    const auto before = remembered(facts.cursor, topic, i);
    const auto head = heads != facts.heads.end() && i < heads->second.size() ? heads->second[i] : PartitionHead{};
    const auto found = tail.last ? tail.last->sequence : 0;
    if (found > facts.head.value) return ahead(topic, i, found, facts.head);
    if (head.first && head.offset == 0 && head.first->previous > 0)
      return incomplete(place(topic, i), "begins with event " + std::to_string(head.first->sequence) + ", but event " +
                                             std::to_string(head.first->previous) + " and others came before it");
    if (tail.end <= before.offset && found > before.sequence)
      return incomplete(place(topic, i), "ends with event " + std::to_string(found) + " at offset " + std::to_string(tail.end - 1) +
                                             ", but event " + std::to_string(before.sequence) + " was at offset " +
                                             std::to_string(before.offset));
    if (auto gone = expired(place(topic, i), tail, head, before)) plan.notices.push_back(std::move(*gone));
    // Records that a retention time removed are still counted by the offset at the end: they are
    // not lost.
    const bool whole = tail.end > before.offset;
    sequences.push_back(whole ? std::max(found, before.sequence) : found);
    if (whole && tail.last && found < before.sequence)
      plan.notices.push_back({"bus.second_publisher", place(topic, i) + " ends with event " + std::to_string(found) +
                                                          ", but event " + std::to_string(before.sequence) +
                                                          " is there, too: another relay of this log wrote there"});
    if (whole || anew) continue;
    complete = std::min(complete, Position{found});
    plan.notices.push_back({"bus.records_lost", place(topic, i) + " acknowledged event " + std::to_string(before.sequence) +
                                                    " and now ends with " + (found ? "event " + std::to_string(found) : "none") +
                                                    ": publishing again from there"});
  }
  return {};
}

}  // namespace

Result<ResumePlan> plan_resume(const ResumeFacts& facts) {
  const auto remembered = facts.cursor ? facts.cursor->position : Position{};
  if (remembered > facts.head)
    return Error{.code = ErrorCode::kConflict,
                 .reason = "bus.ahead_of_log",
                 .message = "events up to " + std::to_string(remembered.value) +
                            " were published, but the log ends with " +
                            std::to_string(facts.head.value),
                 .hint = kHintOtherHistory};
  ResumePlan plan;
  for (const auto& [topic, tails] : facts.tails)
    if (auto planned = plan_topic(facts, topic, plan); !planned) return planned.error();
  return plan;
}

Position ResumePlan::complete_of(const std::set<std::string>& topics) const {
  std::optional<Position> least;
  for (const auto& [topic, position] : complete)
    if (topics.contains(topic)) least = std::min(least.value_or(position), position);
  return least.value_or(Position{});
}

std::set<std::string> far_behind(const std::map<std::string, Position>& complete, std::uint64_t events) {
  Position furthest;
  for (const auto& [topic, position] : complete) furthest = std::max(furthest, position);
  std::set<std::string> found;
  for (const auto& [topic, position] : complete)
    if (position.value + events < furthest.value) found.insert(topic);
  return found;
}

}  // namespace rapport::kafka
