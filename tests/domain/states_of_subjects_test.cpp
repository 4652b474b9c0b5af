// What becomes of a data subject.
#include "domain/data_subject.h"
#include "tests/domain/state_table.h"

namespace rapport::data_subject {
namespace {

TEST(DataSubjectStates, EveryCommandInEveryState) {
  using S = Spec<Decider>;
  static const ConsentGranted granted{.purpose = "news", .channel = "email", .text_version = "1"};
  static const SubjectKeyDestroyed destroyed{.key_id = 7, .scope = ErasureScope::PERSONAL_TEXTS};
  StateTable<Decider> table({{"absent", [](S&) {}},
                             {"with a key", [](S& s) { s.subject_key(7); }},
                             {"consenting", [](S& s) { s.subject_key(7).given(granted); }},
                             {"held", [](S& s) { s.subject_key(7).given(granted, LegalHoldChanged{.on = true}); }},
                             {"erased", [](S& s) { s.given(granted, destroyed); }},
                             {"back again", [](S& s) { s.subject_key(9).given(granted, destroyed); }}});
  const char *ok = kAccepted, *none = "subject.not_found", *same = kUnchanged, *no_consent = "subject.consent_not_found",
             *hold = "subject.legal_hold";
  const StateTable<Decider>::Answers anytime(6, ok), erase{none, ok, ok, hold, same, ok};
  table.row(RecordConsent{.purpose = "news", .channel = "email", .text_version = "1"}, {ok, ok, same, same, ok, ok}, {ok, ok, same, same, ok, ok});
  table.row(RecordConsent{.purpose = "news", .channel = "email", .text_version = "2"}, anytime, anytime);
  table.row(WithdrawConsent{.purpose = "news", .channel = "email"}, {no_consent, no_consent, ok, ok, no_consent, no_consent}, anytime);
  table.row(ReceiveRequest{.kind = RequestKind::ERASE}, anytime, anytime);
  table.row(SetLegalHold{}, {ok, ok, ok, same, ok, ok}, {ok, ok, ok, same, ok, ok});
  table.row(SetLegalHold{.until = Date{30'000}}, anytime, anytime);
  table.row(LiftLegalHold{}, {none, same, same, ok, same, same}, {none, same, same, ok, same, same});
  table.row(EraseSubject{}, erase, erase);
  table.row(ExportSubjectData{.sha256 = "0000000000000000000000000000000000000000000000000000000000000000"}, {none, ok, ok, ok, ok, ok},
            {none, ok, ok, ok, ok, ok});
  table.row(Correct{.target = {1, 2, 0}, .new_ = {.note = "x"}, .approver_id = "p"}, {none, none, ok, ok, ok, ok}, {none, none, ok, ok, ok, ok});
}

}  // namespace
}  // namespace rapport::data_subject
