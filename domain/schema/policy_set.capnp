@0xb1f0c0de00000016;
# A rule that decisions follow, version by version: a pipeline, a loyalty program, a product with its list price, a price list,
# the rules of the house (stream policySet-house alone). Exactly one body; the kind never changes within a stream. A decision
# copies what it used and names the version.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("rapport::policy_set::wire");
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
  publish @1 :Publish;
  retire @2 :Retire;
  correct @3 :Correct;
  revoke @4 :Revoke;
} }
struct Event { union {
  unspecified @0 :Void;
  published @1 :Published $facet("body");
  retired @2 :Retired $facet("status");
  correctionRecorded @3 :CorrectionRecorded $facet("details");
  revoked @4 :Revoked $facet("status");
} }

struct Publish {
  effectiveFrom :union { unknown @0 :Void; value @1 :Int32 $date; }  # unknown = the day it is published
  pipeline @2 :PipelineBody $optional;
  loyaltyProgram @3 :LoyaltyProgramBody $optional;
  product @4 :ProductBody $optional;
  priceList @5 :PriceListBody $optional;
  approverId @6 :Text $optional $maxLength(200);  # of a loyalty program: somebody else than the actor
  house @7 :HouseBody $optional;
}
struct Retire { approverId @0 :Text $optional $maxLength(200); }
struct Correct { target @0 :EventId; new @1 :Details; approverId @2 :Text $maxLength(200); }
struct Revoke {}   # what created it was wrong: only the revert of an import sends it

struct Published {  # another version of a rule, in force from its first day
  version @0 :UInt32;          # numbered by the decider, from 1
  effectiveFrom @1 :Int32 $date;
  pipeline @2 :PipelineBody $optional;
  loyaltyProgram @3 :LoyaltyProgramBody $optional;
  product @4 :ProductBody $optional;
  priceList @5 :PriceListBody $optional;
  approverId @6 :Text $optional $maxLength(200);
  house @7 :HouseBody $optional;
}
struct Retired { version @0 :UInt32; approverId @1 :Text $optional $maxLength(200); }  # the rule is in force no more
struct CorrectionRecorded {  # something was recorded wrong: what was said, and what is right
  target @0 :EventId;
  old @1 :Details;
  new @2 :Details;
  approverId @3 :Text $maxLength(200);
  version @4 :UInt32;          # the one that the target published; 0 = the newest at that time (so before it was recorded)
}
struct Revoked {}  # from here on as if it had never been; only its versions' numbers go on
struct Details { effectiveFrom :union { unknown @0 :Void; value @1 :Int32 $date; } }  # A patch: present = changed.

struct PipelineBody { stages @0 :List(Stage); }
struct Stage {
  id @0 :Text $maxLength(64);
  label @1 :Text $maxLength(200);
  probabilityBp @2 :UInt16;
  forecastCategory @3 :ForecastCategory;
}

enum EarnOn { unspecified @0; orderFulfilled @1; }
enum Rounding { unspecified @0; down @1; }
enum ReverseOn { unspecified @0; creditNote @1; }
enum LotOrder { unspecified @0; newest @1; }
struct LoyaltyProgramBody {
  earn @0 :EarnRule $optional;        # absent: the source keeps its own ledger and sends loyaltyMember/earn itself
  reverse @1 :ReverseRule $optional;
}
struct EarnRule {
  on @0 :EarnOn;
  points @1 :Int64;                   # for every whole `per`
  per @2 :Money;
  round @3 :Rounding;
  expiresAfterDays :union { unknown @4 :Void; value @5 :UInt16; }
}
struct ReverseRule { on @0 :ReverseOn; lots @1 :LotOrder; }

struct ProductBody {
  id @0 :Text $maxLength(200);
  series @1 :Text $optional $maxLength(100);
  listPrice @2 :Money;
}
struct HouseBody {
  # A command may be dated back so many days; further back it needs the reason `backdate`. Without this rule: 30 days.
  backdateDaysMax @0 :UInt16;
}

struct PriceListBody { prices @0 :List(ListPrice); }
struct ListPrice { productId @0 :Text $maxLength(200); listPrice @1 :Money; }
