// How an event carries the trace of the request that it came from: as a tag, so that it is stored, asked for and published like any
// other. The form is W3C Trace Context's traceparent (https://www.w3.org/TR/trace-context/).
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace rapport {

inline constexpr std::string_view kTraceTag = "traceparent=";

// The tag for a header's or an environment's value; nothing if it is none, which by the standard is as if it were not there.
std::optional<std::string> trace_tag(std::string_view traceparent);

}  // namespace rapport
