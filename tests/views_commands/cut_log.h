// A log as it was when it ended at a position: for what "known at" claims.
#pragma once
#include "eventstore/event_store.h"

namespace rapport::projections {

// Borrows the whole log. Reads only.
class CutLog final : public EventStore {
 public:
  CutLog(const EventStore& whole, Position end) : whole_(whole), end_(end) {}

  Result<std::vector<AppendOutcome>> append(std::span<const Append>) override {
    return Error{.code = ErrorCode::kUnavailable, .reason = "store.read_only", .message = "a cut log takes nothing"};
  }
  Result<std::optional<StoredOutcome>> find(const CommandId& command) const override { return whole_.find(command); }
  Result<std::optional<Position>> find(const EventId& event) const override { return whole_.find(event); }
  Head head() const override {
    Head head{.position = end_, .root = *whole_.root_at(end_)};
    if (end_ == Position{}) return head;
    auto last = whole_.read({.from = end_, .to = end_});
    head.recorded_at = (*last->next())->recorded_at;
    return head;
  }
  Result<Hash> root_at(Position position) const override { return whole_.root_at(position); }
  Result<std::vector<Hash>> tile(TileId tile, unsigned width) const override { return whole_.tile(tile, width); }
  Result<Position> position_at(Timestamp t) const override {
    auto position = whole_.position_at(t);
    if (!position) return position;
    return std::min(*position, end_);
  }
  Result<StreamVersion> version_of(std::string_view stream) const override { return whole_.version_of(stream); }
  StoreFacts facts() const override { return whole_.facts(); }
  std::unique_ptr<EventReader> read(const ReadQuery& query) const override {
    auto bounded = query;
    bounded.to = std::min(query.to, end_);
    return whole_.read(bounded);
  }
  bool wait_past(Position position, std::chrono::milliseconds, std::stop_token) const override { return end_ > position; }

 private:
  const EventStore& whole_;
  const Position end_;
};

}  // namespace rapport::projections
