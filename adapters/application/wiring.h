// What a LocalStore is made of, in the order it is opened and the reverse of which it is closed. The one place that wires.
#pragma once
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "adapters/application/local_store.h"
#include "adapters/import/key_value.h"
#include "adapters/webhooks/webhooks.h"
#include "domain/aggregates.h"
#include "eventstore/command_gateway.h"
#include "eventstore/rocks/group_files.h"
#include "eventstore/rocks/rocks_event_store.h"
#include "eventstore/rocks/rocks_subject_keys.h"
#include "eventstore/rocks/snapshot_files.h"
#include "projections/rocks/rocks_row_stores.h"
#include "projections/view_hosts.h"

namespace rapport {

class LocalStore::Impl {
 public:
  explicit Impl(LocalOptions wanted) : options(std::move(wanted)), path(options.dir) {}
  Result<void> open(Opening opening);
  // A store that was opened to be read and has to be written after all: views that lag behind the log.
  Result<void> reopen_for_writing();
  Result<void> open_log();
  // The log goes on as it is now under a name of its own.
  Result<void> begin_epoch();
  // Consumer groups and webhooks that know of more than the log has.
  Result<void> take_readers_back();
  // Waits in pieces of the time that `there` is given, until it says so, for as long as a question may take.
  void wait_until(const std::function<bool(std::chrono::milliseconds)>& there) const;

  // Views at the log's head as it is now.
  Result<void> catch_up(const Progress& progress = {});
  Result<void> catch_up(projections::ViewHost& view);
  // Whether the log lacks that this version of a view took the place of an older one: until it is recorded, also if the
  // process that built the view died in between.
  Result<bool> lacks_version_change(const projections::ViewHost& view) const;
  // Records it if the log lacks it; whether it did.
  Result<bool> record_version_change(projections::ViewHost& view);
  Result<void> record_version_changes();
  // DATA/imports, opened at first use, and made unless it is for a dry run. Written and, but by a backup, read under long_work.
  Result<import::KeyValue*> import_memory(bool dry_run);
  Result<std::unique_ptr<import::KeyValue>> import_scratch() const;
  Result<void> verify_imports();
  // A request that was read. `body` is filled in; the command borrows from both.
  Result<Command> command_of(const CommandRequest& request, kj::Array<capnp::word>& body) const;
  std::string receipt_text(const Receipt& receipt) const;
  // The log has just been loaded, or a loss of it accepted, without its memory of imports. Under long_work, or at open.
  Result<void> note_load();

  const LocalOptions options;
  const std::filesystem::path path;
  const SystemClock clock;
  const std::vector<Aggregate> aggregates = all_aggregates();
  std::unique_ptr<StoreDirectory> directory;
  std::unique_ptr<RocksEventStore> store;
  std::unique_ptr<RocksSubjectKeys> keys;
  std::unique_ptr<SnapshotFiles> snapshots;  // if the store may be written
  std::unique_ptr<CommandGateway> gateway;
  std::unique_ptr<projections::RocksRowStores> rows;
  std::unique_ptr<projections::ViewHosts> views;
  std::mutex imports_opening;
  std::unique_ptr<import::KeyValue> imports;  // set once, guarded by imports_opening
  import::OverlayKeyValue no_imports;         // stays empty: a dry run writes to an overlay of its own
  std::atomic<bool> following = false;
  std::optional<BusStatus> bus_status() const;
  mutable std::mutex bus_mutex;
  std::function<BusStatus()> bus;  // guarded by bus_mutex
  // Read at first use; one that is deleted lives on for those who are waiting in it.
  Result<std::shared_ptr<ConsumerGroup>> group(const std::string& name);
  Result<std::string> create_group(const GroupRequest& request);
  Result<std::string> delete_group(const std::string& name);
  Result<std::string> list_groups();
  Result<void> read_groups();  // groups_mutex is held
  std::mutex groups_mutex;
  std::optional<GroupFiles> group_files;                            // guarded by groups_mutex
  std::map<std::string, std::shared_ptr<ConsumerGroup>> groups;     // the same
  std::mutex long_work;  // one import, revert, rebuild, load or demo at a time

  std::string webhooks_folder() const { return (path / "webhooks").string(); }
  // What a command would set up that no delivery could follow: a filter that is none, or names what there is not.
  Result<void> check_webhook(const std::string& command, Words body) const;
  Result<void> pause_webhook(const std::string& id, webhook::PauseCause cause, const std::string& detail);
  std::unique_ptr<webhooks::Webhooks> webhooks;       // set once, by deliver_webhooks
  std::unique_ptr<webhooks::Sender> webhook_sender;
  std::jthread delivering;                            // the last: what it uses outlives it
};

// parse_filter, whose types and categories are those that there are: kInvalid "events.unknown_type", "events.unknown_category".
Result<EventFilter> parse_known_filter(const std::vector<std::string>& clauses);

// Progress of views as the service's.
projections::ProgressCall view_progress(std::string_view what, const Progress& progress);

}  // namespace rapport
