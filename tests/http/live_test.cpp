// Events as they happen: the tail, its readers, and clients of /v1/events/live.
#include <gtest/gtest.h>

#include <semaphore>
#include <thread>

#include "adapters/http/live_events.h"
#include "adapters/http/server.h"
#include "tests/http/fake_service.h"
#include "tests/http/raw_client.h"

namespace rapport {
namespace {

using namespace std::chrono_literals;
using State = LiveReader::State;

// A reader that reads on until it has what the test wants, as a connection does.
class Follower {
 public:
  Follower(LiveTail& tail, LiveReader::From from)
      : reader(tail, std::move(from), [this] { news.release(); }) {}
  // The next `count` positions.
  std::vector<std::uint64_t> take(std::size_t count) {
    std::vector<std::uint64_t> positions;
    while (positions.size() < count) {
      auto next = reader.next();
      LiveEvents events = std::move(next.events);
      if (next.state == State::kBehind) {
        ++reads;
        auto read = reader.read_log();
        EXPECT_TRUE(read);
        events = *read;
      } else if (next.state != State::kEvents && !news.try_acquire_for(5s)) {
        ADD_FAILURE() << "no news in state " << static_cast<int>(next.state);
        return positions;
      }
      for (const auto& event : events) positions.push_back(event->position);
    }
    return positions;
  }
  // Waits until there is nothing new.
  void catch_up() {
    while (reader.next().state == State::kStarting) {
      if (!news.try_acquire_for(5s)) return ADD_FAILURE() << "the tail does not start";
    }
  }
  std::counting_semaphore<> news{0};
  int reads = 0;
  LiveReader reader;
};

std::vector<std::uint64_t> range(std::uint64_t from, std::uint64_t to) {
  std::vector<std::uint64_t> positions;
  for (; from <= to; ++from) positions.push_back(from);
  return positions;
}

TEST(LiveTail, BeginsWithWhatHappensFromNowOn) {
  FakeService service;
  service.append();
  LiveTail tail(service);
  Follower follower(tail, {});
  follower.catch_up();
  service.append();
  service.append();
  EXPECT_EQ(follower.take(2), range(2, 3));
  EXPECT_EQ(follower.reads, 0);
}

TEST(LiveTail, ReadsTheLogAndGoesOnLiveWithoutAGap) {
  FakeService service;
  for (int i = 0; i < 25; ++i) service.append();
  LiveTail tail(service, {.batch_events = 10});
  Follower follower(tail, {.position = 4});
  EXPECT_EQ(follower.take(22), range(4, 25));
  EXPECT_EQ(follower.reads, 3);
  service.append();
  EXPECT_EQ(follower.take(1), range(26, 26));
}

TEST(LiveTail, LetsASlowReaderCatchUpFromTheLog) {
  FakeService service;
  LiveTail tail(service, {.ring_events = 4});
  Follower slow(tail, {}), quick(tail, {});
  slow.catch_up();
  quick.catch_up();
  for (int i = 0; i < 50; ++i) {
    service.append();
    quick.take(1);
  }
  EXPECT_EQ(slow.take(50), range(1, 50));
  EXPECT_GT(slow.reads, 0);
}

TEST(LiveTail, ReadsTheLogOnceForAllWhoFollow) {
  FakeService service;
  LiveTail tail(service);
  Follower first(tail, {}), second(tail, {}), third(tail, {});
  for (auto* follower : {&first, &second, &third}) follower->catch_up();
  for (int i = 0; i < 100; ++i) service.append();
  for (auto* follower : {&first, &second, &third}) EXPECT_EQ(follower->take(100), range(1, 100));
  EXPECT_EQ(service.lines_read, 100U);
}

TEST(LiveTail, FiltersInTheLogAndLive) {
  FakeService service;
  for (int i = 0; i < 10; ++i)
    service.append(i % 2 ? "case.opened" : "case.closed", "case-" + std::to_string(i));
  LiveTail tail(service);
  Follower follower(tail, {.position = 1, .stream = "", .type = "case.opened"});
  EXPECT_EQ(follower.take(5), (std::vector<std::uint64_t>{2, 4, 6, 8, 10}));
  service.append("case.closed");
  service.append("case.opened");
  EXPECT_EQ(follower.take(1), range(12, 12));
  EXPECT_EQ(follower.reader.passed(), 12U);
}

TEST(LiveTail, FollowsOnlyWhileThereAreReaders) {
  FakeService service;
  LiveTail tail(service);
  EXPECT_EQ(service.followers, 0);
  for (int round = 0; round < 3; ++round) {
    {
      Follower follower(tail, {});
      follower.catch_up();
      const auto position = service.append();
      EXPECT_EQ(follower.take(1), range(position, position));
    }
    EXPECT_TRUE(service.has_followers(0));
    service.append();  // by nobody's eye
  }
}

TEST(LiveTail, TellsReadersThatItFailedAndRecovers) {
  FakeService service;
  LiveTail tail(service);
  {
    Follower follower(tail, {});
    follower.catch_up();
    service.fail_following(Error{ErrorCode::kCorrupt, "store.damaged", "position 9 is damaged"});
    LiveReader::Next next{State::kStarting};
    for (int tries = 0; next.state != State::kClosed && tries < 500; ++tries) {
      follower.news.try_acquire_for(10ms);
      next = follower.reader.next();
    }
    ASSERT_EQ(next.state, State::kClosed);
    EXPECT_EQ(next.error->reason, "store.damaged");
  }
  service.fail_following({});
  Follower again(tail, {});
  again.catch_up();
  service.append();
  EXPECT_EQ(again.take(1), range(1, 1));
}

TEST(LiveTail, ClosesItsReaders) {
  FakeService service;
  LiveTail tail(service);
  Follower follower(tail, {});
  follower.catch_up();
  tail.close();
  EXPECT_EQ(follower.reader.next().state, State::kClosed);
  EXPECT_FALSE(follower.reader.next().error);
}

class LiveClients : public testing::Test {
 protected:
  void start() {
    auto started = HttpServer::start(service, options);
    ASSERT_TRUE(started) << started.error().message;
    server = std::move(*started);
  }
  std::string data(std::uint64_t position) {
    return "id: " + std::to_string(position) + "\nevent: case.opened\ndata: {";
  }
  FakeService service;
  HttpOptions options;
  std::unique_ptr<HttpServer> server;
};

TEST_F(LiveClients, HearOldEventsThatTheyAreCaughtUpAndNewOnes) {
  service.append("case.opened");
  service.append("case.opened");
  start();
  RawClient client(server->address());
  client.send(get("/v1/events/live?from=1"));
  EXPECT_NE(client.read_until("\r\n\r\n").find("Content-Type: text/event-stream"), std::string::npos);
  EXPECT_NE(client.read_until(data(1)), "");
  EXPECT_NE(client.read_until(data(2)), "");
  EXPECT_NE(client.read_until(": caught-up\n\n"), "");
  service.append("case.opened");
  EXPECT_NE(client.read_until(data(3)), "");
  EXPECT_EQ(client.read_until("caught-up", 100ms), "");  // once
}

TEST_F(LiveClients, ResumeWhereTheyWere) {
  for (int i = 0; i < 5; ++i) service.append("case.opened");
  start();
  RawClient client(server->address());
  client.send(get("/v1/events/live", "Last-Event-ID: 3\r\n"));
  const auto heard = client.read_until(": caught-up");
  EXPECT_EQ(heard.find("id: 3\n"), heard.npos);
  EXPECT_NE(heard.find(data(4)), heard.npos);
  EXPECT_NE(heard.find(data(5)), heard.npos);
}

TEST_F(LiveClients, AreToldThatTheLogIsNotThereYet) {
  service.append();
  start();
  RawClient client(server->address());
  const auto reply = client.ask(get("/v1/events/live", "Last-Event-ID: 7\r\n"));
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 400")) << reply;
  EXPECT_NE(reply.find("events.position_ahead"), reply.npos);
}

TEST_F(LiveClients, HearHeartbeatsThatMoveTheirPlace) {
  options.limits.heartbeat = 50ms;
  start();
  RawClient client(server->address());
  client.send(get("/v1/events/live?type=case.closed"));
  client.read_until(": caught-up");
  service.append("case.opened");
  EXPECT_NE(client.read_until(": heartbeat\nid: 1\n\n"), "");
}

TEST_F(LiveClients, ThatDoNotReadAreDroppedAndHurtNobody) {
  options.limits.write_timeout = 1s;
  start();
  RawClient slow(server->address(), 4096), quick(server->address());
  slow.send(get("/v1/events/live"));
  quick.send(get("/v1/events/live"));
  slow.read_until(": caught-up");
  quick.read_until(": caught-up");
  constexpr int kEvents = 2000;
  std::jthread writer([&] {
    for (int i = 0; i < kEvents; ++i) service.append("case.opened", "case-1", 10'000);
  });
  EXPECT_NE(quick.read_until("id: 2000\n", 30s), "");
  RawClient other(server->address());
  bool dropped = false;
  for (int tries = 0; !dropped && tries < 500; ++tries) {
    std::this_thread::sleep_for(10ms);
    dropped = other.ask(get("/metrics")).find("rapport_http_live_clients 1\n") != std::string::npos;
  }
  EXPECT_TRUE(dropped);
  const auto heard = slow.read_all();
  EXPECT_TRUE(slow.closed());
  EXPECT_EQ(heard.find("id: 2000\n"), heard.npos);
}

TEST_F(LiveClients, ThatLeaveAreNoticed) {
  start();
  {
    RawClient client(server->address());
    client.send(get("/v1/events/live"));
    client.read_until(": caught-up");
    EXPECT_TRUE(service.has_followers(1));
  }
  EXPECT_TRUE(service.has_followers(0));
}

TEST_F(LiveClients, HearGoodbyeWhenTheServerStops) {
  start();
  RawClient client(server->address());
  client.send(get("/v1/events/live"));
  client.read_until(": caught-up");
  const auto began = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
  const auto farewell = client.read_all();
  EXPECT_NE(farewell.find(": the server is stopping\n\n"), farewell.npos) << farewell;
  EXPECT_TRUE(farewell.ends_with("0\r\n\r\n"));
  EXPECT_TRUE(client.closed());
}

TEST_F(LiveClients, AreLimitedInNumber) {
  options.limits.live_clients_max = 1;
  start();
  RawClient first(server->address()), second(server->address());
  first.send(get("/v1/events/live"));
  first.read_until(": caught-up");
  EXPECT_TRUE(second.ask(get("/v1/events/live")).starts_with("HTTP/1.1 503"));
}

TEST_F(LiveClients, HearFromAServerThatCannotReadItsLog) {
  service.on_inspect = []() -> Result<std::string> {
    return Error{ErrorCode::kCorrupt, "store.damaged", "damaged"};
  };
  start();
  RawClient client(server->address());
  const auto reply = client.ask(get("/v1/events/live"));
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 500")) << reply;
  EXPECT_NE(reply.find("store.damaged"), reply.npos);
}

TEST_F(LiveClients, HearOnLeavingFromWhereToComeAgain) {
  start();
  RawClient client(server->address());
  client.send(get("/v1/events/live"));
  client.read_until(": caught-up");
  service.append("case.opened");
  client.read_until(data(1));
  server->stop();
  EXPECT_NE(client.read_all().find(": the server is stopping; come again with Last-Event-ID: 1\n\n"), std::string::npos);
}

// Long-poll.
TEST_F(LiveClients, ThatAskForAPageGetItAtOnceIfItIsThere) {
  service.append("case.opened");
  start();
  RawClient client(server->address());
  for (auto* address : {"/v1/events?from=1&wait=60", "/v1/events?wait=60", "/v1/events?from=1&wait=60&type=case.opened"}) {
    client.send(get(address));
    EXPECT_NE(client.read_until("\"position\":1", 5s), "") << address;
    client.read_until("]");
  }
}
TEST_F(LiveClients, ThatAskForAPageGetItWhenItComes) {
  for (int i = 0; i < 20; ++i) service.append("case.opened");
  start();
  RawClient client(server->address());
  client.send(get("/v1/events?from=21&wait=60&type=case.closed"));
  EXPECT_EQ(client.read_until("HTTP/1.1", 200ms), "");
  service.append("case.opened");  // not asked for
  EXPECT_EQ(client.read_until("HTTP/1.1", 200ms), "");
  service.append("case.closed");
  EXPECT_NE(client.read_until("\"position\":22", 10s), "");
  client.read_until("]");
  client.send(get("/healthz"));  // the connection goes on
  EXPECT_NE(client.read_until("ok"), "");
}
TEST_F(LiveClients, ThatAskForAPageGetAnEmptyOneInTheEnd) {
  options.limits.wait_max = 300ms;
  service.append("case.opened");
  start();
  RawClient client(server->address());
  for (auto* address : {"/v1/events?from=2&wait=3600", "/v1/events?from=1000&wait=60", "/v1/events?wait=60&type=case.closed"}) {
    client.send(get(address));
    EXPECT_NE(client.read_until("\r\n\r\n[]", 10s), "") << address;
  }
}
TEST_F(LiveClients, DoNotWaitForWhatCannotCome) {
  start();
  RawClient client(server->address());
  for (auto* more : {"&to=5", "&direction=backward", "&limit=0"}) {
    client.send(get("/v1/events?wait=5" + std::string(more)));
    EXPECT_NE(client.read_until("http.bad_parameter"), "") << more;
  }
}
TEST_F(LiveClients, ThatWaitAreToldWhenTheServerStops) {
  start();
  RawClient client(server->address());
  client.send(get("/v1/events?wait=60"));
  EXPECT_TRUE(service.has_followers(1));
  server->stop();
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 200"));
}

}  // namespace
}  // namespace rapport
