// Every event arrives at least once and in order, whatever the receiver does; what does not arrive waits, and somebody hears of it.
#include <algorithm>
#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>

#include "adapters/webhooks/signature.h"
#include "adapters/webhooks/webhooks.h"
#include "domain/account.h"
#include "domain/webhook.h"
#include "tests/eventstore_samples/temporary_directory.h"
#include "tests/gateway/gateway_fixture.h"
#include "tests/webhooks/receiver.h"

namespace rapport::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using webhooks::Webhooks;

constexpr auto kPatience = 30s;  // of a test that is about to fail

// What arrived, in order, and what a receiver does about it.
class Arrived {
 public:
  void add(const Received& received) {
    auto event = json::parse(received.body)["data"];
    std::lock_guard lock(mutex_);
    all_.push_back(event);
  }
  std::vector<json> all() const {
    std::lock_guard lock(mutex_);
    return all_;
  }
  // Positions of one stream, without those that came again.
  std::vector<std::uint64_t> positions(const std::string& stream = "") const {
    std::vector<std::uint64_t> positions;
    for (auto& event : all())
      if ((stream.empty() || event["stream"] == stream) && std::ranges::find(positions, event["position"].get<std::uint64_t>()) == positions.end())
        positions.push_back(event["position"].get<std::uint64_t>());
    return positions;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<json> all_;
};

struct DeliverTest : CommandGatewayTest {
  ~DeliverTest() override { stop(); }

  void subscribe(const std::string& id, const std::string& url, webhook::Create create = {.url = ""}) {
    create.url = url;
    auto created = send("webhook", id, create);
    ASSERT_TRUE(created) << created.error().message;
  }
  // One event a call, on stream account-ID.
  void happen(const std::string& id, int times = 1) {
    for (int i = 0; i < times; ++i) {
      auto industry = "industry " + std::to_string(++happened);
      auto done = happened_to.insert(id).second
                      ? send("account", id, account::Create{.kind = account::Kind::ORGANISATION, .name = Personal("Anna"), .industry = industry})
                      : send("account", id, account::ChangeDetails{.new_ = {.industry = industry}});
      ASSERT_TRUE(done) << done.error().message;
    }
  }
  void start(std::vector<std::string> allowed = {"127.0.0.0/8"}, std::chrono::milliseconds timeout = 2s) {
    hooks = std::make_unique<Webhooks>(store, keys, *time, folder.path(), retry);
    sender = std::make_unique<webhooks::Sender>(*webhooks::ReachableNetworks::parse(allowed), timeout);
    thread = std::jthread([this](const std::stop_token& stop) {
      hooks->deliver(*sender, [this](auto& id, auto cause, auto& detail) { return pause(id, cause, detail); }, stop);
    });
  }
  void stop() {
    thread = {};
    sender.reset();
    hooks.reset();
  }
  Result<void> pause(const std::string& id, webhook::PauseCause cause, const std::string& detail) {
    auto body = bytes(webhook::Pause{.cause = cause, .detail = detail});
    auto paused = gateway->submit({.aggregate = "webhook", .id = id, .body = body, .command_id = CommandId::of(2, ++paused_times), .actor_kind = ActorKind::RULE});
    if (!paused) return paused.error();
    return {};
  }
  json status(const std::string& id) { return json::parse(*hooks->status(id)); }
  json attempts(const std::string& id) { return json::parse(*hooks->deliveries(id, {}))["deliveries"]; }
  bool until(const std::function<bool()>& so) {
    for (auto end = std::chrono::steady_clock::now() + kPatience; std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(5ms))
      if (so()) return true;
    return false;
  }

  SystemClock now;
  const Clock* time = &now;
  webhooks::RetryRule retry{.first = 20ms, .longest = 200ms, .factor = 2, .attempts_max = 30};
  TemporaryDirectory folder;
  std::unique_ptr<Webhooks> hooks;
  std::unique_ptr<webhooks::Sender> sender;
  std::jthread thread;
  std::set<std::string> happened_to;
  int happened = 0;
  std::atomic<std::uint64_t> paused_times = 0;
};

TEST_F(DeliverTest, EveryEventOfItsFilterInOrderPerStreamThoughTheReceiverFails) {
  Arrived arrived;
  std::mutex mutex;
  std::map<std::string, int> tries;
  Receiver receiver([&](const Received& received, const Receiver::Reply& reply) {
    int number;
    {
      std::lock_guard lock(mutex);
      number = ++tries[received.header("webhook-id")];
    }
    // Of each three events one is refused twice, another once.
    auto wait = json::parse(received.body)["data"]["position"].get<int>() % 3;
    if (number <= wait) return static_cast<void>(reply.write(Receiver::status(500)));
    arrived.add(received);
    reply.write(Receiver::status(200));
  });
  subscribe("hook", receiver.url(), {.url = "", .match = {"category=account"}});
  start();
  for (int i = 0; i < 8; ++i)
    for (auto* id : {"a", "b", "c"}) happen(id);
  publish_pipeline();  // not asked for
  ASSERT_TRUE(until([&] { return arrived.positions().size() == 24; })) << status("hook");
  ASSERT_TRUE(until([&] { return status("hook")["behindPositions"] == 0; })) << status("hook");
  for (auto* stream : {"account-a", "account-b", "account-c"}) EXPECT_TRUE(std::ranges::is_sorted(arrived.positions(stream))) << stream;
  for (auto& event : arrived.all()) EXPECT_TRUE(event["stream"].get<std::string>().starts_with("account-"));
}

TEST_F(DeliverTest, UnorderedNoEventWaitsForAnother) {
  Arrived arrived;
  std::atomic<bool> healed = false;
  Receiver receiver([&](const Received& received, const Receiver::Reply& reply) {
    if (!healed && json::parse(received.body)["data"]["version"] == 1) return static_cast<void>(reply.write(Receiver::status(500)));
    arrived.add(received);
    reply.write(Receiver::status(204));
  });
  subscribe("hook", receiver.url(), {.url = "", .ordering = webhook::Ordering::UNORDERED});
  start();
  happen("a", 5);
  ASSERT_TRUE(until([&] { return arrived.positions().size() == 4; })) << status("hook");
  healed = true;
  EXPECT_TRUE(until([&] { return arrived.positions().size() == 5; })) << status("hook");
}

TEST_F(DeliverTest, IsPausedWithAReasonAfterTheLastTryAndLosesNothing) {
  retry.attempts_max = 3;
  Arrived arrived;
  std::atomic<bool> healed = false;
  Receiver receiver([&](const Received& received, const Receiver::Reply& reply) {
    if (healed) arrived.add(received);
    reply.write(Receiver::status(healed ? 200 : 503, "", "out of order"));
  });
  subscribe("hook", receiver.url());
  start();
  happen("a", 3);
  ASSERT_TRUE(until([&] { return !ids_of("webhook.paused").empty(); }));
  ASSERT_TRUE(until([&] { return status("hook")["status"] == "paused"; }));
  EXPECT_EQ(status("hook")["cause"], "exhausted");
  EXPECT_NE(status("hook")["detail"].get<std::string>().find("503"), std::string::npos) << status("hook");
  auto tried = attempts("hook");
  ASSERT_EQ(tried.size(), 3u);
  EXPECT_EQ(tried[0]["outcome"], "again");
  EXPECT_EQ(tried[2]["outcome"], "givenUp");
  EXPECT_EQ(tried[2]["attempt"], 3);
  EXPECT_EQ(tried[2]["answer"]["body"], "out of order");
  healed = true;
  ASSERT_TRUE(send("webhook", "hook", webhook::Resume{}));
  EXPECT_TRUE(until([&] { return arrived.positions("account-a").size() == 3; })) << status("hook");
  EXPECT_TRUE(std::ranges::is_sorted(arrived.positions("account-a")));
}

TEST_F(DeliverTest, IsPausedAtOnceByAReceiverThatIsGone) {
  Receiver receiver(Receiver::always(410));
  subscribe("hook", receiver.url());
  start();
  happen("a");
  ASSERT_TRUE(until([&] { return status("hook")["status"] == "paused"; }));
  EXPECT_EQ(status("hook")["cause"], "gone");
  EXPECT_EQ(attempts("hook").size(), 1u);
}

TEST_F(DeliverTest, WaitsAsLongAsTheReceiverAsks) {
  std::mutex mutex;
  std::vector<std::chrono::steady_clock::time_point> came;
  Receiver receiver([&](const Received&, const Receiver::Reply& reply) {
    std::lock_guard lock(mutex);
    came.push_back(std::chrono::steady_clock::now());
    reply.write(came.size() == 1 ? Receiver::status(429, "retry-after: 2\r\n") : Receiver::status(200));
  });
  retry.longest = 5s;
  subscribe("hook", receiver.url());
  start();
  happen("a");
  happen("b");
  ASSERT_TRUE(until([&] {
    std::lock_guard lock(mutex);
    return came.size() >= 3;
  }));
  // The other stream's event may have been under way; the first one's second try was not.
  EXPECT_GE(came.back() - came.front(), 1900ms);
}

TEST_F(DeliverTest, AnAnswerThatBreaksOffIsNone) {
  std::atomic<int> times = 0;
  Receiver receiver([&](const Received&, const Receiver::Reply& reply) {
    if (++times == 1) reply.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nwell");
    else if (times == 2) reply.write("220 smtp.example ESMTP\r\n");
    else if (times > 3) reply.write(Receiver::status(200));  // the third time nothing at all
  });
  subscribe("hook", receiver.url());
  start();
  happen("a");
  ASSERT_TRUE(until([&] { return attempts("hook").size() == 4; })) << attempts("hook");
  auto tried = attempts("hook");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(tried[i]["outcome"], "again");
    EXPECT_FALSE(tried[i]["error"].is_null()) << tried[i];
  }
  EXPECT_EQ(tried[3]["outcome"], "delivered");
}

TEST_F(DeliverTest, AnEndlessAnswerIsBrokenOffAndItsStatusHolds) {
  std::atomic<bool> broken_off = false;
  Receiver receiver([&](const Received&, const Receiver::Reply& reply) {
    reply.write("HTTP/1.1 200 OK\r\n\r\n");
    while (reply.write(std::string(4096, 'x'))) {
    }
    broken_off = true;
  });
  subscribe("hook", receiver.url());
  start();
  happen("a");
  ASSERT_TRUE(until([&] { return attempts("hook").size() == 1; }));
  EXPECT_EQ(attempts("hook")[0]["outcome"], "delivered");
  EXPECT_EQ(attempts("hook")[0]["answer"]["body"].get<std::string>().size(), webhooks::Sender::kBodyKept);
  EXPECT_TRUE(until([&] { return broken_off.load(); }));
}

TEST_F(DeliverTest, FollowsNoRedirect) {
  std::atomic<int> elsewhere = 0;
  Receiver other([&](const Received&, const Receiver::Reply& reply) {
    ++elsewhere;
    reply.write(Receiver::status(200));
  });
  Receiver receiver([&](const Received&, const Receiver::Reply& reply) { reply.write(Receiver::status(302, "location: " + other.url() + "\r\n")); });
  subscribe("hook", receiver.url());
  start();
  happen("a");
  ASSERT_TRUE(until([&] { return attempts("hook").size() >= 2; }));
  EXPECT_EQ(attempts("hook")[0]["answer"]["status"], 302);
  EXPECT_EQ(attempts("hook")[0]["outcome"], "again");
  EXPECT_NE(status("hook")["lastFailure"].get<std::string>().find("redirects are not followed"), std::string::npos);
  EXPECT_EQ(elsewhere, 0);
}

TEST_F(DeliverTest, ReachesNothingInternalByWhateverName) {
  std::atomic<int> reached = 0;
  Receiver receiver([&](const Received&, const Receiver::Reply& reply) {
    ++reached;
    reply.write(Receiver::status(200));
  });
  auto port = ":" + std::to_string(receiver.port()) + "/";
  const std::vector<std::string> hosts{"127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1"};
  for (std::size_t i = 0; i < hosts.size(); ++i) subscribe("hook" + std::to_string(i), "http://" + hosts[i] + port, {.url = "", .match = {"category=account"}});
  start({});
  happen("a");
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    auto id = "hook" + std::to_string(i);
    ASSERT_TRUE(until([&] { return !attempts(id).empty(); })) << hosts[i];
    EXPECT_NE(attempts(id)[0]["error"].get<std::string>().find("not of the public internet"), std::string::npos) << hosts[i] << attempts(id);
  }
  EXPECT_EQ(reached, 0);
}

TEST_F(DeliverTest, AReceiverThatNeverAnswersHurtsNoOther) {
  Receiver silent([](const Received&, const Receiver::Reply& reply) {
    while (reply.is_open()) {
    }
  });
  Arrived arrived;
  Receiver good([&](const Received& received, const Receiver::Reply& reply) {
    arrived.add(received);
    reply.write(Receiver::status(200));
  });
  subscribe("silent", silent.url(), {.url = "", .match = {"category=account"}});
  subscribe("good", good.url(), {.url = "", .match = {"category=account"}});
  start({"127.0.0.0/8"}, 60s);
  for (int i = 0; i < 100; ++i) happen("a" + std::to_string(i % 20));
  EXPECT_TRUE(until([&] { return arrived.positions().size() == 100; })) << status("good");
  EXPECT_EQ(attempts("silent").size(), 0u);
  EXPECT_EQ(status("silent")["behindPositions"], 100);
}

TEST_F(DeliverTest, SignsByTheOldSecretForADayAfterARotationAndSealsWhatIsPersonal) {
  time = &clock;  // of the store, so that a day can pass
  std::mutex mutex;
  std::vector<Received> all;
  Receiver receiver([&](const Received& received, const Receiver::Reply& reply) {
    std::lock_guard lock(mutex);
    all.push_back(received);
    reply.write(Receiver::status(200));
  });
  auto arrives = [&](std::size_t count) {
    return until([&] {
      std::lock_guard lock(mutex);
      return all.size() >= count;
    });
  };
  subscribe("hook", receiver.url(), {.url = "", .match = {"category=account"}});
  start();
  happen("a");
  ASSERT_TRUE(arrives(1));
  ASSERT_TRUE(send("webhook", "hook", webhook::RotateSecret{.rotation = 2}));
  happen("a");
  ASSERT_TRUE(arrives(2));
  clock.advance(25 * 3'600 * kMicrosPerSecond);
  happen("a");
  ASSERT_TRUE(arrives(3));
  auto signature = [&](std::size_t n, std::uint32_t rotation) {
    return webhooks::sign(webhooks::secret_of(keys, "hook", rotation), all[n].header("webhook-id"), std::stoll(all[n].header("webhook-timestamp")), all[n].body);
  };
  EXPECT_EQ(all[0].header("webhook-signature"), signature(0, 1));
  EXPECT_EQ(all[1].header("webhook-signature"), signature(1, 2) + " " + signature(1, 1));
  EXPECT_EQ(all[2].header("webhook-signature"), signature(2, 2));
  EXPECT_EQ(all[0].header("content-type"), "application/json");
  auto payload = json::parse(all[0].body);
  EXPECT_EQ(payload["type"], "account.created");
  EXPECT_EQ(payload["timestamp"], payload["data"]["occurredAt"]);
  EXPECT_TRUE(payload["data"]["data"]["name"].is_null()) << payload;
  EXPECT_EQ(all[0].body.find("Anna"), std::string::npos);
}

TEST_F(DeliverTest, GoesOnWhereItWasAfterAnEnd) {
  Arrived arrived;
  std::atomic<bool> up = true;
  Receiver receiver([&](const Received& received, const Receiver::Reply& reply) {
    if (up) arrived.add(received);
    reply.write(Receiver::status(up ? 200 : 500));
  });
  subscribe("hook", receiver.url(), {.url = "", .from = 1});  // its own creation, too
  happen("a", 3);
  start();
  ASSERT_TRUE(until([&] { return arrived.positions().size() == 4; })) << status("hook");
  up = false;
  happen("a", 2);
  happen("b", 2);
  ASSERT_TRUE(until([&] { return status("hook")["retrying"] >= 1; }));
  stop();
  auto before = arrived.all().size();
  up = true;
  happen("c");
  start();
  ASSERT_TRUE(until([&] { return arrived.positions().size() == 9; })) << status("hook");
  EXPECT_EQ(arrived.all().size() - before, 5u) << "delivered ones came again";
}

TEST_F(DeliverTest, NamesAPlaceThatIsDamagedAndTouchesNothing) {
  Receiver receiver(Receiver::always(200));
  subscribe("hook", receiver.url());
  start();
  happen("a");
  ASSERT_TRUE(until([&] { return status("hook")["behindPositions"] == 0; }));
  stop();
  {
    std::fstream file(folder.path() / "hook" / "place", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(9);
    file.put('\x55');
  }
  start();
  happen("a");
  ASSERT_TRUE(until([&] { return !status("hook")["trouble"].is_null(); }));
  EXPECT_NE(status("hook")["trouble"].get<std::string>().find("is no place of a webhook"), std::string::npos);
  EXPECT_EQ(attempts("hook").size(), 1u);
}

TEST_F(DeliverTest, ReplaysARange) {
  Arrived arrived;
  Receiver receiver([&](const Received& received, const Receiver::Reply& reply) {
    arrived.add(received);
    reply.write(Receiver::status(200));
  });
  subscribe("hook", receiver.url(), {.url = "", .match = {"category=account"}});
  happen("a", 5);
  start();
  ASSERT_TRUE(until([&] { return arrived.all().size() == 5; }));
  auto second = arrived.all()[1]["position"].get<std::uint64_t>();
  ASSERT_TRUE(hooks->replay("hook", {second}, {second + 1}));
  ASSERT_TRUE(until([&] { return arrived.all().size() == 7; }));
  EXPECT_EQ(arrived.all()[5]["position"], second);
  EXPECT_EQ(arrived.all()[6]["position"], second + 1);
  EXPECT_TRUE(until([&] { return status("hook")["replays"].empty(); }));
  EXPECT_EQ(hooks->replay("hook", {9'999}, {10'000}).error().reason, "webhook.bad_range");
  EXPECT_EQ(hooks->replay("nobody", {1}, {2}).error().reason, "webhook.unknown");
}

TEST_F(DeliverTest, IsForgottenWithItsFilesWhenItIsDeleted) {
  Receiver receiver(Receiver::always(200));
  subscribe("hook", receiver.url());
  start();
  happen("a");
  ASSERT_TRUE(until([&] { return std::filesystem::exists(folder.path() / "hook" / "place"); }));
  ASSERT_TRUE(send("webhook", "hook", webhook::Delete{}));
  EXPECT_TRUE(until([&] { return !std::filesystem::exists(folder.path() / "hook"); }));
  EXPECT_EQ(hooks->status("hook").error().reason, "webhook.unknown");
}

}  // namespace
}  // namespace rapport::test
