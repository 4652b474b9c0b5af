@0xb1f0c0de00000001;
# Value types and annotations that every aggregate's schema uses. Units are in names or annotations; ordinal 0 of every
# enum and union is `unspecified`: refused on write, corrupt on read, since zeroed bytes decode as it.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("rapport::wire");

annotation personal @0xb1f0c0de0000a001 (field) :Void;      # sealed under the data subject's key before it is stored
annotation timestamp @0xb1f0c0de0000a002 (field) :Void;     # Int64, microseconds since 1970, UTC
annotation date @0xb1f0c0de0000a003 (field) :Void;          # Int32, days since 1970
annotation maxLength @0xb1f0c0de0000a004 (field) :UInt32;   # bytes of UTF-8; of a list: its elements
annotation optional @0xb1f0c0de0000a005 (field) :Void;      # a null pointer means absent; without it a pointer is required
annotation value @0xb1f0c0de0000a006 (struct) :Text;        # the hand-written C++ value type that stands for this struct
annotation currency @0xb1f0c0de0000a007 (field) :Void;      # UInt32, three ASCII letters of ISO 4217, the first in the lowest byte
annotation facet @0xb1f0c0de0000a008 (field) :Text;         # of an event: the side of the aggregate it changes; two changes of one facet conflict
annotation title @0xb1f0c0de0000a009 (struct, field, enumerant) :Text;  # in the catalogue of events, in place of the comment

struct Money $value("rapport::Money") {
  amountMinor @0 :Int64;  # in the currency's smallest unit: cents, yen
  currency @1 :UInt32 $currency;
}

struct UnitPrice $value("rapport::UnitPrice") {
  # A price for one unit, with every decimal its source had: 2.555 GBP is amount 2555, scale 3.
  amount @0 :Int64;
  scale @1 :UInt8;  # decimals, 0 to 9
  currency @2 :UInt32 $currency;
}

struct EventId $value("rapport::EventId") {
  # An event's identity, known when it is decided: the command's UUID (big-endian halves) and its ordinal in that
  # command's outcome.
  commandHigh @0 :UInt64;
  commandLow @1 :UInt64;
  ordinal @2 :UInt16;
}

enum ForecastCategory { unspecified @0; pipeline @1; bestCase @2; commit @3; closed @4; omitted @5; }
