// Questions as they are typed: what is no question is refused with the field at fault, pages stay of one moment, answers without
// rows still say what they would have told.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "tests/program/program.h"

namespace rapport::program {
namespace {

struct QueryVerb : Folder {
  void SetUp() override { ASSERT_EQ(import_deals().code, 0); }
  Ran ask(std::vector<std::string> arguments, const std::string& format = "json") {
    for (auto& more : {std::string("--data"), store(), std::string("--format"), format}) arguments.push_back(more);
    return run(arguments);
  }
  Ran query(std::vector<std::string> arguments, const std::string& format = "json") {
    arguments.insert(arguments.begin(), "query");
    return ask(arguments, format);
  }
  static void expect_usage(const Ran& ran, const std::string& field) {
    EXPECT_EQ(ran.code, 2) << ran.out << ran.err;
    EXPECT_EQ(ran.error().value("field", ""), field) << ran.err;
    EXPECT_EQ(ran.out, "");
  }
};

TEST_F(QueryVerb, RefusesAnOptionWithNothingInIt) {
  expect_usage(query({"pipeline/summary", "--as-of", ""}), "asOf");
  expect_usage(query({"pipeline/summary", "--known-at", ""}), "knownAt");
  expect_usage(query({"pipeline/summary", "--sort", ""}), "sort");
  expect_usage(query({"pipeline/summary", "--limit", ""}), "limit");
}
TEST_F(QueryVerb, RefusesNumbersThatAreNone) {
  for (std::string number : {"-1", "1.5", "99999999999999999999", "0x10", "ten"}) {
    expect_usage(query({"pipeline/opportunities", "--limit", number}), "limit");
    expect_usage(ask({"events", "--from", number}), "from");
    expect_usage(ask({"events", "--to", number}), "to");
    expect_usage(ask({"events", "--limit", number}), "limit");
    expect_usage(ask({"command", "opportunity/D-2", "win", "{}", "--expect", number}), "expect");
  }
}
TEST_F(QueryVerb, RefusesArgumentsThatContradictEachOther) {
  expect_usage(query({"pipeline/win-rate", "by=owner", "by=team"}), "by");
  expect_usage(query({"pipeline/waterfall", "from=2025-03-01", "to=2025-02-01"}), "to");
  expect_usage(query({"pipeline/waterfall", "from=2025-01-01", "to=2025-02-01", "closing=2025-02-01..2025-01-01"}), "closing");
  expect_usage(query({"pipelines/summary"}), "view");
  expect_usage(query({"pipeline/summery"}), "report");
  expect_usage(query({"pipeline/summary", "colour=red"}), "colour");
}

TEST_F(QueryVerb, EveryPageReportsThePositionAndRootOfTheFirst) {
  auto now = ask({"inspect"}).json()["position"].dump();
  std::vector<std::vector<std::string>> asked = {
      {}, {"--as-of", "2025-12-31"}, {"--known-at", now}, {"--known-at", now, "--as-of", "2025-12-31"}};
  int later = 0;
  for (auto& times : asked) {
    std::vector<std::string> arguments{"pipeline/opportunities", "--limit", "1"};
    arguments.insert(arguments.end(), times.begin(), times.end());
    auto first = query(arguments).json();
    ASSERT_TRUE(first.contains("next")) << first;
    ASSERT_EQ(ask({"command", "account/later-" + std::to_string(++later), "create", R"({"kind":"organisation"})"}).code, 0);
    arguments.insert(arguments.end(), {"--cursor", first["next"].get<std::string>()});
    auto second = query(arguments).json();
    ASSERT_EQ(second["rows"].size(), 1u) << second;
    for (auto* same : {"position", "root", "asOf", "knownAt"}) EXPECT_EQ(second[same], first[same]) << same;
    EXPECT_NE(second["rows"], first["rows"]);
  }
}
TEST_F(QueryVerb, RefusesACursorOfAnotherQuestion) {
  auto next = query({"pipeline/opportunities", "--limit", "1", "--as-of", "2025-12-31"}).json()["next"].get<std::string>();
  expect_usage(query({"pipeline/opportunities", "--cursor", next}), "cursor");
  expect_usage(query({"pipeline/opportunities", "--cursor", next, "--as-of", "2025-12-30"}), "cursor");
  expect_usage(query({"pipeline/opportunities", "--cursor", next, "--as-of", "2025-12-31", "--known-at", "5"}), "cursor");
  expect_usage(query({"pipeline/opportunities", "status=open", "--cursor", next, "--as-of", "2025-12-31"}), "cursor");
  EXPECT_EQ(query({"pipeline/opportunities", "--cursor", next, "--as-of", "2025-12-31"}).code, 0);
}

TEST_F(QueryVerb, KnownAtTheBeginningIsOfNoTime) {
  auto answer = query({"pipeline/summary", "--known-at", "0"}).json();
  EXPECT_EQ(answer["position"], 0);
  EXPECT_TRUE(answer["knownAt"].is_null()) << answer;
  EXPECT_FALSE(query({"pipeline/summary", "--known-at", "1"}).json()["knownAt"].is_null());
}
TEST_F(QueryVerb, AnAnswerWithoutRowsStillHasItsHeader) {
  EXPECT_EQ(query({"pipeline/summary", "status=none"}, "csv").out, "status,stage,currency,count,amountMinor,weightedMinor\r\n");
  auto table = query({"pipeline/summary", "status=none"}, "table").out;
  EXPECT_TRUE(table.starts_with("status  stage  currency  count  amount  weighted\n")) << table;
  EXPECT_NE(table.find("0 rows"), table.npos);
}
TEST_F(QueryVerb, EveryColumnOfBasisPointsIsShownInPercent) {
  EXPECT_EQ(ask({"command", "case/1", "open", "{}"}).code, 0);
  EXPECT_EQ(ask({"command", "case/1", "startMilestone", R"({"kind":"resolution"})"}).code, 0);
  EXPECT_EQ(ask({"command", "case/1", "meetMilestone", R"({"kind":"resolution"})"}).code, 0);
  auto table = query({"service/sla"}, "table").out;
  EXPECT_NE(table.find("100.00 %"), table.npos) << table;
  EXPECT_EQ(table.find("10,000"), table.npos) << table;
}

// Answers one request with status 200 and this body.
class AnotherServer final {
 public:
  explicit AnotherServer(const std::string& body) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 1), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this, body] {
      auto client = accept(socket_, nullptr, nullptr);
      char request[4096];
      auto reply = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
      if (read(client, request, sizeof request) > 0 && write(client, reply.data(), reply.size()) < 0) ADD_FAILURE() << "no reply";
      close(client);
    });
  }
  ~AnotherServer() {
    thread_.join();
    close(socket_);
  }
  const std::string& url() const { return url_; }

 private:
  const int socket_;
  std::string url_;
  std::thread thread_;
};

TEST(AnotherServersAnswer, IsShownAsItCameAndNoReasonToDie) {
  for (std::string body : {"<html>It works!</html>", "[1]", "{}", R"({"rows":[{"a":1}]})", R"({"columns":["a"],"rows":[{}]})"}) {
    AnotherServer server(body);
    auto ran = run({"query", "pipeline/summary", "--server", server.url(), "--format", "table"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.out, body + "\n");
  }
}

}  // namespace
}  // namespace rapport::program
