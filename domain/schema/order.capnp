@0xb1f0c0de00000013;
# What a customer bought, or brought back. Placed -> PartlyFulfilled -> Fulfilled; Cancelled; Returned. Lines are named by
# their number, from 1: one product may stand on two lines.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("rapport::order::wire");
using Common = import "common.capnp";
using import "common.capnp".Money;
using import "common.capnp".EventId;
using import "common.capnp".maxLength;
using import "common.capnp".optional;
using import "common.capnp".personal;
using import "common.capnp".date;
using import "common.capnp".timestamp;
using import "common.capnp".facet;
using import "common.capnp".UnitPrice;

struct Command { union {
  unspecified @0 :Void;
  place @1 :Place;
  fulfil @2 :Fulfil;
  cancel @3 :Cancel;
  return @4 :Return;
  correct @5 :Correct;
  revoke @6 :Revoke;
} }
struct Event { union {
  unspecified @0 :Void;
  placed @1 :Placed $facet("status");
  fulfilled @2 :Fulfilled $facet("status");
  cancelled @3 :Cancelled $facet("status");
  returned @4 :Returned $facet("returns");
  correctionRecorded @5 :CorrectionRecorded $facet("details");
  revoked @6 :Revoked $facet("status");
} }

enum Kind { unspecified @0; sale @1; creditNote @2; adjustment @3; }

struct Place {
  kind @0 :Kind;
  accountId @1 :Text $optional $maxLength(200);
  memberId @2 :Text $optional $maxLength(200);  # the loyalty member who earns; absent = the member of the account's id
  quoteId @3 :Text $optional $maxLength(200);
  opportunityId @4 :Text $optional $maxLength(200);
  currency @5 :UInt32 $Common.currency;
  lines @6 :List(LineWanted);
}
struct LineWanted {
  productId @0 :Text $maxLength(200);
  qtyMilli @1 :Int64;           # thousandths; negative only in a credit note or an adjustment
  unitPrice @2 :UnitPrice;
  discountBp @3 :UInt16;
}
struct Fulfil { lines @0 :List(Portion); }   # none = all that is left
struct Cancel { reasonCode @0 :Text $maxLength(64); }
struct Return { lines @0 :List(Portion); reasonCode @1 :Text $maxLength(64); }
struct Correct { target @0 :EventId; new @1 :Details; approverId @2 :Text $maxLength(200); }
struct Revoke {}   # what created it was wrong: only the revert of an import sends it

struct Placed {  # the customer ordered, or brought something back
  kind @0 :Kind;
  accountId @1 :Text $optional $maxLength(200);
  memberId @2 :Text $optional $maxLength(200);  # the loyalty member who earns; absent = the member of the account's id
  quoteId @3 :Text $optional $maxLength(200);
  opportunityId @4 :Text $optional $maxLength(200);
  lines @5 :List(Line);
  total @6 :Money;              # the sum of the lines' totals
}
struct Line {
  productId @0 :Text $maxLength(200);
  qtyMilli @1 :Int64;  # thousandths; negative only in a credit note or an adjustment
  unitPrice @2 :UnitPrice;
  discountBp @3 :UInt16;
  totalMinor @4 :Int64;         # rounded once, half to even, in the order's currency
}
struct Fulfilled {  # some or all of it was delivered
  lines @0 :List(Portion);      # none = all that was left
  amount @1 :Money;             # the worth of what was fulfilled now
  complete @2 :Bool;            # nothing is left to fulfil
  number @3 :UInt16;            # the first fulfilment of this order is 1
}
struct Cancelled { reasonCode @0 :Text $maxLength(64); }  # the customer gets nothing of it
struct Returned {  # the customer brought some of it back and gets a refund
  lines @0 :List(Portion);
  refund @1 :Money;
  reasonCode @2 :Text $maxLength(64);
  number @3 :UInt16;            # the first return of this order is 1
}
struct CorrectionRecorded {
  # something was recorded wrong: what was said, and what is right
  target @0 :EventId;
  old @1 :Details;
  new @2 :Details;
  approverId @3 :Text $maxLength(200);
}
struct Revoked {}  # from here on as if it had never been; it may be created again

struct Portion { line @0 :UInt16; qtyMilli @1 :Int64; }
struct Details {  # A patch: present = changed, an empty text = cleared.
  accountId @0 :Text $optional $maxLength(200);
  quoteId @1 :Text $optional $maxLength(200);
  opportunityId @2 :Text $optional $maxLength(200);
}
