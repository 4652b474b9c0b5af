// A worker's state directory as a Service: its views alone, for inspect and query.
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "adapters/application/local_store.h"
#include "adapters/application/times.h"
#include "adapters/json/report_json.h"
#include "projections/held_shares.h"
#include "projections/joined_rows.h"
#include "projections/rocks/rocks_row_stores.h"
#include "projections/share.h"
#include "projections/stored_view.h"

namespace rapport {
namespace {

using Json = nlohmann::ordered_json;

Error no_log() {
  return {ErrorCode::kUnavailable, "state.no_log", "a worker's state directory holds views, not a log", "", "",
          "ask the store (--data) or a server (--server)"};
}

// What a worker noted of its rows.
struct Note {
  projections::Share share;             // of the view, that they are
  std::vector<std::string> incomplete;  // the events that they lack, as far as they are remembered
};

Note note_of(const projections::StoredView& view) {
  Note found;
  auto note = Json::parse(view.store().source(), nullptr, false);
  if (!note.is_object()) return found;
  if (auto share = note.find("share"); share != note.end() && share->is_string())
    found.share = projections::parse_share(share->get<std::string>()).value_or(projections::Share{});
  const auto parked = note.value("parked", Json::array());
  for (auto& each : parked)
    if (each.value("event", 0u) != 0) found.incomplete.push_back(each.value("why", ""));
  const auto unread = note.value("unread", std::uint64_t{0});
  if (unread > found.incomplete.size())
    found.incomplete.push_back(std::to_string(unread - found.incomplete.size()) + " more");
  return found;
}

// One view's rows, in as many directories as it is shared out to.
class SharedView final {
 public:
  explicit SharedView(const projections::ViewType& type) : type_(&type) {}
  void add(std::unique_ptr<projections::StoredView> view) {
    auto note = note_of(*view);
    shares_.push_back({note.share, std::move(note.incomplete), std::move(view)});
    std::ranges::sort(shares_, {}, [](const Part& part) { return part.share.number; });
  }
  // Of a group, in which one that died may still say that it holds what another one has taken over: rows are a function of the log
  // alone, so the ones that are further are the same and more.
  void add_held(std::unique_ptr<projections::StoredView> view) {
    grouped_ = true;
    auto same = std::ranges::find(shares_, note_of(*view).share, &Part::share);
    if (same == shares_.end()) return add(std::move(view));
    if (same->view->position() < view->position()) *same = {same->share, note_of(*view).incomplete, std::move(view)};
  }
  void mark_grouped() { grouped_ = true; }
  // Whether there is anything of it here, or would be.
  bool here() const { return grouped_ || !shares_.empty(); }
  const projections::ViewType& type() const { return *type_; }
  std::vector<std::string> incomplete() const {
    std::vector<std::string> all;
    for (auto& part : shares_) all.insert(all.end(), part.incomplete.begin(), part.incomplete.end());
    return all;
  }
  // Of the only directory.
  projections::Share share() const { return shares_.front().share; }
  std::size_t parts() const { return shares_.size(); }
  const projections::StoredView& first() const { return *shares_.front().view; }

  // That every share is here once.
  Result<void> complete() const {
    if (shares_.empty())
      return Error{ErrorCode::kUnavailable, "state.incomplete", "no share of view " + type().name + " is answered for here", "state", "",
                   "a group gives its shares out, or they are with others of it; ask again, and name the state directory of each with --state"};
    const auto count = share().count;
    bool same = shares_.size() == count;
    std::string here;
    for (std::uint32_t i = 0; i < shares_.size(); ++i) {
      same = same && shares_[i].share == projections::Share{i + 1, count};
      here += (here.empty() ? "" : ", ") + to_text(shares_[i].share);
    }
    if (same) return {};
    return Error{grouped_ ? ErrorCode::kUnavailable : ErrorCode::kInvalid, "state.incomplete", "of view " + type().name + " there are the shares " + here,
                 "state", "each share of one number of shares once",
                 std::string("name the state directory of each with --state") +
                     (grouped_ ? "; what a group is giving out at the moment is answered for again when it is folded" : "")};
  }
  // As one, at the position that all of them have reached.
  Result<projections::JoinedSnapshot> join() const {
    std::vector<std::unique_ptr<projections::RowSnapshot>> snapshots;
    for (const auto& part : shares_) {
      auto snapshot = part.view->store().snapshot();
      if (!snapshot) return std::move(snapshot).error();
      snapshots.push_back(std::move(*snapshot));
    }
    return projections::JoinedSnapshot(std::move(snapshots));
  }

 private:
  struct Part {
    projections::Share share;
    std::vector<std::string> incomplete;
    std::unique_ptr<projections::StoredView> view;
  };
  const projections::ViewType* type_;
  bool grouped_ = false;
  std::vector<Part> shares_;
};

class WorkerState final : public Service {
 public:
  Result<void> open(const std::vector<std::string>& dirs) {
    for (auto& type : projections::all_views()) {
      SharedView shared(type);
      for (const auto& dir : dirs) {
        auto grouped = add_held(shared, dir);
        if (!grouped) return std::move(grouped).error();
        if (*grouped) continue;  // what it kept before, if anything, is old
        auto rows = open_rows(type, dir);
        if (!rows) return std::move(rows).error();
        if (*rows) shared.add(std::move(*rows));
      }
      if (shared.here()) views_.push_back(std::move(shared));
    }
    return {};
  }

  Result<std::string> query(const QueryRequest& request) override {
    for (auto& view : views_) {
      if (view.type().name != request.view) continue;
      if (!request.as_of.empty()) return no_log();
      if (auto complete = view.complete(); !complete) return std::move(complete).error();
      auto query = query_of(request);
      if (!query) return std::move(query).error();
      auto rows = view.join();
      if (!rows) return std::move(rows).error();
      auto answered = projections::answer(view.type(), *rows, request.report, *query);
      if (!answered) return std::move(answered).error();
      std::string out;
      const auto incomplete = view.incomplete();
      for (auto& what : incomplete) spdlog::warn("view {} lacks an event: {}", request.view, what);
      append_report({.view = request.view, .report = request.report, .position = answered->position, .policies = answered->policies,
                     .incomplete = incomplete},
                    answered->lines, out);
      return out;
    }
    return Error{ErrorCode::kNotFound, "view.unknown", "view \"" + request.view + "\" is not in this state directory"};
  }

  // The digest over a whole view's rows; of one share alone over its own.
  Result<std::string> inspect() override {
    Json views = Json::object();
    for (auto& view : views_) {
      auto& shown = views[view.type().name];
      shown["version"] = view.type().version;
      if (const auto lacks = view.incomplete(); !lacks.empty()) shown["incomplete"] = lacks;
      if (view.parts() == 1) {
        auto digests = view.first().digests();
        if (!digests) return std::move(digests).error();
        shown["position"] = digests->checkpoint.position.value;
        shown["digest"] = to_hex(digests->rows);
        shown["historyDigest"] = to_hex(digests->checkpoint.history);
        if (!view.share().whole()) shown["share"] = to_text(view.share());
        continue;
      }
      if (auto complete = view.complete(); !complete) return std::move(complete).error();
      auto rows = view.join();
      if (!rows) return std::move(rows).error();
      auto digest = projections::rows_digest(*rows);
      if (!digest) return std::move(digest).error();
      shown["position"] = rows->checkpoint().position.value;
      shown["digest"] = to_hex(*digest);
      shown["shares"] = view.parts();
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
  Result<std::string> webhook(const WebhookRequest&) override { return no_log(); }
  Result<std::string> subject(const std::string&) override { return no_log(); }

 private:
  // As they are now, whoever writes them. Null: there are none in that folder.
  Result<std::unique_ptr<projections::StoredView>> open_rows(const projections::ViewType& type, const std::filesystem::path& folder) {
    std::error_code fault;
    if (!std::filesystem::is_directory(folder / type.store_name(), fault)) return std::unique_ptr<projections::StoredView>();
    rows_.push_back(std::make_unique<projections::RocksRowStores>(folder.string(), projections::RocksBudget{}, true));
    return projections::StoredView::open(type, *rows_.back());
  }
  // Whether the directory is of a worker in a group.
  Result<bool> add_held(SharedView& shared, const std::filesystem::path& dir) {
    auto held = projections::held_shares(dir, shared.type().name);
    if (!held) return std::move(held).error();
    if (!*held) return false;
    shared.mark_grouped();
    for (auto& share : **held) {
      auto view = open_rows(shared.type(), projections::share_folder(dir, shared.type().name, share));
      if (!view) return std::move(view).error();
      if (*view) shared.add_held(std::move(*view));
    }
    return true;
  }
  static Result<projections::Query> query_of(const QueryRequest& request) {
    auto day_start = day_start_of(request.time_zone);
    if (!day_start) return std::move(day_start).error();
    auto asked = "known at " + request.known_at + " in " + request.time_zone;
    projections::Query query{.sort = request.sort, .cursor = request.cursor, .asked = asked, .day_start = *day_start};
    for (auto& [key, value] : request.arguments) query.arguments.push_back({key, value});
    if (request.limit) query.limit = *request.limit;
    if (request.known_at.empty()) return query;
    auto position = projections::parse_integer(request.known_at);
    if (!position || *position < 0)
      return Error{ErrorCode::kInvalid, "position.unknown", "\"" + request.known_at + "\" is no position", "knownAt",
                   "a position: without a log there are no times of positions"};
    query.known_at = {static_cast<std::uint64_t>(*position)};
    return query;
  }

  std::vector<std::unique_ptr<projections::RocksRowStores>> rows_;
  std::vector<SharedView> views_;
};

}  // namespace

Result<std::unique_ptr<Service>> open_worker_state(const std::vector<std::string>& dirs) {
  for (const auto& dir : dirs)
    if (!std::filesystem::is_directory(dir))
      return Error{ErrorCode::kUnavailable, "state.missing", dir + " is no directory", "", "", "start `rapport worker VIEW --state " + dir + "` first"};
  auto state = std::make_unique<WorkerState>();
  if (auto opened = state->open(dirs); !opened) return std::move(opened).error();
  return std::unique_ptr<Service>(std::move(state));
}

}  // namespace rapport
