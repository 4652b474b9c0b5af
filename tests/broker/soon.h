// Waiting for what a broker or a thread does in its own time.
#pragma once
#include <chrono>
#include <thread>

namespace rapport::kafka {

// Whether a claim comes true before long. Once is enough: asked of several brokers by turns it may be untrue again a moment later.
template <class Claim>
bool soon(Claim&& claim) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(90);
  do {
    if (claim()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  } while (std::chrono::steady_clock::now() < until);
  return false;
}

}  // namespace rapport::kafka
