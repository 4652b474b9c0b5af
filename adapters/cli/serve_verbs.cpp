// serve, publish: what holds the log open and sends it out.
#include <fmt/format.h>
#include <malloc.h>
#include <spdlog/spdlog.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>

#include <nlohmann/json.hpp>

#include "adapters/cli/kafka_options.h"
#include "adapters/cli/progress_bar.h"
#include "adapters/cli/publishing.h"
#include "adapters/cli/verb.h"
#include "adapters/http/server.h"
#include "eventstore/subject_keys.h"

namespace rapport::cli {
namespace {

using Json = nlohmann::ordered_json;

void wait_for(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, stop, [] { return false; });
}

// HOST:PORT, [ADDRESS]:PORT.
Result<std::pair<std::string, std::uint16_t>> address_of(const std::string& text) {
  auto colon = text.rfind(':');
  auto digits = colon == text.npos ? "" : text.substr(colon + 1);
  bool number = !digits.empty() && digits.size() <= 5 && digits.find_first_not_of("0123456789") == digits.npos;
  if (!number || colon == 0 || std::stoul(digits) > 65'535)
    return Error{ErrorCode::kInvalid, "usage", "\"" + text + "\" is no address to listen on", "", "HOST:PORT, such as 127.0.0.1:8080"};
  auto host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return std::pair(host, static_cast<std::uint16_t>(std::stoul(digits)));
}

constexpr std::chrono::seconds kStopMax{30};

// What /readyz answers. Brokers that are away do not make the server less ready.
Result<std::string> ready(const LocalStore& store, const std::optional<Publishing>& publishing) {
  if (auto views = store.ready(); !views) return std::move(views).error();
  Json answer{{"status", "ready"}};
  if (publishing) {
    auto bus = publishing->status();
    answer["kafka"] = {{"connected", bus.connected}, {"position", bus.position}, {"trouble", bus.trouble}};
  }
  return answer.dump(-1, ' ', false, Json::error_handler_t::replace);
}

class ServeVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("serve", "hold the store open and answer over HTTP; stops on SIGTERM");
    add_data(verb, session);
    verb->add_option("--listen", listen_, "HOST:PORT; port 0 takes any free one")->capture_default_str();
    kafka_.declare(verb, "publish to this broker meanwhile");
    verb->add_option("--webhook-allow", webhook_networks_, "deliver webhooks to addresses of this network, too, as 10.0.0.0/8; given again: to any of them");
    verb->add_flag("--allow-remote", allow_remote_, "listen elsewhere than on a loopback address, although there are no users and rights yet");
    add_output(verb, session);
    add_example(verb, "rapport serve --data rapport-data --listen 127.0.0.1:8080");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto stop = stop_on_signals();
    auto address = address_of(listen_);
    if (!address) return std::move(address).error();
    auto connection = kafka_.connection();
    if (!connection) return std::move(connection).error();
    std::stop_callback in_time(stop, end_in_time);
    auto store = session.local({.opening = Opening::kCreate, .stop = stop});
    if (!store) return std::move(store).error();
    (*store)->follow();
    if (stop.stop_requested()) return 0;
    std::optional<Publishing> publishing;
    if (kafka_.given()) {
      auto options = kafka_.relay((*store)->keys());
      if (!options) return std::move(options).error();
      auto rows = kafka_.rows((*store)->views());
      if (!rows) return std::move(rows).error();
      publishing.emplace(**store, std::move(*options), std::move(*rows));
    }
    auto server = HttpServer::start(**store, {.host = address->first,
                                              .port = address->second,
                                              .allow_remote = allow_remote_,
                                              .version = RAPPORT_VERSION,
                                              .ready = [&] { return ready(**store, publishing); }});
    if (!server) return std::move(server).error();
    auto url = "http://" + (*server)->address();
    if (auto announced = (*store)->announce(url); !announced) return std::move(announced).error();
    if (auto delivering = (*store)->deliver_webhooks(webhook_networks_); !delivering) return std::move(delivering).error();
    if (publishing) publishing->start();
    print("listening on " + url + "\n");
    wait_for(stop);
    if (!session.quiet) spdlog::info("stopping");
    (*server)->stop();
    return 0;
  }

 private:
  // What is acknowledged is safe, so a stop that does not come to its end may be cut like a kill.
  static void end_in_time() {
    std::thread([] {
      std::this_thread::sleep_for(kStopMax);
      spdlog::error("stopping took longer than {} s: ended as if killed, nothing that was acknowledged is lost", kStopMax.count());
      std::_Exit(1);
    }).detach();
  }

  std::string listen_ = "127.0.0.1:8080";
  PublishOptions kafka_;
  std::vector<std::string> webhook_networks_;
  bool allow_remote_ = false;
};

class PublishVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("publish", "publish the log on Kafka, each event once and in order");
    add_data(verb, session);
    kafka_.declare(verb, "publish to this broker")->required();
    verb->add_flag("--until-caught-up", once_, "end when everything that was there is acknowledged");
    add_output(verb, session);
    add_example(verb, "rapport publish --data rapport-data --kafka localhost:9092 --until-caught-up");
    return verb;
  }

  Result<int> run(Session& session) override {
    ::mallopt(M_ARENA_MAX, 2);  // an arena a thread, each of which keeps what it once had, took 35 MiB more
    auto connection = kafka_.connection();
    if (!connection) return std::move(connection).error();
    auto stop = stop_on_signals();
    auto store = session.local(Opening::kWrite);
    if (!store) return std::move(store).error();
    auto options = kafka_.relay((*store)->keys());
    if (!options) return std::move(options).error();
    auto rows = kafka_.rows((*store)->views());
    if (!rows) return std::move(rows).error();
    if (!once_) (*store)->follow();
    else if (!rows->empty())
      if (auto caught_up = (*store)->catch_up_views(); !caught_up) return std::move(caught_up).error();
    Publishing publishing(**store, std::move(*options), std::move(*rows));
    auto published = [&] {
      ProgressBar bar(session.quiet);
      auto show = [&](const kafka::Published& done, Position head) { bar.show({"publish", "events", done.position.value, head.value}); };
      return once_ ? publishing.run(show, stop) : publishing.follow(show, stop);
    }();
    if (!published) return std::move(published).error();
    Json topics = Json::object();
    for (auto& [topic, records] : published->topics) topics[topic] = records;
    print(show_document(Json{{"published", published->log.published},
                             {"already", published->log.already},
                             {"position", published->log.position.value},
                             {"topics", topics}}
                            .dump(),
                        session.format()));
    return 0;
  }

 private:
  PublishOptions kafka_;
  bool once_ = false;
};

}  // namespace

void add_serve_verbs(std::vector<std::unique_ptr<Verb>>& verbs) {
  verbs.push_back(std::make_unique<ServeVerb>());
  verbs.push_back(std::make_unique<PublishVerb>());
}

}  // namespace rapport::cli
