#include "adapters/cli/publishing.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "adapters/kafka/status_document.h"
#include "projections/view_hosts.h"

namespace rapport::cli {
namespace {

constexpr std::string_view kNone = "none";

kafka::RelayOptions relay_options(const LocalStore& store, const kafka::Connection& connection) {
  auto shared_with = [&store](std::string_view origin) -> std::optional<Position> {
    auto shared = store.shared_with(origin);
    return shared ? std::optional(Position{*shared}) : std::nullopt;
  };
  return {.connection = connection,
          .state_folder = store.dir() / "kafka",
          .shared_with = shared_with,
          .checkpoint = [&store](Position size) { return store.signed_checkpoint(size); }};
}

}  // namespace

CLI::Option* PublishingOptions::declare(CLI::App* verb, const std::string& what_for) {
  auto* brokers = kafka_.declare(verb, what_for);
  verb->add_option("--kafka-rows", rows_, "views whose rows are published, too, VIEW[,VIEW…]; all unless said, or none")
      ->delimiter(',')
      ->needs(brokers);
  return brokers;
}

Result<std::vector<projections::ViewHost*>> PublishingOptions::chosen(const std::vector<projections::ViewHost*>& views) const {
  if (rows_.empty()) return views;
  std::vector<projections::ViewHost*> chosen;
  if (rows_.size() == 1 && rows_.front() == kNone) return chosen;
  for (const auto& name : rows_) {
    auto found = std::ranges::find_if(views, [&](auto* view) { return view->type().name == name; });
    std::string known;
    for (auto* view : views) known += (known.empty() ? "" : ", ") + view->type().name;
    if (found == views.end())
      return Error{ErrorCode::kInvalid, "view.unknown", "there is no view \"" + name + "\"", "kafka-rows", "some of " + known + "; or none"};
    if (std::ranges::find(chosen, *found) == chosen.end()) chosen.push_back(*found);
  }
  return chosen;
}

Publishing::Publishing(LocalStore& store, const kafka::Connection& connection, std::vector<projections::ViewHost*> rows)
    : store_(store),
      brokers_(connection.brokers),
      relay_(store.event_store(), relay_options(store, connection)),
      rows_(std::move(rows), store.event_store(), store.keys(), {.connection = connection, .state_folder = store.dir() / "kafka"}) {}

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

void Publishing::start_rows() {
  rows_thread_ = std::jthread([this](std::stop_token stopped) {
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
