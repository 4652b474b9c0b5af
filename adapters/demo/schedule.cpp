#include "adapters/demo/schedule.h"

#include <algorithm>
#include <tuple>

#include "adapters/demo/random.h"

namespace rapport::demo {

void Schedule::open_window(Timestamp from, Timestamp to) {
  from_ = from;
  to_ = to;
  commands_.clear();
  bodies_.clear();
}

void Schedule::begin_story(std::uint32_t customer, std::uint32_t story) {
  customer_ = customer;
  story_ = story;
  step_ = 0;
}

// A version 8 UUID.
CommandId Schedule::id_of(std::uint32_t step) const {
  auto high = mix_all(seed_, 1, customer_, story_, step);
  auto low = mix_all(seed_, 2, customer_, story_, step);
  return CommandId::of((high & ~0xF000ull) | 0x8000, (low >> 2) | 1ull << 63);
}

const std::vector<Scheduled>& Schedule::in_order() {
  std::ranges::sort(commands_, {}, [](auto& command) { return std::tie(command.at, command.order); });
  return commands_;
}

}  // namespace rapport::demo
