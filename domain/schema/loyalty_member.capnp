@0xb1f0c0de00000014;
# A member of a loyalty program: points live in lots, every debit names the lots it took from. Active <-> Suspended -> Left.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("rapport::loyalty_member::wire");
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
  enrol @1 :Enrol;
  earn @2 :Earn;
  redeem @3 :Redeem;
  reverse @4 :Reverse;
  expire @5 :Expire;
  adjust @6 :Adjust;
  changeTier @7 :ChangeTier;
  changeStatus @8 :ChangeStatus;
  correct @9 :Correct;
  rewardPurchase @10 :RewardPurchase;
  takeBackPurchase @11 :TakeBackPurchase;
  revoke @12 :Revoke;
  revokeMovement @13 :RevokeMovement;
} }
struct Event { union {
  unspecified @0 :Void;
  enrolled @1 :Enrolled $facet("status");
  pointsEarned @2 :PointsEarned $facet("points");
  pointsRedeemed @3 :PointsRedeemed $facet("points");
  pointsReversed @4 :PointsReversed $facet("points");
  pointsExpired @5 :PointsExpired $facet("points");
  pointsAdjusted @6 :PointsAdjusted $facet("points");
  tierChanged @7 :TierChanged $facet("tier");
  statusChanged @8 :StatusChanged $facet("status");
  correctionRecorded @9 :CorrectionRecorded $facet("details");
  revoked @10 :Revoked $facet("status");
  movementRevoked @11 :MovementRevoked $facet("points");
} }

enum Status { unspecified @0; active @1; suspended @2; left @3; }
enum PointsMovement { unspecified @0; earned @1; redeemed @2; reversed @3; expired @4; adjusted @5; }

struct Enrol {
  programId @0 :Text $maxLength(64);
  accountId @1 :Text $optional $maxLength(200);
  cardNo @2 :Text $optional $maxLength(64);
}
struct Earn {
  txnId @0 :Text $maxLength(220);
  points @1 :Int64;
  basis @2 :Money $optional;
  ruleId @3 :Text $optional $maxLength(80);
  expiresOn :union { unknown @4 :Void; value @5 :Int32 $date; }   # the last day they can be spent
  source @6 :EventId $optional;
}
struct Redeem { txnId @0 :Text $maxLength(220); points @1 :Int64; rewardId @2 :Text $optional $maxLength(64); }
struct Reverse {
  txnId @0 :Text $maxLength(220);
  originalTxnId @1 :Text $optional $maxLength(220);  # absent = from the newest lots
  points @2 :Int64;
  basis @3 :Money $optional;
}
struct Expire { lotId @0 :Text $maxLength(220); }
struct Adjust { txnId @0 :Text $maxLength(220); points @1 :Int64; approverId @2 :Text $maxLength(200); }  # points may be negative
struct ChangeTier {
  tier @0 :Text $maxLength(64);
  qualifyingPoints @1 :Int64;
  periodStart :union { unknown @2 :Void; value @3 :Int32 $date; }
  validUntil :union { unknown @4 :Void; value @5 :Int32 $date; }
}
struct ChangeStatus { status @0 :Status; }
struct Correct { target @0 :EventId; new @1 :Details; approverId @2 :Text $maxLength(200); }
struct RewardPurchase {
  # What orders send as reactions: the member's own program says how many points an amount is worth.
  txnId @0 :Text $maxLength(220);
  amount @1 :Money;
  source @2 :EventId $optional;
}
struct TakeBackPurchase {
  txnId @0 :Text $maxLength(220);
  originalTxnId @1 :Text $optional $maxLength(220);  # the purchase given back; absent = a credit note, from the newest lots
  amount @2 :Money;                                   # what the customer got back, positive
  remaining @3 :Money $optional;                      # what is left of the purchase after that
}
struct Revoke {}   # what created it was wrong: only the revert of an import sends it
struct RevokeMovement {
  # A movement of points that was wrong, as its event had it: only the revert of an import sends it, the newest movement first.
  kind @0 :PointsMovement;
  txnId @1 :Text $maxLength(220);                      # of an expiry: the lot
  points @2 :Int64;                                     # of an adjustment they may be negative
  allocations @3 :List(Allocation);                     # of a debit
  debt @4 :Int64;                                       # that it paid, or left
  originalTxnId @5 :Text $optional $maxLength(220);
  earnings @6 :List(Allocation);                        # that a reversal without an original took back
}

struct Enrolled {  # a member joined a program
  programId @0 :Text $maxLength(64);
  accountId @1 :Text $optional $maxLength(200);
  cardNo @2 :Text $optional $maxLength(64);
}
struct PointsEarned {  # a lot of points came in
  txnId @0 :Text $maxLength(220);                      # also the lot's id
  points @1 :Int64;
  basis @2 :Money $optional;
  ruleId @3 :Text $optional $maxLength(80);
  expiresOn :union { unknown @4 :Void; value @5 :Int32 $date; }  # the last day they can be spent
  debtPaid @6 :Int64;                                   # of the points: what an earlier reversal still owed
  source @7 :EventId $optional;
  rate @8 :Rate $optional;                              # of a purchase: copied, so that a later rule moves no old points
}
struct PointsRedeemed {  # points were spent
  txnId @0 :Text $maxLength(220);
  points @1 :Int64;
  allocations @2 :List(Allocation);
  rewardId @3 :Text $optional $maxLength(64);
}
struct PointsReversed {  # points were taken back, since what earned them was
  txnId @0 :Text $maxLength(220);
  originalTxnId @1 :Text $optional $maxLength(220);
  points @2 :Int64;
  allocations @3 :List(Allocation);
  debt @4 :Int64;                                       # of the points: what no lot covered; later earnings pay it down
  basis @5 :Money $optional;
  earnings @6 :List(Allocation);                        # without an original: the earnings it takes back, newest first
}
struct PointsExpired { lotId @0 :Text $maxLength(220); points @1 :Int64; }  # what was left of a lot at the end of its last day
struct PointsAdjusted {  # points given or taken by hand, with four eyes
  txnId @0 :Text $maxLength(220);                      # of a credit, also the lot's id
  points @1 :Int64;
  allocations @2 :List(Allocation);                     # of a debit
  debtPaid @3 :Int64;
  approverId @4 :Text $maxLength(200);
}
struct TierChanged {  # the member reached or lost a tier
  old @0 :Text $optional $maxLength(64);
  new @1 :Text $maxLength(64);
  qualifyingPoints @2 :Int64;
  periodStart :union { unknown @3 :Void; value @4 :Int32 $date; }
  validUntil :union { unknown @5 :Void; value @6 :Int32 $date; }
}
struct StatusChanged { old @0 :Status; new @1 :Status; }  # whether the membership is in use
struct CorrectionRecorded {
  # something was recorded wrong: what was said, and what is right
  target @0 :EventId;
  old @1 :Details;
  new @2 :Details;
  approverId @3 :Text $maxLength(200);
}
struct Revoked {}  # from here on as if it had never been; it may be created again
struct MovementRevoked {  # lots, debt and totals are what they were without the movement
  kind @0 :PointsMovement;
  txnId @1 :Text $maxLength(220);
  points @2 :Int64;
  allocations @3 :List(Allocation);
  debt @4 :Int64;
  originalTxnId @5 :Text $optional $maxLength(220);
  earnings @6 :List(Allocation);                        # that a reversal without an original took back
}

struct Rate { points @0 :Int64; per @1 :Money; }        # so many points for every whole `per`
struct Allocation { lotId @0 :Text $maxLength(220); points @1 :Int64; }
struct Details {  # A patch: present = changed, an empty text = cleared.
  accountId @0 :Text $optional $maxLength(200);
  cardNo @1 :Text $optional $maxLength(64);
}
