// A rule that decisions follow, version by version. Its kind is the body that its first version has.
#pragma once
#include <map>

#include "domain/schema/policy_set.values.h"

namespace rapport::policy_set {

enum class Kind : std::uint8_t { kNone, kPipeline, kLoyaltyProgram, kProduct, kPriceList, kHouse };

struct State {
  Kind kind = Kind::kNone;
  std::uint32_t version = 0;                      // the newest
  std::map<std::uint32_t, Date> effective_from;   // of every version
  std::string body;                               // of the newest, as bytes: only ever compared
  bool retired = false;

  Date newest_effective_from() const {
    auto at = effective_from.find(version);
    return at == effective_from.end() ? Date{} : at->second;
  }
};

}  // namespace rapport::policy_set
