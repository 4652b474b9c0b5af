// The server on a real socket: limits, time, load, and the end.
#include "adapters/http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "tests/http/fake_service.h"
#include "tests/http/raw_client.h"

namespace rapport {
namespace {

using namespace std::chrono_literals;

class Server : public testing::Test {
 protected:
  void start() {
    auto started = HttpServer::start(service, options);
    ASSERT_TRUE(started) << started.error().message;
    server = std::move(*started);
    address = server->address();
  }
  static std::string status(const std::string& reply) { return reply.substr(0, reply.find("\r\n")); }

  FakeService service;
  HttpOptions options;
  std::string address;
  std::unique_ptr<HttpServer> server;
};

TEST_F(Server, AnswersManyRequestsOnOneConnection) {
  start();
  RawClient client(address);
  for (int i = 1; i <= 3; ++i) {
    const auto reply = client.ask(post("/v1/case/1/open", "{}"));
    EXPECT_EQ(status(reply), "HTTP/1.1 200 OK");
    EXPECT_NE(reply.find("Content-Type: application/json\r\n"), reply.npos);
    EXPECT_TRUE(reply.ends_with("\r\n\r\n" + FakeService::receipt(static_cast<std::uint64_t>(i)))) << reply;
  }
}

TEST_F(Server, AnswersPipelinedRequestsInOrder) {
  start();
  RawClient client(address);
  client.send(post("/v1/case/1/open", "{}") + get("/healthz") + get("/nowhere") +
              post("/v1/case/1/open", "{}"));
  EXPECT_TRUE(client.read_reply().ends_with(FakeService::receipt(1)));
  EXPECT_TRUE(client.read_reply().ends_with(R"({"status":"ok"})"));
  EXPECT_EQ(status(client.read_reply()), "HTTP/1.1 404 Not Found");
  EXPECT_TRUE(client.read_reply().ends_with(FakeService::receipt(2)));
}

TEST_F(Server, ClosesWhenTheClientAsksForIt) {
  start();
  RawClient client(address);
  client.send(get("/healthz", "Connection: close\r\n"));
  EXPECT_EQ(status(client.read_all()), "HTTP/1.1 200 OK");
  EXPECT_TRUE(client.closed());
  RawClient old(address);
  old.send("GET /healthz HTTP/1.0\r\n\r\n");
  EXPECT_EQ(status(old.read_all()), "HTTP/1.0 200 OK");
  EXPECT_TRUE(old.closed());
}

TEST_F(Server, AnswersHeadWithoutABody) {
  start();
  RawClient client(address);
  client.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/readyz"));
  const auto head = client.read_until("\r\n\r\n");
  EXPECT_NE(head.find("Content-Length: 15\r\n"), head.npos) << head;
  EXPECT_TRUE(client.read_reply().ends_with(R"({"status":"ready"})"));
}

TEST_F(Server, RefusesWhatIsTooLarge) {
  options.limits.body_bytes_max = 1000;
  options.limits.target_bytes_max = 500;
  options.limits.header_bytes_max = 2000;
  start();
  const auto refused = [&](const std::string& request) {
    RawClient client(address);
    client.send(request);
    const auto reply = client.read_all();
    EXPECT_TRUE(client.closed());
    EXPECT_NE(reply.find("application/problem+json"), reply.npos) << reply;
    const std::string_view limit = status(reply).find("413") != reply.npos   ? "at most 1000 bytes"
                                   : status(reply).find("414") != reply.npos ? "at most 500 bytes"
                                                                             : "at most 2000 bytes";
    EXPECT_NE(reply.find(limit), reply.npos) << reply;
    return status(reply);
  };
  EXPECT_EQ(refused(post("/v1/case/1/open", std::string(1001, ' '))), "HTTP/1.1 413 Payload Too Large");
  EXPECT_EQ(refused(post("/v1/case/1/open", std::string(3 << 20, ' '))), "HTTP/1.1 413 Payload Too Large");
  EXPECT_EQ(
      refused(
          "POST /v1/case/1/open HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
          std::string(1001, ' ') + "\r\n0\r\n\r\n"),
      "HTTP/1.1 413 Payload Too Large");
  EXPECT_EQ(refused(get("/" + std::string(600, 'a'))), "HTTP/1.1 414 URI Too Long");
  EXPECT_EQ(refused(get("/" + std::string(9000, 'a'))), "HTTP/1.1 414 URI Too Long");
  EXPECT_EQ(refused(get("/healthz", "X: " + std::string(9000, 'a') + "\r\n")),
            "HTTP/1.1 431 Request Header Fields Too Large");
  EXPECT_TRUE(service.commands.empty());
  RawClient client(address);
  EXPECT_EQ(status(client.ask(post("/v1/case/1/open", std::string(1000, ' ')))), "HTTP/1.1 200 OK");
}

TEST_F(Server, RefusesWhatIsNoRequest) {
  start();
  const auto refused = [&](const std::string& bytes) {
    RawClient client(address);
    client.send(bytes);
    return status(client.read_all());
  };
  EXPECT_EQ(refused("\x16\x03\x01\x02garbage\r\n\r\n"), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(refused("GET /healthz\r\n\r\n"), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(refused("GET /healthz HTTP/1.1\r\n\r\n"), "HTTP/1.1 400 Bad Request");  // no Host
  EXPECT_EQ(refused("GET /healthz HTTP/3.0\r\nHost: localhost\r\n\r\n"),
            "HTTP/1.1 505 HTTP Version Not Supported");
  EXPECT_EQ(refused("POST /v1/case/1/open HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n"),
            "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(
      refused("POST /v1/case/1/open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: "
              "chunked\r\n\r\n0\r\n\r\n"),
      "HTTP/1.1 400 Bad Request");
  EXPECT_TRUE(service.commands.empty());
}

TEST_F(Server, SurvivesRandomBytes) {
  options.limits.header_timeout = 100ms;
  start();
  std::mt19937 random(4711);
  for (int i = 0; i < 200; ++i) {
    RawClient client(address);
    std::string bytes(random() % 300, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    client.send(i % 2 == 0 ? bytes : "POST /v1/case/1/open HTTP/1.1\r\n" + bytes);
  }
  RawClient client(address);
  EXPECT_EQ(status(client.ask(get("/healthz"))), "HTTP/1.1 200 OK");
}

TEST_F(Server, DropsClientsThatAreTooSlow) {
  options.limits.header_timeout = 300ms;
  options.limits.body_timeout = 2'000ms;
  options.limits.idle_timeout = 300ms;
  start();
  RawClient drip(address);
  std::atomic<bool> over = false;
  std::jthread dripping([&] {
    for (const char c : get("/healthz", "X: " + std::string(200, 'a'))) {
      if (over || !drip.send({&c, 1})) break;
      std::this_thread::sleep_for(20ms);
    }
  });
  EXPECT_EQ(status(drip.read_until("\r\n\r\n")), "HTTP/1.1 408 Request Timeout");
  over = true;
  RawClient body(address);
  body.send("POST /v1/case/1/open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nab");
  const auto late = body.read_all();
  EXPECT_EQ(status(late), "HTTP/1.1 408 Request Timeout");
  EXPECT_NE(late.find("the body within 2 s"), late.npos) << late;
  RawClient idle(address);
  idle.ask(get("/healthz"));
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(service.commands.empty());
}

TEST_F(Server, ContinuesForAClientThatAsksFirst) {
  start();
  RawClient client(address);
  client.send(
      "POST /v1/case/1/open HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
      "2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(status(client.ask("{}")), "HTTP/1.1 200 OK");
}

TEST_F(Server, Takes64CommandsAtOnceAndHoldsThemUpForNoneThatTakesLong) {
  constexpr int kCommands = 64;
  std::latch inside[2] = {std::latch(1), std::latch(1)}, others(kCommands);
  service.on_command = [&](const CommandRequest& request) -> Result<std::string> {
    if (request.id != "0" && request.id != "1") return FakeService::receipt(1);
    inside[request.id[0] - '0'].count_down();
    others.wait();  // comes back only if all 64 were answered meanwhile
    return FakeService::receipt(1);
  };
  start();
  RawClient slow(address), slower(address);
  slow.send(post("/v1/case/0/open", "{}"));
  inside[0].wait();
  slower.send(post("/v1/case/1/open", "{}"));
  inside[1].wait();
  std::vector<std::jthread> clients;
  for (int i = 0; i < kCommands; ++i) {
    clients.emplace_back([&] {
      RawClient client(address);
      EXPECT_EQ(status(client.ask(post("/v1/case/other/open", "{}"))), "HTTP/1.1 200 OK");
      others.count_down();
    });
  }
  clients.clear();
  EXPECT_EQ(status(slow.read_reply()), "HTTP/1.1 200 OK");
  EXPECT_EQ(status(slower.read_reply()), "HTTP/1.1 200 OK");
}

TEST_F(Server, SaysWhenItIsOverloadedAndStaysUseful) {
  options.report_threads = 1;
  options.report_queue = 0;
  std::latch inside(1), go_on(1);
  service.on_query = [&](const QueryRequest&) -> Result<std::string> {
    inside.count_down();
    go_on.wait();
    return std::string("{}");
  };
  start();
  RawClient first(address), second(address), other(address);
  first.send(get("/v1/views/v/first"));
  inside.wait();
  const auto reply = second.ask(get("/v1/views/v/second"));
  EXPECT_EQ(status(reply), "HTTP/1.1 503 Service Unavailable");
  EXPECT_NE(reply.find("http.overloaded"), reply.npos);
  EXPECT_NE(reply.find("Retry-After: 1\r\n"), reply.npos);
  EXPECT_EQ(status(other.ask(post("/v1/case/1/open", "{}"))),
            "HTTP/1.1 200 OK");  // commands have threads of their own
  go_on.count_down();
  EXPECT_EQ(status(first.read_reply()), "HTTP/1.1 200 OK");
}

TEST_F(Server, TurnsAwayMoreConnectionsThanItTakes) {
  options.limits.connections_max = 2;
  start();
  RawClient first(address), second(address);
  first.ask(get("/healthz"));
  second.ask(get("/healthz"));
  RawClient third(address);
  const auto reply = third.read_all();
  EXPECT_EQ(status(reply), "HTTP/1.1 503 Service Unavailable");
  EXPECT_NE(reply.find("http.too_many_connections"), reply.npos);
  EXPECT_EQ(status(first.ask(get("/healthz"))), "HTTP/1.1 200 OK");
}

TEST_F(Server, SurvivesAServiceThatThrows) {
  service.on_command = [](const CommandRequest&) -> Result<std::string> {
    throw std::runtime_error("a bug");
  };
  start();
  RawClient client(address);
  const auto reply = client.ask(post("/v1/case/1/open", "{}"));
  EXPECT_EQ(status(reply), "HTTP/1.1 500 Internal Server Error");
  EXPECT_EQ(reply.find("a bug"), reply.npos);
  EXPECT_EQ(status(client.ask(get("/healthz"))), "HTTP/1.1 200 OK");
}

TEST_F(Server, StreamsLinesOfAnyLength) {
  options.limits.stream_buffer_bytes = 1000;  // far less than a line
  for (int i = 0; i < 300; ++i) service.append("case.opened", "case-1", 5000);
  start();
  RawClient client(address);
  client.send(get("/v1/events?from=2", "Accept: application/jsonl\r\n"));
  EXPECT_NE(client.read_until("\r\n\r\n").find("Transfer-Encoding: chunked"), std::string::npos);
  int lines = 0;
  while (lines < 299 && client.read_until("}}\n").size() > 5000) ++lines;
  EXPECT_EQ(lines, 299);
  EXPECT_EQ(client.read_until("\r\n0\r\n\r\n"), "\r\n0\r\n\r\n");
}

TEST_F(Server, BreaksLinesOffWithTheProblem) {
  service.append();
  service.events_fail_after_limit = Error{ErrorCode::kCorrupt, "store.damaged", "position 2 is damaged"};
  options.limits.stream_buffer_bytes = 10;
  start();
  RawClient client(address);
  client.send(get("/v1/events", "Accept: application/jsonl\r\n"));
  const auto all = client.read_all();
  EXPECT_NE(all.find("{\"position\":1,"), all.npos);
  EXPECT_NE(all.find("{\"problem\":{\"type\":\"urn:rapport:problem:store.damaged\""), all.npos);
  EXPECT_EQ(all.find("\r\n0\r\n\r\n"), all.npos);  // a chunked body that does not end is no whole answer
}

TEST_F(Server, DropsAClientThatStopsReadingLines) {
  options.limits.write_timeout = 200ms;
  for (int i = 0; i < 300; ++i) service.append("case.opened", "case-1", 100'000);
  start();
  RawClient client(address, 4096);
  client.send(get("/v1/events", "Accept: application/jsonl\r\n"));
  client.read_until("\r\n\r\n");
  std::this_thread::sleep_for(600ms);
  EXPECT_LT(service.lines_read, 300U);
  EXPECT_LT(client.read_all().size(), 300U * 100'000U);
  EXPECT_TRUE(client.closed());
}

TEST_F(Server, FinishesRequestsInFlightAndThenStops) {
  std::latch inside(1), go_on(1);
  service.on_command = [&](const CommandRequest&) -> Result<std::string> {
    inside.count_down();
    go_on.wait();
    return FakeService::receipt(1);
  };
  start();
  RawClient client(address), idle(address);
  idle.ask(get("/healthz"));
  client.send(post("/v1/case/1/open", "{}"));
  inside.wait();
  std::jthread stopping([&] { server->stop(); });
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_TRUE(idle.closed());
  go_on.count_down();
  const auto reply = client.read_all();
  EXPECT_EQ(status(reply), "HTTP/1.1 200 OK");
  EXPECT_NE(reply.find("Connection: close"), reply.npos);
  EXPECT_TRUE(client.closed());
  stopping.join();
  EXPECT_FALSE(RawClient(address).connected());
}

TEST_F(Server, CutsWhatDoesNotFinishInTime) {
  options.limits.stop_timeout = 100ms;
  for (int i = 0; i < 300; ++i) service.append("case.opened", "case-1", 100'000);
  start();
  RawClient client(address, 4096);
  client.send(get("/v1/events", "Accept: application/jsonl\r\n"));
  client.read_until("\r\n\r\n");
  const auto began = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

TEST_F(Server, SaysWhoseThePortIs) {
  start();
  options.port = static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1)));
  const auto second = HttpServer::start(service, options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, "http.port_in_use");
  EXPECT_NE(second.error().message.find(address), std::string::npos);
}

TEST_F(Server, ListensElsewhereOnlyIfTold) {
  options.host = "0.0.0.0";
  const auto refused = HttpServer::start(service, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "http.not_loopback");
  EXPECT_NE(refused.error().hint.find("--allow-remote"), std::string::npos);
  options.host = "no such host.invalid";
  EXPECT_EQ(HttpServer::start(service, options).error().reason, "http.bad_address");
  options.host = "0.0.0.0";
  options.allow_remote = true;
  EXPECT_TRUE(HttpServer::start(service, options));
}

}  // namespace
}  // namespace rapport
