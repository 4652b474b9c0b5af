#include "adapters/kafka/coverage.h"

#include <algorithm>

#include "domain/result.h"

namespace rapport::kafka {

void Coverage::sent() {
  ++runs_.back().outstanding;
  ++outstanding_;
}

void Coverage::acknowledged(std::uint64_t sequence) {
  auto run =
      std::lower_bound(runs_.begin(), runs_.end(), sequence,
                       [](const Run& left, std::uint64_t right) { return left.last < right; });
  RAPPORT_ASSERT(run != runs_.end());
  RAPPORT_ASSERT(run->outstanding > 0);
  --run->outstanding;
  --outstanding_;
  settle();
}

void Coverage::close_run(Position last) {
  runs_.back().last = last.value;
  runs_.push_back({});
  settle();
}

void Coverage::settle() {
  while (runs_.front().last != kOpen && runs_.front().outstanding == 0) {
    complete_ = std::max(complete_, Position{runs_.front().last});
    runs_.pop_front();
  }
}

}  // namespace rapport::kafka
