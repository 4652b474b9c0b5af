@0xb1f0c0de00000012;
# A question, incident, request or complaint. New -> Open <-> Pending -> Resolved -> Closed; Resolved | Closed -> Open.
# Its SLA milestones copy their target when they start, so that no later policy moves an old promise.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("rapport::case_::wire");
using Common = import "common.capnp";
using import "common.capnp".Money;
using import "common.capnp".EventId;
using import "common.capnp".maxLength;
using import "common.capnp".optional;
using import "common.capnp".personal;
using import "common.capnp".date;
using import "common.capnp".timestamp;
using import "common.capnp".facet;

struct Command { union {
  unspecified @0 :Void;
  open @1 :Open;
  start @2 :Start;
  assign @3 :Assign;
  classify @4 :Classify;
  reply @5 :Reply;
  pend @6 :Pend;
  resume @7 :Resume;
  resolve @8 :Resolve;
  reopen @9 :Reopen;
  close @10 :Close;
  startMilestone @11 :StartMilestone;
  meetMilestone @12 :MeetMilestone;
  breachMilestone @13 :BreachMilestone;
  cancelMilestone @14 :CancelMilestone;
  correct @15 :Correct;
  revoke @16 :Revoke;
} }
struct Event { union {
  unspecified @0 :Void;
  opened @1 :Opened $facet("status");
  started @2 :Started $facet("status");
  assigned @3 :Assigned $facet("owner");
  classified @4 :Classified $facet("details");
  firstResponded @5 :FirstResponded $facet("messages");
  messageLogged @6 :MessageLogged $facet("messages");
  pended @7 :Pended $facet("status");
  resumed @8 :Resumed $facet("status");
  resolved @9 :Resolved $facet("status");
  reopened @10 :Reopened $facet("status");
  closed @11 :Closed $facet("status");
  slaMilestoneStarted @12 :SlaMilestoneStarted $facet("milestones");
  slaMilestoneMet @13 :SlaMilestoneMet $facet("milestones");
  slaMilestoneBreached @14 :SlaMilestoneBreached $facet("milestones");
  slaMilestoneCancelled @15 :SlaMilestoneCancelled $facet("milestones");
  correctionRecorded @16 :CorrectionRecorded $facet("details");
  revoked @17 :Revoked $facet("status");
} }

enum Type { unspecified @0; question @1; incident @2; request @3; complaint @4; }
enum Channel { unspecified @0; phone @1; email @2; portal @3; inPerson @4; chat @5; api @6; }
enum PendedOn { unspecified @0; customer @1; vendor @2; problem @3; evidence @4; }
enum MilestoneKind { unspecified @0; firstResponse @1; nextResponse @2; resolution @3; acknowledge @4; }
enum Direction { unspecified @0; inbound @1; outbound @2; }

struct Open {
  accountId @0 :Text $optional $maxLength(200);
  contactId @1 :Text $optional $maxLength(200);
  type :union { unknown @2 :Void; value @3 :Type; }
  channel :union { unknown @4 :Void; value @5 :Channel; }
  subject @6 :Text $optional $personal $maxLength(400);
  text @7 :Text $optional $personal $maxLength(32000);
  productId @8 :Text $optional $maxLength(200);
  openedAt :union { unknown @9 :Void; value @10 :Int64 $timestamp; }  # as the source states it, where it differs from occurredAt
  category @11 :Text $optional $maxLength(100);
  subcategory @12 :Text $optional $maxLength(100);
  symptom @13 :Text $optional $maxLength(100);
  impact :union { unknown @14 :Void; value @15 :UInt8; }     # 1 is the highest
  urgency :union { unknown @16 :Void; value @17 :UInt8; }
  priority :union { unknown @18 :Void; value @19 :UInt8; }
}
struct Start {}
struct Assign { group @0 :Text $optional $maxLength(200); assignee @1 :Text $optional $maxLength(200); }  # absent = nobody
struct Classify { new @0 :Classification; }
struct Reply {
  direction @0 :Direction;
  public @1 :Bool;
  text @2 :Text $optional $personal $maxLength(32000);
  messageRef @3 :Text $optional $maxLength(200);
}
struct Pend { on @0 :PendedOn; }
struct Resume {}
struct Resolve { resolutionCode @0 :Text $maxLength(64); text @1 :Text $optional $personal $maxLength(4000); }
struct Reopen {}
struct Close {}
struct StartMilestone {
  kind @0 :MilestoneKind;
  targetSeconds :union { unknown @1 :Void; value @2 :UInt32; }
  calendarVersion @3 :Text $optional $maxLength(64);
}
struct MeetMilestone { kind @0 :MilestoneKind; }
struct BreachMilestone { kind @0 :MilestoneKind; }
struct CancelMilestone { kind @0 :MilestoneKind; }
struct Correct { target @0 :EventId; new @1 :Classification; approverId @2 :Text $maxLength(200); }
struct Revoke {}   # what created it was wrong: only the revert of an import sends it

struct Opened {  # somebody asked, complained or reported something
  accountId @0 :Text $optional $maxLength(200);
  contactId @1 :Text $optional $maxLength(200);
  type :union { unknown @2 :Void; value @3 :Type; }
  channel :union { unknown @4 :Void; value @5 :Channel; }
  subject @6 :Text $optional $personal $maxLength(400);
  text @7 :Text $optional $personal $maxLength(32000);
  productId @8 :Text $optional $maxLength(200);
  openedAt :union { unknown @9 :Void; value @10 :Int64 $timestamp; }  # as the source states it, where it differs from occurredAt
  category @11 :Text $optional $maxLength(100);
  subcategory @12 :Text $optional $maxLength(100);
  symptom @13 :Text $optional $maxLength(100);
  impact :union { unknown @14 :Void; value @15 :UInt8; }  # 1 is the highest
  urgency :union { unknown @16 :Void; value @17 :UInt8; }  # 1 is the highest
  priority :union { unknown @18 :Void; value @19 :UInt8; }  # 1 is the highest
}
struct Started {}  # somebody works on it
struct Assigned {  # who is to deal with it; absent = nobody
  oldGroup @0 :Text $optional $maxLength(200);
  oldAssignee @1 :Text $optional $maxLength(200);
  group @2 :Text $optional $maxLength(200);
  assignee @3 :Text $optional $maxLength(200);
}
struct Classified { old @0 :Classification; new @1 :Classification; }  # only what changed is there, before and after
struct FirstResponded { messageRef @0 :Text $optional $maxLength(200); }  # the first answer went out to the customer
struct MessageLogged {  # a message from or to the customer
  direction @0 :Direction;
  public @1 :Bool;
  text @2 :Text $optional $personal $maxLength(32000);
  messageRef @3 :Text $optional $maxLength(200);
}
struct Pended { on @0 :PendedOn; since @1 :Int64 $timestamp; }  # waiting for somebody else; the clock of its milestones stands still
struct Resumed {  # However a case leaves Pending (resumed, resolved, closed, reopened), this comes first, in the same append.
  newDueAts @0 :List(DueAt);          # the running milestones' due times, moved by the time spent pending
  until @1 :Int64 $timestamp;         # the end of the time spent pending, never before its start
}
struct Resolved {
  # answered; it may be reopened
  resolutionCode @0 :Text $maxLength(64);
  text @1 :Text $optional $personal $maxLength(4000);
}
struct Reopened {}  # it was not done with after all
struct Closed {}  # done with
struct SlaMilestoneStarted {  # a promise began: by when something is due
  kind @0 :MilestoneKind;
  startedAt @1 :Int64 $timestamp;
  targetSeconds :union { unknown @2 :Void; value @3 :UInt32; }  # unknown = the source gave a due time alone, or none
  dueAt :union { unknown @4 :Void; value @5 :Int64 $timestamp; }
  calendarVersion @6 :Text $optional $maxLength(64);
}
struct SlaMilestoneMet { kind @0 :MilestoneKind; elapsedSeconds @1 :UInt32; }  # without the time spent pending
struct SlaMilestoneBreached { kind @0 :MilestoneKind; }  # the promise was not kept in time
struct SlaMilestoneCancelled { kind @0 :MilestoneKind; }  # the promise does not hold any more
struct CorrectionRecorded {
  # something was recorded wrong: what was said, and what is right
  target @0 :EventId;
  old @1 :Classification;
  new @2 :Classification;
  approverId @3 :Text $maxLength(200);
}
struct Revoked {}  # from here on as if it had never been; it may be created again

struct DueAt { kind @0 :MilestoneKind; dueAt @1 :Int64 $timestamp; }
struct Classification {  # A patch: present = changed, an empty text = cleared.
  accountId @0 :Text $optional $maxLength(200);
  type :union { unknown @1 :Void; value @2 :Type; }
  channel :union { unknown @3 :Void; value @4 :Channel; }
  category @5 :Text $optional $maxLength(100);
  subcategory @6 :Text $optional $maxLength(100);
  symptom @7 :Text $optional $maxLength(100);
  productId @8 :Text $optional $maxLength(200);
  impact :union { unknown @9 :Void; value @10 :UInt8; }
  urgency :union { unknown @11 :Void; value @12 :UInt8; }
  priority :union { unknown @13 :Void; value @14 :UInt8; }
}
