// A worker's state directory as a Service: its views alone, for inspect and query.
#include <nlohmann/json.hpp>

#include "adapters/application/local_store.h"
#include "adapters/application/times.h"
#include "adapters/json/report_json.h"
#include "projections/rocks/rocks_row_stores.h"
#include "projections/stored_view.h"

namespace rapport {
namespace {

using Json = nlohmann::ordered_json;

Error no_log() {
  return {ErrorCode::kUnavailable, "state.no_log", "a worker's state directory holds views, not a log", "", "",
          "ask the store (--data) or a server (--server)"};
}

class WorkerState final : public Service {
 public:
  explicit WorkerState(const std::filesystem::path& dir) : rows_(dir.string()) {}

  Result<void> open() {
    auto names = rows_.names();
    for (auto& type : projections::all_views()) {
      if (std::ranges::find(names, type.store_name()) == names.end()) continue;
      auto view = projections::StoredView::open(type, rows_);
      if (!view) return std::move(view).error();
      views_.push_back(std::move(*view));
    }
    return {};
  }

  Result<std::string> query(const QueryRequest& request) override {
    for (auto& view : views_) {
      if (view->type().name != request.view) continue;
      if (!request.as_of.empty()) return no_log();
      auto day_start = day_start_of(request.time_zone);
      if (!day_start) return std::move(day_start).error();
      auto asked = "known at " + request.known_at + " in " + request.time_zone;
      projections::Query query{.sort = request.sort, .cursor = request.cursor, .asked = asked, .day_start = *day_start};
      for (auto& [key, value] : request.arguments) query.arguments.push_back({key, value});
      if (request.limit) query.limit = *request.limit;
      if (!request.known_at.empty()) {
        auto position = projections::parse_integer(request.known_at);
        if (!position || *position < 0)
          return Error{ErrorCode::kInvalid, "position.unknown", "\"" + request.known_at + "\" is no position", "knownAt",
                       "a position: without a log there are no times of positions"};
        query.known_at = {static_cast<std::uint64_t>(*position)};
      }
      auto answer = view->query(request.report, query);
      if (!answer) return std::move(answer).error();
      std::string out;
      append_report({.view = request.view, .report = request.report, .position = answer->position, .policies = answer->policies},
                    answer->lines, out);
      return out;
    }
    return Error{ErrorCode::kNotFound, "view.unknown", "view \"" + request.view + "\" is not in this state directory"};
  }

  Result<std::string> inspect() override {
    Json views = Json::object();
    for (auto& view : views_) {
      auto digests = view->digests();
      if (!digests) return std::move(digests).error();
      views[view->type().name] = {{"version", view->type().version},
                                  {"position", digests->checkpoint.position.value},
                                  {"digest", to_hex(digests->rows)},
                                  {"historyDigest", to_hex(digests->checkpoint.history)}};
    }
    return Json{{"views", views}}.dump();
  }

  Result<std::string> command(const CommandRequest&) override { return no_log(); }
  Result<void> events(const EventsRequest&, const LineSink&, std::stop_token) override { return no_log(); }
  Result<std::string> verify(const Progress&) override { return no_log(); }
  Result<std::string> import(const ImportRequest&, const Progress&) override { return no_log(); }
  Result<std::string> revert(const std::string&, bool) override { return no_log(); }
  Result<std::string> backup(const BackupRequest&, const Progress&) override { return no_log(); }
  Result<std::string> prove(const ProofRequest&) override { return no_log(); }
  Result<std::string> group(const GroupRequest&, std::stop_token) override { return no_log(); }
  Result<std::string> subject(const std::string&) override { return no_log(); }

 private:
  projections::RocksRowStores rows_;
  std::vector<std::unique_ptr<projections::StoredView>> views_;
};

}  // namespace

Result<std::unique_ptr<Service>> open_worker_state(const std::filesystem::path& dir) {
  if (!std::filesystem::is_directory(dir))
    return Error{ErrorCode::kUnavailable, "state.missing", dir.string() + " is no directory", "", "", "start `rapport worker VIEW --state " + dir.string() + "` first"};
  auto state = std::make_unique<WorkerState>(dir);
  if (auto opened = state->open(); !opened) return std::move(opened).error();
  return std::unique_ptr<Service>(std::move(state));
}

}  // namespace rapport
