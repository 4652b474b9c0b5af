@0xb1f0c0de00000082;
# How far the deliveries of a webhook are, so that they go on where they were: eventstore/FORMAT.md, `webhooks/`.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("rapport::webhooks::wire");
using Common = import "/domain/schema/common.capnp";

struct Place {
  created @0 :UInt64;  # position of the webhook.created that it belongs to
  resumed @1 :UInt64;  # position of the last webhook.resumed that was heeded: tries count from there
  lanes @2 :List(Lane);  # first the one that goes on for ever, then replays
}
struct Lane {
  from @0 :UInt64;    # what was asked for
  to @1 :UInt64;
  readTo @2 :UInt64;  # everything up to here is delivered, not asked for, or in `unsettled`
  unsettled @3 :List(Unsettled);
}
struct Unsettled {
  position @0 :UInt64;
  attempts @1 :UInt32;
  due @2 :Int64 $Common.timestamp;
}
