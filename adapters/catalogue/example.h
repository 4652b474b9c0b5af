// An example of each event, made from its schema and the same on every machine. Never taken from a log: what is in there is about
// somebody.
#pragma once
#include <nlohmann/json.hpp>

namespace rapport {
struct AggregatePlan;
struct MemberPlan;
}  // namespace rapport

namespace rapport::catalogue {

using Json = nlohmann::ordered_json;

struct Example {
  std::string key;
  Json headers;
  Json value;
};
Example example_of(const AggregatePlan& aggregate, const MemberPlan& event);

}  // namespace rapport::catalogue
