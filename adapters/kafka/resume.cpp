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

Acknowledged remembered(const std::optional<Cursor>& cursor, const std::string& topic,
                        std::size_t partition) {
  if (!cursor) return {};
  auto found = cursor->topics.find(topic);
  if (found == cursor->topics.end() || partition >= found->second.size()) return {};
  return found->second[partition];
}

}  // namespace

Result<std::map<std::string, std::int32_t>> partitions_in_use(
    const std::map<std::string, std::int32_t>& partitions, const std::optional<Cursor>& cursor) {
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
    count = before;
  }
  return used;
}

Result<ResumePlan> plan_resume(const ResumeFacts& facts) {
  ResumePlan plan;
  if (facts.cursor) plan.complete = facts.cursor->position;
  if (plan.complete > facts.head)
    return Error{.code = ErrorCode::kConflict,
                 .reason = "bus.ahead_of_log",
                 .message = "events up to " + std::to_string(plan.complete.value) +
                            " were published, but the log ends with " +
                            std::to_string(facts.head.value),
                 .hint = kHintOtherHistory};
  for (const auto& [topic, tails] : facts.tails) {
    auto& sequences = plan.sequences[topic];
    for (std::size_t i = 0; i < tails.size(); ++i) {
      const auto& tail = tails[i];
      const auto before = remembered(facts.cursor, topic, i);
      const auto found = tail.last ? tail.last->sequence : 0;
      if (found > facts.head.value) return ahead(topic, i, found, facts.head);
      // Records that a retention time removed are still counted by the offset at the end: they are
      // not lost.
      const bool whole = tail.end > before.offset && (!tail.last || found >= before.sequence);
      sequences.push_back(whole ? std::max(found, before.sequence) : found);
      if (whole) continue;
      plan.complete = std::min(plan.complete, Position{found});
      plan.lost.push_back(place(topic, i) + " acknowledged event " +
                          std::to_string(before.sequence) + " and now ends with " +
                          (found ? "event " + std::to_string(found) : "none") +
                          ": publishing again from there");
    }
    // A topic that the cursor does not know may lack anything.
    if (facts.cursor && !facts.cursor->topics.contains(topic)) plan.complete = {};
  }
  return plan;
}

}  // namespace rapport::kafka
