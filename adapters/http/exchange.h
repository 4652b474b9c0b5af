// One request to a server and its reply, on a connection of its own.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "adapters/http/message.h"
#include "domain/result.h"

namespace rapport {

struct HttpServerAddress {
  std::string host;  // without brackets
  std::uint16_t port = 0;
};

struct ExchangeOptions {
  std::optional<std::chrono::milliseconds> timeout;  // of connecting, sending, and each piece of the reply
  std::stop_token stop = {};                         // breaks off with kUnavailable "http.stopped"
};

// A piece of the body of a reply with status 200. False: that is enough, the rest is not read.
using BodySink = std::function<bool(std::string_view piece)>;

// Blocks. With `sink` the body of a 200 goes there and the reply's stays empty.
// Errors: kUnavailable "http.unreachable", "http.timeout", "http.stopped".
Result<HttpReply> exchange(const HttpServerAddress& server, const HttpRequest& request,
                           const ExchangeOptions& options, const BodySink& sink = {});

}  // namespace rapport
