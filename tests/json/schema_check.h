// As much of JSON Schema (draft 2020-12) as our schemas use, to hold them against the reader and
// the writer.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace rapport::test {

// Empty if the value fits, else the first place that does not: "/amount/currency: pattern". A
// keyword that this does not know is an answer too, so that no schema passes unread.
std::string misfit(const nlohmann::json& schema, const nlohmann::json& value,
                   const std::string& path = "");

}  // namespace rapport::test
