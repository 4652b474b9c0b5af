// A log as it was when it ended at a position: for what "known at" claims.
#pragma once
#include "tests/eventstore_samples/forwarded_reads.h"

namespace rapport::projections {

// Borrows the whole log. Reads only.
class CutLog final : public test::ForwardedReads {
 public:
  CutLog(const EventStore& whole, Position end) : ForwardedReads(whole), end_(end) {}

  Result<std::vector<AppendOutcome>> append(std::span<const Append>) override {
    return Error{.code = ErrorCode::kUnavailable, .reason = "store.read_only", .message = "a cut log takes nothing"};
  }
  Head head() const override {
    Head head{.position = end_, .root = *root_at(end_)};
    if (end_ == Position{}) return head;
    auto last = read({.from = end_, .to = end_});
    head.recorded_at = (*last->next())->recorded_at;
    return head;
  }
  Result<Position> position_at(Timestamp t) const override {
    auto position = ForwardedReads::position_at(t);
    if (!position) return position;
    return std::min(*position, end_);
  }
  std::unique_ptr<EventReader> read(const ReadQuery& query) const override {
    auto bounded = query;
    bounded.to = std::min(query.to, end_);
    return ForwardedReads::read(bounded);
  }
  bool wait_past(Position position, std::chrono::milliseconds, std::stop_token) const override { return end_ > position; }

 private:
  const Position end_;
};

}  // namespace rapport::projections
