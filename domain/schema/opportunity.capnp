@0xb1f0c0de00000011;
# A deal in a pipeline. Open (at a stage) -> Won | Lost -> Open.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("rapport::opportunity::wire");
using Common = import "common.capnp";
using import "common.capnp".Money;
using import "common.capnp".EventId;
using import "common.capnp".maxLength;
using import "common.capnp".optional;
using import "common.capnp".personal;
using import "common.capnp".date;
using import "common.capnp".timestamp;
using import "common.capnp".facet;
using import "common.capnp".ForecastCategory;

struct Command { union {
  unspecified @0 :Void;
  open @1 :Open;
  moveStage @2 :MoveStage;
  changeAmount @3 :ChangeAmount;
  changeCloseDate @4 :ChangeCloseDate;
  changeDetails @5 :ChangeDetails;
  assignOwner @6 :AssignOwner;
  overrideForecast @7 :OverrideForecast;
  win @8 :Win;
  lose @9 :Lose;
  reopen @10 :Reopen;
  correct @11 :Correct;
  noteCompetitor @12 :NoteCompetitor;
  revoke @13 :Revoke;
} }
struct Event { union {
  unspecified @0 :Void;
  opened @1 :Opened $facet("status");
  stageChanged @2 :StageChanged $facet("stage");
  amountChanged @3 :AmountChanged $facet("amount");
  closeDateChanged @4 :CloseDateChanged $facet("closeDate");
  detailsChanged @5 :DetailsChanged $facet("details");
  ownerAssigned @6 :OwnerAssigned $facet("owner");
  forecastOverridden @7 :ForecastOverridden $facet("forecast");
  won @8 :Won $facet("status");
  lost @9 :Lost $facet("status");
  reopened @10 :Reopened $facet("status");
  correctionRecorded @11 :CorrectionRecorded $facet("details");
  competitorNoted @12 :CompetitorNoted $facet("competitors");
  revoked @13 :Revoked $facet("status");
} }

enum Type { unspecified @0; new @1; renewal @2; upsell @3; crosssell @4; }
enum Strength { unspecified @0; weak @1; equal @2; strong @3; }  # of a competitor, compared with us

struct Open {
  accountId @0 :Text $optional $maxLength(200);
  name @1 :Text $optional $maxLength(200);
  type :union { unknown @2 :Void; value @3 :Type; }
  productId @4 :Text $optional $maxLength(200);
  ownerId @5 :Text $optional $maxLength(200);
  pipelineId @6 :Text $maxLength(64);
  stageId @7 :Text $maxLength(64);
  amount @8 :Money $optional;
  closeDate :union { unknown @9 :Void; value @10 :Int32 $date; }  # expected
  leadId @11 :Text $optional $maxLength(200);
  campaignId @12 :Text $optional $maxLength(200);
}
struct MoveStage { stageId @0 :Text $maxLength(64); }
struct ChangeAmount { amount @0 :Money; }
struct ChangeCloseDate { closeDate @0 :Int32 $date; }
struct ChangeDetails { new @0 :Details; }
struct AssignOwner { ownerId @0 :Text $maxLength(200); teamId @1 :Text $optional $maxLength(200); }
struct OverrideForecast {  # present = overridden from now on, both absent = back to the stage's values
  probabilityBp :union { unknown @0 :Void; value @1 :UInt16; }
  category :union { unknown @2 :Void; value @3 :ForecastCategory; }
}
struct Win { amount @0 :Money $optional; orderId @1 :Text $optional $maxLength(200); }
struct Lose {
  reasonCode @0 :Text $maxLength(64);
  competitor @1 :Text $optional $maxLength(200);
  text @2 :Text $optional $personal $maxLength(4000);
}
struct Reopen { toStage @0 :Text $maxLength(64); }
struct Correct { target @0 :EventId; new @1 :Corrections; approverId @2 :Text $maxLength(200); }
struct NoteCompetitor { name @0 :Text $maxLength(200); strength @1 :Strength; }
struct Revoke {}   # what created it was wrong: only the revert of an import sends it

struct Opened {  # a deal came into a pipeline
  accountId @0 :Text $optional $maxLength(200);
  name @1 :Text $optional $maxLength(200);
  type :union { unknown @2 :Void; value @3 :Type; }
  productId @4 :Text $optional $maxLength(200);
  ownerId @5 :Text $optional $maxLength(200);
  pipelineId @6 :Text $maxLength(64);
  stageId @7 :Text $maxLength(64);
  probabilityBp @8 :UInt16;                       # copied from the pipeline's policy at entry
  forecastCategory @9 :ForecastCategory;          # copied from the pipeline's policy at entry
  amount @10 :Money $optional;
  closeDate :union { unknown @11 :Void; value @12 :Int32 $date; }  # expected
  leadId @13 :Text $optional $maxLength(200);
  campaignId @14 :Text $optional $maxLength(200);
}
struct StageChanged {  # it went on, or back, in its pipeline
  from @0 :Text $maxLength(64);
  to @1 :Text $maxLength(64);
  probabilityBp @2 :UInt16;
  forecastCategory @3 :ForecastCategory;
}
struct AmountChanged { old @0 :Money $optional; new @1 :Money; }  # what it is worth, before and after
struct CloseDateChanged {  # when it is expected to be closed, before and after
  old :union { unknown @0 :Void; value @1 :Int32 $date; }
  new @2 :Int32 $date;
}
struct DetailsChanged { old @0 :Details; new @1 :Details; }  # only what changed is there, before and after
struct OwnerAssigned {  # who sells it from now on
  oldOwnerId @0 :Text $optional $maxLength(200);
  newOwnerId @1 :Text $maxLength(200);
  teamId @2 :Text $optional $maxLength(200);
}
struct ForecastOverridden {  # a salesperson's own forecast in place of the stage's; both absent = the stage's again
  probabilityBp :union { unknown @0 :Void; value @1 :UInt16; }
  category :union { unknown @2 :Void; value @3 :ForecastCategory; }
}
struct Won { amount @0 :Money; orderId @1 :Text $optional $maxLength(200); }  # the customer bought
struct Lost {  # the customer did not buy
  reasonCode @0 :Text $maxLength(64);
  competitor @1 :Text $optional $maxLength(200);
  text @2 :Text $optional $personal $maxLength(4000);
  amount @3 :Money $optional;                    # the last open amount
}
struct Reopened {
  # a closed deal is open again
  toStage @0 :Text $maxLength(64);
  probabilityBp @1 :UInt16;
  forecastCategory @2 :ForecastCategory;
}
struct CorrectionRecorded {
  # something was recorded wrong: what was said, and what is right
  target @0 :EventId;
  old @1 :Corrections;
  new @2 :Corrections;
  approverId @3 :Text $maxLength(200);
}
struct CompetitorNoted { name @0 :Text $maxLength(200); strength @1 :Strength; }  # who else wants the deal, and how strong they are
struct Revoked {}  # from here on as if it had never been; it may be created again

struct Details {  # A patch: present = changed, an empty text = cleared.
  accountId @0 :Text $optional $maxLength(200);
  name @1 :Text $optional $maxLength(200);
  productId @2 :Text $optional $maxLength(200);
}
struct Corrections {
  accountId @0 :Text $optional $maxLength(200);
  name @1 :Text $optional $maxLength(200);
  productId @2 :Text $optional $maxLength(200);
  ownerId @3 :Text $optional $maxLength(200);
  amount @4 :Money $optional;
  closeDate :union { unknown @5 :Void; value @6 :Int32 $date; }
}
