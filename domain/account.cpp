#include "domain/account.h"

#include <set>

#include "domain/fold.h"

namespace rapport::account {
namespace {

// Rules that hold for everybody's details, a fact's too. An empty text clears.
Decision check_currency(const std::optional<Text>& currency) {
  if (currency && !currency->empty() && (currency->size() != 3 || !Currency(*currency).well_formed()))
    return reject("account.currency_malformed", "currency");
  return accepted;
}

// A name is personal, so the state does not know it, and it is taken as changed.
Details details_of(const State& state) {
  return {
      .registration_number = state.registration_number,
      .industry = state.industry,
      .region_code = state.region_code,
      .currency = state.currency,
      .locale = state.locale,
  };
}

void apply(State& state, const Details& details) {
  patch(state.registration_number, details.registration_number);
  patch(state.industry, details.industry);
  patch(state.region_code, details.region_code);
  patch(state.currency, details.currency);
  patch(state.locale, details.locale);
}

bool may_follow(Lifecycle from, Lifecycle to) {
  switch (to) {
    case Lifecycle::ACTIVE: return from == Lifecycle::PROSPECT || from == Lifecycle::CHURNED;
    case Lifecycle::DORMANT: return from == Lifecycle::ACTIVE;
    case Lifecycle::CHURNED: return from == Lifecycle::DORMANT;
    case Lifecycle::INACTIVE: return true;
    default: return false;
  }
}

// The accounts that this one's own stream says are directly above it (role PARENT) or below it (SUBSIDIARY), ended ones
// left out.
std::vector<std::string> related(const State& state, RelationRole role, Date today) {
  std::vector<std::string> ids;
  for (auto& [relation, term] : state.relations)
    if (relation.second == role && !(term.to && *term.to < today)) ids.push_back(relation.first);
  return ids;
}

// What is known of an account: of the one that decides, its own state. Null if there is none.
const State* state_of(const std::string& id, const State& own, const Context& context) {
  if (id == context.id) return &own;
  auto* peer = context.peers ? context.peers->find(id) : nullptr;
  return peer ? &static_cast<const FoldOf<Decider>*>(peer)->state() : nullptr;
}

// Everybody above (PARENT) or below (SUBSIDIARY) an account, itself included, as far as the streams on the way say so.
std::set<std::string> line_of(const std::string& id, RelationRole role, const State& own, const Context& context) {
  std::set<std::string> line{id};
  std::vector<std::string> open{id};
  while (!open.empty() && line.size() <= kHierarchyMax) {
    auto* state = state_of(open.back(), own, context);
    open.pop_back();
    if (!state) continue;
    for (auto& other : related(*state, role, date_of(context.recorded)))
      if (line.insert(other).second) open.push_back(other);
  }
  return line;
}

// Nobody is above oneself. A relation may be told by either side, and there is no index of who names whom, so a circle is
// seen where it closes: in the parents of the one that is to be above, in the subsidiaries of the one below, or where the
// two lines meet.
Decision check_hierarchy(const State& state, const SetRelation& set, const Context& context) {
  bool up = set.role == RelationRole::PARENT;
  if (!up && set.role != RelationRole::SUBSIDIARY) return accepted;
  auto today = date_of(context.recorded);
  if (set.to && *set.to < today) return accepted;
  for (auto& other : related(state, up ? RelationRole::SUBSIDIARY : RelationRole::PARENT, today))
    if (other == set.other_id) return reject("account.hierarchy_circular", "otherId");
  std::string self(context.id), other(set.other_id);
  auto above = line_of(up ? other : self, RelationRole::PARENT, state, context);
  auto below = line_of(up ? self : other, RelationRole::SUBSIDIARY, state, context);
  for (auto& id : below)
    if (above.contains(id)) return reject("account.hierarchy_circular", "otherId");
  bool surveyed = above.size() <= kHierarchyMax && below.size() <= kHierarchyMax;
  return surveyed || context.as_fact ? Decision(accepted) : reject("account.hierarchy_too_large", "otherId");
}

std::optional<Text> present(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<Text>(text);
}

}  // namespace

Decision decide(const State& state, const Create& create, const Context&, Events<Event>& events) {
  if (state.created) return reject("account.exists");
  if (auto checked = check_currency(create.currency); !checked.accepted()) return checked;
  return events.emit(Created{
      .kind = create.kind,
      .name = create.name,
      .registration_number = create.registration_number,
      .industry = create.industry,
      .region_code = create.region_code,
      .currency = create.currency,
      .locale = create.locale,
      .owner_id = create.owner_id,
  });
}

Decision decide(const State& state, const ChangeDetails& wanted, const Context&, Events<Event>& events) {
  if (!state.created) return reject("account.not_found");
  if (auto checked = check_currency(wanted.new_.currency); !checked.accepted()) return checked;
  auto changed = change(details_of(state), wanted.new_);
  if (!changed.any) return unchanged;
  return events.emit(DetailsChanged{.old = changed.old, .new_ = changed.new_});
}

Decision decide(const State& state, const SetRelation& set, const Context& context, Events<Event>& events) {
  if (!state.created) return reject("account.not_found");
  if (set.other_id.empty()) return reject("account.relation_missing", "otherId");
  if (set.other_id == context.id) return reject("account.relation_to_itself", "otherId");
  if (set.from && set.to && *set.to < *set.from) return reject("account.relation_ends_before_start", "to");
  auto known = state.relations.find({std::string(set.other_id), set.role});
  if (known != state.relations.end() && known->second == Term{set.from, set.to}) return unchanged;
  if (auto checked = check_hierarchy(state, set, context); !checked.accepted()) return checked;
  return events.emit(RelationSet{.other_id = set.other_id, .role = set.role, .from = set.from, .to = set.to});
}

Decision decide(const State& state, const AssignOwner& assign, const Context& context, Events<Event>& events) {
  if (!state.created) return reject("account.not_found");
  if (assign.owner_id.empty()) return reject("account.owner_missing", "ownerId");
  if (assign.owner_id == state.owner_id && assign.team_id.value_or("") == state.team_id) return unchanged;
  if (!state.owner_id.empty() && assign.owner_id != state.owner_id)  // a first owner, or another team, needs no reason
    if (auto checked = check_reason(context, "account.reason_missing"); !checked.accepted()) return checked;
  return events.emit(OwnerAssigned{
      .old_owner_id = present(state.owner_id),
      .new_owner_id = assign.owner_id,
      .team_id = assign.team_id,
  });
}

Decision decide(const State& state, const SetLifecycle& set, const Context& context, Events<Event>& events) {
  if (!state.created) return reject("account.not_found");
  if (set.lifecycle == state.lifecycle) return unchanged;
  if (!context.as_fact && !may_follow(state.lifecycle, set.lifecycle))
    return reject("account.lifecycle_not_next", "lifecycle");
  return events.emit(LifecycleChanged{.old = state.lifecycle, .new_ = set.lifecycle});
}

Decision decide(const State& state, const Correct& correct, const Context& context, Events<Event>& events) {
  if (!state.created) return reject("account.not_found");
  if (auto checked = check_approver(context, correct.approver_id, "account.approver_missing"); !checked.accepted())
    return checked;
  if (auto checked = check_currency(correct.new_.currency); !checked.accepted()) return checked;
  auto corrected = change(details_of(state), correct.new_);
  if (!corrected.any) return unchanged;
  return events.emit(CorrectionRecorded{
      .target = correct.target,
      .old = corrected.old,
      .new_ = corrected.new_,
      .approver_id = correct.approver_id,
  });
}

// Only the revert of an import takes everything back.
Decision decide(const State& state, const Revoke&, const Context& context, Events<Event>& events) {
  if (!context.as_fact) return reject("account.revoked_by_revert_only");
  if (!state.created) return unchanged;
  return events.emit(Revoked{});
}

void evolve(State& state, const Created& created) {
  state.created = true;
  state.lifecycle = Lifecycle::PROSPECT;
  patch(state.registration_number, created.registration_number);
  patch(state.industry, created.industry);
  patch(state.region_code, created.region_code);
  patch(state.currency, created.currency);
  patch(state.locale, created.locale);
  patch(state.owner_id, created.owner_id);
}
void evolve(State& state, const DetailsChanged& changed) { apply(state, changed.new_); }
void evolve(State& state, const RelationSet& set) {
  state.relations[{std::string(set.other_id), set.role}] = {set.from, set.to};
}
void evolve(State& state, const OwnerAssigned& assigned) {
  state.owner_id = assigned.new_owner_id;
  state.team_id = assigned.team_id.value_or("");
}
void evolve(State& state, const LifecycleChanged& changed) { state.lifecycle = changed.new_; }
void evolve(State& state, const CorrectionRecorded& correction) { apply(state, correction.new_); }
void evolve(State& state, const Revoked&) { state = {}; }

}  // namespace rapport::account
