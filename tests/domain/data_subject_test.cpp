#include "domain/data_subject.h"

#include "tests/domain/spec.h"

namespace rapport::data_subject {
namespace {

constexpr Date kToday{20'089};  // 2025-01-01
const RecordConsent kRecord{.purpose = "newsletter", .channel = "email", .text_version = "3", .evidence = "signed by Anna"};
const ConsentGranted kGranted{.purpose = "newsletter", .channel = "email", .text_version = "3", .evidence = "signed by Anna"};
const ConsentWithdrawn kWithdrawn{.purpose = "newsletter", .channel = "email"};
const LegalHoldChanged kHold{.on = true};
const SubjectKeyDestroyed kDestroyed{.key_id = 7, .scope = ErasureScope::PERSONAL_TEXTS};
const std::string kSha256(64, 'a');

struct DataSubjectTest : testing::Test, Spec<Decider> {
  DataSubjectTest() { reason("gdpr-17"); }
};

TEST_F(DataSubjectTest, ConsentsToAPurposeByAChannel) { given().when(kRecord).then(kGranted); }
TEST_F(DataSubjectTest, ConsentsAnewToAnotherText) {
  given(kGranted).when(RecordConsent{.purpose = "newsletter", .channel = "email", .text_version = "4"})
      .then(ConsentGranted{.purpose = "newsletter", .channel = "email", .text_version = "4"});
}
TEST_F(DataSubjectTest, ConsentsByEachChannelApart) {
  given(kGranted).when(RecordConsent{.purpose = "newsletter", .channel = "phone", .text_version = "3"})
      .then(ConsentGranted{.purpose = "newsletter", .channel = "phone", .text_version = "3"});
}
TEST_F(DataSubjectTest, AConsentSaysWhatForAndHow) {
  given().when(RecordConsent{.purpose = "", .channel = "email", .text_version = "3"}).then_rejected("subject.purpose_missing").at_field("purpose");
  when(RecordConsent{.purpose = "newsletter", .channel = "", .text_version = "3"}).then_rejected("subject.channel_missing").at_field("channel");
}
TEST_F(DataSubjectTest, WithdrawsAConsentAndGivesItAgain) {
  given(kGranted).when(WithdrawConsent{.purpose = "newsletter", .channel = "email"}).then(kWithdrawn);
  when(kRecord).then(kGranted);
}
TEST_F(DataSubjectTest, WithdrawsOnlyWhatWasGiven) {
  given(kGranted).when(WithdrawConsent{.purpose = "newsletter", .channel = "phone"}).then_rejected("subject.consent_not_found");
  as_fact().when(WithdrawConsent{.purpose = "newsletter", .channel = "phone"})
      .then(ConsentWithdrawn{.purpose = "newsletter", .channel = "phone"});
}

TEST_F(DataSubjectTest, ARequestIsDueAMonthAfterItWasReceived) {
  given().when(ReceiveRequest{.kind = RequestKind::ACCESS}).then(SubjectRequestReceived{.kind = RequestKind::ACCESS, .due = {kToday.days + 31}});
}
TEST_F(DataSubjectTest, AMonthEndsOnTheDayOfTheSameNumberOrWithTheMonth) {
  EXPECT_EQ(one_month_after({20'089}), Date{20'120});  // 2025-01-01: 2025-02-01
  EXPECT_EQ(one_month_after({20'119}), Date{20'147});  // 2025-01-31: 2025-02-28
  EXPECT_EQ(one_month_after({19'753}), Date{19'782});  // 2024-01-31: 2024-02-29
  EXPECT_EQ(one_month_after({20'453}), Date{20'484});  // 2025-12-31: 2026-01-31
}
TEST_F(DataSubjectTest, ARequestMayBeDueAtAnotherDayButNotBeforeItCame) {
  given().when(ReceiveRequest{.kind = RequestKind::ERASE, .due = Date{kToday.days + 5}})
      .then(SubjectRequestReceived{.kind = RequestKind::ERASE, .due = {kToday.days + 5}});
  when(ReceiveRequest{.kind = RequestKind::ERASE, .due = Date{kToday.days - 1}}).then_rejected("subject.due_before_receipt").at_field("due");
}
TEST_F(DataSubjectTest, AnAnsweredRequestMayComeAgain) {
  SubjectRequestReceived received{.kind = RequestKind::ACCESS, .due = {kToday.days + 31}};
  given(received).when(ReceiveRequest{.kind = RequestKind::ACCESS}).then_nothing();
  when(ExportSubjectData{.sha256 = kSha256}).then(SubjectDataExported{.sha256 = kSha256});
  when(ReceiveRequest{.kind = RequestKind::ACCESS}).then(received);
}

TEST_F(DataSubjectTest, AnErasureDestroysTheKeyThatIsInUse) {
  subject_key(7).given(kGranted).when(EraseSubject{}).then(kDestroyed);
}
TEST_F(DataSubjectTest, WhoeverOnlyHasAKeyCanBeErased) { subject_key(7).given().when(EraseSubject{}).then(kDestroyed); }
TEST_F(DataSubjectTest, AnErasureSaysWhy) {
  reason("").subject_key(7).given().when(EraseSubject{}).then_rejected("subject.reason_missing").at_field("reason.code");
}
TEST_F(DataSubjectTest, NobodyIsErasedUnderALegalHoldNotEvenAsAFact) {
  subject_key(7).given(kHold).when(EraseSubject{}).then_rejected("subject.legal_hold");
  as_fact().when(EraseSubject{}).then_rejected("subject.legal_hold");
}
TEST_F(DataSubjectTest, AHoldEndsWithItsLastDayByTheClock) {
  subject_key(7).given(LegalHoldChanged{.on = true, .until = kToday});
  when(EraseSubject{}).then_rejected("subject.legal_hold");
  at({(kToday.days + 1) * kMicrosPerDay}).sent_at({kToday.days * kMicrosPerDay}).when(EraseSubject{}).then_rejected("subject.legal_hold");
  at({kToday.days * kMicrosPerDay}).sent_at({(kToday.days + 1) * kMicrosPerDay}).when(EraseSubject{}).then(kDestroyed);
}
TEST_F(DataSubjectTest, AHoldIsLifted) {
  subject_key(7).given(kHold).when(LiftLegalHold{}).then(LegalHoldChanged{.on = false});
  when(EraseSubject{}).then(kDestroyed);
}
TEST_F(DataSubjectTest, AHoldIsNotSetForThePast) {
  given().when(SetLegalHold{.until = Date{kToday.days - 1}}).then_rejected("subject.hold_over").at_field("until");
}
TEST_F(DataSubjectTest, WhoComesBackHasAnotherKeyAndIsErasedAgain) {
  subject_key(7).given(kDestroyed).when(EraseSubject{}).then_nothing();
  subject_key(9).when(EraseSubject{}).then(SubjectKeyDestroyed{.key_id = 9, .scope = ErasureScope::PERSONAL_TEXTS});
}
TEST_F(DataSubjectTest, WhoWasErasedIsAskedForConsentAnew) {
  given(kGranted, kDestroyed).when(kRecord).then(kGranted);
}
TEST_F(DataSubjectTest, WithoutAKeyThereIsNothingToErase) {
  given().when(EraseSubject{}).then_rejected("subject.not_found");
  given(kWithdrawn).when(EraseSubject{}).then_rejected("subject.nothing_to_erase");
}

TEST_F(DataSubjectTest, AnExportNamesItsDocument) {
  given(kGranted).when(ExportSubjectData{.sha256 = "AB"}).then_rejected("subject.sha256_malformed").at_field("sha256");
  when(ExportSubjectData{.sha256 = kSha256}).then(SubjectDataExported{.sha256 = kSha256});
}
TEST_F(DataSubjectTest, TakesANoteAsCorrectedSinceItRemembersNone) {
  given(kGranted).when(Correct{.target = {1, 2, 0}, .new_ = {.note = "x"}, .approver_id = "p-1"})
      .then_each_time(CorrectionRecorded{.target = {1, 2, 0}, .old = {}, .new_ = {.note = "x"}, .approver_id = "p-1"});
  when(Correct{.target = {1, 2, 0}, .new_ = {.note = "x"}, .approver_id = ""}).then_rejected("subject.approver_missing").at_field("approverId");
}

}  // namespace
}  // namespace rapport::data_subject
