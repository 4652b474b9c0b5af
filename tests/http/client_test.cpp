// The client against the server: what goes in at one end comes out at the other.
#include "adapters/http/client.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "adapters/http/server.h"
#include "tests/http/fake_service.h"

namespace rapport {
namespace {

using namespace std::chrono_literals;

class Client : public testing::Test {
 protected:
  void SetUp() override {
    auto started = HttpServer::start(service, options);
    ASSERT_TRUE(started) << started.error().message;
    server = std::move(*started);
    auto at = RemoteService::at("http://" + server->address());
    ASSERT_TRUE(at);
    remote.emplace(std::move(*at));
  }
  FakeService service;
  HttpOptions options;
  std::unique_ptr<HttpServer> server;
  std::optional<RemoteService> remote;
};

TEST_F(Client, SendsEverythingACommandHas) {
  CommandRequest command;
  command.aggregate = "loyaltyMember";
  command.id = "会员/7 %?#";
  command.command = "redeemPoints";
  command.body = R"({"points":100,"note":"好"})";
  command.expected_version = 0;
  command.command_id = "0190-uuid";
  command.reason_code = "gift";
  command.reason_text = "春节: 100% \"free\"";
  command.actor = "clerk 1";
  command.occurred_at = "2017-06-30T10:00:00+02:00";
  const auto receipt = remote->command(command);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(*receipt, FakeService::receipt(1));
  const auto& seen = service.commands.at(0);
  EXPECT_EQ(seen.aggregate, command.aggregate);
  EXPECT_EQ(seen.id, command.id);
  EXPECT_EQ(seen.command, command.command);
  EXPECT_EQ(seen.body, command.body);
  EXPECT_EQ(seen.expected_version, command.expected_version);
  EXPECT_EQ(seen.command_id, command.command_id);
  EXPECT_EQ(seen.reason_code, command.reason_code);
  EXPECT_EQ(seen.reason_text, command.reason_text);
  EXPECT_EQ(seen.actor, command.actor);
  EXPECT_EQ(seen.occurred_at, command.occurred_at);
}

TEST_F(Client, SendsEverythingAQueryHas) {
  QueryRequest query;
  query.view = "pipeline";
  query.report = "win-rate";
  query.arguments = {{"by", "owner"}, {"name~", "北京 & Söhne=+"}, {"amountMinor>", "5"}};
  query.as_of = "2017-06-30T10:00:00+02:00";
  query.known_at = "77";
  query.sort = "-won";
  query.cursor = "YWJj+/==";
  query.limit = 3;
  query.time_zone = "Asia/Shanghai";
  const auto report = remote->query(query);
  ASSERT_TRUE(report);
  EXPECT_EQ(*report, R"({"rows":[]})");
  const auto& seen = service.queries.at(0);
  EXPECT_EQ(seen.view, query.view);
  EXPECT_EQ(seen.report, query.report);
  EXPECT_EQ(seen.arguments, query.arguments);
  EXPECT_EQ(seen.as_of, query.as_of);
  EXPECT_EQ(seen.known_at, query.known_at);
  EXPECT_EQ(seen.sort, query.sort);
  EXPECT_EQ(seen.cursor, query.cursor);
  EXPECT_EQ(seen.limit, query.limit);
  EXPECT_EQ(seen.time_zone, query.time_zone);
}

TEST_F(Client, BringsEveryErrorBack) {
  for (const auto code : {ErrorCode::kInvalid, ErrorCode::kRejected, ErrorCode::kNotFound,
                          ErrorCode::kConflict, ErrorCode::kUnavailable, ErrorCode::kCorrupt}) {
    const Error sent{code, "some.reason", "what happened", "/field", "this", "do that"};
    service.on_query = [&](const QueryRequest&) -> Result<std::string> { return sent; };
    QueryRequest query;
    query.view = query.report = "x";
    const auto back = remote->query(query);
    ASSERT_FALSE(back);
    EXPECT_EQ(back.error().code, sent.code);
    EXPECT_EQ(back.error().reason, sent.reason);
    EXPECT_EQ(back.error().message, sent.message);
    EXPECT_EQ(back.error().field, sent.field);
    EXPECT_EQ(back.error().expected, sent.expected);
    EXPECT_EQ(back.error().hint, sent.hint);
  }
  service.on_command = [](const CommandRequest&) -> Result<std::string> {
    return Error{ErrorCode::kConflict, "stream.version_differs", "it is at 9", "", "9"};
  };
  CommandRequest command;
  command.aggregate = command.id = command.command = "x";
  const auto lost = remote->command(command);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kConflict);
  EXPECT_EQ(lost.error().expected, "9");
}

TEST_F(Client, ReadsEventsOfAnyNumber) {
  for (int i = 0; i < 20'000; ++i) service.append(i % 2 ? "case.opened" : "case.closed", "case-1", 50);
  std::vector<std::string> lines;
  const auto sink = [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  };
  ASSERT_TRUE(remote->events({}, sink, {}));
  EXPECT_EQ(lines.size(), 20'000U);
  EXPECT_TRUE(lines.back().starts_with("{\"position\":20000,"));
  EXPECT_TRUE(lines.back().ends_with("}}"));
  lines.clear();
  EventsRequest some;
  some.from = 10;
  some.to = 99;
  some.type = "case.opened";
  some.limit = 5;
  ASSERT_TRUE(remote->events(some, sink, {}));
  EXPECT_EQ(lines.size(), 5U);
  EXPECT_TRUE(lines.front().starts_with("{\"position\":10,"));
  lines.clear();
  ASSERT_TRUE(remote->events({}, [&](std::string_view line) { return sink(line) && lines.size() < 3; }, {}));
  EXPECT_EQ(lines.size(), 3U);
}

TEST_F(Client, HearsThatEventsBrokeOff) {
  service.append();
  service.events_fail_after_limit = Error{ErrorCode::kCorrupt, "store.damaged", "position 2 is damaged"};
  const auto read = remote->events({}, [](std::string_view) { return true; }, {});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason, "store.damaged");
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
}

TEST_F(Client, FollowsEventsUntilTold) {
  service.append();
  service.append();
  std::atomic<int> seen = 0;
  std::stop_source stop;
  EventsRequest request;
  request.follow = true;
  request.from = 2;
  std::optional<Result<void>> outcome;
  std::jthread follower([&] {
    outcome = remote->events(
        request, [&](std::string_view) { return ++seen, true; }, stop.get_token());
  });
  for (int tries = 0; seen < 1 && tries < 500; ++tries) std::this_thread::sleep_for(10ms);
  service.append();
  for (int tries = 0; seen < 2 && tries < 500; ++tries) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(seen, 2);
  stop.request_stop();
  follower.join();
  EXPECT_TRUE(outcome.value());
}

TEST_F(Client, FollowsUntilTheLimitOrTheEnd) {
  for (int i = 0; i < 5; ++i) service.append();
  std::vector<std::string> lines;
  const auto sink = [&](std::string_view line) { return lines.emplace_back(line), true; };
  EventsRequest request;
  request.follow = true;
  request.limit = 3;
  ASSERT_TRUE(remote->events(request, sink, {}));
  EXPECT_EQ(lines.size(), 3U);
  lines.clear();
  request.limit.reset();
  request.to = 4;
  ASSERT_TRUE(remote->events(request, sink, {}));
  EXPECT_EQ(lines.size(), 4U);
}

TEST_F(Client, SaysThatTheServerStopped) {
  service.append();
  std::atomic<bool> answering = false;  // a request that is not being answered yet is refused, as the server is stopping
  std::optional<Result<void>> outcome;
  EventsRequest request;
  request.follow = true;
  std::jthread follower(
      [&] { outcome = remote->events(request, [&](std::string_view) { return answering = true; }, {}); });
  for (int tries = 0; !answering && tries < 500; ++tries) std::this_thread::sleep_for(10ms);
  server->stop();
  follower.join();
  ASSERT_FALSE(outcome.value());
  EXPECT_EQ(outcome->error().reason, "http.unreachable");
  EXPECT_EQ(outcome->error().code, ErrorCode::kUnavailable);
  const auto after = remote->inspect();
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().reason, "http.unreachable");
}

TEST_F(Client, ImportsWithAbsolutePaths) {
  ImportRequest seen;
  service.on_import = [&](const ImportRequest& request) -> Result<std::string> {
    seen = request;
    return std::string("{}");
  };
  ImportRequest request;
  request.mapping = "crm-sales";
  request.files = {"a.csv", "/b.csv"};
  request.dry_run = true;
  ASSERT_TRUE(remote->import(request, {}));
  const auto here = std::filesystem::current_path();
  EXPECT_EQ(seen.mapping, "crm-sales");
  EXPECT_EQ(seen.files, (std::vector<std::string>{here / "a.csv", "/b.csv"}));
  EXPECT_EQ(seen.rejects, "");
  EXPECT_TRUE(seen.dry_run);
  request.mapping = "./my.json";
  request.rejects = "r.csv";
  ASSERT_TRUE(remote->import(request, {}));
  EXPECT_TRUE(std::filesystem::path(seen.mapping).is_absolute());
  EXPECT_EQ(seen.rejects, here / "r.csv");
}

TEST_F(Client, InspectsVerifiesAndReverts) {
  EXPECT_EQ(*remote->inspect(), *service.inspect());
  EXPECT_EQ(*remote->verify({}), service.verified);
  std::pair<std::string, bool> seen;
  service.on_revert = [&](const std::string& id, bool dry) -> Result<std::string> {
    seen = {id, dry};
    return std::string("{}");
  };
  ASSERT_TRUE(remote->revert("i 1", true));
  EXPECT_EQ(seen, (std::pair<std::string, bool>{"i 1", true}));
}

TEST_F(Client, GivesUpOnAServerThatDoesNotAnswer) {
  std::atomic<bool> over = false;
  service.on_inspect = [&]() -> Result<std::string> {
    while (!over) std::this_thread::sleep_for(1ms);
    return std::string("{}");
  };
  auto hurried = RemoteService::at(server->address(), 100ms);
  const auto late = hurried->inspect();
  over = true;
  server->stop();  // nothing is inside any more that looks at `over`
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason, "http.timeout");
}

TEST(RemoteService, TellsAddressesFromOtherThings) {
  EXPECT_TRUE(RemoteService::at("http://localhost:80/"));
  EXPECT_TRUE(RemoteService::at("[::1]:80"));
  for (const auto* bad : {"", "localhost", "http://:80", "http://a:0", "http://a:70000", "https://a:443",
                          "http://a:80/x", "a b:80"}) {
    const auto at = RemoteService::at(bad);
    ASSERT_FALSE(at) << bad;
    EXPECT_EQ(at.error().reason, "http.bad_address");
  }
}

}  // namespace
}  // namespace rapport
