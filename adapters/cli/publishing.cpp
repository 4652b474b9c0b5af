#include "adapters/cli/publishing.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "adapters/kafka/status_document.h"
#include "projections/view_hosts.h"

namespace rapport::cli {
namespace {

constexpr std::chrono::milliseconds kLook{50};

// What the options say, for this store.
kafka::RelayOptions of_log(const LocalStore& store, kafka::RelayOptions given) {
  given.state_folder = store.dir() / "kafka";
  given.shared_with = [&store](std::string_view origin) -> std::optional<Position> {
    auto shared = store.shared_with(origin);
    return shared ? std::optional(Position{*shared}) : std::nullopt;
  };
  given.checkpoint = [&store](Position size) { return store.signed_checkpoint(size); };
  return given;
}

// The same for rows; their topics are taken out of what is for those of events.
kafka::StateOptions of_rows(const LocalStore& store, kafka::RelayOptions& given) {
  kafka::StateOptions rows{.connection = given.connection, .state_folder = store.dir() / "kafka"};
  for (auto* view : store.views())
    if (auto taken = given.personal.extract(kafka::state_topic(view->type().name))) rows.personal.insert(std::move(taken));
  return rows;
}

}  // namespace

Publishing::Publishing(LocalStore& store, kafka::RelayOptions options, std::vector<projections::ViewHost*> rows)
    : store_(store),
      brokers_(options.connection.brokers),
      rows_(std::move(rows), store.event_store(), store.keys(), of_rows(store, options)),
      relay_(store.event_store(), of_log(store, std::move(options))) {}

Publishing::~Publishing() { store_.watch_bus({}); }

BusStatus Publishing::status() const {
  auto log = relay_.status();
  auto rows = rows_.status();
  return {log.connected, log.position.value, log.trouble.empty() ? rows.trouble : log.trouble, [this] {
            return kafka::status_document({relay_.status(), relay_.alarms(), brokers_, rows_.status()}, &store_.event_store());
          }};
}

void Publishing::start() {
  store_.watch_bus([this] { return status(); });
  log_thread_ = std::jthread([this](std::stop_token stopped) {
    auto published = relay_.run(kafka::RelayUntil::kStopped, {}, stopped);
    if (published) return;
    spdlog::error("publishing stopped: {}: {}", published.error().reason, published.error().message);
    rows_thread_.request_stop();  // what may not have the log's events may not have its rows
  });
  start_rows();
}

// Whether the topics are this log's is for the relay to find out: before that nothing of theirs may be taken back.
void Publishing::start_rows() {
  rows_thread_ = std::jthread([this](std::stop_token stopped) {
    while (!relay_.status().connected) {
      if (stopped.stop_requested()) return;
      std::this_thread::sleep_for(kLook);
    }
    auto published = rows_.run(kafka::RelayUntil::kStopped, stopped);
    if (!published) spdlog::error("publishing rows stopped: {}: {}", published.error().reason, published.error().message);
  });
}

Publishing::Done Publishing::done(const kafka::Published& log, const kafka::StatePublished& rows) const {
  Done done{.log = log, .topics = log.topics};
  done.topics.insert(rows.topics.begin(), rows.topics.end());
  return done;
}

Result<Publishing::Done> Publishing::run(const kafka::Relay::Progress& progress, std::stop_token stop) {
  auto log = relay_.run(kafka::RelayUntil::kCaughtUp, progress, stop);
  if (!log) return std::move(log).error();
  auto rows = rows_.run(kafka::RelayUntil::kCaughtUp, stop);
  if (!rows) return std::move(rows).error();
  return done(*log, *rows);
}

Result<Publishing::Done> Publishing::follow(const kafka::Relay::Progress& progress, std::stop_token stop) {
  start_rows();
  auto log = relay_.run(kafka::RelayUntil::kStopped, progress, stop);
  rows_thread_ = {};
  if (!log) return std::move(log).error();
  return done(*log, {});
}

}  // namespace rapport::cli
