@0xb1f0c0de00000019;
# Who is told of events by HTTP: where to, of which, in what order, and whether for now at all. The secret that signs is not
# here: it is made from a key of the server, the stream's id and the rotation's number.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("rapport::webhook::wire");
using Common = import "common.capnp";
using import "common.capnp".EventId;
using import "common.capnp".maxLength;
using import "common.capnp".optional;
using import "common.capnp".timestamp;
using import "common.capnp".facet;

struct Command { union {
  unspecified @0 :Void;
  create @1 :Create;
  change @2 :Change;
  pause @3 :Pause;
  resume @4 :Resume;
  rotateSecret @5 :RotateSecret;
  delete @6 :Delete;
  correct @7 :Correct;
} }
struct Event { union {
  unspecified @0 :Void;
  created @1 :Created $facet("status");
  changed @2 :Changed $facet("settings");
  paused @3 :Paused $facet("status");
  resumed @4 :Resumed $facet("status");
  secretRotated @5 :SecretRotated $facet("secret");
  deleted @6 :Deleted $facet("status");
  correctionRecorded @7 :CorrectionRecorded $facet("details");
} }

# perStream: an event waits for those before it of its own stream; unordered: for none.
enum Ordering { unspecified @0; perStream @1; unordered @2; }
# gone: the receiver said so (410); exhausted: an event was tried until there was no next time; unfit: what is asked for is no more.
enum PauseCause { unspecified @0; asked @1; gone @2; exhausted @3; unfit @4; }

struct Create {
  url @0 :Text $maxLength(2000);
  match @1 :List(Text) $maxLength(32);  # clauses of a filter, any of them; none: every event
  ordering :union { unknown @2 :Void; value @3 :Ordering; }  # unknown: perStream
  description @4 :Text $optional $maxLength(400);
  from :union { unknown @5 :Void; value @6 :UInt64; }  # the first position; unknown: what is recorded after the creation
}
struct Change { new @0 :Details; }
struct Pause {
  cause :union { unknown @0 :Void; value @1 :PauseCause; }  # unknown: asked
  detail @2 :Text $optional $maxLength(1000);  # what a person should know
}
struct Resume {}
struct RotateSecret { rotation @0 :UInt32; }  # the number that the new secret gets: one more than that of the present one
struct Delete {}
struct Correct { target @0 :EventId; new @1 :Note; approverId @2 :Text $maxLength(200); }

struct Created {  # somebody is told of events from now on
  url @0 :Text $maxLength(2000);
  match @1 :List(Text) $maxLength(32);
  ordering @2 :Ordering;
  description @3 :Text $optional $maxLength(400);
  from :union { unknown @4 :Void; value @5 :UInt64; }
  rotation @6 :UInt32;  # of the secret; goes on counting where a deleted one of the same id left off
}
struct Changed { old @0 :Details; new @1 :Details; }  # only what changed is there, before and after
struct Paused { cause @0 :PauseCause; detail @1 :Text $optional $maxLength(1000); }  # nothing is sent for now, and why
struct Resumed {}  # sending goes on with what was left
struct SecretRotated {  # another secret signs
  rotation @0 :UInt32;
  previousUntil @1 :Int64 $timestamp;  # until then the secret before signs, too
}
struct Deleted {}  # nothing is sent any more
struct CorrectionRecorded {
  # something was recorded wrong: what was said, and what is right
  target @0 :EventId;
  old @1 :Note;
  new @2 :Note;
  approverId @3 :Text $maxLength(200);
}
struct Details {  # A patch: present = changed.
  url @0 :Text $optional $maxLength(2000);
  match @1 :List(Text) $optional $maxLength(32);  # present and empty: every event
  ordering :union { unknown @2 :Void; value @3 :Ordering; }
  description @4 :Text $optional $maxLength(400);
}
struct Note { note @0 :Text $optional $maxLength(400); }
