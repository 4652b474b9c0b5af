// How a request is told apart from others: its path against a route's pattern, what it carries, where it comes from.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/message.h"
#include "domain/result.h"

namespace rapport {

// The names in the braces, if the path fits. `{name...}` is all that follows, slashes included.
std::optional<std::vector<std::string>> fit(std::string_view pattern, std::span<const std::string> path);

// Browsers send requests with a JSON body to another site only if that site agrees, and we never do.
Result<void> check_content_type(const HttpRequest& request);

bool wants_lines(const HttpRequest& request);

// The authority of Origin: "http://crm.example:8080" is "crm.example:8080".
std::string_view authority(std::string_view origin);

// Names resolve to whatever their owner wants, also to 127.0.0.1 once a page is loaded; addresses and
// localhost do not.
bool is_local_name(std::string_view host, std::string_view own);

}  // namespace rapport
