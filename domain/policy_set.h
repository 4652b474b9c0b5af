// A rule that decisions follow, version by version. Its kind is the body that its first version has.
#pragma once
#include "domain/schema/policy_set.values.h"

namespace rapport::policy_set {

enum class Kind : std::uint8_t { kNone, kPipeline, kLoyaltyProgram, kProduct, kPriceList };

struct State {  // of the newest version
  Kind kind = Kind::kNone;
  std::uint32_t version = 0;
  Date effective_from{};
  std::string body;  // as bytes: only ever compared
  bool retired = false;
};

}  // namespace rapport::policy_set
