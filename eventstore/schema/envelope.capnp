@0xb1f0c0de00000080;
# What the log stores of an event beside its payload. Every field is covered by the event's leaf hash (FORMAT.md).
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("rapport::envelope::wire");
using Common = import "/domain/schema/common.capnp";
using EventId = Common.EventId;

enum Precision { unspecified @0; instant @1; minute @2; date @3; unknown @4; always @5; }
enum ActorKind { unspecified @0; user @1; service @2; import @3; timer @4; rule @5; }

struct Metadata {
  streamType @0 :Text;                      # "opportunity"
  streamId @1 :Text;                        # "1C1I7A6R"
  type @2 :Text;                            # "opportunity.won"
  schemaVersion @3 :UInt16;
  occurredAt @4 :Int64 $Common.timestamp;   # of an unknown time: recordedAt is meant, and this is 0
  occurredPrecision @5 :Precision;
  asFact @6 :Bool;
  actorId @7 :Text;
  actorKind @8 :ActorKind;
  onBehalfOf @9 :Text $Common.optional;
  reasonCode @10 :Text $Common.optional;
  reasonText @11 :Text $Common.optional $Common.personal;
  correlationHigh @12 :UInt64;              # the first command's UUID
  correlationLow @13 :UInt64;
  causation @14 :EventId $Common.optional;
  source @15 :Source $Common.optional;
  policies @16 :List(PolicyRef);            # the versions of the rules that the decision used
  subjectKeyId @17 :UInt64;                 # the key that sealed this event's personal fields; 0 = it has none
  tags @18 :List(Text);
}
struct Source {
  channel @0 :Text;                         # "cli", "http", "import"
  client @1 :Text $Common.optional;
  file @2 :Text $Common.optional;
  line @3 :UInt64;                          # where the record begins; 0 = none
  rowHash @4 :Data;                         # the import record's id, 16 bytes
}
struct PolicyRef { id @0 :Text; version @1 :UInt32; }

# A commit group's events: the value in the log's column family and the record of topic crm.log.v1.
struct Frame {
  format @0 :UInt16;
  firstPosition @1 :UInt64;
  committedAt @2 :Int64 $Common.timestamp;
  previousRoot @3 :Data;                    # of the tree before this frame's first event, 32 bytes
  events @4 :List(StoredEvent);
  commands @5 :List(StoredCommand);
  last @6 :Bool;                            # of its commit group
}
struct StoredEvent {
  head @0 :Data;                            # FORMAT.md, "Leaf": fixed size, ends with the digest
  salt @1 :Data;                            # 16 random bytes
  metadata @2 :Data;                        # a Metadata message
  payload @3 :Data;                         # a message of the aggregate's Event union
}
struct StoredCommand {
  id @0 :Data;                              # 16 bytes
  request @1 :Data;                         # keyed digest of the request, 32 bytes
  events @2 :UInt16;                        # how many of the frame's events are its outcome, in order
  firstOrdinal @3 :UInt16;                  # of the first of them; more than 0 if the outcome began in an earlier frame
}
