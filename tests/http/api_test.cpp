// What every route makes of a request, without sockets.
#include "adapters/http/api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/http/fake_service.h"

namespace rapport {
namespace {

using nlohmann::json;

class Api : public testing::Test {
 protected:
  HttpReply ask(const std::string& method, const std::string& target, const std::string& body = "",
                HttpHeaders headers = {}) {
    headers.emplace_back("Host", "localhost:8080");
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    handling = api.handle({method, target, headers, body});
    return answered(handling);
  }
  HttpReply answered(const Handling& how) {
    if (how.lane == Lane::kCommands) return command_reply(service.command(how.command));
    return how.answer ? how.answer() : HttpReply{.status = 0};
  }
  std::string code(const HttpReply& reply) {
    if (reply.content_type != "application/problem+json") return "no problem: " + reply.body;
    const auto problem = json::parse(reply.body);
    EXPECT_EQ(problem["status"], reply.status);
    EXPECT_EQ(problem["type"], "urn:rapport:problem:" + problem["code"].get<std::string>());
    EXPECT_FALSE(problem["title"].get<std::string>().empty());
    EXPECT_FALSE(problem["detail"].get<std::string>().empty());
    return problem["code"];
  }
  static std::string header(const HttpReply& reply, const std::string& name) {
    for (const auto& [key, value] : reply.headers) {
      if (key == name) return value;
    }
    return {};
  }

  FakeService service;
  HttpOptions options;
  HttpMetrics metrics;
  HttpApi api{service, options, metrics};
  Handling handling;
};

TEST_F(Api, SendsACommandWithAllItsHeaders) {
  const auto reply = ask("POST", "/v1/opportunity/1C1I7A6R/win", R"({"x":1})",
                         {{"Idempotency-Key", "5b0f"},
                          {"If-Match", "\"6\""},
                          {"Rapport-Reason", "price:%E5%A4%AA%E8%B4%B5: really"},
                          {"Rapport-Actor", "u-1"},
                          {"Rapport-Occurred-At", "2017-06-30T10:00:00Z"}});
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(reply.body, FakeService::receipt(1));
  EXPECT_EQ(header(reply, "ETag"), "\"7\"");
  EXPECT_EQ(handling.lane, Lane::kCommands);
  ASSERT_EQ(service.commands.size(), 1U);
  const auto& command = service.commands[0];
  EXPECT_EQ(command.aggregate, "opportunity");
  EXPECT_EQ(command.id, "1C1I7A6R");
  EXPECT_EQ(command.command, "win");
  EXPECT_EQ(command.body, R"({"x":1})");
  EXPECT_EQ(command.expected_version, 6U);
  EXPECT_EQ(command.command_id, "5b0f");
  EXPECT_EQ(command.reason_code, "price");
  EXPECT_EQ(command.reason_text, "太贵: really");
  EXPECT_EQ(command.actor, "u-1");
  EXPECT_EQ(command.occurred_at, "2017-06-30T10:00:00Z");
  EXPECT_EQ(command.channel, "http");
}

TEST_F(Api, ATraceBecomesATagAndOneOutOfFormIsNone) {
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  ask("POST", "/v1/case/1/close", "{}", {{"traceparent", trace}, {"Rapport-Tags", "vip"}});
  EXPECT_EQ(service.commands.at(0).tags, (std::vector<std::string>{"vip", "traceparent=" + trace}));
  for (const auto* wrong : {"", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                            "00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01"}) {
    EXPECT_EQ(ask("POST", "/v1/case/1/close", "{}", {{"traceparent", wrong}}).status, 200U) << wrong;
    EXPECT_TRUE(service.commands.back().tags.empty()) << wrong;
  }
  // Of a later version what is known is kept.
  ask("POST", "/v1/case/1/close", "{}", {{"traceparent", "01" + trace.substr(2) + "-more"}});
  EXPECT_EQ(service.commands.back().tags, std::vector<std::string>{"traceparent=01" + trace.substr(2)});
}

TEST_F(Api, SendsACommandWithoutBodyOrHeaders) {
  EXPECT_EQ(ask("POST", "/v1/case/7/resume").status, 200U);
  EXPECT_EQ(service.commands[0].body, "{}");
  EXPECT_FALSE(service.commands[0].expected_version);
  EXPECT_EQ(service.commands[0].command_id, "");
}

TEST_F(Api, TakesIfNoneMatchForANewStream) {
  ask("POST", "/v1/case/7/open", "{}", {{"If-None-Match", "*"}});
  EXPECT_EQ(service.commands.at(0).expected_version, 0U);
  EXPECT_EQ(code(ask("POST", "/v1/case/7/open", "{}", {{"If-None-Match", "\"3\""}})), "http.bad_header");
  EXPECT_EQ(code(ask("POST", "/v1/case/7/open", "{}", {{"If-Match", "*"}})), "http.bad_header");
  EXPECT_EQ(code(ask("POST", "/v1/case/7/open", "{}", {{"If-Match", "\"-1\""}})), "http.bad_header");
  EXPECT_EQ(service.commands.size(), 1U);
}

TEST_F(Api, DecodesIdsInTheAddress) {
  ask("POST", "/v1/account/%E5%8C%97%E4%BA%AC%20%2F%20A%3FB/open");
  ask("POST", "/v1/account/北京公司/open");
  ask("POST", "/v1/account/a+b|c/open");
  EXPECT_EQ(service.commands.at(0).id, "北京 / A?B");
  EXPECT_EQ(service.commands.at(1).id, "北京公司");
  EXPECT_EQ(service.commands.at(2).id, "a+b|c");
}

TEST_F(Api, RefusesAddressesThatDecodeToNoText) {
  EXPECT_EQ(code(ask("POST", "/v1/account/%FF/open")), "http.bad_target");
  EXPECT_EQ(code(ask("POST", "/v1/account/%0A/open")), "http.bad_target");
  EXPECT_EQ(code(ask("POST", "/v1/account/%00/open")), "http.bad_target");
  EXPECT_EQ(code(ask("POST", "/v1/account/%Z1/open")), "http.bad_target");
  EXPECT_EQ(code(ask("POST", "/v1/account/%4/open")), "http.bad_target");
  EXPECT_EQ(code(ask("GET", "/v1/views/a/b?x=%FF")), "http.bad_target");
  EXPECT_EQ(code(ask("GET", "*")), "http.bad_target");
  EXPECT_EQ(code(ask("POST", "/v1/account//open")), "http.no_route");
  EXPECT_TRUE(service.commands.empty());
}

TEST_F(Api, RefusesABodyOfAnotherType) {
  const auto reply = answered(api.handle({"POST", "/v1/case/7/open", {{"Content-Type", "text/plain"}}, "{}"}));
  EXPECT_EQ(reply.status, 415U);
  EXPECT_EQ(code(reply), "http.content_type");
  EXPECT_EQ(answered(api.handle({"POST", "/v1/case/7/open", {}, "{}"})).status, 415U);
  EXPECT_EQ(answered(api.handle({"POST", "/v1/case/7/open", {{"content-type", "application/json; charset=utf-8"}}, "{}"})).status, 200U);
}

TEST_F(Api, MapsEveryErrorToItsStatus) {
  struct Row {
    ErrorCode error;
    const char* reason;
    unsigned status;
  };
  for (const auto& row :
       {Row{ErrorCode::kInvalid, "command.unknown_field", 400},
        Row{ErrorCode::kRejected, "opportunity.not_open", 422},
        Row{ErrorCode::kNotFound, "command.unknown_aggregate", 404},
        Row{ErrorCode::kConflict, "command.id_reused", 409},
        Row{ErrorCode::kConflict, "stream.version_differs", 412},
        Row{ErrorCode::kUnavailable, "store.full", 503}, Row{ErrorCode::kCorrupt, "store.damaged", 500}}) {
    service.on_command = [&](const CommandRequest&) -> Result<std::string> {
      return Error{row.error, row.reason, "what \xff was", "/amount/currency", "12", "do that"};
    };
    const auto reply = ask("POST", "/v1/opportunity/1/win");
    EXPECT_EQ(reply.status, row.status) << row.reason;
    EXPECT_EQ(code(reply), row.reason);
    const auto problem = json::parse(reply.body);
    EXPECT_EQ(problem["detail"], "what \uFFFD was");
    EXPECT_EQ(problem["field"], "/amount/currency");
    EXPECT_EQ(problem["expected"], "12");
    EXPECT_EQ(problem["hint"], "do that");
    EXPECT_EQ(problem.contains("currentVersion"), row.status == 412);
    if (row.status == 412) {
      EXPECT_EQ(problem["currentVersion"], 12);
    }
    EXPECT_EQ(header(reply, "Retry-After"), row.status == 503 ? "1" : "");
  }
}

TEST_F(Api, AsksForAReport) {
  const auto reply =
      ask("GET",
          "/v1/views/pipeline/opportunities?status=won&name~=%E5%8C%97+x&amountMinor%3E=5&asOf=2017-06-30"
          "&knownAt=12&limit=3&cursor=c&sort=-amountMinor&timeZone=Europe/Berlin");
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(handling.lane, Lane::kReports);
  const auto& query = service.queries.at(0);
  EXPECT_EQ(query.view, "pipeline");
  EXPECT_EQ(query.report, "opportunities");
  const std::vector<std::pair<std::string, std::string>> arguments{
      {"status", "won"}, {"name~", "北 x"}, {"amountMinor>", "5"}};
  EXPECT_EQ(query.arguments, arguments);
  EXPECT_EQ(query.as_of, "2017-06-30");
  EXPECT_EQ(query.known_at, "12");
  EXPECT_EQ(query.limit, 3U);
  EXPECT_EQ(query.cursor, "c");
  EXPECT_EQ(query.sort, "-amountMinor");
  EXPECT_EQ(query.time_zone, "Europe/Berlin");
}

TEST_F(Api, TakesAnOffsetWhosePlusBecameASpace) {
  ask("GET", "/v1/views/pipeline/summary?asOf=2017-06-30T10:00:00+02:00");
  EXPECT_EQ(service.queries.at(0).as_of, "2017-06-30T10:00:00+02:00");
}

TEST_F(Api, RefusesBadParameters) {
  EXPECT_EQ(code(ask("GET", "/v1/views/a/b?limit=x")), "http.bad_parameter");
  EXPECT_EQ(code(ask("GET", "/v1/views/a/b?limit=-1")), "http.bad_parameter");
  EXPECT_EQ(code(ask("GET", "/v1/views/a/b?limit=99999999999999999999")), "http.bad_parameter");
  EXPECT_EQ(code(ask("GET", "/v1/views/a/b?asOf=1&asOf=2")), "http.duplicate_parameter");
  EXPECT_EQ(code(ask("GET", "/v1/views/a/b?asOf=")), "http.bad_parameter");
  EXPECT_EQ(code(ask("GET", "/v1/views/a/b?cursor=")), "http.bad_parameter");
  EXPECT_EQ(code(ask("GET", "/v1/events?form=3")), "http.unknown_parameter");
  EXPECT_EQ(code(ask("GET", "/v1/streams/a-1?stream=3")), "http.unknown_parameter");
  EXPECT_EQ(code(ask("GET", "/v1/events?from=")), "http.bad_parameter");
  EXPECT_EQ(code(ask("GET", "/v1/events/live?from=x")), "http.bad_parameter");
  EXPECT_EQ(code(ask("GET", "/v1/events/live", "", {{"Last-Event-ID", "x"}})), "http.bad_header");
  EXPECT_EQ(code(ask("POST", "/v1/case/1/open?asOf=2017")), "http.unknown_parameter");
}

TEST_F(Api, PagesThroughEvents) {
  for (int i = 0; i < 5; ++i) service.append();
  const auto first = ask("GET", "/v1/events?limit=2&type=opportunity.opened");
  EXPECT_EQ(json::parse(first.body).size(), 2U);
  EXPECT_EQ(json::parse(first.body)[1]["position"], 2);
  EXPECT_EQ(header(first, "Link"), "</v1/events?from=3&limit=2&type=opportunity.opened>; rel=\"next\"");
  const auto last = ask("GET", "/v1/events?from=4&limit=2");
  EXPECT_EQ(json::parse(last.body)[1]["position"], 5);
  EXPECT_EQ(header(last, "Link"), "");
  EXPECT_EQ(ask("GET", "/v1/events?from=6").body, "[]");
  EXPECT_EQ(ask("GET", "/v1/events?limit=0").body, "[]");
  EXPECT_EQ(json::parse(ask("GET", "/v1/events?to=3").body).size(), 3U);
}

TEST_F(Api, EndsAPageAtItsLimits) {
  options.limits.page_events_max = 3;
  for (int i = 0; i < 5; ++i) service.append();
  const auto counted = ask("GET", "/v1/events?limit=1000");
  EXPECT_EQ(json::parse(counted.body).size(), 3U);
  EXPECT_EQ(header(counted, "Link"), "</v1/events?from=4&limit=1000>; rel=\"next\"");
  options.limits.page_bytes_max = 10;  // less than one event: a page still has one, or it would never end
  const auto weighed = ask("GET", "/v1/events");
  EXPECT_EQ(json::parse(weighed.body).size(), 1U);
  EXPECT_EQ(header(weighed, "Link"), "</v1/events?from=2>; rel=\"next\"");
}

TEST_F(Api, AnswersTheEventsOfAStream) {
  service.append("case.opened", "case-北京");
  service.append("case.opened", "case-2");
  const auto reply = ask("GET", "/v1/streams/case-%E5%8C%97%E4%BA%AC");
  ASSERT_EQ(json::parse(reply.body).size(), 1U);
  EXPECT_EQ(json::parse(reply.body)[0]["stream"], "case-北京");
  const auto none = ask("GET", "/v1/streams/case-3");
  EXPECT_EQ(none.status, 404U);
  EXPECT_EQ(code(none), "stream.not_found");
  EXPECT_EQ(ask("GET", "/v1/streams/case-2?from=3").body, "[]");
}

TEST_F(Api, StreamsEventsAsLinesIfAskedTo) {
  ask("GET", "/v1/events?from=2&to=9&stream=s&type=t&limit=5", "", {{"Accept", "application/jsonl"}});
  EXPECT_EQ(handling.lane, Lane::kLines);
  EXPECT_EQ(handling.lines.from, 2U);
  EXPECT_EQ(handling.lines.to, 9U);
  EXPECT_EQ(handling.lines.stream, "s");
  EXPECT_EQ(handling.lines.type, "t");
  EXPECT_EQ(handling.lines.limit, 5U);
  EXPECT_FALSE(handling.lines.follow);
}

TEST_F(Api, ResumesLiveEventsAfterTheLastOneSeen) {
  ask("GET", "/v1/events/live?from=3&type=t&stream=s");
  EXPECT_EQ(handling.lane, Lane::kLive);
  EXPECT_EQ(handling.live.position, 3U);
  EXPECT_EQ(handling.live.type, "t");
  EXPECT_EQ(handling.live.stream, "s");
  ask("GET", "/v1/events/live?from=3", "", {{"Last-Event-ID", "41"}});
  EXPECT_EQ(handling.live.position, 42U);
  ask("GET", "/v1/events/live");
  EXPECT_FALSE(handling.live.position);
}

TEST_F(Api, ImportsAndReverts) {
  ImportRequest seen;
  service.on_import = [&](const ImportRequest& request) -> Result<std::string> {
    seen = request;
    return std::string("{}");
  };
  const auto reply = ask(
      "POST", "/v1/imports",
      R"({"mapping":"crm-sales","files":["/a","/b"],"dryRun":true,"rejects":"/r","timeZone":"Asia/Shanghai"})");
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(handling.lane, Lane::kLong);
  EXPECT_EQ(seen.mapping, "crm-sales");
  EXPECT_EQ(seen.files, (std::vector<std::string>{"/a", "/b"}));
  EXPECT_TRUE(seen.dry_run);
  EXPECT_EQ(seen.rejects, "/r");
  EXPECT_EQ(seen.time_zone, "Asia/Shanghai");

  std::pair<std::string, bool> reverted;
  service.on_revert = [&](const std::string& id, bool dry) -> Result<std::string> {
    reverted = {id, dry};
    return std::string("{}");
  };
  EXPECT_EQ(ask("POST", "/v1/imports/i-1/revert", R"({"dryRun":true})").status, 200U);
  EXPECT_EQ(reverted, (std::pair<std::string, bool>{"i-1", true}));
  EXPECT_EQ(ask("POST", "/v1/imports/i-1/revert").status, 200U);
  EXPECT_FALSE(reverted.second);
}

TEST_F(Api, RefusesImportsItCannotRead) {
  EXPECT_EQ(code(ask("POST", "/v1/imports", "[")), "http.bad_json");
  EXPECT_EQ(code(ask("POST", "/v1/imports", "[]")), "http.bad_json");
  EXPECT_EQ(code(ask("POST", "/v1/imports")), "http.bad_json");
  EXPECT_EQ(code(ask("POST", "/v1/imports", R"({"files":["a"]})")), "http.missing_field");
  EXPECT_EQ(code(ask("POST", "/v1/imports", R"({"mapping":"m","files":[]})")), "http.missing_field");
  EXPECT_EQ(code(ask("POST", "/v1/imports", R"({"mapping":"m","files":[1]})")), "http.wrong_type");
  EXPECT_EQ(code(ask("POST", "/v1/imports", R"({"mapping":1,"files":["a"]})")), "http.wrong_type");
  EXPECT_EQ(code(ask("POST", "/v1/imports", R"({"mapping":"m","files":["a"],"dryrun":true})")),
            "http.unknown_field");
  EXPECT_EQ(code(ask("POST", "/v1/imports/i/revert", R"({"dryRun":1})")), "http.wrong_type");
  EXPECT_EQ(code(ask("POST", "/v1/backups", "{}")), "http.missing_field");
  EXPECT_EQ(code(ask("POST", "/v1/backups", R"({"folder":"/b","with":"keys"})")), "http.unknown_field");
}

TEST_F(Api, InspectsAndVerifies) {
  EXPECT_EQ(json::parse(ask("GET", "/v1/inspect").body)["origin"], "o");
  EXPECT_EQ(json::parse(ask("GET", "/v1/subjects/account-4711").body)["subject"], "account-4711");
  EXPECT_EQ(code(ask("GET", "/v1/subjects/account-4711?x=1")), "http.unknown_parameter");
  service.verified = R"({"ok":false,"position":3,"what":"leaf"})";
  const auto reply = ask("POST", "/v1/verify");
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(json::parse(reply.body)["ok"], false);
}

TEST_F(Api, ShowsCheckpointTilesAndProofs) {
  using About = ProofRequest::About;
  EXPECT_EQ(ask("GET", "/checkpoint").content_type, "text/plain; charset=utf-8");
  const auto tile = ask("GET", "/tile/0/x001/067.p/8");
  EXPECT_EQ(tile.content_type, "application/octet-stream");
  EXPECT_NE(header(tile, "Cache-Control").find("immutable"), std::string::npos);
  EXPECT_EQ(ask("GET", "/v1/proof/inclusion?position=7&size=9").status, 200U);
  EXPECT_EQ(ask("GET", "/v1/proof/consistency?from=7").status, 200U);
  EXPECT_EQ(ask("POST", "/v1/proof/checkpoint", R"({"checkpoint":"note","keys":["k"]})").status, 200U);
  ASSERT_EQ(service.proofs.size(), 5U);
  EXPECT_EQ(service.proofs[0].about, About::kCheckpoint);
  EXPECT_EQ(service.proofs[1].text, "tile/0/x001/067.p/8");
  EXPECT_EQ(service.proofs[2].about, About::kInclusion);
  EXPECT_EQ(service.proofs[2].position, 7U);
  EXPECT_EQ(service.proofs[2].size, 9U);
  EXPECT_EQ(service.proofs[3].about, About::kConsistency);
  EXPECT_FALSE(service.proofs[3].size);
  EXPECT_EQ(service.proofs[4].text, "note");
  EXPECT_EQ(service.proofs[4].keys, std::vector<std::string>{"k"});
  EXPECT_EQ(code(ask("GET", "/v1/proof/inclusion")), "http.bad_parameter");
  EXPECT_EQ(code(ask("GET", "/v1/proof/inclusion?position=x")), "http.bad_parameter");
  EXPECT_EQ(code(ask("POST", "/v1/proof/checkpoint", R"({"keys":[]})")), "http.missing_field");
}

TEST_F(Api, SaysWhetherItIsHealthyAndReady) {
  EXPECT_EQ(ask("GET", "/healthz").status, 200U);
  EXPECT_EQ(handling.lane, Lane::kInline);
  EXPECT_EQ(ask("GET", "/readyz").status, 200U);
  options.ready = []() -> Result<std::string> {
    return Error{ErrorCode::kUnavailable, "views.behind", "the views are being built"};
  };
  const auto reply = ask("GET", "/readyz");
  EXPECT_EQ(reply.status, 503U);
  EXPECT_EQ(code(reply), "views.behind");
  options.ready = [] { return Result<std::string>(R"({"status":"ready","kafka":{"connected":false}})"); };
  EXPECT_EQ(json::parse(ask("GET", "/readyz").body)["kafka"]["connected"], false);
}

TEST_F(Api, ShowsHowPublishingStands) {
  EXPECT_EQ(ask("GET", "/metrics").body.find("rapport_kafka"), std::string::npos);
  service.on_inspect = [] {
    return Result<std::string>(R"({"position":9,"views":{},"kafka":{"connected":true,"position":7}})");
  };
  const auto text = ask("GET", "/metrics").body;
  EXPECT_NE(text.find("rapport_kafka_position 7\n"), text.npos) << text;
  EXPECT_NE(text.find("rapport_kafka_connected 1\n"), text.npos) << text;
}

TEST_F(Api, RefusesAMemberThatIsThereTwice) {
  const auto reply = ask("POST", "/v1/imports", R"({"mapping":"a","files":["f"],"mapping":"b"})");
  EXPECT_EQ(reply.status, 400U);
  EXPECT_EQ(code(reply), "http.duplicate_field");
  EXPECT_EQ(json::parse(reply.body)["field"], "/mapping");
}

TEST_F(Api, RefusesALastEventThatNoOtherCanFollow) {
  for (const char* last : {"18446744073709551615", "18446744073709551616", "-1", ""}) {
    EXPECT_EQ(ask("GET", "/v1/events/live", "", {{"Last-Event-ID", last}}).status, 400U) << last;
  }
}

TEST_F(Api, ShowsMetrics) {
  service.append();
  metrics.answered("/v1/events", "GET", 200, std::chrono::milliseconds(2));
  const auto text = ask("GET", "/metrics").body;
  EXPECT_NE(text.find("rapport_head_position 1\n"), text.npos) << text;
  EXPECT_NE(text.find("rapport_view_position{view=\"pipeline\"} 1\n"), text.npos) << text;
  EXPECT_NE(text.find("rapport_http_requests_total{"), text.npos) << text;
  EXPECT_NE(text.find("rapport_http_request_seconds_bucket{route=\"/v1/events\",le=\"0.0025\"} 1"), text.npos)
      << text;
  service.on_inspect = []() -> Result<std::string> {
    return Error{ErrorCode::kUnavailable, "x.y", "not now"};
  };
  EXPECT_EQ(ask("GET", "/metrics").status, 200U);
}

TEST_F(Api, TellsUnknownAddressesFromWrongMethods) {
  EXPECT_EQ(code(ask("GET", "/")), "http.no_route");
  EXPECT_EQ(code(ask("GET", "/v2/events")), "http.no_route");
  EXPECT_EQ(code(ask("GET", "/v1/events/")), "http.no_route");
  EXPECT_EQ(ask("GET", "/v1/nothing").status, 404U);
  const auto reply = ask("GET", "/v1/opportunity/1/win");
  EXPECT_EQ(reply.status, 405U);
  EXPECT_EQ(code(reply), "http.method");
  EXPECT_EQ(header(reply, "Allow"), "POST");
  EXPECT_EQ(header(ask("POST", "/v1/views/pipeline/summary"), "Allow"), "GET, HEAD");
  EXPECT_EQ(header(ask("DELETE", "/v1/streams/a-1"), "Allow"), "GET, HEAD");
  EXPECT_EQ(ask("HEAD", "/healthz").status, 200U);
}

TEST_F(Api, RefusesPagesOfOtherSites) {
  const auto with = [&](HttpHeaders headers) {
    return answered(api.handle({"POST", "/v1/case/1/open", std::move(headers), ""}));
  };
  EXPECT_EQ(with({{"Host", "evil.example:8080"}}).status, 403U);
  EXPECT_EQ(code(with({{"Host", "localhost:80"}, {"Origin", "http://evil.example"}})), "http.foreign_origin");
  EXPECT_EQ(with({{"Host", "localhost:80"}, {"Origin", "null"}}).status, 403U);
  EXPECT_TRUE(service.commands.empty());
  EXPECT_EQ(with({{"Host", "localhost:80"}, {"Origin", "http://localhost:80"}}).status, 200U);
  EXPECT_EQ(with({{"Host", "127.0.0.1:80"}}).status, 200U);
  EXPECT_EQ(with({{"Host", "[::1]:80"}}).status, 200U);
  options.allow_remote = true;
  EXPECT_EQ(with({{"Host", "crm.example"}, {"Origin", "https://crm.example"}}).status, 200U);
  EXPECT_EQ(with({{"Host", "crm.example"}, {"Origin", "https://evil.example"}}).status, 403U);
}

}  // namespace
}  // namespace rapport
