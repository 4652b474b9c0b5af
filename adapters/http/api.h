// The routes: which request means what, and the reply. No sockets here; connection.cpp runs what this
// decides.
#pragma once
#include <functional>
#include <string_view>

#include "adapters/application/service.h"
#include "adapters/http/live_events.h"
#include "adapters/http/message.h"
#include "adapters/http/metrics.h"
#include "adapters/http/options.h"
#include "adapters/http/problem.h"

namespace rapport {

struct Target;

// Where a request is worked on. What blocks has threads by kind, so that reports cannot keep commands
// waiting.
enum class Lane { kInline, kCommands, kReports, kLong, kLines, kWait, kLive };

// What is to be done about a request.
struct Handling {
  std::string_view route = "(unknown)";  // its pattern, for metrics
  Lane lane = Lane::kInline;
  std::function<HttpReply()> answer = {};  // lanes kInline, kReports, kLong, kWait and kLive; does not throw
  CommandRequest command = {};             // kCommands: its receipt, or its error, is the reply
  EventsRequest lines = {};                // kLines: events as JSON Lines, streamed
  LiveReader::From live = {};              // kLive: events as they happen, unless `answer` is there and says no; kWait: what to wait for
  std::chrono::milliseconds wait{0};       // kWait: until `answer` has an event, so long at most
};

HttpReply command_reply(Result<std::string> receipt);

// Safe for concurrent use; borrows everything it is made from.
class HttpApi final {
 public:
  HttpApi(Service& service, const HttpOptions& options, HttpMetrics& metrics);

  // Never fails: what is wrong with a request becomes the answer.
  Handling handle(const HttpRequest& request) const;

 private:
  struct Call;
  struct Route;
  static const Route kRoutes[];

  Result<void> check_origin(const HttpRequest& request) const;
  Handling command(const Call& call) const;
  Handling report(const Call& call) const;
  Handling events(const Call& call) const;
  Handling stream(const Call& call) const;
  Handling live(const Call& call) const;
  Handling inspect(const Call& call) const;
  Handling bus(const Call& call) const;
  Handling verify(const Call& call) const;
  Handling import(const Call& call) const;
  Handling backup(const Call& call) const;
  Handling revert(const Call& call) const;
  Handling checkpoint(const Call& call) const;
  Handling tile(const Call& call) const;
  Handling inclusion(const Call& call) const;
  Handling consistency(const Call& call) const;
  Handling old_checkpoint(const Call& call) const;
  template <GroupRequest::About about>
  Handling group(const Call& call) const;
  template <WebhookRequest::About about>
  Handling webhook(const Call& call) const;
  Handling subject(const Call& call) const;
  Handling asyncapi(const Call& call) const;
  Handling schemas(const Call& call) const;
  Handling proof(const Call& call, ProofRequest::About about, const char* position_name) const;
  Handling health(const Call& call) const;
  Handling ready(const Call& call) const;
  Handling metrics(const Call& call) const;

  Handling events_or_page(const Call& call, EventsRequest asked) const;
  Handling wait_for_page(const Call& call, EventsRequest asked, std::chrono::milliseconds wait) const;
  HttpReply page(EventsRequest asked, const Target& target) const;

  Service& service_;
  const HttpOptions& options_;
  HttpMetrics& metrics_;
};

}  // namespace rapport
