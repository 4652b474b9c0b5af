// The state machines of accounts, members and principals.
#include "domain/account.h"
#include "domain/principal.h"
#include "tests/domain/loyalty_samples.h"
#include "tests/domain/state_table.h"

namespace rapport {
namespace {

const EventId kTarget{1, 2, 0};

TEST(AccountStates, EveryCommandInEveryState) {
  using namespace account;
  using S = Spec<account::Decider>;
  static const Created created{.kind = account::Kind::ORGANISATION, .owner_id = "anna"};
  static auto lives = [](S& s, Lifecycle now) { s.given(created, LifecycleChanged{.old = Lifecycle::PROSPECT, .new_ = now}); };
  StateTable<account::Decider> table({{"absent", [](S&) {}},
                             {"prospect", [](S& s) { s.given(created); }},
                             {"active", [](S& s) { lives(s, Lifecycle::ACTIVE); }},
                             {"dormant", [](S& s) { lives(s, Lifecycle::DORMANT); }},
                             {"churned", [](S& s) { lives(s, Lifecycle::CHURNED); }},
                             {"inactive", [](S& s) { lives(s, Lifecycle::INACTIVE); }}});
  const char *ok = kAccepted, *none = "account.not_found", *there = "account.exists", *no = "account.lifecycle_not_next", *same = kUnchanged;
  const StateTable<account::Decider>::Answers anytime{none, ok, ok, ok, ok, ok};
  table.row(Create{.kind = account::Kind::PERSON}, {ok, there, there, there, there, there}, {ok, there, there, there, there, there});
  table.row(ChangeDetails{.new_ = {.industry = "x"}}, anytime, anytime);
  table.row(SetRelation{.other_id = "2", .role = RelationRole::PARENT}, anytime, anytime);
  table.row(AssignOwner{.owner_id = "ben"}, anytime, anytime);
  table.row_of_facts(account::Revoke{}, "account.revoked_by_revert_only");
  table.row(account::Correct{.target = kTarget, .new_ = {.industry = "x"}, .approver_id = "p"}, anytime, anytime);
  auto to = [&](Lifecycle wanted, StateTable<account::Decider>::Answers user) {
    auto fact = user;
    for (auto& answer : fact)
      if (answer == no) answer = ok;
    table.row(SetLifecycle{.lifecycle = wanted}, user, fact);
  };
  to(Lifecycle::PROSPECT, {none, same, no, no, no, no});
  to(Lifecycle::ACTIVE, {none, ok, same, no, ok, no});
  to(Lifecycle::DORMANT, {none, no, ok, same, no, no});
  to(Lifecycle::CHURNED, {none, no, no, ok, same, no});
  to(Lifecycle::INACTIVE, {none, ok, ok, ok, ok, same});
}

TEST(PrincipalStates, EveryCommandInEveryState) {
  using namespace principal;
  using S = Spec<principal::Decider>;
  static const Provisioned provisioned{.kind = principal::Kind::USER};
  StateTable<principal::Decider> table({{"absent", [](S&) {}},
                             {"active", [](S& s) { s.given(provisioned); }},
                             {"deactivated", [](S& s) { s.given(provisioned, Deactivated{}); }}});
  const char *ok = kAccepted, *none = "principal.not_found", *there = "principal.exists";
  table.row(Provision{.kind = principal::Kind::USER}, {ok, there, there}, {ok, there, there});
  table.row(Assign{.team_id = "east"}, {none, ok, "principal.deactivated"}, {none, ok, ok});
  table.row(Deactivate{}, {none, ok, kUnchanged}, {none, ok, kUnchanged});
  table.row_of_facts(principal::Revoke{}, "principal.revoked_by_revert_only");
  table.row(principal::Correct{.target = kTarget, .new_ = {.office = "x"}, .approver_id = "p"}, {none, ok, ok}, {none, ok, ok});
}

TEST(LoyaltyMemberStates, EveryCommandInEveryState) {
  using namespace loyalty_member;
  using S = Spec<loyalty_member::Decider>;
  static auto in = [](S& s) {
    s.policy("points", program(1, 1, {10'000})).given(kEnrolled, earned("gone", 100, Date{kToday.days - 1}), earned("more", 100));
  };
  static auto changed = [](Status to) { return StatusChanged{.old = Status::ACTIVE, .new_ = to}; };
  StateTable<loyalty_member::Decider> table({{"absent", [](S& s) { s.policy("points", program(1, 1, {10'000})); }},
                             {"active", [](S& s) { in(s); }},
                             {"suspended", [](S& s) { in(s); s.given(changed(Status::SUSPENDED)); }},
                             {"left", [](S& s) { in(s); s.given(changed(Status::LEFT)); }}});
  const char *ok = kAccepted, *none = "loyalty_member.not_enrolled", *there = "loyalty_member.exists", *left = "loyalty_member.left",
             *same = kUnchanged;
  const StateTable<loyalty_member::Decider>::Answers member{none, ok, ok, left}, fact{none, ok, ok, ok};
  table.row(Enrol{.program_id = "points"}, {ok, there, there, there}, {ok, there, there, there});
  table.row(Earn{.txn_id = "t", .points = 1}, member, fact);
  table.row(Redeem{.txn_id = "t", .points = 1}, {none, ok, "loyalty_member.suspended", left}, fact);
  table.row(Reverse{.txn_id = "t", .points = 1}, member, fact);
  table.row(Expire{.lot_id = "gone"}, member, fact);
  table.row(Adjust{.txn_id = "t", .points = 1, .approver_id = "p"}, member, fact);
  table.row(ChangeTier{.tier = "gold", .qualifying_points = 1}, member, fact);
  table.row(ChangeStatus{.status = Status::ACTIVE}, {none, same, ok, left}, {none, same, ok, ok});
  table.row(ChangeStatus{.status = Status::SUSPENDED}, {none, ok, same, left}, {none, ok, same, ok});
  table.row(ChangeStatus{.status = Status::LEFT}, {none, ok, ok, same}, {none, ok, ok, same});
  table.row(loyalty_member::Correct{.target = kTarget, .new_ = {.card_no = "c"}, .approver_id = "p"}, fact, fact);
  const char *revert = "loyalty_member.revoked_by_revert_only", *points = "loyalty_member.points_left";
  table.row(Revoke{}, {revert, revert, revert, revert}, {same, points, points, points});  // movements go first
  table.row_of_facts(RevokeMovement{.kind = PointsMovement::EARNED, .txn_id = "more", .points = 100, .debt = 0}, revert);
  // An order stands whatever its member has become: who left earns nothing and owes nothing.
  table.row(RewardPurchase{.txn_id = "t", .amount = gbp(100)}, {none, ok, ok, same}, {none, ok, ok, same});
  table.row(TakeBackPurchase{.txn_id = "t", .amount = gbp(100)}, {none, ok, ok, same}, {none, ok, ok, same});
}

}  // namespace
}  // namespace rapport
