@0xb1f0c0de00000010;
# A customer, partner or supplier: an organisation or a person. Prospect -> Active -> Dormant -> Churned -> Active; any -> Inactive.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("rapport::account::wire");
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
  create @1 :Create;
  changeDetails @2 :ChangeDetails;
  setRelation @3 :SetRelation;
  assignOwner @4 :AssignOwner;
  setLifecycle @5 :SetLifecycle;
  correct @6 :Correct;
  revoke @7 :Revoke;
} }
struct Event { union {
  unspecified @0 :Void;
  created @1 :Created $facet("status");
  detailsChanged @2 :DetailsChanged $facet("details");
  relationSet @3 :RelationSet $facet("relation");
  ownerAssigned @4 :OwnerAssigned $facet("owner");
  lifecycleChanged @5 :LifecycleChanged $facet("status");
  correctionRecorded @6 :CorrectionRecorded $facet("details");
  revoked @7 :Revoked $facet("status");
} }

enum Kind { unspecified @0; organisation @1; person @2; customer @3; partner @4; distributor @5; supplier @6; }
enum Lifecycle { unspecified @0; prospect @1; active @2; dormant @3; churned @4; inactive @5; }
enum RelationRole { unspecified @0; parent @1; partner @2; distributor @3; subsidiary @4; }

struct Create {
  kind @0 :Kind;
  name @1 :Text $optional $personal $maxLength(400);
  registrationNumber @2 :Text $optional $maxLength(64);
  industry @3 :Text $optional $maxLength(100);
  regionCode @4 :Text $optional $maxLength(6);    # ISO 3166-1 or 3166-2
  currency @5 :Text $optional $maxLength(3);      # ISO 4217
  locale @6 :Text $optional $maxLength(35);       # BCP 47
  ownerId @7 :Text $optional $maxLength(200);
}
struct ChangeDetails { new @0 :Details; }
struct SetRelation {
  otherId @0 :Text $maxLength(200);
  role @1 :RelationRole;
  from :union { unknown @2 :Void; value @3 :Int32 $date; }
  to :union { unknown @4 :Void; value @5 :Int32 $date; }
}
struct AssignOwner { ownerId @0 :Text $maxLength(200); teamId @1 :Text $optional $maxLength(200); }
struct SetLifecycle { lifecycle @0 :Lifecycle; }
struct Correct { target @0 :EventId; new @1 :Details; approverId @2 :Text $maxLength(200); }
struct Revoke {}   # what created it was wrong: only the revert of an import sends it

struct Created {  # an account that was not known before
  kind @0 :Kind;
  name @1 :Text $optional $personal $maxLength(400);
  registrationNumber @2 :Text $optional $maxLength(64);
  industry @3 :Text $optional $maxLength(100);
  regionCode @4 :Text $optional $maxLength(6);  # ISO 3166-1 or 3166-2
  currency @5 :Text $optional $maxLength(3);  # ISO 4217
  locale @6 :Text $optional $maxLength(35);  # BCP 47
  ownerId @7 :Text $optional $maxLength(200);
}
struct DetailsChanged { old @0 :Details; new @1 :Details; }  # only what changed is there, before and after
struct RelationSet {  # what the account is to another one, and from when to when
  otherId @0 :Text $maxLength(200);
  role @1 :RelationRole;
  from :union { unknown @2 :Void; value @3 :Int32 $date; }
  to :union { unknown @4 :Void; value @5 :Int32 $date; }
}
struct OwnerAssigned {  # who looks after the account from now on
  oldOwnerId @0 :Text $optional $maxLength(200);
  newOwnerId @1 :Text $maxLength(200);
  teamId @2 :Text $optional $maxLength(200);
}
struct LifecycleChanged { old @0 :Lifecycle; new @1 :Lifecycle; }  # where the account stands in its life as a customer
struct CorrectionRecorded {
  # something was recorded wrong: what was said, and what is right
  target @0 :EventId;
  old @1 :Details;
  new @2 :Details;
  approverId @3 :Text $maxLength(200);
}
struct Revoked {}  # from here on as if it had never been; it may be created again

struct Details {  # A patch: present = changed, an empty text = cleared.
  name @0 :Text $optional $personal $maxLength(400);
  registrationNumber @1 :Text $optional $maxLength(64);
  industry @2 :Text $optional $maxLength(100);
  regionCode @3 :Text $optional $maxLength(6);  # ISO 3166-1 or 3166-2
  currency @4 :Text $optional $maxLength(3);  # ISO 4217
  locale @5 :Text $optional $maxLength(35);  # BCP 47
}
