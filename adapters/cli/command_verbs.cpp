// command, import, revert, demo: what writes.
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "adapters/cli/progress_bar.h"
#include "adapters/cli/typed_option.h"
#include "adapters/cli/verb.h"
#include "eventstore/trace_context.h"

namespace rapport::cli {
namespace {

class CommandVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("command", "send one command to one aggregate");
    verb->add_option("stream", stream_, "AGGREGATE/ID, such as opportunity/1C1I7A6R")->required();
    verb->add_option("name", request_.command, "the command, such as win")->required();
    verb->add_option("body", request_.body, "its fields as a JSON object; - reads them from standard input");
    add_data(verb, session);
    add_server(verb, session);
    add_typed(verb, "--expect", expect_, "only if the stream is at this version");
    verb->add_option("--id", request_.command_id, "the command's UUID: sent twice, done once");
    verb->add_option("--reason", reason_, "CODE or CODE:TEXT");
    verb->add_option("--actor", request_.actor, "who does it, a principal's id");
    verb->add_option("--tag", request_.tags, "by which its events can be asked for; may be given again")->take_all();
    verb->add_option("--occurred-at", request_.occurred_at, "when it happened, RFC 3339 (else now)");
    add_output(verb, session);
    add_example(verb, "rapport command account/acme create '{\"kind\":\"organisation\",\"name\":\"Acme\"}' --actor anna");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto slash = stream_.find('/');
    if (slash == stream_.npos)
      return Error{ErrorCode::kInvalid, "usage", "\"" + stream_ + "\" names no aggregate", "", "AGGREGATE/ID, such as opportunity/17"};
    request_.aggregate = stream_.substr(0, slash);
    request_.id = stream_.substr(slash + 1);
    request_.channel = "cli";
    if (const char* trace = std::getenv("TRACEPARENT"))
      if (auto tag = trace_tag(trace)) request_.tags.push_back(std::move(*tag));
    auto expect = number_of(expect_, "expect");
    if (!expect) return std::move(expect).error();
    request_.expected_version = *expect;
    if (request_.body == "-") request_.body.assign(std::istreambuf_iterator<char>(std::cin), {});
    if (auto colon = reason_.find(':'); colon != reason_.npos) {
      request_.reason_text = reason_.substr(colon + 1);
      reason_.resize(colon);
    }
    request_.reason_code = reason_;
    auto service = session.service(Opening::kCreate);
    if (!service) return std::move(service).error();
    auto receipt = (*service)->command(request_);
    if (!receipt) {
      auto error = std::move(receipt).error();
      // To a server an address that there is not; on a command line a word that is wrong.
      if (error.reason.starts_with("command.unknown_")) error.code = ErrorCode::kInvalid;
      return error;
    }
    print(show_document(*receipt, session.format()));
    return 0;
  }

 private:
  std::string stream_, reason_;
  WholeNumber expect_;
  CommandRequest request_;
};

class ImportVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("import", "import files by a preset or a mapping file");
    verb->add_option("mapping", request_.mapping, "crm-sales, incident-log, online-retail, or the path of a mapping.json")->required();
    verb->add_option("files", request_.files, "CSV or JSON Lines, plain or gzip")->required();
    add_data(verb, session);
    add_server(verb, session);
    verb->add_flag("--dry-run", request_.dry_run, "write nothing, tell the same counts");
    verb->add_option("--rejects", request_.rejects, "where rejected rows go (else DATA/rejects/IMPORT.csv)");
    verb->add_flag("--allow-rejects", allow_rejects_, "exit with 0 although rows were rejected");
    verb->add_option("--time-zone", request_.time_zone, "of times without one, such as Europe/London");
    add_output(verb, session);
    add_example(verb, "rapport import online-retail online_retail.csv.gz --data rapport-data");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto service = request_.dry_run ? session.service_to_try() : session.service(Opening::kCreate);
    if (!service) return std::move(service).error();
    auto summary = [&] {
      ProgressBar bar(session.quiet);
      return (*service)->import(request_, bar.callback());
    }();
    if (!summary) return std::move(summary).error();
    print(show_document(*summary, session.format()));
    auto document = nlohmann::json::parse(*summary);
    if (auto aborted = document.find("aborted"); aborted != document.end()) return told(*aborted);
    auto rejected = document.value("rejected", 0ULL);
    if (rejected && !session.quiet)
      std::cerr << "rapport: " << rejected << " rows were rejected; they stand, with what is wrong, in the rejects file, which holds the "
                                              "source's text, personal data too (readable by you alone)\n";
    return rejected && !allow_rejects_ ? 1 : 0;
  }

 private:
  // What ended an import before its files did.
  static Error told(const nlohmann::json& aborted) {
    return {ErrorCode::kRejected,         aborted.value("code", ""), aborted.value("message", ""), "", "",
            aborted.value("hint", ""), aborted.value("row", 0ULL)};
  }

  ImportRequest request_;
  bool allow_rejects_ = false;
};

class RevertVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("revert", "compensate an import, so that its corrected file can be imported");
    verb->add_option("import", import_, "the import's id, from its summary")->required();
    add_data(verb, session);
    add_server(verb, session);
    verb->add_flag("--dry-run", dry_run_, "only tell what would be done");
    add_output(verb, session);
    add_example(verb, "rapport revert IMPORT-ID --dry-run --data rapport-data");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto service = session.service(Opening::kWrite);
    if (!service) return std::move(service).error();
    auto summary = (*service)->revert(import_, dry_run_);
    if (!summary) return std::move(summary).error();
    print(show_document(*summary, session.format()));
    auto left = nlohmann::json::parse(*summary).value("left", 0ULL);
    if (left && !session.quiet) std::cerr << "rapport: " << left << " streams could not be taken back and are left as they are\n";
    return left ? 1 : 0;
  }

 private:
  std::string import_;
  bool dry_run_ = false;
};

class DemoVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("demo", "fill a store with a believable generated enterprise");
    add_data(verb, session);
    verb->add_option("--customers", options_.customers, "how many customers")->capture_default_str()->check(CLI::Range(1u, 1'000'000u));
    verb->add_option("--years", options_.years, "how many years")->capture_default_str()->check(CLI::Range(1u, 20u));
    verb->add_option("--seed", options_.seed, "the same seed gives the same enterprise")->capture_default_str();
    add_output(verb, session);
    add_example(verb, "rapport demo --data rapport-data --customers 200 --years 2 --seed 1");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto store = session.local(Opening::kCreate);
    if (!store) return std::move(store).error();
    auto answer = [&] {
      ProgressBar bar(session.quiet);
      return (*store)->demo(options_, bar.callback());
    }();
    if (!answer) return std::move(answer).error();
    print(show_document(*answer, session.format()));
    return 0;
  }

 private:
  LocalStore::DemoOptions options_;
};

}  // namespace

void add_command_verbs(std::vector<std::unique_ptr<Verb>>& verbs) {
  verbs.push_back(std::make_unique<ImportVerb>());
  verbs.push_back(std::make_unique<RevertVerb>());
  verbs.push_back(std::make_unique<CommandVerb>());
  verbs.push_back(std::make_unique<DemoVerb>());
}

}  // namespace rapport::cli
