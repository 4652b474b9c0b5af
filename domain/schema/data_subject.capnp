@0xb1f0c0de00000018;
# Whoever personal texts are about. The stream's id is the subject's name as the keys know it: dataSubject-account-4711 is about
# account-4711.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("rapport::data_subject::wire");
using Common = import "common.capnp";
using import "common.capnp".EventId;
using import "common.capnp".maxLength;
using import "common.capnp".optional;
using import "common.capnp".personal;
using import "common.capnp".date;
using import "common.capnp".facet;

struct Command { union {
  unspecified @0 :Void;
  recordConsent @1 :RecordConsent;
  withdrawConsent @2 :WithdrawConsent;
  receiveRequest @3 :ReceiveRequest;
  setLegalHold @4 :SetLegalHold;
  liftLegalHold @5 :LiftLegalHold;
  eraseSubject @6 :EraseSubject;
  exportSubjectData @7 :ExportSubjectData;
  correct @8 :Correct;
} }
struct Event { union {
  unspecified @0 :Void;
  consentGranted @1 :ConsentGranted $facet("consent");
  consentWithdrawn @2 :ConsentWithdrawn $facet("consent");
  subjectRequestReceived @3 :SubjectRequestReceived $facet("requests");
  legalHoldChanged @4 :LegalHoldChanged $facet("hold");
  subjectKeyDestroyed @5 :SubjectKeyDestroyed $facet("key");
  subjectDataExported @6 :SubjectDataExported $facet("exports");
  correctionRecorded @7 :CorrectionRecorded $facet("details");
} }

enum RequestKind { unspecified @0; access @1; erase @2; restrict @3; }
enum ErasureScope { unspecified @0; personalTexts @1; }

struct RecordConsent {
  purpose @0 :Text $maxLength(64);
  channel @1 :Text $maxLength(64);
  textVersion @2 :Text $maxLength(64);  # which wording was agreed to
  evidence @3 :Text $optional $personal $maxLength(2000);
}
struct WithdrawConsent { purpose @0 :Text $maxLength(64); channel @1 :Text $maxLength(64); }
struct ReceiveRequest {
  kind @0 :RequestKind;
  due :union { unknown @1 :Void; value @2 :Int32 $date; }  # unknown: a month after it was received
}
struct SetLegalHold { until :union { unknown @0 :Void; value @1 :Int32 $date; } }  # the last day; unknown: until it is lifted
struct LiftLegalHold {}
struct EraseSubject {}
struct ExportSubjectData { sha256 @0 :Text $maxLength(64); }  # of the document that was handed over
struct Correct { target @0 :EventId; new @1 :Details; approverId @2 :Text $maxLength(200); }

struct ConsentGranted {  # the person agreed to be contacted for a purpose on a channel
  purpose @0 :Text $maxLength(64);
  channel @1 :Text $maxLength(64);
  textVersion @2 :Text $maxLength(64);  # which wording was agreed to
  evidence @3 :Text $optional $personal $maxLength(2000);
}
struct ConsentWithdrawn { purpose @0 :Text $maxLength(64); channel @1 :Text $maxLength(64); }  # the person does not agree any more
struct SubjectRequestReceived { kind @0 :RequestKind; due @1 :Int32 $date; }  # the person asked for access, erasure or restriction
struct LegalHoldChanged {
  # whether the person may not be erased for now
  on @0 :Bool;
  until :union { unknown @1 :Void; value @2 :Int32 $date; }
}
struct SubjectKeyDestroyed { keyId @0 :UInt64; scope @1 :ErasureScope; }  # what the key sealed can be read no more, by anyone
struct SubjectDataExported { sha256 @0 :Text $maxLength(64); }  # the person got all that is known about them
struct CorrectionRecorded {
  # something was recorded wrong: what was said, and what is right
  target @0 :EventId;
  old @1 :Details;
  new @2 :Details;
  approverId @3 :Text $maxLength(200);
}
struct Details { note @0 :Text $optional $personal $maxLength(400); }  # A patch: present = changed.
