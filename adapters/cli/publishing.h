// What is published on Kafka from a store that this process holds: its log, and the rows of its views.
#pragma once
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "adapters/application/local_store.h"
#include "adapters/kafka/relay.h"
#include "adapters/kafka/state_publisher.h"

namespace rapport::cli {

class Publishing final {
 public:
  // Borrows the store, whose views follow its log or are caught up with it.
  Publishing(LocalStore& store, kafka::RelayOptions options, std::vector<projections::ViewHost*> rows);
  ~Publishing();
  Publishing(const Publishing&) = delete;

  // In threads of its own, until this ends. What it cannot mend it says: the log is the buffer.
  void start();
  struct Done {
    kafka::Published log;
    std::map<std::string, std::uint64_t> topics;  // records sent, by topic: of events, frames and rows
  };
  // What there is, on this thread. Errors as of Relay and StatePublisher.
  Result<Done> run(const kafka::Relay::Progress& progress, std::stop_token stop);
  // The same until stopped.
  Result<Done> follow(const kafka::Relay::Progress& progress, std::stop_token stop);

  BusStatus status() const;

 private:
  void start_rows();
  Done done(const kafka::Published& log, const kafka::StatePublished& rows) const;

  LocalStore& store_;
  const std::string brokers_;
  kafka::StatePublisher rows_;
  kafka::Relay relay_;
  std::jthread log_thread_, rows_thread_;
};

}  // namespace rapport::cli
