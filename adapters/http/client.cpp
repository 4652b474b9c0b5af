#include "adapters/http/client.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "adapters/http/answers.h"
#include "adapters/http/exchange.h"
#include "adapters/http/problem.h"
#include "adapters/http/request_parts.h"
#include "adapters/http/target.h"

namespace rapport {
namespace {

constexpr const char* kJson = "application/json";

// An address under construction: segments, then parameters that are not empty.
class Address final {
 public:
  explicit Address(std::string start) : text_(std::move(start)) {}
  Address& segment(std::string_view name) {
    text_.append("/").append(percent_encoded(name));
    return *this;
  }
  Address& parameter(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    text_.append(text_.find('?') == text_.npos ? "?" : "&");
    text_.append(percent_encoded(name)).append("=").append(percent_encoded(value));
    return *this;
  }
  Address& parameter(std::string_view name, std::optional<std::uint64_t> value) {
    return value ? parameter(name, std::to_string(*value)) : *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

HttpRequest get(const Address& address) { return {"GET", address.text(), {{"Accept", kJson}}, {}}; }

HttpRequest post(const Address& address, std::string body) {
  return {"POST", address.text(), {{"Accept", kJson}, {"Content-Type", kJson}}, std::move(body)};
}

// The server opens the files that we name.
std::string absolute(const std::string& path) {
  std::error_code error;
  const auto whole = std::filesystem::absolute(path, error);
  return error ? path : whole.string();
}

Result<std::string> body_of(Result<HttpReply> reply) {
  if (!reply) return reply.error();
  if (reply->status >= 300) return to_error(reply->status, reply->body);
  return std::move(reply->body);
}

Result<void> ended(const Result<HttpReply>& reply) {
  if (!reply) return reply.error();
  if (reply->status >= 300) return to_error(reply->status, reply->body);
  return {};
}

void add_command_headers(const CommandRequest& command, HttpRequest& request) {
  const auto header = [&](const char* name, const std::string& value) {
    if (!value.empty()) request.headers.emplace_back(name, percent_encoded(value));
  };
  if (command.expected_version) {
    request.headers.emplace_back("If-Match", fmt::format("\"{}\"", *command.expected_version));
  }
  header("Idempotency-Key", command.command_id);
  const bool has_text = !command.reason_text.empty();
  header("Rapport-Reason", has_text ? command.reason_code + ":" + command.reason_text : command.reason_code);
  header("Rapport-Actor", command.actor);
  header("Rapport-Occurred-At", command.occurred_at);
  std::string tags;
  for (const auto& tag : command.tags) tags += (tags.empty() ? "" : ",") + percent_encoded(tag);
  if (!tags.empty()) request.headers.emplace_back("Rapport-Tags", tags);
}

// Cuts pieces into lines, whatever the pieces' borders.
class Lines final {
 public:
  explicit Lines(std::function<bool(std::string_view)> each) : each_(std::move(each)) {}
  bool add(std::string_view piece) {
    for (auto end = piece.find('\n'); end != piece.npos; end = piece.find('\n')) {
      rest_.append(piece.substr(0, end));
      piece.remove_prefix(end + 1);
      const bool goes_on = each_(rest_);
      rest_.clear();
      if (!goes_on) return false;
    }
    rest_.append(piece);
    return true;
  }

 private:
  std::function<bool(std::string_view)> each_;
  std::string rest_;
};

}  // namespace

RemoteService::RemoteService(std::string host, std::uint16_t port, std::chrono::milliseconds timeout)
    : host_(std::move(host)), port_(port), timeout_(timeout) {}

Result<RemoteService> RemoteService::at(std::string_view url, std::chrono::milliseconds timeout) {
  const auto bad = [&] {
    return Error{.code = ErrorCode::kInvalid,
                 .reason = "http.bad_address",
                 .message = fmt::format("\"{}\" is no address of a server", url),
                 .expected = "http://HOST:PORT"};
  };
  std::string_view rest = url;
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto colon = rest.rfind(':');
  if (colon == rest.npos) return bad();
  auto host = rest.substr(0, colon);
  const auto port = parse_number(rest.substr(colon + 1));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find_first_of("/@?#[] ") != host.npos || !port || *port == 0 || *port > 65535)
    return bad();
  return RemoteService(std::string(host), static_cast<std::uint16_t>(*port), timeout);
}

Result<std::string> RemoteService::command(const CommandRequest& command) {
  HttpRequest request = post(
      Address("/v1").segment(command.aggregate).segment(command.id).segment(command.command), command.body);
  add_command_headers(command, request);
  return body_of(exchange({host_, port_}, request, {.timeout = timeout_}));
}

Result<std::string> RemoteService::query(const QueryRequest& query) {
  auto address = Address("/v1/views").segment(query.view).segment(query.report);
  address.parameter("asOf", query.as_of)
      .parameter("knownAt", query.known_at)
      .parameter("sort", query.sort)
      .parameter("cursor", query.cursor)
      .parameter("limit", query.limit)
      .parameter("timeZone", query.time_zone);
  for (const auto& [name, value] : query.arguments) address.parameter(name, value);
  return body_of(exchange({host_, port_}, get(address), {.timeout = timeout_}));
}

Result<void> RemoteService::events(const EventsRequest& request, const LineSink& line, std::stop_token stop) {
  return request.follow ? follow(request, line, std::move(stop)) : read(request, line, std::move(stop));
}

Result<void> RemoteService::read(const EventsRequest& asked, const LineSink& line, std::stop_token stop) {
  auto address = Address("/v1/events");
  address.parameter("from", asked.from).parameter("stream", asked.stream).parameter("type", asked.type);
  address.parameter("limit", asked.limit).parameter("direction", asked.backward ? "backward" : "");
  for (const auto& clause : asked.match) address.parameter("match", clause);
  if (asked.to != EventsRequest{}.to) address.parameter("to", asked.to);
  HttpRequest request{"GET", address.text(), {{"Accept", "application/jsonl"}}, {}};
  std::optional<Error> failed;
  Lines lines([&](std::string_view text) {
    Error error;
    if (!is_problem_line(text, error)) return line(text);
    failed = std::move(error);
    return false;
  });
  const auto reply = exchange({host_, port_}, request, {.timeout = timeout_, .stop = stop},
                              [&](std::string_view piece) { return lines.add(piece); });
  if (failed) return *failed;
  if (stop.stop_requested()) return {};
  return ended(reply);
}

Result<void> RemoteService::follow(const EventsRequest& asked, const LineSink& line, std::stop_token stop) {
  auto address = Address("/v1/events/live");
  address.parameter("from", asked.from).parameter("stream", asked.stream).parameter("type", asked.type);
  for (const auto& clause : asked.match) address.parameter("match", clause);
  HttpRequest request{"GET", address.text(), {{"Accept", "text/event-stream"}}, {}};
  std::uint64_t left = asked.limit.value_or(~std::uint64_t{0});
  bool enough = left == 0;
  if (enough) return {};
  Lines lines([&](std::string_view text) {
    constexpr std::string_view kData = "data: ";
    if (!text.starts_with(kData)) return true;
    text.remove_prefix(kData.size());
    const auto position = event_position(text);
    enough = position > asked.to || !line(text) || --left == 0 || position == asked.to;
    return !enough;
  });
  const auto reply = exchange({host_, port_}, request, {.timeout = {}, .stop = stop},
                              [&](std::string_view piece) { return lines.add(piece); });
  if (enough || stop.stop_requested()) return {};
  if (auto end = ended(reply); !end) return end;
  return Error{ErrorCode::kUnavailable, "http.unreachable", "the server stopped sending events"};
}

Result<std::string> RemoteService::bus() {
  return body_of(exchange({host_, port_}, get(Address("/v1/bus")), {.timeout = timeout_}));
}

Result<std::string> RemoteService::inspect() {
  return body_of(exchange({host_, port_}, get(Address("/v1/inspect")), {.timeout = timeout_}));
}

Result<std::string> RemoteService::verify(const Progress&) {
  return body_of(exchange({host_, port_}, post(Address("/v1/verify"), {}), {}));
}

Result<std::string> RemoteService::backup(const BackupRequest& request, const Progress&) {
  const BackupRequest there{absolute(request.folder), request.keys.empty() ? "" : absolute(request.keys)};
  return body_of(exchange({host_, port_}, post(Address("/v1/backups"), write_backup(there)), {}));
}

Result<std::string> RemoteService::import(const ImportRequest& request, const Progress&) {
  ImportRequest there = request;
  for (auto& file : there.files) file = absolute(file);
  if (!there.rejects.empty()) there.rejects = absolute(there.rejects);
  // A preset is a name and stays one; a path has a slash or names a file that is here.
  std::error_code error;
  if (there.mapping.find('/') != there.mapping.npos ||
      std::filesystem::is_regular_file(there.mapping, error)) {
    there.mapping = absolute(there.mapping);
  }
  return body_of(exchange({host_, port_}, post(Address("/v1/imports"), write_import(there)), {}));
}

Result<std::string> RemoteService::revert(const std::string& import_id, bool dry_run) {
  const auto address = Address("/v1/imports").segment(import_id).segment("revert");
  return body_of(exchange({host_, port_}, post(address, dry_run ? R"({"dryRun":true})" : "{}"), {}));
}

// A server answers at once: who waits asks again.
Result<std::string> RemoteService::group(const GroupRequest& request, std::stop_token stop) {
  using About = GroupRequest::About;
  constexpr std::chrono::milliseconds kAgainAfter{200};
  const auto named = [&](const char* what) {
    auto address = Address("/v1/groups").segment(request.name);
    return *what ? address.segment(what) : address;
  };
  const auto ask = [&](const HttpRequest& asked) { return body_of(exchange({host_, port_}, asked, {.timeout = timeout_, .stop = stop})); };
  const auto send = [&](const char* what) { return ask(post(named(what), write_group(request))); };
  auto request_of = [&](const char* method) {
    auto sent = post(named(""), write_group(request));
    sent.method = method;
    return sent;
  };
  switch (request.about) {
    case About::kList: return ask(get(Address("/v1/groups")));
    case About::kStatus: return ask(get(named("")));
    case About::kParked: return ask(get(named("parked")));
    case About::kCreate: return ask(request_of("PUT"));
    case About::kDelete: return ask({"DELETE", named("").text(), {}, {}});
    case About::kAcknowledge: return send("acknowledge");
    case About::kRefuse: return send("refuse");
    case About::kReplay: return send("replay");
    case About::kTake: break;
  }
  for (const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(request.wait_ms);;) {
    auto taken = send("take");
    const bool over = std::chrono::steady_clock::now() >= until || stop.stop_requested();
    if (!taken || over || !took_none(*taken)) return taken;
    std::this_thread::sleep_for(kAgainAfter);
  }
}

Result<std::string> RemoteService::webhook(const WebhookRequest& request) {
  using About = WebhookRequest::About;
  const auto ask = [&](const HttpRequest& asked) { return body_of(exchange({host_, port_}, asked, {.timeout = timeout_})); };
  auto address = Address("/v1/webhooks");
  if (request.about == About::kList) return ask(get(address));
  address.segment(request.id);
  switch (request.about) {
    case About::kDeliveries:
      address.segment("deliveries").parameter("from", request.from).parameter("limit", request.limit);
      if (request.to != WebhookRequest{}.to) address.parameter("to", request.to);
      return ask(get(address));
    case About::kReplay: return ask(post(address.segment("replay"), write_replay(request)));
    case About::kRotateSecret: address.segment("rotateSecret"); [[fallthrough]];
    case About::kCreate: {
      auto sent = post(address, request.command.body);
      if (request.about == About::kCreate) sent.method = "PUT";
      add_command_headers(request.command, sent);
      return ask(sent);
    }
    default: return ask(get(address));
  }
}

Result<std::string> RemoteService::subject(const std::string& name) {
  return body_of(exchange({host_, port_}, get(Address("/v1/subjects").segment(name)), {.timeout = timeout_}));
}

Result<std::string> RemoteService::prove(const ProofRequest& request) {
  const auto ask = [&](const Address& address) { return body_of(exchange({host_, port_}, get(address), {.timeout = timeout_})); };
  using About = ProofRequest::About;
  switch (request.about) {
    case About::kCheckpoint: return ask(Address("/checkpoint"));
    case About::kTile: return ask(Address("/" + request.text));
    case About::kInclusion: {
      Address address("/v1/proof/inclusion");
      return ask(address.parameter("position", request.position).parameter("size", request.size));
    }
    case About::kConsistency: {
      Address address("/v1/proof/consistency");
      return ask(address.parameter("from", request.position).parameter("size", request.size));
    }
    case About::kOldCheckpoint: break;
  }
  return body_of(exchange({host_, port_}, post(Address("/v1/proof/checkpoint"), write_old_checkpoint(request)), {.timeout = timeout_}));
}

}  // namespace rapport
