@0xb1f0c0de000000ff;
# Every aggregate once: the member's name is the stream type, and with the inner member's name the stored type of a command
# or event (`opportunity.won`).
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("rapport::catalogue::wire");

struct Command { union {
  unspecified @0 :Void;
  account @1 :import "account.capnp".Command;
  opportunity @2 :import "opportunity.capnp".Command;
  case @3 :import "case.capnp".Command;
  order @4 :import "order.capnp".Command;
  loyaltyMember @5 :import "loyalty_member.capnp".Command;
  principal @6 :import "principal.capnp".Command;
  policySet @7 :import "policy_set.capnp".Command;
  batch @8 :import "batch.capnp".Command;
  dataSubject @9 :import "data_subject.capnp".Command;
  webhook @10 :import "webhook.capnp".Command;
} }
struct Event { union {
  unspecified @0 :Void;
  account @1 :import "account.capnp".Event;
  opportunity @2 :import "opportunity.capnp".Event;
  case @3 :import "case.capnp".Event;
  order @4 :import "order.capnp".Event;
  loyaltyMember @5 :import "loyalty_member.capnp".Event;
  principal @6 :import "principal.capnp".Event;
  policySet @7 :import "policy_set.capnp".Event;
  batch @8 :import "batch.capnp".Event;
  dataSubject @9 :import "data_subject.capnp".Event;
  webhook @10 :import "webhook.capnp".Event;
} }
