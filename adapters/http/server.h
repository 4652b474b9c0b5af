// The HTTP API of a running Rapport: commands, reports, events, live events, health and metrics, as the
// published contract names them. Thin: it reads a request, asks the Service, and writes the answer.
#pragma once
#include <memory>
#include <string>

#include "adapters/application/service.h"
#include "adapters/http/options.h"
#include "domain/result.h"

namespace rapport {

// Serves from start() until stop() on threads of its own. stop() and the destructor may be called from any
// thread but its own.
class HttpServer final {
 public:
  // Binds and begins to serve. `service` is borrowed and must outlive the server.
  // Errors: kInvalid "http.not_loopback", "http.bad_address"; kUnavailable "http.port_in_use",
  // "http.cannot_listen".
  static Result<std::unique_ptr<HttpServer>> start(Service& service, HttpOptions options);
  ~HttpServer();

  const std::string& address() const;  // "127.0.0.1:8080", "[::1]:8080"; the port that was really taken

  // Stops accepting, lets requests in flight finish, says goodbye to live clients, returns when all is quiet.
  // After HttpLimits::stop_timeout connections are cut; a call that is inside the Service then is still
  // waited for.
  void stop();

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rapport
