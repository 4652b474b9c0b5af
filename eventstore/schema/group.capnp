@0xb1f0c0de00000081;
# What a consumer group remembers, so that it goes on where it was: FORMAT.md, `groups/`.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("rapport::groups::wire");
using Common = import "/domain/schema/common.capnp";

struct Group {
  name @0 :Text;
  match @1 :List(Text);        # clauses of its filter, as people write them
  checkpoint @2 :UInt64;       # every event up to here is acknowledged, parked, or not asked for
  acknowledged @3 :List(UInt64);  # positions behind the checkpoint
  parked @4 :List(Parked);
  attemptsMax @5 :UInt32;
  leaseMs @6 :UInt32;
}
struct Parked {
  position @0 :UInt64;
  attempts @1 :UInt32;
  error @2 :Text;              # what the consumer said last
  parkedAt @3 :Int64 $Common.timestamp;
}
