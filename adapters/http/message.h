// A request and its reply, as the API sees them: no sockets, no Beast.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rapport {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // as it came: "/v1/events?from=7"
  HttpHeaders headers;
  std::string body;

  // The first header of that name, in any case; nullptr if there is none.
  const std::string* header(std::string_view name) const;
};

struct HttpReply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  HttpHeaders headers = {};
};

}  // namespace rapport
