// From a mapping's text to the plan that the row engine follows.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "adapters/import/mapping/plan.h"

namespace rapport::import {

// `file` is how errors call the mapping. `time_zone` overrules what the mapping says, if it is not
// empty. kInvalid "mapping.malformed" (no JSON), "mapping.invalid": a line a fault, "FILE POINTER:
// what".
Result<Plan> compile_mapping(std::string_view text, const std::string& file,
                             const std::string& time_zone = {});

}  // namespace rapport::import
