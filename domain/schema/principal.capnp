@0xb1f0c0de00000015;
# Who acts: a user, a service, a team. Names in old events never vanish with the user.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("rapport::principal::wire");
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
  provision @1 :Provision;
  assign @2 :Assign;
  deactivate @3 :Deactivate;
  correct @4 :Correct;
  revoke @5 :Revoke;
} }
struct Event { union {
  unspecified @0 :Void;
  provisioned @1 :Provisioned $facet("status");
  assigned @2 :Assigned $facet("team");
  deactivated @3 :Deactivated $facet("status");
  correctionRecorded @4 :CorrectionRecorded $facet("details");
  revoked @5 :Revoked $facet("status");
} }

enum Kind { unspecified @0; user @1; service @2; team @3; }

struct Provision { kind @0 :Kind; name @1 :Text $optional $personal $maxLength(200); }
struct Assign {
  teamId @0 :Text $optional $maxLength(200);
  managerId @1 :Text $optional $maxLength(200);
  office @2 :Text $optional $maxLength(100);
}
struct Deactivate {}
struct Correct { target @0 :EventId; new @1 :Details; approverId @2 :Text $maxLength(200); }
struct Revoke {}   # what created it was wrong: only the revert of an import sends it

struct Provisioned { kind @0 :Kind; name @1 :Text $optional $personal $maxLength(200); }  # somebody who can act
struct Assigned {  # their team, manager and office
  teamId @0 :Text $optional $maxLength(200);
  managerId @1 :Text $optional $maxLength(200);
  office @2 :Text $optional $maxLength(100);
}
struct Deactivated {}  # they act no more; their name stays in what they did
struct CorrectionRecorded {
  # something was recorded wrong: what was said, and what is right
  target @0 :EventId;
  old @1 :Details;
  new @2 :Details;
  approverId @3 :Text $maxLength(200);
}
struct Revoked {}  # from here on as if it had never been; it may be created again

struct Details {  # A patch: present = changed, an empty text = cleared.
  name @0 :Text $optional $personal $maxLength(200);
  office @1 :Text $optional $maxLength(100);
}
