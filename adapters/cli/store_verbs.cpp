// verify, rebuild, dump, load: what is about the store as a whole.
#include <spdlog/spdlog.h>

#include <fstream>

#include <nlohmann/json.hpp>

#include "adapters/cli/progress_bar.h"
#include "adapters/cli/verb.h"

namespace rapport::cli {
namespace {

class VerifyVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("verify", "recompute every hash from the stored bytes, check views, keys and configuration");
    verb->add_option("backup", backup_, "a folder that `rapport backup` filled, in place of a store");
    add_data(verb, session);
    add_server(verb, session);
    verb->add_option("--accept", accept_,
                     "what keeps the store from going on, once you know why. lost-tail: events that were acknowledged are missing, and stay "
                     "so. clock: the log's last event is later than the clock says, and the clock is right. older-copy: the store was copied "
                     "back from before its last events; it goes on under a new name")
        ->check(CLI::IsMember({"lost-tail", "clock", "older-copy"}));
    verb->add_option("--checkpoint", checkpoint_,
                     "a checkpoint that was kept elsewhere: is today's log the one that was signed then, with more behind it?");
    verb->add_option("--key", keys_, "a verifier's key that must have signed the checkpoint; may be repeated (else the log's own key)");
    verb->add_option("--witness", witnesses_, "a witness's key that must have cosigned the checkpoint; may be repeated: all of them");
    add_output(verb, session);
    add_example(verb, "rapport verify --data rapport-data");
    return verb;
  }

  Result<int> run(Session& session) override {
    if (!backup_.empty()) return run_backup(session);
    if (checkpoint_.empty() && !witnesses_.empty())
      return Error{ErrorCode::kInvalid, "usage", "--witness says who cosigned a checkpoint, and none is named", "checkpoint", "--checkpoint FILE"};
    auto service = accept_.empty() ? session.service(Opening::kRead) : accepting(session);
    if (!service) return std::move(service).error();
    auto answer = [&] {
      ProgressBar bar(session.quiet);
      return (*service)->verify(bar.callback());
    }();
    if (!answer) return std::move(answer).error();
    if (ok(*answer) && !checkpoint_.empty()) answer = with_checkpoint(**service, *answer);
    if (!answer) return std::move(answer).error();
    print(show_document(*answer, session.format()));
    return ok(*answer) ? 0 : 1;
  }

 private:
  Result<int> run_backup(Session& session) const {
    auto stop = stop_on_signals();
    if (!accept_.empty() || !checkpoint_.empty() || !witnesses_.empty())
      return Error{ErrorCode::kInvalid, "usage", "a backup is verified by itself: --accept, --checkpoint and --witness are for a store"};
    auto answer = [&] {
      ProgressBar bar(session.quiet);
      return verify_backup(backup_, keys_, bar.callback(), stop);
    }();
    if (!answer) return std::move(answer).error();
    print(show_document(*answer, session.format()));
    return ok(*answer) ? 0 : 1;
  }
  static bool ok(const std::string& answer) { return nlohmann::json::parse(answer).value("ok", false); }
  // The log is whole; whether it is also the one that the checkpoint speaks of.
  Result<std::string> with_checkpoint(Service& service, const std::string& verified) const {
    std::ifstream file(checkpoint_, std::ios::binary);
    std::string note{std::istreambuf_iterator<char>(file), {}};
    if (!file)
      return Error{ErrorCode::kInvalid, "file.missing", "cannot read " + checkpoint_, "checkpoint", "what `rapport checkpoint` printed"};
    auto extends = service.prove({.about = ProofRequest::About::kOldCheckpoint, .text = note, .keys = keys_, .witnesses = witnesses_});
    if (!extends || !ok(*extends)) return extends;
    auto document = nlohmann::json::parse(verified);
    auto proved = nlohmann::json::parse(*extends);
    document["checkpoint"] = proved["from"];
    if (proved.contains("cosigned")) document["cosigned"] = proved["cosigned"];
    return document.dump();
  }
  Result<Service*> accepting(Session& session) const {
    auto store = session.local({.accept_lost_tail = accept_ == "lost-tail", .accept_clock = accept_ == "clock", .accept_older_copy = accept_ == "older-copy"});
    if (!store) return std::move(store).error();
    return *store;
  }

  std::string backup_, accept_, checkpoint_;
  std::vector<std::string> keys_, witnesses_;
};

class RebuildVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("rebuild", "fold views again from event 1 beside their old rows, and swap");
    verb->add_option("views", views_, "pipeline, service, loyalty, customer360 (else all)");
    add_data(verb, session);
    add_output(verb, session);
    add_example(verb, "rapport rebuild pipeline --data rapport-data");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto store = session.local(Opening::kWrite);
    if (!store) return std::move(store).error();
    auto answer = [&] {
      ProgressBar bar(session.quiet);
      return (*store)->rebuild(views_, bar.callback());
    }();
    if (!answer) return std::move(answer).error();
    print(show_document(*answer, session.format()));
    std::string differing;
    auto views = nlohmann::json::parse(*answer)["views"];
    for (auto& [name, view] : views.items())
      if (view["same"] == false) differing += (differing.empty() ? "" : ", ") + name;
    if (differing.empty()) return 0;
    return Error{ErrorCode::kRejected, "view.differed", "the rows before were not what the log gives: " + differing, "", "",
                 "they are right now; find out what changed them, or report it if nobody did"};
  }

 private:
  std::vector<std::string> views_;
};

class DumpVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("dump", "print the whole store as JSON Lines; the keys of personal texts too, so keep it as you keep keys/");
    add_data(verb, session);
    add_output(verb, session);
    add_example(verb, "rapport dump --data rapport-data > log.jsonl");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto store = session.local(Opening::kRead);
    if (!store) return std::move(store).error();
    std::string page;
    auto done = (*store)->dump([&](std::string_view line) {
      page.append(line).push_back('\n');
      return page.size() <= kPageBytes || print(std::exchange(page, {}));
    });
    print(page);
    if (!done) return std::move(done).error();
    return 0;
  }

 private:
  static constexpr std::size_t kPageBytes = 1u << 20;
};

class LoadVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("load", "load a dump into a new or an empty store");
    verb->add_option("file", file_, "what dump printed")->required();
    add_data(verb, session);
    add_output(verb, session);
    add_example(verb, "rapport load log.jsonl --data restored");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto stop = stop_on_signals();
    auto loaded = [&] {
      ProgressBar bar(session.quiet);
      return LocalStore::load(file_, session.data_dir(), bar.callback(), stop);
    }();
    if (!loaded) return std::move(loaded).error();
    if (!loaded->whole) spdlog::warn("{} has no end line: if it was cut, the events after it are missing", file_);
    print(show_document(loaded->inspected, session.format()));
    return 0;
  }

 private:
  std::string file_;
};

}  // namespace

void add_store_verbs(std::vector<std::unique_ptr<Verb>>& verbs) {
  verbs.push_back(std::make_unique<VerifyVerb>());
  verbs.push_back(std::make_unique<RebuildVerb>());
  verbs.push_back(std::make_unique<DumpVerb>());
  verbs.push_back(std::make_unique<LoadVerb>());
}

}  // namespace rapport::cli
