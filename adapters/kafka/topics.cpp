#include "adapters/kafka/topics.h"

#include <algorithm>

#include "adapters/json/field_plan.h"

namespace rapport::kafka {

std::string events_topic(std::string_view aggregate) {
  return "crm." + std::string(aggregate) + ".events.v1";
}

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

std::vector<std::pair<std::string, std::string>> topic_settings(std::size_t brokers) {
  std::vector<std::pair<std::string, std::string>> settings{
      {"cleanup.policy",
       "delete"},  // never compacted: every event counts, not the last one of a stream
      {"retention.ms", "-1"},
      {"retention.bytes", "-1"},
      {"max.message.bytes", std::to_string(kMessageBytesMax)},
  };
  // An acknowledged record survives the loss of a broker, and one broker may be away without
  // stopping the relay.
  if (replication_factor(brokers) == kReplicationMax)
    settings.emplace_back("min.insync.replicas", "2");
  return settings;
}

}  // namespace rapport::kafka
