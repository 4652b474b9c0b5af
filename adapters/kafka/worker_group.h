// Projection workers that share a view out by themselves: any number of them, started with the same command, each with a state
// directory of its own. Kafka's group protocol spreads the shares over those that are there.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "adapters/kafka/worker.h"

namespace rapport::kafka {

struct WorkerGroupOptions {
  Connection connection;
  std::string group;             // of Kafka's; members of one name are one group
  std::filesystem::path state;   // this member's own directory (projections/held_shares.h)
  bool replay_parked = false;    // as WorkerOptions
};

// run() on one thread at a time. A state directory is one member's.
//
// A view has as many shares as its topic of rows, crm.<view>.state.v1, has partitions; the group gives each to one member. A member
// folds each of its shares from crm.log.v1 as a Worker does, from where the share's rows in its directory end, and answers for it
// (held_shares) once it has everything that the topic had. A share that is taken away is not answered for from that moment on; its
// rows stay. Who holds what decides nothing about rows: they are a function of the log alone, whoever folds them.
class WorkerGroup final {
 public:
  // Where the rows below a folder are kept.
  using Places = std::function<std::unique_ptr<projections::RowStores>(const std::filesystem::path& folder)>;
  using Progress = std::function<void(std::size_t shares, std::uint64_t events)>;

  // Borrows the view.
  WorkerGroup(const projections::ViewType& view, Places places, WorkerGroupOptions options);
  ~WorkerGroup();
  WorkerGroup(const WorkerGroup&) = delete;

  // Blocks. kCaughtUp: until this member's shares hold what the topic held when it got them; it answers for them on, until it is
  // started again. `progress`, if any, is called now and then on this thread. What came of each share, in their order.
  // Errors: as Worker::run (with kStopped, brokers and topics that are not there are waited for); state.unwritable.
  Result<std::vector<WorkerResult>> run(WorkerUntil until, const Progress& progress = {}, std::stop_token stop = {});

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace rapport::kafka
