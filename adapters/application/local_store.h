// A store in this process: log, keys, gateway and views, wired. What the command line drives on a stopped store, and what
// `serve` drives for everyone else while it runs.
#pragma once
#include <filesystem>
#include <memory>

#include "adapters/application/service.h"

namespace rapport {

class CommandGateway;
class ComparedLog;
class EventStore;
struct Position;
class SubjectKeys;
namespace projections {
class ViewHost;
}

enum class Opening : std::uint8_t {
  kRead,    // nothing is written, if the views are at the head of a log that was closed cleanly
  kWrite,
  kCreate,  // makes the store if the directory is missing or empty; else that is an error ("store.missing")
};
struct LocalOptions {
  std::filesystem::path dir = {};
  Opening opening = Opening::kWrite;
  // Ends what takes long (imports, verification, folding), which then answers "….stopped" and can be asked for again.
  std::stop_token stop = {};
  // What the operator accepts of a store that does not open or take events otherwise. Recorded in its file `accepted`.
  bool accept_lost_tail = false, accept_clock = false, accept_older_copy = false;
};

// How publishing stands.
struct BusStatus {
  bool connected = false;
  std::uint64_t position = 0;  // acknowledged up to here
  std::string trouble;         // empty: none
  std::function<std::string()> document;  // what bus() answers
};

// Safe for concurrent use. One per process and directory: another process gets "store.locked".
class LocalStore final : public Service {
 public:
  static Result<std::unique_ptr<LocalStore>> open(const LocalOptions& options);
  ~LocalStore() override;

  Result<std::string> command(const CommandRequest& request) override;
  std::vector<Result<std::string>> commands_together(std::span<const CommandRequest> requests) override;
  Result<std::string> query(const QueryRequest& request) override;
  Result<void> events(const EventsRequest& request, const LineSink& line, std::stop_token stop) override;
  Result<std::string> inspect() override;
  Result<std::string> status() override;
  Result<std::string> bus() override;
  Result<std::string> verify(const Progress& progress) override;
  Result<std::string> import(const ImportRequest& request, const Progress& progress) override;
  Result<std::string> revert(const std::string& import_id, bool dry_run) override;
  Result<std::string> backup(const BackupRequest& request, const Progress& progress) override;
  Result<std::string> prove(const ProofRequest& request) override;
  Result<std::string> group(const GroupRequest& request, std::stop_token stop = {}) override;
  Result<std::string> webhook(const WebhookRequest& request) override;
  Result<std::string> subject(const std::string& name) override;

  // Wraps all keys by another master key, 64 hex digits. {"keys":n,"masterKey":"where it is kept"}
  Result<std::string> rotate_master_key(const std::string& next, const std::string& where);

  // The keys that sign checkpoints: a first one, or one more; or one less, by its hash. {"verifierKeys":[…],"file":…}
  Result<std::string> make_signing_key(bool another);
  Result<std::string> retire_signing_key(const std::string& hash);
  // The signed checkpoint of an earlier size; nothing: there is no key to sign with.
  Result<std::optional<std::string>> signed_checkpoint(Position size) const;

  // Folds the views again beside the old rows and swaps; none named = all. {"views":{…},"events":n,"seconds":x,"eventsPerSecond":n}
  Result<std::string> rebuild(const std::vector<std::string>& views, const Progress& progress);
  // The whole store as JSON Lines: FORMAT.md, "A dump".
  Result<void> dump(const LineSink& line);
  // A dump into a directory that is missing, empty or a store without events. Nothing is left there after an error.
  struct Loaded {
    std::string inspected;
    bool whole = true;  // false: the dump has no end, so nobody knows whether it was cut
  };
  static Result<Loaded> load(const std::string& file, const std::filesystem::path& dir, const Progress& progress, std::stop_token stop = {});
  // A backup into a directory that is missing or empty. Nothing is left there after an error.
  struct RestoreOptions {
    std::filesystem::path backup, dir;
    std::string to = {};                // a position or a time; empty: all that the backup has
    std::filesystem::path keys = {};    // a copy of the keys; empty: the store gets none
    const ComparedLog* live = nullptr;  // must begin with what is restored
    std::stop_token stop = {};
  };
  static Result<std::string> restore(const RestoreOptions& options, const Progress& progress);
  // A generated enterprise, the same for the same seed. Answers like inspect.
  struct DemoOptions {
    std::uint32_t customers = 200, years = 2;
    std::uint64_t seed = 1;
  };
  Result<std::string> demo(const DemoOptions& options, const Progress& progress);

  // Keeps the views at the head from now on, in threads of their own; queries then wait for them only as far as the log was
  // when they came.
  void follow();
  // Folds what the views have not yet, unless they follow.
  Result<void> catch_up_views(const Progress& progress = {});
  // Nothing, if the log takes events and the views follow it; else what is wrong.
  Result<void> ready() const;
  // Delivers to webhooks from now on, in a thread of its own. `allowed`: networks ("10.0.0.0/8") that may be delivered to although
  // they are not of the internet.
  Result<void> deliver_webhooks(const std::vector<std::string>& allowed);
  // Whom status() and inspect() ask how publishing stands. Called on any thread; nothing: stop asking.
  void watch_bus(std::function<BusStatus()> status);
  // Where other processes reach the server that holds this store; kept in its lock file until it is closed.
  Result<void> announce(const std::string& address);

  const std::filesystem::path& dir() const;
  EventStore& event_store();
  const SubjectKeys& keys() const;
  std::vector<projections::ViewHost*> views() const;
  std::string origin() const;
  // Up to where the log of that name is this one; nothing: it never had the name.
  std::optional<std::uint64_t> shared_with(std::string_view origin) const;

 private:
  class Impl;
  explicit LocalStore(std::unique_ptr<Impl> impl);
  // Whether the dump in the file came to its end.
  Result<bool> fill_from(const std::string& file, const Progress& progress, const std::stop_token& stop);
  std::unique_ptr<Impl> impl_;
};

// Whether the directory is a backup.
bool is_backup(const std::filesystem::path& dir);
// Recomputes all that a backup claims, as verify does for a store. keys: who must have signed its checkpoints, each of them; none:
// the keys that the backup names.
Result<std::string> verify_backup(const std::filesystem::path& dir, const std::vector<std::string>& keys, const Progress& progress,
                                  std::stop_token stop);

// The address that the holder of a locked store announced; empty if none serves it.
std::string holder_address(const std::filesystem::path& dir);

// The views of workers' state directories, which have no log: their inspect and their queries ("state.no_log" for the rest), as they are
// now, also while workers write them. Several directories are the shares of one view and answer as one, at the position that all of
// them have reached; some that are missing or not of one view are refused ("state.incomplete").
Result<std::unique_ptr<Service>> open_worker_state(const std::vector<std::string>& dirs);

}  // namespace rapport
