// The topics that a log is published on: their names and the settings that they are made with.
//
//   crm.<aggregate>.events.v1   every event of the aggregate, one JSON record each, in order per
//   stream; kept for ever crm.log.v1                  every event of the log as it is stored, in
//   frames, in order; one partition; kept for ever
//   crm.<view>.state.v1         the rows of a view that are published, as they are now; compacted: the last record of a key is
//   kept, one without a value says that the row is gone
//   crm.checkpoints.v1          the log's size and root, signed, now and then; one partition; kept for ever
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rapport::kafka {

inline constexpr std::string_view kLogTopic = "crm.log.v1";
// Not among planned_topics(): made when there is a key to sign with.
inline constexpr std::string_view kCheckpointsTopic = "crm.checkpoints.v1";
// Neither is this one: records of crm.log.v1 that a worker could not take, with the reason.
inline constexpr std::string_view kDeadLettersTopic = "crm.log.v1.dlq";
inline constexpr std::int32_t kPartitionsDefault = 6;  // of a topic of events
inline constexpr std::int32_t kReplicationMax = 3;
// An event of 256 KiB grows in JSON: escapes and base64. What is larger is refused at append, never
// at publish.
inline constexpr std::int32_t kMessageBytesMax = 4 << 20;

// "crm.opportunity.events.v1".
std::string events_topic(std::string_view aggregate);

// "crm.pipeline.state.v1".
std::string state_topic(std::string_view view);

struct TopicPlan {
  std::string name;
  std::int32_t partitions = 1;
  bool compacted = false;
};
// The topics of the whole catalogue, crm.log.v1 last. events_partitions > 0.
std::vector<TopicPlan> planned_topics(std::int32_t events_partitions);

// Of a topic on a cluster of so many brokers.
std::int32_t replication_factor(std::size_t brokers);
std::vector<std::pair<std::string, std::string>> topic_settings(std::size_t brokers, bool compacted = false);

// What is wrong with a setting of a topic that somebody else made, as the rest of a sentence about the topic; empty: nothing.
std::string setting_concern(std::string_view name, std::string_view value);

}  // namespace rapport::kafka
