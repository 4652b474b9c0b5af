// A verb of the command line: its options, its help, what it does.
#pragma once
#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <vector>

#include "adapters/application/local_store.h"
#include "adapters/cli/output.h"

namespace rapport::cli {

// What most verbs share. Opens the store, or the server that holds it, when a verb first asks for it.
class Session final {
 public:
  std::string data;    // --data, else $RAPPORT_DATA, else ./rapport-data
  std::string server;  // --server
  std::vector<std::string> states;  // --state
  std::string format_name;
  bool quiet = false;

  Format format() const { return format_of(format_name); }
  std::filesystem::path data_dir() const;
  // The store in this process; its directory is data_dir().
  Result<LocalStore*> local(LocalOptions options);
  Result<LocalStore*> local(Opening opening) { return local(LocalOptions{.opening = opening}); }
  // --server, or the store, or the server that holds the store.
  Result<Service*> service(LocalOptions options);
  Result<Service*> service(Opening opening) { return service(LocalOptions{.opening = opening}); }
  // service(), or an empty store in a temporary folder if there is none: for trying something out.
  Result<Service*> service_to_try();
  // After a failure: a store that was made for the verb and holds no event goes again, so that a mistyped --data leaves
  // nothing behind.
  void leave_no_empty_store();
  ~Session();

 private:
  std::unique_ptr<LocalStore> local_;
  bool made_ = false;  // local_ was not there before
  std::unique_ptr<Service> remote_;
  std::filesystem::path tried_;  // a temporary folder, removed at the end
};

class Verb {
 public:
  virtual ~Verb() = default;
  // Adds the verb's subcommand with its options, which are kept in the verb.
  virtual CLI::App* declare(CLI::App& program, Session& session) = 0;
  // The exit code, or what went wrong.
  virtual Result<int> run(Session& session) = 0;
};

// Options of `declare`: --data; --server; --format; --quiet.
void add_data(CLI::App* verb, Session& session);
void add_server(CLI::App* verb, Session& session);
void add_output(CLI::App* verb, Session& session);
void add_example(CLI::App* verb, const std::string& example);  // one more

// `export`, to which each of its kinds is added by whoever writes it.
CLI::App* export_family(CLI::App& program);

// Verbs by what they are about, each list in its own file.
void add_query_verbs(std::vector<std::unique_ptr<Verb>>& verbs);    // query, events, inspect, schema
void add_command_verbs(std::vector<std::unique_ptr<Verb>>& verbs);  // command, import, revert, demo
void add_store_verbs(std::vector<std::unique_ptr<Verb>>& verbs);    // verify, rebuild, dump, load
void add_group_verbs(std::vector<std::unique_ptr<Verb>>& verbs);    // group
void add_webhook_verbs(std::vector<std::unique_ptr<Verb>>& verbs);  // webhook
void add_export_verbs(std::vector<std::unique_ptr<Verb>>& verbs);   // export events, export view
void add_subject_verbs(std::vector<std::unique_ptr<Verb>>& verbs);  // subject, rotate-master-key
void add_backup_verbs(std::vector<std::unique_ptr<Verb>>& verbs);   // backup, restore
void add_proof_verbs(std::vector<std::unique_ptr<Verb>>& verbs);    // keygen, checkpoint, proof, export tiles
void add_serve_verbs(std::vector<std::unique_ptr<Verb>>& verbs);    // serve, publish
void add_bus_verbs(std::vector<std::unique_ptr<Verb>>& verbs);      // bus
void add_worker_verb(std::vector<std::unique_ptr<Verb>>& verbs);    // worker
void add_audit_verb(std::vector<std::unique_ptr<Verb>>& verbs);     // audit-topic
void add_bench_verbs(std::vector<std::unique_ptr<Verb>>& verbs);    // bench

// A stop token that SIGINT and SIGTERM trigger; the second one ends the process.
std::stop_token stop_on_signals();

// Parses, runs, reports: the exit code of the process.
int run(int argc, char** argv);

}  // namespace rapport::cli
