// worker: a view fed from Kafka.
#include <nlohmann/json.hpp>

#include "adapters/cli/kafka_options.h"
#include "adapters/cli/progress_bar.h"
#include "adapters/cli/verb.h"
#include "adapters/kafka/worker.h"
#include "adapters/kafka/worker_group.h"
#include "eventstore/rocks/store_lock.h"
#include "projections/held_shares.h"
#include "projections/rocks/rocks_row_stores.h"
#include "projections/views.h"

namespace rapport::cli {
namespace {

using Json = nlohmann::ordered_json;

// Catching up compacts a third less than with the memtables of a view that follows its log.
constexpr projections::RocksBudget kBudgetOfAView{.live_buffer_bytes = 16u << 20};
// A worker may hold many shares.
constexpr projections::RocksBudget kBudgetOfAShare{.block_cache_bytes = 8u << 20, .write_buffers_bytes = 24u << 20};

class WorkerVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("worker", "keep a view from Kafka, in a state directory of its own");
    verb->add_option("view", view_, "pipeline, service, loyalty, customer360")->required();
    kafka_.declare(verb, "read from this broker")->required();
    verb->add_option("--state", state_, "where the rows are kept")->required();
    auto* share = verb->add_option("--share", share_, "K/N: keep the K-th of N parts of the view, by streams; `query --state` joins them");
    verb->add_option("--group", group_, "be one of the workers of this name, which share the view out among them by themselves")->excludes(share);
    verb->add_flag("--replay-parked", replay_, "take up again what could not be read: records, and events of later versions");
    verb->add_flag("--until-caught-up", once_, "end when everything that was there is folded");
    add_output(verb, session);
    add_example(verb, "rapport worker pipeline --kafka localhost:9092 --state worker-state --until-caught-up");
    add_example(verb, "rapport worker pipeline --kafka localhost:9092 --state group-state --group crm --until-caught-up");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto connection = kafka_.connection();
    if (!connection) return std::move(connection).error();
    auto stop = stop_on_signals();
    auto* view = projections::find_view(view_);
    if (!view) {
      std::string known;
      for (auto& each : projections::all_views()) known += (known.empty() ? "" : ", ") + each.name;
      return Error{ErrorCode::kInvalid, "view.unknown", "there is no view \"" + view_ + "\"", "view", "one of " + known};
    }
    if (!group_.empty()) return run_in_group(session, *view, std::move(*connection), stop);
    projections::RocksRowStores rows(state_, kBudgetOfAView);
    auto share = projections::parse_share(share_);
    if (!share)
      return Error{ErrorCode::kInvalid, "usage", "\"" + share_ + "\" is no share", "share", "K/N with 1 <= K <= N <= " + std::to_string(projections::Share::kCountMax)};
    kafka::Worker worker(*view, rows, {.connection = std::move(*connection), .share = *share, .replay_parked = replay_});
    auto done = [&] {
      ProgressBar bar(session.quiet);
      return worker.run(until(), [&](Position, std::uint64_t events) { bar.show({"worker " + view_, "events", events, 0}); }, stop);
    }();
    if (!done) return std::move(done).error();
    print(show_document(document_of(*done).dump(), session.format()));
    return 0;
  }

 private:
  kafka::WorkerUntil until() const { return once_ ? kafka::WorkerUntil::kCaughtUp : kafka::WorkerUntil::kStopped; }

  static Json document_of(const kafka::WorkerResult& done) {
    Json document{{"view", done.view}, {"position", done.position.value}, {"digest", to_hex(done.digest)}, {"root", to_hex(done.root)}, {"events", done.events}};
    if (!done.share.whole()) document["share"] = to_text(done.share);
    if (!done.parked.empty()) document["parked"] = done.parked;
    if (done.unread) document["unread"] = done.unread;
    return document;
  }

  Result<int> run_in_group(Session& session, const projections::ViewType& view, kafka::Connection connection, std::stop_token stop) {
    const auto folder = projections::shares_folder(state_, view.name);
    std::error_code fault;
    std::filesystem::create_directories(folder, fault);
    auto only = StoreLock::take(folder);  // two in one directory would answer for each other's shares
    if (!only) return std::move(only).error();
    kafka::WorkerGroup group(
        view, [](const std::filesystem::path& rows) { return std::make_unique<projections::RocksRowStores>(rows.string(), kBudgetOfAShare); },
        {.connection = std::move(connection), .group = group_, .state = state_, .replay_parked = replay_});
    auto done = [&] {
      ProgressBar bar(session.quiet);
      return group.run(until(), [&](std::size_t shares, std::uint64_t events) {
        bar.show({"worker " + view_ + " (" + std::to_string(shares) + " shares)", "events", events, 0});
      }, stop);
    }();
    if (!done) return std::move(done).error();
    Json document{{"view", view.name}, {"group", group_}, {"position", nullptr}, {"shares", Json::array()}};
    for (auto& share : *done) {
      document["shares"].push_back(document_of(share));
      if (document["position"].is_null() || document["position"] > share.position.value) document["position"] = share.position.value;
    }
    print(show_document(document.dump(), session.format()));
    return 0;
  }

  std::string view_, state_, share_ = "1/1", group_;
  KafkaOptions kafka_;
  bool once_ = false, replay_ = false;
};

}  // namespace

void add_worker_verb(std::vector<std::unique_ptr<Verb>>& verbs) { verbs.push_back(std::make_unique<WorkerVerb>()); }

}  // namespace rapport::cli
