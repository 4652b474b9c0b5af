#include "domain/principal.h"

#include "tests/domain/spec.h"

namespace rapport::principal {
namespace {

const Provisioned kProvisioned{.kind = Kind::USER, .name = "Anna"};
const Assigned kAssigned{.team_id = "east", .manager_id = "mia", .office = "Berlin"};
const EventId kTarget{1, 2, 0};

struct PrincipalTest : testing::Test, Spec<Decider> {};

TEST_F(PrincipalTest, IsProvisioned) {
  given().when(Provision{.kind = Kind::USER, .name = "Anna"}).then(kProvisioned);
}
TEST_F(PrincipalTest, IsProvisionedOnce) {
  given(kProvisioned).when(Provision{.kind = Kind::USER}).then_rejected("principal.exists");
}
TEST_F(PrincipalTest, IsNotProvisionedAgainAfterItsDeactivation) {
  given(kProvisioned, Deactivated{}).when(Provision{.kind = Kind::USER}).then_rejected("principal.exists");
}
TEST_F(PrincipalTest, IsAssigned) {
  given(kProvisioned)
      .when(Assign{.team_id = "east", .manager_id = "mia", .office = "Berlin"})
      .then(kAssigned);
}
TEST_F(PrincipalTest, AnAssignmentEndsWhatItLeavesOut) {
  given(kProvisioned, kAssigned).when(Assign{.manager_id = "mia"}).then(Assigned{.manager_id = "mia"});
}
TEST_F(PrincipalTest, DoesNotManageItself) {
  given(kProvisioned).when(Assign{.manager_id = "1"}).then_rejected("principal.manages_itself");
}
TEST_F(PrincipalTest, ManagesItselfAsAFact) {
  as_fact().given(kProvisioned).when(Assign{.manager_id = "1"}).then(Assigned{.manager_id = "1"});
}
TEST_F(PrincipalTest, IsNotAssignedAfterItsDeactivation) {
  given(kProvisioned, Deactivated{}).when(Assign{.team_id = "east"}).then_rejected("principal.deactivated");
}
TEST_F(PrincipalTest, IsAssignedAfterItsDeactivationAsAFact) {
  as_fact()
      .given(kProvisioned, Deactivated{})
      .when(Assign{.team_id = "east"})
      .then(Assigned{.team_id = "east"});
}
TEST_F(PrincipalTest, IsDeactivated) { given(kProvisioned).when(Deactivate{}).then(Deactivated{}); }
TEST_F(PrincipalTest, ACorrectionRecordsOldAndNewOfTheFieldsThatDiffer) {
  given(kProvisioned, kAssigned)
      .when(Correct{.target = kTarget, .new_ = {.office = "Hamburg"}, .approver_id = "p-1"})
      .then(CorrectionRecorded{.target = kTarget,
                               .old = {.office = "Berlin"},
                               .new_ = {.office = "Hamburg"},
                               .approver_id = "p-1"});
}
TEST_F(PrincipalTest, ACorrectionHasAnApprover) {
  Correct correct{.target = kTarget, .new_ = {.office = "Hamburg"}, .approver_id = ""};
  given(kProvisioned).when(correct).then_rejected("principal.approver_missing").at_field("approverId");
  EXPECT_TRUE(as_fact().when(correct).accepted());
}
TEST_F(PrincipalTest, TakesANameAsCorrectedSinceItRemembersNone) {
  given(kProvisioned)
      .when(Correct{.target = kTarget, .new_ = {.name = "Anne"}, .approver_id = "p-1"})
      .then_each_time(
          CorrectionRecorded{.target = kTarget, .old = {}, .new_ = {.name = "Anne"}, .approver_id = "p-1"});
}
TEST_F(PrincipalTest, ACommandBeforeItsProvisionIsRefused) {
  given();
  when(Assign{.team_id = "east"}).then_rejected("principal.not_found");
  when(Deactivate{}).then_rejected("principal.not_found");
  when(Correct{.target = kTarget, .new_ = {.office = "x"}, .approver_id = "p-1"})
      .then_rejected("principal.not_found");
}

}  // namespace
}  // namespace rapport::principal
