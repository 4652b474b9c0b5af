// What the headers of an event's record say (adapters/kafka/record.h writes them), as JSON Schema.
#pragma once
#include <nlohmann/json.hpp>

namespace rapport {
struct AggregatePlan;
struct MemberPlan;
}  // namespace rapport

namespace rapport::catalogue {

using Json = nlohmann::ordered_json;

// Of one event of an aggregate; draft 2020-12 without "$schema" and "$id".
Json event_headers(const AggregatePlan& aggregate, const MemberPlan& event);
// Of a frame of crm.log.v1.
Json frame_headers();

}  // namespace rapport::catalogue
