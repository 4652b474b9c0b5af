#include "adapters/http/api.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "adapters/catalogue/catalogue.h"
#include "adapters/http/answers.h"
#include "adapters/http/request_parts.h"
#include "adapters/http/routing.h"
#include "adapters/http/target.h"

namespace rapport {

// A request that found its route.
struct HttpApi::Call {
  const HttpRequest& request;
  const Target& target;
  std::vector<std::string> names;  // what stands in the pattern's braces
};

struct HttpApi::Route {
  std::string_view method, pattern;
  Handling (HttpApi::*handle)(const Call&) const;
};

// The first pattern that fits an address counts, so the general one comes last.
const HttpApi::Route HttpApi::kRoutes[] = {
    {"GET", "/healthz", &HttpApi::health},
    {"GET", "/readyz", &HttpApi::ready},
    {"GET", "/metrics", &HttpApi::metrics},
    {"GET", "/v1/events", &HttpApi::events},
    {"GET", "/v1/events/live", &HttpApi::live},
    {"GET", "/v1/streams/{id}", &HttpApi::stream},
    {"GET", "/v1/views/{view}/{report}", &HttpApi::report},
    {"GET", "/checkpoint", &HttpApi::checkpoint},
    {"GET", "/tile/{path...}", &HttpApi::tile},
    {"GET", "/v1/proof/inclusion", &HttpApi::inclusion},
    {"GET", "/v1/proof/consistency", &HttpApi::consistency},
    {"POST", "/v1/proof/checkpoint", &HttpApi::old_checkpoint},
    {"GET", "/v1/groups", &HttpApi::group<GroupRequest::About::kList>},
    {"GET", "/v1/groups/{name}", &HttpApi::group<GroupRequest::About::kStatus>},
    {"PUT", "/v1/groups/{name}", &HttpApi::group<GroupRequest::About::kCreate>},
    {"DELETE", "/v1/groups/{name}", &HttpApi::group<GroupRequest::About::kDelete>},
    {"GET", "/v1/groups/{name}/parked", &HttpApi::group<GroupRequest::About::kParked>},
    {"POST", "/v1/groups/{name}/take", &HttpApi::group<GroupRequest::About::kTake>},
    {"POST", "/v1/groups/{name}/acknowledge", &HttpApi::group<GroupRequest::About::kAcknowledge>},
    {"POST", "/v1/groups/{name}/refuse", &HttpApi::group<GroupRequest::About::kRefuse>},
    {"POST", "/v1/groups/{name}/replay", &HttpApi::group<GroupRequest::About::kReplay>},
    {"GET", "/v1/webhooks", &HttpApi::webhook<WebhookRequest::About::kList>},
    {"GET", "/v1/webhooks/{id}", &HttpApi::webhook<WebhookRequest::About::kStatus>},
    {"PUT", "/v1/webhooks/{id}", &HttpApi::webhook<WebhookRequest::About::kCreate>},
    {"POST", "/v1/webhooks/{id}/rotateSecret", &HttpApi::webhook<WebhookRequest::About::kRotateSecret>},
    {"GET", "/v1/webhooks/{id}/deliveries", &HttpApi::webhook<WebhookRequest::About::kDeliveries>},
    {"POST", "/v1/webhooks/{id}/replay", &HttpApi::webhook<WebhookRequest::About::kReplay>},
    {"GET", "/v1/subjects/{id}", &HttpApi::subject},
    {"GET", "/v1/asyncapi.json", &HttpApi::asyncapi},
    {"GET", "/v1/schemas", &HttpApi::schemas},
    {"GET", "/v1/schemas/{name}", &HttpApi::schemas},
    {"GET", "/v1/inspect", &HttpApi::inspect},
    {"GET", "/v1/bus", &HttpApi::bus},
    {"POST", "/v1/verify", &HttpApi::verify},
    {"POST", "/v1/backups", &HttpApi::backup},
    {"POST", "/v1/imports", &HttpApi::import},
    {"POST", "/v1/imports/{id}/revert", &HttpApi::revert},
    {"POST", "/v1/{aggregate}/{id}/{command}", &HttpApi::command},
};

namespace {

// Progress is for terminals.
const Progress kSilent = [](const ProgressReport&) {};

Handling refuse(Problem problem) {
  return {.answer = [problem = std::move(problem)] { return to_reply(problem); }};
}
Handling refuse(Error error) { return refuse(Problem{std::move(error)}); }

HttpReply to_reply(Result<std::string> answer) {
  if (!answer) return to_reply(Problem{answer.error()});
  return {.body = std::move(*answer)};
}

Error foreign(const char* header, const std::string& value, const char* hint) {
  return {.code = ErrorCode::kInvalid,
          .reason = "http.foreign_origin",
          .message = std::string(header) + " is " + value + ", which is not this server",
          .field = header,
          .hint = hint};
}

Handling not_found(const HttpRequest& request) {
  return refuse(Error{.code = ErrorCode::kNotFound,
                      .reason = "http.no_route",
                      .message = "there is nothing at " + request.target.substr(0, 200),
                      .hint = "Commands are POST /v1/{aggregate}/{id}/{command}, reports GET "
                              "/v1/views/{view}/{report}, events GET /v1/events."});
}

// One parameter after the other, as they were asked, but for where the next page begins.
std::string next_address(const Target& target, std::string_view bound, std::uint64_t next) {
  std::string address;
  for (const auto& part : target.path) address.append("/").append(percent_encoded(part));
  address.append("?").append(bound).append("=").append(std::to_string(next));
  for (const auto& [name, value] : target.parameters) {
    if (name == bound) continue;
    address.append("&").append(percent_encoded(name)).append("=").append(percent_encoded(value));
  }
  return address;
}

}  // namespace

HttpReply command_reply(Result<std::string> receipt) {
  HttpReply reply = to_reply(std::move(receipt));
  if (reply.status != 200) return reply;
  if (const auto now = receipt_version(reply.body)) reply.headers.emplace_back("ETag", "\"" + std::to_string(*now) + "\"");
  return reply;
}

HttpApi::HttpApi(Service& service, const HttpOptions& options, HttpMetrics& metrics)
    : service_(service), options_(options), metrics_(metrics) {}

Handling HttpApi::handle(const HttpRequest& request) const {
  if (auto ours = check_origin(request); !ours) return refuse(Problem{ours.error(), 403});
  const auto target = parse_target(request.target);
  if (!target) return refuse(target.error());
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  std::string_view pattern;
  std::string allowed;
  for (const Route& route : kRoutes) {
    if (!pattern.empty() && pattern != route.pattern) continue;
    auto names = fit(route.pattern, target->path);
    if (!names) continue;
    pattern = route.pattern;
    allowed += std::string(allowed.empty() ? "" : ", ") + (route.method == "GET" ? "GET, HEAD" : std::string(route.method));
    if (route.method != method) continue;
    Handling handling;
    if (auto type = check_content_type(request); !type) {
      handling = refuse(Problem{type.error(), 415});
    } else {
      handling = (this->*route.handle)({request, *target, std::move(*names)});
    }
    handling.route = pattern;
    return handling;
  }
  if (pattern.empty()) return not_found(request);
  HttpReply reply = to_reply(Problem{{.code = ErrorCode::kInvalid,
                                      .reason = "http.method",
                                      .message = "there is no " + request.method + " here",
                                      .expected = allowed},
                                     405});
  reply.headers.emplace_back("Allow", allowed);
  return {.route = pattern, .answer = [reply] { return reply; }};
}

Result<void> HttpApi::check_origin(const HttpRequest& request) const {
  const auto* host = request.header("Host");
  const auto* origin = request.header("Origin");
  if (host && !options_.allow_remote && !is_local_name(*host, options_.host)) {
    return foreign("Host", *host, "Ask for localhost or the address.");
  }
  if (origin && (!host || authority(*origin) != *host)) {
    return foreign("Origin", *origin, "Pages of other sites may not use this server.");
  }
  return {};
}

Handling HttpApi::command(const Call& call) const {
  CommandRequest command;
  command.aggregate = call.names[0];
  command.id = call.names[1];
  command.command = call.names[2];
  if (!call.request.body.empty()) command.body = call.request.body;
  command.channel = "http";
  const auto version = expected_version(call.request);
  if (!version) return refuse(version.error());
  command.expected_version = *version;
  if (auto read = read_command_headers(call.request, command); !read) return refuse(read.error());
  auto parameters = Parameters::read(call.target.parameters, {});
  if (auto none = parameters->refuse_others(); !none) return refuse(none.error());
  return {.lane = Lane::kCommands, .command = std::move(command)};
}

Handling HttpApi::report(const Call& call) const {
  const auto parameters =
      Parameters::read(call.target.parameters, {"asOf", "knownAt", "limit", "cursor", "sort", "timeZone"});
  if (!parameters) return refuse(parameters.error());
  const auto limit = parameters->number("limit");
  if (!limit) return refuse(limit.error());
  QueryRequest query;
  query.view = call.names[0];
  query.report = call.names[1];
  query.arguments = parameters->others();
  query.as_of = parameters->time("asOf");
  query.known_at = parameters->time("knownAt");
  query.sort = parameters->text("sort");
  query.cursor = parameters->text("cursor");
  query.limit = *limit;
  query.time_zone = parameters->text("timeZone");
  return {.lane = Lane::kReports,
          .answer = [this, query = std::move(query)] { return to_reply(service_.query(query)); }};
}

Handling HttpApi::events(const Call& call) const { return events_or_page(call, {}); }

Handling HttpApi::stream(const Call& call) const {
  EventsRequest asked;
  asked.stream = call.names[0];
  return events_or_page(call, std::move(asked));
}

Handling HttpApi::events_or_page(const Call& call, EventsRequest asked) const {
  const bool whole_log = asked.stream.empty();
  const auto parameters =
      whole_log ? Parameters::read(call.target.parameters, {"from", "to", "limit", "stream", "type", "direction", "wait"}, "match")
                : Parameters::read(call.target.parameters, {"from", "to", "limit", "type", "direction"}, "match");
  if (!parameters) return refuse(parameters.error());
  if (auto none = parameters->refuse_others(); !none) return refuse(none.error());
  for (const auto& [name, into] : {std::pair{"from", &asked.from}, std::pair{"to", &asked.to}}) {
    const auto position = parameters->number(name);
    if (!position) return refuse(position.error());
    if (*position) *into = **position;
  }
  const auto limit = parameters->number("limit");
  if (!limit) return refuse(limit.error());
  asked.limit = *limit;
  if (whole_log) asked.stream = parameters->text("stream");
  asked.type = parameters->text("type");
  asked.match = parameters->texts("match");
  const auto direction = parameters->text("direction");
  if (!direction.empty() && direction != "forward" && direction != "backward") {
    return refuse(Error{ErrorCode::kInvalid, "http.bad_parameter", "no direction: " + direction, "direction", "forward or backward"});
  }
  asked.backward = direction == "backward";
  const auto wait = parameters->number("wait");
  if (!wait) return refuse(wait.error());
  if (*wait) return wait_for_page(call, std::move(asked), std::chrono::seconds(std::min<std::uint64_t>(**wait, 3'600)));
  if (wants_lines(call.request)) return {.lane = Lane::kLines, .lines = std::move(asked)};
  return {.lane = Lane::kReports, .answer = [this, asked, whole_log, target = call.target] {
            HttpReply reply = page(asked, target);
            const bool empty = reply.status == 200 && reply.body == "[]";
            const bool narrowed =
                asked.from > 1 || asked.to != EventsRequest{}.to || !asked.type.empty() || !asked.match.empty() || asked.limit == 0;
            if (whole_log || !empty || narrowed) return reply;
            return to_reply(Problem{{.code = ErrorCode::kNotFound,
                                     .reason = "stream.not_found",
                                     .message = "no event was ever recorded for " + asked.stream,
                                     .hint = "A stream is named aggregate-ID, as in opportunity-1C1I7A6R."}});
          }};
}

// Long-poll: the page as soon as it has an event, or empty when the time is over.
Handling HttpApi::wait_for_page(const Call& call, EventsRequest asked, std::chrono::milliseconds wait) const {
  const auto filter = parse_filter(asked.match);
  if (!filter) return refuse(filter.error());
  const bool ends = asked.to != EventsRequest{}.to || asked.limit == 0;
  if (asked.backward || ends || wants_lines(call.request)) {
    return refuse(Error{ErrorCode::kInvalid, "http.bad_parameter", "a page that waits goes forward, to the log's end, and is JSON", "wait",
                        "no direction, to or limit=0 beside it",
                        "GET /v1/events/live sends events one by one."});
  }
  Handling handling{.lane = Lane::kWait, .wait = std::min(wait, options_.limits.wait_max)};
  handling.live = {std::max<std::uint64_t>(asked.from, 1), asked.stream, asked.type, *filter};
  handling.answer = [this, asked = std::move(asked), target = call.target] { return page(asked, target); };
  return handling;
}

HttpReply HttpApi::page(EventsRequest asked, const Target& target) const {
  const auto& limits = options_.limits;
  const std::uint64_t count_max =
      std::min<std::uint64_t>(asked.limit.value_or(limits.page_events_default), limits.page_events_max);
  asked.limit = count_max + 1;  // one more tells whether there is a next page, and where it begins
  HttpReply reply{.body = "["};
  std::uint64_t count = 0, next = 0;
  auto read = service_.events(
      asked,
      [&](std::string_view line) {
        if (count == count_max || (count > 0 && reply.body.size() + line.size() > limits.page_bytes_max)) {
          next = event_position(line);
          return false;
        }
        if (count++ > 0) reply.body += ",\n";
        reply.body += line;
        return true;
      },
      {});
  if (!read) return to_reply(Problem{read.error()});
  reply.body += "]";
  if (next != 0) reply.headers.emplace_back("Link", "<" + next_address(target, asked.backward ? "to" : "from", next) + ">; rel=\"next\"");
  return reply;
}

Handling HttpApi::live(const Call& call) const {
  const auto parameters = Parameters::read(call.target.parameters, {"from", "stream", "type"}, "match");
  if (!parameters) return refuse(parameters.error());
  if (auto none = parameters->refuse_others(); !none) return refuse(none.error());
  const auto filter = parse_filter(parameters->texts("match"));
  if (!filter) return refuse(filter.error());
  const auto from = parameters->number("from");
  if (!from) return refuse(from.error());
  Handling handling{.lane = Lane::kLive,
                    .live = {*from, parameters->text("stream"), parameters->text("type"), *filter}};
  // What a browser sends when it comes back says where it was, and counts more than the address it keeps
  // asking.
  if (const auto* last = call.request.header("Last-Event-ID")) {
    const auto position = parse_number(*last);
    if (!position || *position == std::numeric_limits<std::uint64_t>::max()) {
      return refuse(Error{ErrorCode::kInvalid, "http.bad_header", "Last-Event-ID is no position",
                          "Last-Event-ID", "the position of the last event received"});
    }
    handling.live.position = *position + 1;
  }
  // The service knows which types there are; what is unknown is an error and no silence.
  EventsRequest nothing{.stream = handling.live.stream, .type = handling.live.type, .match = parameters->texts("match"), .limit = 0};
  if (nothing.type.empty() && nothing.match.empty()) return handling;
  handling.answer = [this, nothing = std::move(nothing)] {
    auto known = service_.events(nothing, [](std::string_view) { return true; }, {});
    return known ? HttpReply{.content_type = "text/event-stream"} : to_reply(Problem{known.error()});
  };
  return handling;
}

template <GroupRequest::About about>
Handling HttpApi::group(const Call& call) const {
  GroupRequest request{.about = about};
  if (!call.names.empty()) request.name = call.names[0];
  if (call.request.method == "POST" || call.request.method == "PUT")
    if (auto read = read_group(call.request.body, request); !read) return refuse(read.error());
  return {.lane = Lane::kReports, .answer = [this, request = std::move(request)] { return to_reply(service_.group(request)); }};
}

template <WebhookRequest::About about>
Handling HttpApi::webhook(const Call& call) const {
  using About = WebhookRequest::About;
  constexpr bool commands = about == About::kCreate || about == About::kRotateSecret;
  WebhookRequest request{.about = about};
  if (!call.names.empty()) request.id = call.names[0];
  const auto parameters = about == About::kDeliveries ? Parameters::read(call.target.parameters, {"from", "to", "limit"})
                                                      : Parameters::read(call.target.parameters, {});
  if (!parameters) return refuse(parameters.error());
  if (auto none = parameters->refuse_others(); !none) return refuse(none.error());
  if constexpr (about == About::kDeliveries)
    if (auto read = read_deliveries(*parameters, request); !read) return refuse(read.error());
  if constexpr (about == About::kReplay)
    if (auto read = read_replay(call.request.body, request); !read) return refuse(read.error());
  if constexpr (commands) {
    if (!call.request.body.empty()) request.command.body = call.request.body;
    request.command.channel = "http";
    if (auto read = read_command_headers(call.request, request.command); !read) return refuse(read.error());
  }
  return {.lane = Lane::kReports, .answer = [this, request = std::move(request)] { return to_reply(service_.webhook(request)); }};
}

Handling HttpApi::bus(const Call&) const {
  return {.lane = Lane::kReports, .answer = [this] { return to_reply(service_.bus()); }};
}

Handling HttpApi::inspect(const Call&) const {
  return {.lane = Lane::kReports, .answer = [this] { return to_reply(service_.inspect()); }};
}

Handling HttpApi::verify(const Call&) const {
  return {.lane = Lane::kLong, .answer = [this] { return to_reply(service_.verify(kSilent)); }};
}

Handling HttpApi::backup(const Call& call) const {
  auto request = read_backup(call.request.body);
  if (!request) return refuse(request.error());
  return {.lane = Lane::kLong, .answer = [this, asked = std::move(*request)] {
            return to_reply(service_.backup(asked, kSilent));
          }};
}

Handling HttpApi::import(const Call& call) const {
  auto request = read_import(call.request.body);
  if (!request) return refuse(request.error());
  return {.lane = Lane::kLong, .answer = [this, asked = std::move(*request)] {
            return to_reply(service_.import(asked, kSilent));
          }};
}

Handling HttpApi::revert(const Call& call) const {
  const auto dry_run = read_revert(call.request.body);
  if (!dry_run) return refuse(dry_run.error());
  return {.lane = Lane::kLong, .answer = [this, id = call.names[0], dry = *dry_run] {
            return to_reply(service_.revert(id, dry));
          }};
}

Handling HttpApi::checkpoint(const Call&) const {
  return {.lane = Lane::kReports, .answer = [this] {
            auto note = service_.prove({.about = ProofRequest::About::kCheckpoint});
            if (!note) return to_reply(Problem{note.error()});
            return HttpReply{.content_type = "text/plain; charset=utf-8",
                             .body = std::move(*note),
                             .headers = {{"Cache-Control", "no-cache"}}};
          }};
}

Handling HttpApi::tile(const Call& call) const {
  return {.lane = Lane::kReports, .answer = [this, path = "tile/" + call.names[0]] {
            auto bytes = service_.prove({.about = ProofRequest::About::kTile, .text = path});
            if (!bytes) return to_reply(Problem{bytes.error()});
            return HttpReply{.content_type = "application/octet-stream",
                             .body = std::move(*bytes),
                             .headers = {{"Cache-Control", "public, max-age=31536000, immutable"}}};
          }};
}

Handling HttpApi::proof(const Call& call, ProofRequest::About about, const char* position_name) const {
  const auto parameters = Parameters::read(call.target.parameters, {position_name, "size"});
  if (!parameters) return refuse(parameters.error());
  if (auto none = parameters->refuse_others(); !none) return refuse(none.error());
  const auto position = parameters->number(position_name), size = parameters->number("size");
  if (!position) return refuse(position.error());
  if (!size) return refuse(size.error());
  if (!*position) {
    return refuse(Error{ErrorCode::kInvalid, "http.bad_parameter", std::string(position_name) + " is missing", position_name,
                        "a whole number, 0 or more"});
  }
  ProofRequest request{.about = about, .position = **position, .size = *size};
  return {.lane = Lane::kReports,
          .answer = [this, request = std::move(request)] { return to_reply(service_.prove(request)); }};
}

Handling HttpApi::inclusion(const Call& call) const { return proof(call, ProofRequest::About::kInclusion, "position"); }
Handling HttpApi::consistency(const Call& call) const { return proof(call, ProofRequest::About::kConsistency, "from"); }

Handling HttpApi::old_checkpoint(const Call& call) const {
  auto request = read_old_checkpoint(call.request.body);
  if (!request) return refuse(request.error());
  return {.lane = Lane::kReports,
          .answer = [this, asked = std::move(*request)] { return to_reply(service_.prove(asked)); }};
}

Handling HttpApi::subject(const Call& call) const {
  auto parameters = Parameters::read(call.target.parameters, {});
  if (!parameters) return refuse(parameters.error());
  if (auto none = parameters->refuse_others(); !none) return refuse(none.error());
  return {.lane = Lane::kReports, .answer = [this, name = call.names[0]] { return to_reply(service_.subject(name)); }};
}

Handling HttpApi::asyncapi(const Call&) const {
  return {.lane = Lane::kReports, .answer = [] { return to_reply(catalogue::document("asyncapi")); }};
}

Handling HttpApi::schemas(const Call& call) const {
  auto name = call.names.empty() ? std::string() : call.names[0];
  return {.answer = [name = std::move(name)] {
    auto reply = to_reply(catalogue::document(name));
    if (reply.status == 200 && !reply.body.starts_with('[')) reply.content_type = "application/schema+json";
    return reply;
  }};
}

Handling HttpApi::health(const Call&) const {
  return {.answer = [] { return HttpReply{.body = R"({"status":"ok"})"}; }};
}

Handling HttpApi::ready(const Call&) const {
  return {.answer = [this] {
    return to_reply(options_.ready ? options_.ready() : Result<std::string>(R"({"status":"ready"})"));
  }};
}

Handling HttpApi::metrics(const Call&) const {
  return {.lane = Lane::kReports, .answer = [this] {
            // Without positions the rest is still worth having.
            if (const auto status = service_.status()) {
              if (const auto positions = inspected_positions(*status)) metrics_.positions(*positions);
            }
            if (const auto bus = service_.bus()) metrics_.bus(*bus);
            return HttpReply{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                             .body = metrics_.text()};
          }};
}

}  // namespace rapport
