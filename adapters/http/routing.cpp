#include "adapters/http/routing.h"

#include <algorithm>

namespace rapport {

std::optional<std::vector<std::string>> fit(std::string_view pattern, std::span<const std::string> path) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < path.size(); ++at) {
    const auto& part = path[at];
    if (!pattern.starts_with('/')) return {};
    pattern.remove_prefix(1);
    const auto end = std::min(pattern.find('/'), pattern.size());
    const auto expected = pattern.substr(0, end);
    pattern.remove_prefix(end);
    if (expected.ends_with("...}")) {
      names.push_back(part);
      for (++at; at < path.size(); ++at) names.back().append("/").append(path[at]);
      return names;
    }
    if (expected.starts_with('{')) {
      if (part.empty()) return {};
      names.push_back(part);
    } else if (part != expected) {
      return {};
    }
  }
  if (!pattern.empty()) return {};
  return names;
}

Result<void> check_content_type(const HttpRequest& request) {
  if (request.body.empty()) return {};
  const auto* type = request.header("Content-Type");
  if (type && type->substr(0, type->find(';')).starts_with("application/json")) return {};
  return Error{.code = ErrorCode::kInvalid,
               .reason = "http.content_type",
               .message = type ? "the body is " + *type : "the body's type is not said",
               .field = "Content-Type",
               .expected = "application/json"};
}

bool wants_lines(const HttpRequest& request) {
  const auto* accept = request.header("Accept");
  return accept && (accept->find("application/jsonl") != accept->npos ||
                    accept->find("application/x-ndjson") != accept->npos);
}

std::string_view authority(std::string_view origin) {
  const auto colon = origin.find("://");
  return colon == origin.npos ? origin : origin.substr(colon + 3);
}

bool is_local_name(std::string_view host, std::string_view own) {
  if (host.starts_with('[')) return true;
  host = host.substr(0, host.find(':'));
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  return host == own || host == "localhost" || host.ends_with(".localhost") ||
         std::ranges::all_of(host, is_digit);
}

}  // namespace rapport
