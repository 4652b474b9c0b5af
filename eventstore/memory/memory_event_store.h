// The event store in memory: the reference for what a store means, and the double for tests and dry runs. Keeps whole encoded
// events, so that decoding, hashes and roots are those of the durable store.
#pragma once
#include <memory>

#include "eventstore/clock.h"
#include "eventstore/event_store.h"

namespace rapport {

// Safe for concurrent use. Events are never moved: what a reader answers stays valid until its next call.
class MemoryEventStore final : public EventStore {
 public:
  explicit MemoryEventStore(const Clock& clock);  // borrowed
  MemoryEventStore();                             // the system's clock
  ~MemoryEventStore() override;

  Result<std::vector<AppendOutcome>> append(std::span<const Append> appends) override;
  Result<std::optional<StoredOutcome>> find(const CommandId& command) const override;
  Result<std::optional<Position>> find(const EventId& event) const override;
  Head head() const override;
  Result<Hash> root_at(Position position) const override;
  Result<std::vector<Hash>> tile(TileId tile, unsigned width) const override;
  Result<Position> position_at(Timestamp t) const override;
  Result<StreamVersion> version_of(std::string_view stream) const override;
  StoreFacts facts() const override;
  std::unique_ptr<EventReader> read(const ReadQuery& query) const override;
  bool wait_past(Position position, std::chrono::milliseconds timeout_ms, std::stop_token stop) const override;
  // Goes on after "store.clock_suspect" with the clock as it is.
  void accept_clock();

 private:
  struct Log;
  class Walk;
  class Reader;
  std::unique_ptr<Log> log_;
};

}  // namespace rapport
