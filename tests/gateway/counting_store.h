// The store, and how many events of streams were read from it.
#pragma once
#include <atomic>

#include "eventstore/event_store.h"

namespace rapport {

class CountingStore final : public EventStore {
 public:
  explicit CountingStore(EventStore& store) : store_(store) {}
  mutable std::atomic<std::uint64_t> events_read = 0;

  Result<std::vector<AppendOutcome>> append(std::span<const Append> appends) override { return store_.append(appends); }
  Result<std::optional<StoredOutcome>> find(const CommandId& command) const override { return store_.find(command); }
  Result<std::optional<Position>> find(const EventId& event) const override { return store_.find(event); }
  Head head() const override { return store_.head(); }
  Result<Hash> root_at(Position position) const override { return store_.root_at(position); }
  Result<std::vector<Hash>> tile(TileId tile, unsigned width) const override { return store_.tile(tile, width); }
  Result<Position> position_at(Timestamp t) const override { return store_.position_at(t); }
  Result<StreamVersion> version_of(std::string_view stream) const override { return store_.version_of(stream); }
  StoreFacts facts() const override { return store_.facts(); }
  std::unique_ptr<EventReader> read(const ReadQuery& query) const override {
    return std::make_unique<Reader>(store_.read(query), query.stream.empty() ? ignored_ : events_read);
  }
  bool wait_past(Position position, std::chrono::milliseconds timeout_ms, std::stop_token stop) const override {
    return store_.wait_past(position, timeout_ms, stop);
  }

 private:
  class Reader final : public EventReader {
   public:
    Reader(std::unique_ptr<EventReader> reader, std::atomic<std::uint64_t>& count) : reader_(std::move(reader)), count_(count) {}
    Result<const RecordedEvent*> next() override {
      auto event = reader_->next();
      if (event && *event) ++count_;
      return event;
    }

   private:
    std::unique_ptr<EventReader> reader_;
    std::atomic<std::uint64_t>& count_;
  };
  EventStore& store_;
  mutable std::atomic<std::uint64_t> ignored_ = 0;
};

}  // namespace rapport
