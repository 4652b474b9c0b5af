// When an event that was not taken is sent again, and when it is given up for now.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

namespace rapport::webhooks {

// 5 s, 15 s, 45 s, 2 min, 7 min, 20 min, 1 h, 3 h, 9 h, then every 12 h: 15 tries in three days.
struct RetryRule {
  std::chrono::milliseconds first{5'000}, longest{12 * 3'600'000};
  std::uint32_t factor = 3;
  std::uint32_t attempts_max = 15;

  // After the n-th attempt failed, n from 1. Off by up to a fifth, as `jitter` from -1 to 1 says, so that what failed together does
  // not come back together.
  std::chrono::milliseconds delay(std::uint32_t attempt, double jitter) const {
    auto wait = first;
    for (std::uint32_t i = 1; i < attempt && wait < longest; ++i) wait *= factor;
    wait = std::min(wait, longest);
    return wait + std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(wait.count()) * jitter / 5));
  }
};

}  // namespace rapport::webhooks
