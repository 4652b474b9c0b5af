// Commands that take events back, where the catalogue has them.
#pragma once
#include <kj/array.h>

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "eventstore/event_store.h"

namespace rapport::import {

// Takes one event back, and is true when the event was, so that no as-of sees one without the other.
struct Inverse {
  kj::Array<capnp::word> body;  // a message of the aggregate's Command union
  Timestamp at;
  Precision precision;
};

// Whether a stream that was created can be taken back as a whole. What was recorded about a data
// subject is only taken back one by one: that it was recorded stays.
bool is_revocable(std::string_view aggregate);
// Takes back a whole stream that was created: from there on it is as if it had never been.
Inverse revocation_of(std::string_view aggregate);

// Takes back some changes of a stream that stays, the newest first: each sets again what there was
// before. Nothing if one of them has no inverse, or does not hold what it replaced (personal texts
// never do).
Result<std::optional<std::vector<Inverse>>> inverses_of(
    const EventStore& store, std::string_view aggregate, const std::string& stream,
    const std::function<bool(const RecordedEvent&)>& wanted);

// Takes back a movement of loyalty points; nothing if the event is none.
std::optional<Inverse> inverse_of_points(const RecordedEvent& event);

}  // namespace rapport::import
