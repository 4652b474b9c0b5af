// backup, restore: a store carried away while it runs, and back.
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "adapters/application/compared_log.h"
#include "adapters/cli/progress_bar.h"
#include "adapters/cli/verb.h"
#include "adapters/http/client.h"

namespace rapport::cli {
namespace {

class BackupVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("backup", "copy the store, also while it runs: all of it first, later what is new since");
    verb->add_option("folder", request_.folder, "gets the backup; without the keys, so that it shows nothing personal by itself")->required();
    verb->add_option("--keys", request_.keys, "copy the keys, too, into a folder of their own: keep it elsewhere than the backup");
    add_data(verb, session);
    add_server(verb, session);
    add_output(verb, session);
    add_example(verb, "rapport backup backup --keys backup-keys --data rapport-data");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto stop = stop_on_signals();
    auto service = session.service(LocalOptions{.opening = Opening::kRead, .stop = stop});
    if (!service) return std::move(service).error();
    auto answer = [&] {
      ProgressBar bar(session.quiet);
      return (*service)->backup(request_, bar.callback());
    }();
    if (!answer) return std::move(answer).error();
    print(show_document(*answer, session.format()));
    if (request_.keys.empty())
      spdlog::warn("the keys are not in it: without a copy of them (--keys) what was sealed stays sealed for ever");
    return 0;
  }

 private:
  BackupRequest request_;
};

class RestoreVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("restore", "make a store from a backup, as it was at its end or at a point in time");
    verb->add_option("backup", backup_, "what `rapport backup` filled")->required();
    verb->add_option("directory", directory_, "gets the store; new or empty")->required();
    verb->add_option("--to", to_, "a position, or a time: what was recorded up to then. Never half of what was appended together");
    verb->add_option("--keys", keys_, "the copy of the keys; without it put keys/ there yourself before the store is opened");
    verb->add_option("--compare", compare_,
                     "the live log, of which this must be the beginning: its directory, its server's URL, a checkpoint, or a folder that "
                     "`rapport export tiles` filled");
    add_output(verb, session);
    add_example(verb, "rapport restore backup from-backup --keys backup-keys");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto stop = stop_on_signals();
    Session live;
    auto compared = compare_.empty() ? Result<std::unique_ptr<ComparedLog>>(std::unique_ptr<ComparedLog>()) : open_compared(live);
    if (!compared) return std::move(compared).error();
    auto answer = [&] {
      ProgressBar bar(session.quiet);
      return LocalStore::restore({.backup = backup_, .dir = directory_, .to = to_, .keys = keys_, .live = compared->get(), .stop = stop},
                                 bar.callback());
    }();
    if (!answer) return std::move(answer).error();
    print(show_document(*answer, session.format()));
    say_what_differs(nlohmann::json::parse(*answer));
    return 0;
  }

 private:
  Result<std::unique_ptr<ComparedLog>> open_compared(Session& live) const {
    std::error_code ignored;
    if (compare_.starts_with("http://")) live.server = compare_;
    else if (!std::filesystem::exists(std::filesystem::path(compare_) / "rapport.json", ignored)) return compared_checkpoint(compare_);
    live.data = compare_;
    auto service = live.service(Opening::kRead);
    if (!service) return std::move(service).error();
    return compared_service(**service);
  }

  void say_what_differs(const nlohmann::json& answer) const {
    if (answer["position"] != answer["asked"])
      spdlog::warn("position {} is within what was appended together: restored to {}", answer["asked"].dump(), answer["position"].dump());
    auto later = std::max(answer["backupPosition"].get<std::uint64_t>(), answer.value("liveSize", std::uint64_t{0}));
    if (answer["position"] < later)
      spdlog::warn("other events followed position {}: this log goes on as {}", answer["position"].dump(), answer["origin"].get<std::string>());
    if (answer["importsForgotten"] == true)
      spdlog::warn("the memory of imports is not as long as the log: import the earlier files again, oldest first, before any later one");
    for (const auto& place : answer["takenBack"])
      spdlog::warn("{} knew of position {}: it begins again after {}", place["reader"].get<std::string>(), place["was"].dump(), answer["position"].dump());
    if (answer["keys"] == false) spdlog::warn("the store has no keys: put them into {}/keys before you open it", directory_);
  }

  std::string backup_, directory_, to_, keys_, compare_;
};

}  // namespace

void add_backup_verbs(std::vector<std::unique_ptr<Verb>>& verbs) {
  verbs.push_back(std::make_unique<BackupVerb>());
  verbs.push_back(std::make_unique<RestoreVerb>());
}

}  // namespace rapport::cli
