// Publishes the current rows of views on crm.<view>.state.v1: whoever reads such a topic from its beginning has the view's rows,
// and whoever goes on reading keeps them current.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "adapters/kafka/connection.h"
#include "adapters/kafka/relay.h"
#include "domain/result.h"

namespace rapport {
class SubjectKeys;
}
namespace rapport::projections {
class ViewHost;
}

namespace rapport::kafka {

struct StateOptions {
  Connection connection;
  // Where to remember how far each cluster is (DIR/kafka); empty: nowhere, and each start publishes all rows.
  std::filesystem::path state_folder = {};
  std::int32_t partitions = kPartitionsDefault;  // of topics that are made
  // By topic; those not named are sealed. What of an erased person is not masked is null, and is published so once more when the
  // erasure comes.
  std::map<std::string, Personal> personal = {};
  std::chrono::milliseconds stalled_after{15'000};
};

struct StatePublished {
  std::map<std::string, std::uint64_t> topics;  // records sent, by topic
  std::map<std::string, Position> positions;    // by view: the topic has its rows as they were here, or later
};

struct StateStatus {
  bool connected = false;
  std::map<std::string, Position> positions;
  std::string trouble;  // for a person; empty if nothing is wrong
};

// A row that changed is published with what it is when it is read, so rows that change often are not published for every change. A
// record may come more than once, never an older one after a newer. run() on one thread at a time; status() on any. Only one may
// publish the rows of a log on a cluster at a time.
class StatePublisher final {
 public:
  // Borrows views, log and keys. The views are followed or caught up by others.
  StatePublisher(std::vector<projections::ViewHost*> views, const EventStore& log, const SubjectKeys& keys, StateOptions options);
  ~StatePublisher();
  StatePublisher(const StatePublisher&) = delete;

  // Blocks. kCaughtUp: until the rows that the views have at the start are acknowledged.
  // Errors: bus.unreachable, bus.refused (with kStopped both are waited out), bus.setting, bus.partitions; and what reading the
  // rows answers.
  Result<StatePublished> run(RelayUntil until, std::stop_token stop = {});
  StateStatus status() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace rapport::kafka
