@0xb1f0c0de00000017;
# Work on many records at once: an import with its files, rejects and totals, its revert; the swap of a view's version.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("rapport::batch::wire");
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
  startImport @1 :StartImport;
  rejectRow @2 :RejectRow;
  completeImport @3 :CompleteImport;
  revertImport @4 :RevertImport;
  changeViewVersion @5 :ChangeViewVersion;
  correct @6 :Correct;
} }
struct Event { union {
  unspecified @0 :Void;
  importStarted @1 :ImportStarted $facet("status");
  importRowRejected @2 :ImportRowRejected $facet("rows");
  importCompleted @3 :ImportCompleted $facet("status");
  importReverted @4 :ImportReverted $facet("status");
  viewVersionChanged @5 :ViewVersionChanged $facet("view");
  correctionRecorded @6 :CorrectionRecorded $facet("details");
} }

struct File { name @0 :Text $maxLength(400); sha256 @1 :Text $maxLength(64); bytes @2 :UInt64; }

struct StartImport { mapping @0 :Text $maxLength(64); mappingSha256 @1 :Text $maxLength(64); files @2 :List(File); }
struct RejectRow {
  file @0 :Text $maxLength(400);
  line @1 :UInt64;
  column @2 :Text $optional $maxLength(128);
  code @3 :Text $maxLength(100);
}
struct CompleteImport { rows @0 :UInt64; accepted @1 :UInt64; rejected @2 :UInt64; already @3 :UInt64; }
struct RevertImport { compensated @0 :UInt64; left @1 :UInt64; }
struct ChangeViewVersion {
  view @0 :Text $maxLength(64);
  from @1 :UInt32;
  to @2 :UInt32;
  position @3 :UInt64;
  digest @4 :Text $maxLength(64);
  historyDigest @5 :Text $maxLength(64);
}
struct Correct { target @0 :EventId; new @1 :Details; approverId @2 :Text $maxLength(200); }

struct ImportStarted {
  # which files are read, by which mapping; their hashes say which version of each
  mapping @0 :Text $maxLength(64);
  mappingSha256 @1 :Text $maxLength(64);
  files @2 :List(File);
}
struct ImportRowRejected {  # a row that was not taken, and why
  file @0 :Text $maxLength(400);
  line @1 :UInt64;
  column @2 :Text $optional $maxLength(128);
  code @3 :Text $maxLength(100);
}
struct ImportCompleted {
  # how many rows came, and what became of them
  rows @0 :UInt64;
  accepted @1 :UInt64;
  rejected @2 :UInt64;
  already @3 :UInt64;
}
struct ImportReverted { compensated @0 :UInt64; left @1 :UInt64; }  # what the import created was taken back; what others built on was left
struct ViewVersionChanged {  # a view was folded anew by another version of its rules, with its digests at that position
  view @0 :Text $maxLength(64);
  from @1 :UInt32;
  to @2 :UInt32;
  position @3 :UInt64;
  digest @4 :Text $maxLength(64);
  historyDigest @5 :Text $maxLength(64);
}
struct CorrectionRecorded {
  # something was recorded wrong: what was said, and what is right
  target @0 :EventId;
  old @1 :Details;
  new @2 :Details;
  approverId @3 :Text $maxLength(200);
}
struct Details { note @0 :Text $optional $maxLength(400); }  # A patch: present = changed, an empty text = cleared.
