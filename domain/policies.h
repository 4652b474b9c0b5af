// The rules in force, folded from the policySet streams: what a decision looks up, by the day it is made for.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "domain/decision.h"
#include "domain/schema/policy_set.values.h"

namespace rapport {

// A version of a rule that a decision used: stored with its events.
struct PolicyUse {
  std::string id;
  std::uint32_t version;
  bool operator==(const PolicyUse&) const = default;
};

struct StagePolicy {
  std::string id, label;
  std::uint16_t probability_bp;
  ForecastCategory forecast_category;
};
struct PipelinePolicy {
  std::vector<StagePolicy> stages;  // in the order a deal goes through them
};
struct LoyaltyProgramPolicy {
  struct Earn {
    std::int64_t points;  // for every whole `per`
    Money per;
    std::optional<std::uint16_t> expires_after_days;
  };
  std::optional<Earn> earn;  // on fulfilled orders
  bool reverses_credit_notes = false;
};
struct ProductPolicy {
  std::string id;
  Money list_price;
};
struct HousePolicy {
  static constexpr std::string_view kId = "house";  // its one stream is policySet-house
  std::uint16_t backdate_days_max = 30;             // as long as the house says nothing else
};
struct PriceListPolicy {
  std::map<std::string, Money, std::less<>> prices;
};

// One writer at a time; reading while nobody writes is safe from any thread.
class Policies final {
 public:
  // Takes an event of stream `policySet-<id>`.
  // Bytes that are no such event leave everything as it was: the answer is false.
  [[nodiscard]] bool apply(std::string_view id, Words event);

 private:
  friend class PolicyLookup;
  struct Version {
    std::uint32_t number;
    Date effective_from;
    bool retired = false;
    std::optional<PipelinePolicy> pipeline;
    std::optional<LoyaltyProgramPolicy> loyalty_program;
    std::optional<ProductPolicy> product;
    std::optional<PriceListPolicy> price_list;
    std::optional<HousePolicy> house;
  };
  std::map<std::string, std::vector<Version>, std::less<>> sets_;  // versions in order of publication
};

// The policies as one decision sees them. Remembers which versions it used.
class PolicyLookup final {
 public:
  // `today` chooses the version. A fact may be older than its rule: then the first version stands in for it.
  PolicyLookup(const Policies& policies, Date today, bool as_fact) : policies_(policies), today_(today), as_fact_(as_fact) {}

  // Null if there is no such policy in force, or it has no such stage.
  const StagePolicy* stage(std::string_view pipeline, std::string_view stage);
  const PipelinePolicy* pipeline(std::string_view id);
  const LoyaltyProgramPolicy* loyalty_program(std::string_view id);
  const ProductPolicy* product(std::string_view id);
  const PriceListPolicy* price_list(std::string_view id);
  HousePolicy house();

  const std::vector<PolicyUse>& used() const { return used_; }
  // A rule that was looked up and is in force only later.
  struct Later {
    std::string id;
    Date from;
  };
  const std::optional<Later>& later() const { return later_; }

 private:
  const Policies::Version* in_force(std::string_view id);

  const Policies& policies_;
  const Date today_;
  const bool as_fact_;
  std::vector<PolicyUse> used_;
  std::optional<Later> later_;
};

}  // namespace rapport
