// Commands that take events back, where the catalogue has them.
#pragma once
#include <kj/array.h>

#include <optional>
#include <string_view>

#include "domain/event_buffer.h"

namespace rapport::import {

// Takes back one change of a stream that existed before: sets the old value again. Nothing if the
// event has no inverse, or does not hold what there was before (personal texts never do).
std::optional<kj::Array<capnp::word>> inverse_of(std::string_view aggregate, Words event);

// Takes back a whole stream that was created: its `revoke`, where the aggregate has one, else the
// command that ends it without a trace in the reports (an order comes back, a policy is retired, an
// account becomes inactive). Nothing: there is none. `type` is the stream's last own status event,
// "order.fulfilled".
std::optional<kj::Array<capnp::word>> ending_of(std::string_view aggregate, std::string_view type);

}  // namespace rapport::import
