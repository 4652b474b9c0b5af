#include "domain/policy_set.h"

#include <set>

#include "domain/reading.h"
#include "domain/policies.h"

namespace rapport::policy_set {
namespace {

constexpr std::uint16_t kCertainBp = 10'000;

// P is Publish or Published: both have the five bodies.
template <class P>
int bodies_in(const P& policy) {
  return policy.pipeline.has_value() + policy.loyalty_program.has_value() + policy.product.has_value() +
         policy.price_list.has_value() + policy.house.has_value();
}

template <class P>
Kind kind_of(const P& policy) {
  if (policy.pipeline) return Kind::kPipeline;
  if (policy.loyalty_program) return Kind::kLoyaltyProgram;
  if (policy.product) return Kind::kProduct;
  if (policy.price_list) return Kind::kPriceList;
  return policy.house ? Kind::kHouse : Kind::kNone;
}

// Equal bodies have equal bytes: one writer writes them, in one order.
template <class P>
std::string bytes_of(const P& policy) {
  Publish body{
      .pipeline = policy.pipeline,
      .loyalty_program = policy.loyalty_program,
      .product = policy.product,
      .price_list = policy.price_list,
      .house = policy.house,
  };
  EventBuffer buffer;
  auto bytes = buffer.append<Publish::Wire>([&](auto builder) { body.write(builder); }).asBytes();
  return {bytes.begin(), bytes.end()};
}

Decision check(const PipelineBody& pipeline) {
  if (pipeline.stages.empty()) return reject("policy_set.stages_missing", "pipeline.stages");
  std::set<std::string_view> ids;
  for (auto& stage : pipeline.stages) {
    if (stage.id.empty()) return reject("policy_set.stage_id_missing", "pipeline.stages.id");
    if (!ids.insert(stage.id).second) return reject("policy_set.stage_repeated", "pipeline.stages.id");
    if (stage.probability_bp > kCertainBp)
      return reject("policy_set.probability_out_of_range", "pipeline.stages.probabilityBp");
  }
  return accepted;
}

Decision check(const LoyaltyProgramBody& program) {
  if (!program.earn) return accepted;
  if (program.earn->points <= 0)
    return reject("policy_set.points_not_positive", "loyaltyProgram.earn.points");
  if (program.earn->per.amount_minor <= 0)
    return reject("policy_set.per_not_positive", "loyaltyProgram.earn.per");
  return accepted;
}

Decision check(const ProductBody& product) {
  if (product.id.empty()) return reject("policy_set.product_id_missing", "product.id");
  if (product.list_price.amount_minor < 0) return reject("policy_set.price_negative", "product.listPrice");
  return accepted;
}

Decision check(const PriceListBody& list) {
  std::set<std::string_view> ids;
  for (auto& price : list.prices) {
    if (price.product_id.empty())
      return reject("policy_set.product_id_missing", "priceList.prices.productId");
    if (!ids.insert(price.product_id).second)
      return reject("policy_set.product_repeated", "priceList.prices.productId");
    if (price.list_price.amount_minor < 0)
      return reject("policy_set.price_negative", "priceList.prices.listPrice");
  }
  return accepted;
}

// Rules that hold for every body, a fact's too. Exactly one is there.
Decision check_body(const Publish& publish) {
  if (publish.pipeline) return check(*publish.pipeline);
  if (publish.loyalty_program) return check(*publish.loyalty_program);
  if (publish.product) return check(*publish.product);
  if (publish.price_list) return check(*publish.price_list);
  return accepted;
}

// The gateway looks the house's rules up under this id alone.
Decision check_place(const Publish& publish, const Context& context) {
  if (publish.house.has_value() != (context.id == HousePolicy::kId)) return reject("policy_set.house_only", "house");
  return accepted;
}

// Four eyes: what a loyalty program promises is worth money, so somebody besides the actor answers for it.
Decision check_four_eyes(Kind kind, Text approver_id, const Context& context) {
  if (kind != Kind::kLoyaltyProgram || context.as_fact) return accepted;
  if (auto checked = check_approver(context, approver_id, "policy_set.approver_missing"); !checked.accepted())
    return checked;
  if (approver_id == context.actor) return reject("policy_set.approver_is_actor", "approverId");
  return accepted;
}

// A rule binds from its publication on: only a fact may say that it did before. What counts is the day that it is sent, not
// the one that it is dated back to.
Decision check_effective(Date effective_from, const Context& context) {
  if (!context.as_fact && effective_from < date_of(context.recorded))
    return reject("policy_set.effective_in_past", "effectiveFrom");
  return accepted;
}

// Does the newest version already say this? Without a date any version in force will do.
bool holds(const State& state, const Publish& publish, Date today) {
  if (state.kind == Kind::kNone || state.retired || state.body != bytes_of(publish)) return false;
  return publish.effective_from ? state.newest_effective_from() == *publish.effective_from
                                : state.newest_effective_from() <= today;
}

// The version that a correction's target published; 0 if it published none.
std::uint32_t version_published(Words target) {
  if (target.size() == 0) return 0;
  capnp::FlatArrayMessageReader message(target, reading_limits(target));
  return Event::visit(message.getRoot<wire::Event>(), []<class E>(const E& event) -> std::uint32_t {
    if constexpr (std::same_as<E, Published>) return event.version;
    else return 0;
  });
}

}  // namespace

Decision decide(const State& state, const Publish& publish, const Context& context, Events<Event>& events) {
  if (bodies_in(publish) == 0) return reject("policy_set.body_missing");
  if (bodies_in(publish) > 1) return reject("policy_set.body_ambiguous");
  if (state.kind != Kind::kNone && state.kind != kind_of(publish)) return reject("policy_set.kind_differs");
  if (auto checked = check_place(publish, context); !checked.accepted()) return checked;
  auto today = date_of(context.as_fact ? context.now : context.recorded);
  if (holds(state, publish, today)) return unchanged;
  if (auto checked = check_body(publish); !checked.accepted()) return checked;
  auto effective_from = publish.effective_from.value_or(today);
  if (auto checked = check_effective(effective_from, context); !checked.accepted()) return checked;
  auto approver_id = publish.approver_id.value_or("");
  if (auto checked = check_four_eyes(kind_of(publish), approver_id, context); !checked.accepted()) return checked;
  return events.emit(Published{
      .version = state.version + 1,
      .effective_from = effective_from,
      .pipeline = publish.pipeline,
      .loyalty_program = publish.loyalty_program,
      .product = publish.product,
      .price_list = publish.price_list,
      .approver_id = publish.approver_id,
      .house = publish.house,
  });
}

Decision decide(const State& state, const Retire& retire, const Context& context, Events<Event>& events) {
  if (state.kind == Kind::kNone) return reject("policy_set.not_found");
  if (state.retired) return unchanged;
  auto approver_id = retire.approver_id.value_or("");
  if (auto checked = check_four_eyes(state.kind, approver_id, context); !checked.accepted()) return checked;
  return events.emit(Retired{.version = state.version, .approver_id = retire.approver_id});
}

Decision decide(const State& state, const Correct& correct, const Context& context, Events<Event>& events) {
  if (state.kind == Kind::kNone) return reject("policy_set.not_found");
  auto version = state.effective_from.find(version_published(context.target));
  if (version == state.effective_from.end()) return reject("policy_set.target_not_published", "target");
  if (auto checked = check_approver(context, correct.approver_id, "policy_set.approver_missing"); !checked.accepted())
    return checked;
  if (auto checked = check_four_eyes(state.kind, correct.approver_id, context); !checked.accepted()) return checked;
  auto corrected = change(Details{.effective_from = version->second}, correct.new_);
  if (!corrected.any) return unchanged;
  if (auto checked = check_effective(*corrected.new_.effective_from, context); !checked.accepted())
    return checked;
  return events.emit(CorrectionRecorded{
      .target = correct.target,
      .old = corrected.old,
      .new_ = corrected.new_,
      .approver_id = correct.approver_id,
      .version = version->first,
  });
}

// Only the revert of an import takes everything back.
Decision decide(const State& state, const Revoke&, const Context& context, Events<Event>& events) {
  if (!context.as_fact) return reject("policy_set.revoked_by_revert_only");
  if (state.kind == Kind::kNone) return unchanged;
  return events.emit(Revoked{});
}

void evolve(State& state, const Published& published) {
  state.kind = kind_of(published);
  state.version = published.version;
  state.effective_from[published.version] = published.effective_from;
  state.body = bytes_of(published);
  state.retired = false;
}
void evolve(State& state, const Retired&) { state.retired = true; }
void evolve(State& state, const CorrectionRecorded& correction) {
  auto version = correction.version == 0 ? state.version : correction.version;
  if (auto at = state.effective_from.find(version); at != state.effective_from.end())
    patch(at->second, correction.new_.effective_from);
}
void evolve(State& state, const Revoked&) {
  auto version = state.version;
  state = {};
  state.version = version;
}

}  // namespace rapport::policy_set
