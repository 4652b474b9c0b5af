#include "domain/batch.h"

#include "tests/domain/spec.h"

namespace rapport::batch {
namespace {

const StartImport kStart{
    .mapping = "crm-sales", .mapping_sha256 = "ab", .files = {{"accounts.csv", "cd", 10}}};
const ImportStarted kStarted{
    .mapping = "crm-sales", .mapping_sha256 = "ab", .files = {{"accounts.csv", "cd", 10}}};
const RejectRow kReject{.file = "accounts.csv", .line = 7, .column = "sector", .code = "map.unknown_value"};
const ImportRowRejected kRejected{
    .file = "accounts.csv", .line = 7, .column = "sector", .code = "map.unknown_value"};
const CompleteImport kComplete{.rows = 10, .accepted = 6, .rejected = 1, .already = 3};
const ImportCompleted kCompleted{.rows = 10, .accepted = 6, .rejected = 1, .already = 3};
const RevertImport kRevert{.compensated = 5, .left = 1};
const ImportReverted kReverted{.compensated = 5, .left = 1};
const ChangeViewVersion kChange{
    .view = "pipeline", .from = 1, .to = 2, .position = 9, .digest = "d", .history_digest = "h"};
const ViewVersionChanged kChanged{
    .view = "pipeline", .from = 1, .to = 2, .position = 9, .digest = "d", .history_digest = "h"};
const Correct kCorrect{.target = {1, 2, 0}, .new_ = {.note = "by mistake"}, .approver_id = "p-1"};

struct BatchTest : testing::Test, Spec<Decider> {};

TEST_F(BatchTest, AnImportStarts) { given().when(kStart).then(kStarted); }
TEST_F(BatchTest, AnImportOfOtherFilesIsAnotherBatch) {
  auto other = kStart;
  other.files = {{"accounts.csv", "cd", 11}};
  given(kStarted).when(other).then_rejected("batch.exists");
}
TEST_F(BatchTest, AnImportByAnotherMappingIsAnotherBatch) {
  auto other = kStart;
  other.mapping_sha256 = "xx";
  given(kStarted).when(other).then_rejected("batch.exists");
}
TEST_F(BatchTest, ARowIsRejected) { given(kStarted).when(kReject).then_each_time(kRejected); }
TEST_F(BatchTest, AnImportCompletes) { given(kStarted, kRejected).when(kComplete).then(kCompleted); }
TEST_F(BatchTest, AnImportAccountsForEveryRow) {
  given(kStarted)
      .when(CompleteImport{.rows = 11, .accepted = 6, .rejected = 1, .already = 3})
      .then_rejected("batch.totals_differ");
}
TEST_F(BatchTest, TotalsThatOverflowDoNotAddUp) {
  as_fact()
      .given(kStarted)
      .when(CompleteImport{.rows = 1, .accepted = ~0ULL, .rejected = 2, .already = 0})
      .then_rejected("batch.totals_differ");
}
TEST_F(BatchTest, AnImportCompletesWithOtherTotalsAsAFact) {
  as_fact()
      .given(kStarted, kCompleted)
      .when(CompleteImport{.rows = 1, .accepted = 1, .rejected = 0, .already = 0})
      .then(ImportCompleted{.rows = 1, .accepted = 1, .rejected = 0, .already = 0});
}
TEST_F(BatchTest, AnImportIsReverted) { given(kStarted, kCompleted).when(kRevert).then(kReverted); }
TEST_F(BatchTest, AnImportThatBrokeOffIsReverted) { given(kStarted).when(kRevert).then(kReverted); }
TEST_F(BatchTest, AViewChangesItsVersion) { given().when(kChange).then(kChanged); }
TEST_F(BatchTest, AViewGoesBackToItsFormerVersion) {
  given(kChanged)
      .when(ChangeViewVersion{
          .view = "pipeline", .from = 2, .to = 1, .position = 12, .digest = "e", .history_digest = "i"})
      .then(ViewVersionChanged{
          .view = "pipeline", .from = 2, .to = 1, .position = 12, .digest = "e", .history_digest = "i"});
}
TEST_F(BatchTest, AViewDoesNotChangeToTheVersionItHas) {
  auto same = kChange;
  same.to = 1;
  given().when(same).then_rejected("batch.view_version_same");
}
TEST_F(BatchTest, AStreamIsOfOneView) {
  auto other = kChange;
  other.view = "service";
  given(kChanged).when(other).then_rejected("batch.view_differs");
}
TEST_F(BatchTest, AViewChangesFromTheVersionItHas) {
  auto late = kChange;
  late.to = 3;
  given(kChanged).when(late).then_rejected("batch.view_version_differs");
}
TEST_F(BatchTest, AViewChangesFromAnyVersionAsAFact) {
  auto late = kChange;
  late.to = 3;
  auto changed = kChanged;
  changed.to = 3;
  as_fact().given(kChanged).when(late).then(changed);
}
TEST_F(BatchTest, ACorrectionHasAnApprover) {
  auto nobody = kCorrect;
  nobody.approver_id = "";
  given(kStarted).when(nobody).then_rejected("batch.approver_missing").at_field("approverId");
  EXPECT_TRUE(as_fact().when(nobody).accepted());
}
TEST_F(BatchTest, ACorrectionRecordsOldAndNewNote) {
  given(kStarted).when(kCorrect).then(CorrectionRecorded{
      .target = {1, 2, 0}, .old = {.note = ""}, .new_ = {.note = "by mistake"}, .approver_id = "p-1"});
}

TEST_F(BatchTest, WhatDoesNotExistIsNotCorrected) { given().when(kCorrect).then_rejected("batch.not_found"); }

}  // namespace
}  // namespace rapport::batch
