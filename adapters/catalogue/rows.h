// The compacted topics of views' rows (adapters/kafka/state_record.h writes the records), described.
#pragma once
#include <nlohmann/json.hpp>
#include <vector>

#include "adapters/kafka/topics.h"

namespace rapport::projections {
struct PublishedRows;
struct ViewType;
}  // namespace rapport::projections

namespace rapport::catalogue {

using Json = nlohmann::ordered_json;

// The topics of events and of the log, those that are made when there is something for them, and one for each view that publishes
// rows.
std::vector<kafka::TopicPlan> all_topics();

// Which messages AsyncAPI has on the topic of a view: the rows, by a name for each kind of them, and that one is gone.
Json row_messages(const projections::ViewType& view);

}  // namespace rapport::catalogue
