// The address of a request, taken apart and decoded.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/result.h"

namespace rapport {

struct Target {
  std::vector<std::string> path;                                // {"v1", "opportunity", "1C1I7A6R", "win"}
  std::vector<std::pair<std::string, std::string>> parameters;  // in their order; "name~=x" is {"name~", "x"}
};

// Percent-encoded or not: what a person types into curl (Chinese, "<", "|") is taken as it stands. In
// parameters a plus is a space, as forms and browsers have it. Errors: kInvalid "http.bad_target" for a
// broken percent code, bytes that are not UTF-8, and control characters.
Result<Target> parse_target(std::string_view target);

// The other way, for clients: everything but letters, digits and -._~ as %XX.
std::string percent_encoded(std::string_view text);
// Errors: as above; `where` names what was wrong.
Result<std::string> percent_decoded(std::string_view text, std::string_view where);

}  // namespace rapport
