// Up to which event everything is acknowledged, although acknowledgements come partition by
// partition and thus out of order.
#pragma once
#include <cstdint>
#include <deque>

#include "eventstore/event.h"

namespace rapport::kafka {

// Events are sent in order, in runs; a run is covered when everything of it was acknowledged. One
// thread.
class Coverage final {
 public:
  explicit Coverage(Position complete) : complete_(complete) {}

  void sent();
  // A record with that sequence: its event's position, or the last one of its frame.
  void acknowledged(std::uint64_t sequence);
  // Ends the open run: what was sent since the last call is of events up to `last`, and so is
  // nothing that comes later.
  void close_run(Position last);

  std::uint64_t outstanding() const { return outstanding_; }  // records
  Position complete() const { return complete_; }

 private:
  static constexpr std::uint64_t kOpen = ~std::uint64_t{0};
  struct Run {
    std::uint64_t last = kOpen;
    std::uint64_t outstanding = 0;
  };
  void settle();

  std::deque<Run> runs_{Run{}};  // the last one is open
  std::uint64_t outstanding_ = 0;
  Position complete_;
};

}  // namespace rapport::kafka
