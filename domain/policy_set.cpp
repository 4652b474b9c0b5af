#include "domain/policy_set.h"

#include <set>

namespace rapport::policy_set {
namespace {

constexpr std::uint16_t kCertainBp = 10'000;

// P is Publish or Published: both have the four bodies.
template <class P>
int bodies_in(const P& policy) {
  return policy.pipeline.has_value() + policy.loyalty_program.has_value() + policy.product.has_value() +
         policy.price_list.has_value();
}

template <class P>
Kind kind_of(const P& policy) {
  if (policy.pipeline) return Kind::kPipeline;
  if (policy.loyalty_program) return Kind::kLoyaltyProgram;
  if (policy.product) return Kind::kProduct;
  return policy.price_list ? Kind::kPriceList : Kind::kNone;
}

// Equal bodies have equal bytes: one writer writes them, in one order.
template <class P>
std::string bytes_of(const P& policy) {
  Publish body{
      .pipeline = policy.pipeline,
      .loyalty_program = policy.loyalty_program,
      .product = policy.product,
      .price_list = policy.price_list,
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
  return check(*publish.price_list);
}

// A rule binds from its publication on: only a fact may say that it did before.
Decision check_effective(Date effective_from, const Context& context) {
  if (!context.as_fact && effective_from < date_of(context.now))
    return reject("policy_set.effective_in_past", "effectiveFrom");
  return accepted;
}

// Does the newest version already say this? Without a date any version in force will do.
bool holds(const State& state, const Publish& publish, Date today) {
  if (state.version == 0 || state.retired || state.body != bytes_of(publish)) return false;
  return publish.effective_from ? state.effective_from == *publish.effective_from
                                : state.effective_from <= today;
}

}  // namespace

Decision decide(const State& state, const Publish& publish, const Context& context, Events<Event>& events) {
  if (bodies_in(publish) == 0) return reject("policy_set.body_missing");
  if (bodies_in(publish) > 1) return reject("policy_set.body_ambiguous");
  if (state.version != 0 && state.kind != kind_of(publish)) return reject("policy_set.kind_differs");
  auto today = date_of(context.now);
  if (holds(state, publish, today)) return unchanged;
  if (auto checked = check_body(publish); !checked.accepted()) return checked;
  auto effective_from = publish.effective_from.value_or(today);
  if (auto checked = check_effective(effective_from, context); !checked.accepted()) return checked;
  return events.emit(Published{
      .version = state.version + 1,
      .effective_from = effective_from,
      .pipeline = publish.pipeline,
      .loyalty_program = publish.loyalty_program,
      .product = publish.product,
      .price_list = publish.price_list,
  });
}

Decision decide(const State& state, const Retire&, const Context&, Events<Event>& events) {
  if (state.version == 0) return reject("policy_set.not_found");
  if (state.retired) return unchanged;
  return events.emit(Retired{.version = state.version});
}

Decision decide(const State& state, const Correct& correct, const Context& context, Events<Event>& events) {
  if (state.version == 0) return reject("policy_set.not_found");
  auto corrected = change(Details{.effective_from = state.effective_from}, correct.new_);
  if (!corrected.any) return unchanged;
  if (auto checked = check_effective(*corrected.new_.effective_from, context); !checked.accepted())
    return checked;
  return events.emit(CorrectionRecorded{
      .target = correct.target,
      .old = corrected.old,
      .new_ = corrected.new_,
      .approver_id = correct.approver_id,
  });
}

void evolve(State& state, const Published& published) {
  state = {
      .kind = kind_of(published),
      .version = published.version,
      .effective_from = published.effective_from,
      .body = bytes_of(published),
      .retired = false,
  };
}
void evolve(State& state, const Retired&) { state.retired = true; }
void evolve(State& state, const CorrectionRecorded& correction) {
  patch(state.effective_from, correction.new_.effective_from);
}

}  // namespace rapport::policy_set
