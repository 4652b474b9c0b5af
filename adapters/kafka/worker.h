// The projection worker: keeps one view's rows, in a place of its own, from the frames of
// crm.log.v1. Same fold, same digests as beside the log.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "adapters/kafka/connection.h"
#include "domain/result.h"
#include "eventstore/event.h"
#include "projections/share.h"

namespace rapport::projections {
class RowStores;
struct ViewType;
}  // namespace rapport::projections

namespace rapport::kafka {

struct WorkerOptions {
  Connection connection;
  std::size_t batch_events_max = 8'192;  // events a batch of rows
  // The part of the view to keep. Rows of another share are built again.
  projections::Share share = {};
  // Takes up again what was parked: another version of the program may understand it. Records from the first of them on; an event
  // by folding the view again from the topic's beginning, since later ones were folded without it.
  bool replay_parked = false;
};

enum class WorkerUntil : std::uint8_t {
  kCaughtUp,  // what the topic holds at the start is folded
  kStopped,   // told to stop; brokers that go away are waited for
};

// kInvalid "view.not_shared", if the view cannot be shared out.
Error not_shared(const projections::ViewType& view);

struct WorkerResult {
  std::string view;                 // "pipeline"
  projections::Share share = {};
  Position position;                // every event up to here is in the rows
  Hash root{};                      // the log's tree head there, computed from the events that came
  Hash digest{};                    // over the rows: that of the local view at the same position, if the share is the whole view
  std::uint64_t events = 0;         // folded now
  std::vector<std::string> parked;  // what could not be taken, one sentence each (worker_source.h)
  std::uint64_t unread = 0;         // events among it, ever: without them the rows are not those of the local view
};

// run() on one thread at a time. Only one worker may have a view's store open.
//
// Rows, position and place in the topic are written in one batch, so a worker that is killed goes
// on as if nothing had been. Events are taken in their order only: one that came before is passed
// over, a missing one ends the work (bus.gap). A record that is no frame, and an event that this version of the program cannot read
// although the view takes events of its aggregate, is parked in the batch, and put into crm.log.v1.dlq with the reason first; the rows
// then say that they lack it. If the topic does not have the place any more, the view is built again from the topic's beginning;
// nothing is ever jumped over.
class Worker final {
 public:
  using Progress = std::function<void(Position position, std::uint64_t events)>;

  // Borrows view and stores.
  Worker(const projections::ViewType& view, projections::RowStores& stores, WorkerOptions options);
  ~Worker();
  Worker(const Worker&) = delete;

  // Blocks. `progress`, if any, is called now and then on this thread.
  // Errors: view.not_shared: its rows join streams, so it has no shares; bus.unreachable, bus.no_topic (with kStopped both are waited for), bus.refused,
  // bus.setting; bus.gap: events are
  //   missing; bus.other_log: the frames are of another log than the rows; and whatever the row
  //   store or the fold answers.
  Result<WorkerResult> run(WorkerUntil until, const Progress& progress = {},
                           std::stop_token stop = {});

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace rapport::kafka
