#include <signal.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <iostream>
#include <thread>

#include "adapters/cli/verb.h"
#include "adapters/import/mapping/nearest.h"

namespace rapport::cli {

void add_data(CLI::App* verb, Session& session) {
  verb->add_option("--data", session.data, "the store's directory (else $RAPPORT_DATA, else ./rapport-data)");
}

void add_server(CLI::App* verb, Session& session) {
  verb->add_option("--server", session.server, "a running server, http://HOST:PORT, in place of --data");
}

void add_output(CLI::App* verb, Session& session) {
  verb->add_option("--format", session.format_name, "json, table or csv (else $RAPPORT_FORMAT, else table on a terminal, json in a pipe)")
      ->check(CLI::IsMember({"json", "table", "csv"}));
  verb->add_flag("--quiet", session.quiet, "no progress, no words: data and errors alone");
}

void add_example(CLI::App* verb, const std::string& example) {
  auto before = verb->get_footer();
  verb->footer((before.empty() ? "Example:" : before) + "\n  " + example);
}

std::stop_token stop_on_signals() {
  // One thread waits for the signals; handlers could do next to nothing.
  static std::stop_source source;
  static bool started = false;
  if (std::exchange(started, true)) return source.get_token();
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals] {
    int received = 0;
    sigwait(&signals, &received);
    source.request_stop();
    sigwait(&signals, &received);
    signal(received, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    raise(received);
  }).detach();
  return source.get_token();
}

namespace {

// What the parser did not understand. It may have stopped before it came to --format.
Error usage_error(const CLI::App& program, const CLI::ParseError& error, const std::vector<std::string>& arguments,
                  Session& session) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with("--format=")) session.format_name = arguments[i].substr(9);
    if (arguments[i] == "--format" && i + 1 < arguments.size()) session.format_name = arguments[i + 1];
  }
  Error usage{ErrorCode::kInvalid, "usage", error.what(), "", "", "rapport --help shows the verbs"};
  if (arguments.empty() || arguments[0].starts_with('-')) return usage;
  import::Nearest nearest(arguments[0]);
  for (auto* verb : program.get_subcommands([](const CLI::App*) { return true; })) {
    nearest.offer(verb->get_name());
    if (verb->get_name() != arguments[0]) continue;
    usage.hint = "rapport " + arguments[0] + " --help shows how it is used";
    return usage;
  }
  usage.reason = "usage.unknown_verb";
  usage.message = "there is no verb \"" + arguments[0] + "\"" + nearest.hint();
  return usage;
}

// The exit code. No exception is meant to come as far as this; one that does is still said in one line.
int answer(Verb& verb, Session& session) {
  Result<int> done = [&]() -> Result<int> {
    try {
      return verb.run(session);
    } catch (const std::exception& stray) {
      return Error{ErrorCode::kRejected, "internal", stray.what(), "", "", "this is a bug of Rapport: please report it"};
    } catch (...) {
      return Error{ErrorCode::kRejected, "internal", "an unknown failure", "", "", "this is a bug of Rapport: please report it"};
    }
  }();
  if (done) {
    auto shown = printed();
    if (shown) return *done;
    if (shown.error().reason != "output.closed") report_error(shown.error(), session.format());
    return 1;
  }
  session.leave_no_empty_store();
  report_error(done.error(), session.format());
  return exit_code(done.error());
}

}  // namespace

int run(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a file past the limit on its size is an answer of the write, as on a full disk
  spdlog::set_default_logger(spdlog::stderr_color_mt("rapport"));
  CLI::App program{"Rapport: a CRM core whose truth is a provable log of events.", "rapport"};
  program.set_version_flag("--version", "rapport " RAPPORT_VERSION);
  program.require_subcommand(1);
  Session session;
  std::vector<std::unique_ptr<Verb>> verbs;
  add_command_verbs(verbs);
  add_query_verbs(verbs);
  add_store_verbs(verbs);
  add_backup_verbs(verbs);
  add_proof_verbs(verbs);
  add_group_verbs(verbs);
  add_export_verbs(verbs);
  add_webhook_verbs(verbs);
  add_subject_verbs(verbs);
  add_serve_verbs(verbs);
  add_bus_verbs(verbs);
  add_worker_verb(verbs);
  add_audit_verb(verbs);
  add_bench_verbs(verbs);
  std::vector<CLI::App*> declared;
  for (auto& verb : verbs) declared.push_back(verb->declare(program, session));
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // help and version end here, too
    if (error.get_exit_code() == 0) {
      auto code = program.exit(error);
      std::cout.flush();
      return std::cout ? code : 1;
    }
    auto usage = usage_error(program, error, {argv + 1, argv + argc}, session);
    report_error(usage, session.format());
    return exit_code(usage);
  }
  if (session.quiet) spdlog::set_level(spdlog::level::err);
  for (std::size_t i = 0; i < verbs.size(); ++i)
    if (declared[i]->parsed()) return answer(*verbs[i], session);
  return 2;
}

}  // namespace rapport::cli
