#include "adapters/kafka/topics.h"

#include <algorithm>
#include <charconv>

#include "adapters/json/field_plan.h"

namespace rapport::kafka {

std::string events_topic(std::string_view aggregate) {
  return "crm." + std::string(aggregate) + ".events.v1";
}

std::string state_topic(std::string_view view) { return "crm." + std::string(view) + ".state.v1"; }

std::vector<TopicPlan> planned_topics(std::int32_t events_partitions) {
  std::vector<TopicPlan> plans;
  for (const auto& aggregate : aggregate_plans())
    plans.push_back({events_topic(aggregate.name), events_partitions});
  plans.push_back({std::string(kLogTopic), 1});
  return plans;
}

std::int32_t replication_factor(std::size_t brokers) {
  return std::clamp(static_cast<std::int32_t>(brokers), 1, kReplicationMax);
}

std::vector<std::pair<std::string, std::string>> topic_settings(std::size_t brokers, bool compacted) {
  std::vector<std::pair<std::string, std::string>> settings{
      // Of events every one counts, not the last one of a stream; of rows the last one.
      {"cleanup.policy", compacted ? "compact" : "delete"},
      {"retention.ms", "-1"},
      {"retention.bytes", "-1"},
      {"max.message.bytes", std::to_string(kMessageBytesMax)},
  };
  // One broker may be away without stopping the relay; of three copies, an acknowledged record also
  // survives its loss. Said always: a cluster's own default may be more than a topic's copies bear.
  auto three = replication_factor(brokers) == kReplicationMax;
  settings.emplace_back("min.insync.replicas", three ? "2" : "1");
  return settings;
}

std::string setting_concern(std::string_view name, std::string_view value) {
  const auto is = [&] { return std::string(name) + "=" + std::string(value); };
  if (name == "cleanup.policy" && value.find("compact") != value.npos)
    return "has " + is() + ": compaction keeps the last event of a stream and drops the others";
  if ((name == "retention.ms" || name == "retention.bytes") && value != "-1")
    return "has " + is() + ": older events go, and whoever starts later misses them";
  std::int64_t bytes = 0;
  if (name == "max.message.bytes" &&
      std::from_chars(value.data(), value.data() + value.size(), bytes).ec == std::errc() && bytes < kMessageBytesMax)
    return "has " + is() + ": the largest events need " + std::to_string(kMessageBytesMax);
  return {};
}

}  // namespace rapport::kafka
