// An event store that answers as another one does: tests override what is to differ, and say what an append does.
#pragma once
#include "eventstore/event_store.h"

namespace rapport::test {

// Borrows the store.
class ForwardedReads : public EventStore {
 public:
  explicit ForwardedReads(const EventStore& store) : store_(store) {}

  Result<std::optional<StoredOutcome>> find(const CommandId& command) const override { return store_.find(command); }
  Result<std::optional<Position>> find(const EventId& event) const override { return store_.find(event); }
  Head head() const override { return store_.head(); }
  Result<Hash> root_at(Position position) const override { return store_.root_at(position); }
  Result<std::vector<Hash>> tile(TileId tile, unsigned width) const override { return store_.tile(tile, width); }
  Result<Position> position_at(Timestamp t) const override { return store_.position_at(t); }
  Result<StreamVersion> version_of(std::string_view stream) const override { return store_.version_of(stream); }
  StoreFacts facts() const override { return store_.facts(); }
  std::unique_ptr<EventReader> read(const ReadQuery& query) const override { return store_.read(query); }
  bool wait_past(Position position, std::chrono::milliseconds timeout_ms, std::stop_token stop) const override {
    return store_.wait_past(position, timeout_ms, stop);
  }

 private:
  const EventStore& store_;
};

}  // namespace rapport::test
