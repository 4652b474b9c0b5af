#include "domain/policies.h"

#include <algorithm>

#include "domain/reading.h"

namespace rapport {
namespace {

PipelinePolicy owned(const policy_set::PipelineBody& body) {
  PipelinePolicy policy;
  for (auto& stage : body.stages)
    policy.stages.push_back({std::string(stage.id), std::string(stage.label), stage.probability_bp, stage.forecast_category});
  return policy;
}

LoyaltyProgramPolicy owned(const policy_set::LoyaltyProgramBody& body) {
  LoyaltyProgramPolicy policy;
  if (body.earn) policy.earn = {body.earn->points, body.earn->per, body.earn->expires_after_days};
  policy.reverses_credit_notes = body.reverse.has_value();
  return policy;
}

ProductPolicy owned(const policy_set::ProductBody& body) { return {std::string(body.id), body.list_price}; }

PriceListPolicy owned(const policy_set::PriceListBody& body) {
  PriceListPolicy policy;
  for (auto& price : body.prices) policy.prices.emplace(std::string(price.product_id), price.list_price);
  return policy;
}

HousePolicy owned(const policy_set::HouseBody& body) { return {body.backdate_days_max}; }

template <class Policy>
auto owned_if(const std::optional<Policy>& body) {
  return body ? std::optional(owned(*body)) : std::nullopt;
}

}  // namespace

bool Policies::apply(std::string_view id, Words event) try {
  auto& versions = sets_.try_emplace(std::string(id)).first->second;
  capnp::FlatArrayMessageReader message(event, reading_limits(event));
  policy_set::Event::visit(message.getRoot<policy_set::wire::Event>(), [&]<class E>(const E& value) {
    if constexpr (std::same_as<E, policy_set::Published>) {
      versions.push_back({.number = value.version,
                          .effective_from = value.effective_from,
                          .pipeline = owned_if(value.pipeline),
                          .loyalty_program = owned_if(value.loyalty_program),
                          .product = owned_if(value.product),
                          .price_list = owned_if(value.price_list),
                          .house = owned_if(value.house)});
    } else if constexpr (std::same_as<E, policy_set::Retired>) {
      for (auto& version : versions) version.retired = true;
    } else if constexpr (std::same_as<E, policy_set::Revoked>) {
      versions.clear();
    } else if constexpr (std::same_as<E, policy_set::CorrectionRecorded>) {
      auto at = value.version == 0 ? versions.end() : std::ranges::find(versions, value.version, &Version::number);
      if (at == versions.end() && !versions.empty()) at = versions.end() - 1;
      if (at != versions.end()) patch(at->effective_from, value.new_.effective_from);
    }
  });
  return true;
} catch (const kj::Exception&) {
  return false;
}

const Policies::Version* PolicyLookup::in_force(std::string_view id) {
  auto found = policies_.sets_.find(id);
  if (found == policies_.sets_.end() || found->second.empty()) return nullptr;
  auto& versions = found->second;
  const Policies::Version* chosen = nullptr;
  for (auto& version : versions)
    if (version.effective_from <= today_ && (as_fact_ || !version.retired)) chosen = &version;
  if (!chosen && as_fact_) chosen = &versions.front();
  if (!chosen) {
    for (auto& version : versions)
      if (!version.retired && (!later_ || later_->id != id || version.effective_from < later_->from))
        later_ = Later{std::string(id), version.effective_from};
    return nullptr;
  }
  PolicyUse use{std::string(id), chosen->number};
  if (std::ranges::find(used_, use) == used_.end()) used_.push_back(std::move(use));
  return chosen;
}

const PipelinePolicy* PolicyLookup::pipeline(std::string_view id) {
  auto* version = in_force(id);
  return version && version->pipeline ? &*version->pipeline : nullptr;
}

const StagePolicy* PolicyLookup::stage(std::string_view pipeline_id, std::string_view stage_id) {
  auto* found = pipeline(pipeline_id);
  if (!found) return nullptr;
  auto at = std::ranges::find(found->stages, stage_id, &StagePolicy::id);
  return at == found->stages.end() ? nullptr : &*at;
}

const LoyaltyProgramPolicy* PolicyLookup::loyalty_program(std::string_view id) {
  auto* version = in_force(id);
  return version && version->loyalty_program ? &*version->loyalty_program : nullptr;
}

const ProductPolicy* PolicyLookup::product(std::string_view id) {
  auto* version = in_force(id);
  return version && version->product ? &*version->product : nullptr;
}

const PriceListPolicy* PolicyLookup::price_list(std::string_view id) {
  auto* version = in_force(id);
  return version && version->price_list ? &*version->price_list : nullptr;
}

HousePolicy PolicyLookup::house() {
  auto* version = in_force(HousePolicy::kId);
  return version && version->house ? *version->house : HousePolicy{};
}

}  // namespace rapport
