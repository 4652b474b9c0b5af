#include "domain/account.h"

#include <algorithm>

#include "tests/domain/spec.h"

namespace rapport::account {
namespace {

const Created kCreated{
    .kind = Kind::ORGANISATION,
    .name = "Acme",
    .registration_number = "HRB 1",
    .industry = "retail",
    .region_code = "DE-BE",
    .currency = "EUR",
    .locale = "de-DE",
    .owner_id = "anna",
};
const EventId kTarget{1, 2, 0};

struct AccountTest : testing::Test, Spec<Decider> {};

TEST_F(AccountTest, IsCreated) {
  given()
      .when(Create{.kind = Kind::ORGANISATION,
                   .name = "Acme",
                   .registration_number = "HRB 1",
                   .industry = "retail",
                   .region_code = "DE-BE",
                   .currency = "EUR",
                   .locale = "de-DE",
                   .owner_id = "anna"})
      .then(kCreated);
}
TEST_F(AccountTest, IsCreatedFromItsKindAloneAndIsAProspect) {
  given().when(Create{.kind = Kind::PERSON}).then(Created{.kind = Kind::PERSON});
  EXPECT_EQ(state().lifecycle, Lifecycle::PROSPECT);
}
TEST_F(AccountTest, IsCreatedOnce) {
  given(kCreated).when(Create{.kind = Kind::ORGANISATION}).then_rejected("account.exists");
}
TEST_F(AccountTest, ItsCurrencyHasThreeCapitalLetters) {
  given().when(Create{.kind = Kind::PERSON, .currency = "eur"}).then_rejected("account.currency_malformed");
  when(Create{.kind = Kind::PERSON, .currency = "EU"}).then_rejected("account.currency_malformed");
}
TEST_F(AccountTest, RecordsOldAndNewOfTheDetailsThatDiffer) {
  given(kCreated)
      .when(ChangeDetails{.new_ = {.industry = "retail", .locale = "fr-FR"}})
      .then(DetailsChanged{.old = {.locale = "de-DE"}, .new_ = {.locale = "fr-FR"}});
}
TEST_F(AccountTest, ClearsADetailByAnEmptyText) {
  given(kCreated)
      .when(ChangeDetails{.new_ = {.currency = ""}})
      .then(DetailsChanged{.old = {.currency = "EUR"}, .new_ = {.currency = ""}});
}
TEST_F(AccountTest, TakesANameAsChangedSinceItRemembersNone) {
  given(kCreated)
      .when(ChangeDetails{.new_ = {.name = "Acme"}})
      .then_each_time(DetailsChanged{.old = {}, .new_ = {.name = "Acme"}});
}
TEST_F(AccountTest, DoesNotChangeToAMalformedCurrency) {
  given(kCreated).when(ChangeDetails{.new_ = {.currency = "€"}}).then_rejected("account.currency_malformed");
}
TEST_F(AccountTest, IsRelatedToAnother) {
  given(kCreated)
      .when(SetRelation{.other_id = "2", .role = RelationRole::PARENT, .from = Date{10}})
      .then(RelationSet{.other_id = "2", .role = RelationRole::PARENT, .from = Date{10}});
}
TEST_F(AccountTest, ARelationEndsWhenItsTermIsSetAnew) {
  given(kCreated, RelationSet{.other_id = "2", .role = RelationRole::PARENT, .from = Date{10}})
      .when(SetRelation{.other_id = "2", .role = RelationRole::PARENT, .from = Date{10}, .to = Date{10}})
      .then(RelationSet{.other_id = "2", .role = RelationRole::PARENT, .from = Date{10}, .to = Date{10}});
}
TEST_F(AccountTest, IsNotRelatedToNobody) {
  given(kCreated)
      .when(SetRelation{.other_id = "", .role = RelationRole::PARENT})
      .then_rejected("account.relation_missing");
}
TEST_F(AccountTest, IsNotRelatedToItselfNotEvenAsAFact) {
  as_fact()
      .given(kCreated)
      .when(SetRelation{.other_id = "1", .role = RelationRole::PARENT})
      .then_rejected("account.relation_to_itself");
}
TEST_F(AccountTest, ARelationDoesNotEndBeforeItStarts) {
  given(kCreated)
      .when(SetRelation{.other_id = "2", .role = RelationRole::PARTNER, .from = Date{10}, .to = Date{9}})
      .then_rejected("account.relation_ends_before_start");
}
TEST_F(AccountTest, IsHandedOverForAReason) {
  given(kCreated)
      .when(AssignOwner{.owner_id = "ben"})
      .then_rejected("account.reason_missing")
      .at_field("reason.code");
  reason("handover")
      .when(AssignOwner{.owner_id = "ben", .team_id = "east"})
      .then(OwnerAssigned{.old_owner_id = "anna", .new_owner_id = "ben", .team_id = "east"});
}
TEST_F(AccountTest, ItsFirstOwnerNeedsNoReason) {
  given(Created{.kind = Kind::ORGANISATION})
      .when(AssignOwner{.owner_id = "ben"})
      .then(OwnerAssigned{.new_owner_id = "ben"});
}
TEST_F(AccountTest, AHandoverWithoutAReasonIsAFactOnlyAndSaysSo) {
  as_fact()
      .given(kCreated)
      .when(AssignOwner{.owner_id = "ben"})
      .then(OwnerAssigned{.old_owner_id = "anna", .new_owner_id = "ben"});
  EXPECT_EQ(recorded_reason(), "not-recorded");
}
TEST_F(AccountTest, StaysWithItsOwner) {
  given(kCreated).when(AssignOwner{.owner_id = "anna"}).then_nothing();
}
TEST_F(AccountTest, MovesToAnotherTeamWithItsOwner) {
  given(kCreated)
      .when(AssignOwner{.owner_id = "anna", .team_id = "east"})
      .then(OwnerAssigned{.old_owner_id = "anna", .new_owner_id = "anna", .team_id = "east"});
}
TEST_F(AccountTest, IsNotHandedToNobody) {
  given(kCreated).when(AssignOwner{.owner_id = ""}).then_rejected("account.owner_missing");
}
TEST_F(AccountTest, ACorrectionRecordsOldAndNewOfTheFieldsThatDiffer) {
  given(kCreated)
      .when(Correct{
          .target = kTarget, .new_ = {.industry = "retail", .region_code = "DE-HH"}, .approver_id = "p-1"})
      .then(CorrectionRecorded{.target = kTarget,
                               .old = {.region_code = "DE-BE"},
                               .new_ = {.region_code = "DE-HH"},
                               .approver_id = "p-1"});
}
TEST_F(AccountTest, ACorrectionHasAnApprover) {
  Correct correct{.target = kTarget, .new_ = {.industry = "x"}, .approver_id = ""};
  given(kCreated).when(correct).then_rejected("account.approver_missing").at_field("approverId");
  EXPECT_TRUE(as_fact().when(correct).accepted());
}

// --- Nobody is above oneself ---

RelationSet above(Text other, std::optional<Date> to = {}) {
  return {.other_id = other, .role = RelationRole::PARENT, .to = to};
}
RelationSet below(Text other) { return {.other_id = other, .role = RelationRole::SUBSIDIARY}; }
const SetRelation kUnderTwo{.other_id = "2", .role = RelationRole::PARENT};
const SetRelation kOverTwo{.other_id = "2", .role = RelationRole::SUBSIDIARY};

TEST_F(AccountTest, IsNotBelowItsOwnSubsidiaryNorAboveItsOwnParent) {
  given(kCreated, below("2")).when(kUnderTwo).then_rejected("account.hierarchy_circular").at_field("otherId");
  given(above("3")).when(SetRelation{.other_id = "3", .role = RelationRole::SUBSIDIARY}).then_rejected("account.hierarchy_circular");
}
TEST_F(AccountTest, IsNotBelowWhomItIsAboveByTheOthersWord) {
  given(kCreated).peer("2", kCreated, above("1"));
  when(kUnderTwo).then_rejected("account.hierarchy_circular");
  as_fact().when(kUnderTwo).then_rejected("account.hierarchy_circular");
}
TEST_F(AccountTest, IsNotBelowWhomItIsAboveOverMany) {
  given(kCreated).peer("2", kCreated, above("3")).peer("3", kCreated, above("4")).peer("4", kCreated, above("1"));
  when(kUnderTwo).then_rejected("account.hierarchy_circular");
}
TEST_F(AccountTest, ACircleIsSeenFromBothOfItsEnds) {  // 2 under 3 by its own word, 3 under 1 by 1's
  given(kCreated, below("3")).peer("2", kCreated, above("3")).peer("3", kCreated);
  when(kUnderTwo).then_rejected("account.hierarchy_circular");
}
TEST_F(AccountTest, IsNotAboveWhomItIsBelow) {
  given(kCreated, above("3")).peer("3", kCreated, above("2"));
  when(kOverTwo).then_rejected("account.hierarchy_circular");
}
TEST_F(AccountTest, MayHaveTwoWaysUpToOneParent) {
  given(kCreated, above("3")).peer("2", kCreated, above("3")).peer("3", kCreated);
  when(kUnderTwo).then(above("2"));
}
TEST_F(AccountTest, ARelationThatHasEndedMakesNoCircle) {
  given(kCreated).peer("2", kCreated, above("1", Date{date_of(kNow).days - 1}));
  when(kUnderTwo).then(above("2"));
}
TEST_F(AccountTest, PartnersMayBePartnersOfEachOther) {
  given(kCreated).peer("2", kCreated, RelationSet{.other_id = "1", .role = RelationRole::PARTNER});
  when(SetRelation{.other_id = "2", .role = RelationRole::PARTNER})
      .then(RelationSet{.other_id = "2", .role = RelationRole::PARTNER});
}
TEST_F(AccountTest, AHierarchyThatCannotBeSurveyedIsRefused) {
  given(kCreated);
  for (int i = 2; i < static_cast<int>(kHierarchyMax) + 3; ++i) {
    auto id = std::to_string(i), next = std::to_string(i + 1);
    peer(id, kCreated, above(next));
  }
  when(kUnderTwo).then_rejected("account.hierarchy_too_large");
  as_fact().when(kUnderTwo).then(above("2"));  // a group of companies is as large as it is
}

TEST_F(AccountTest, ACorrectionKeepsTheCurrencyWellFormed) {
  given(kCreated)
      .when(Correct{.target = kTarget, .new_ = {.currency = "12"}, .approver_id = "p-1"})
      .then_rejected("account.currency_malformed");
}
TEST_F(AccountTest, ACommandBeforeItsCreationIsRefused) {
  given();
  when(ChangeDetails{.new_ = {.industry = "x"}}).then_rejected("account.not_found");
  when(SetRelation{.other_id = "2", .role = RelationRole::PARENT}).then_rejected("account.not_found");
  when(AssignOwner{.owner_id = "ben"}).then_rejected("account.not_found");
  when(SetLifecycle{.lifecycle = Lifecycle::ACTIVE}).then_rejected("account.not_found");
  when(Correct{.target = kTarget, .new_ = {.industry = "x"}, .approver_id = "p-1"})
      .then_rejected("account.not_found");
}

// The lifecycle: where each state may go. Every other way is refused to a user and open to a fact.
struct Lives {
  Lifecycle from;
  std::vector<Lifecycle> to;
};
struct AccountLifecycle : testing::TestWithParam<Lives> {};
TEST_P(AccountLifecycle, MovesOnlyToWhatMayFollow) {
  auto [from, allowed] = GetParam();
  for (auto to : {Lifecycle::PROSPECT, Lifecycle::ACTIVE, Lifecycle::DORMANT, Lifecycle::CHURNED,
                  Lifecycle::INACTIVE}) {
    SCOPED_TRACE(kj::str(from, " -> ", to).cStr());
    Spec<Decider> user, fact;
    user.given(kCreated, LifecycleChanged{.old = Lifecycle::PROSPECT, .new_ = from})
        .when(SetLifecycle{.lifecycle = to});
    fact.as_fact()
        .given(kCreated, LifecycleChanged{.old = Lifecycle::PROSPECT, .new_ = from})
        .when(SetLifecycle{.lifecycle = to});
    if (to == from) {
      user.then_nothing();
      fact.then_nothing();
      continue;
    }
    fact.then(LifecycleChanged{.old = from, .new_ = to});
    if (std::ranges::find(allowed, to) != allowed.end()) user.then(LifecycleChanged{.old = from, .new_ = to});
    else user.then_rejected("account.lifecycle_not_next");
  }
}
INSTANTIATE_TEST_SUITE_P(EveryState, AccountLifecycle,
                         testing::Values(Lives{Lifecycle::PROSPECT, {Lifecycle::ACTIVE, Lifecycle::INACTIVE}},
                                         Lives{Lifecycle::ACTIVE, {Lifecycle::DORMANT, Lifecycle::INACTIVE}},
                                         Lives{Lifecycle::DORMANT, {Lifecycle::CHURNED, Lifecycle::INACTIVE}},
                                         Lives{Lifecycle::CHURNED, {Lifecycle::ACTIVE, Lifecycle::INACTIVE}},
                                         Lives{Lifecycle::INACTIVE, {}}));

}  // namespace
}  // namespace rapport::account
