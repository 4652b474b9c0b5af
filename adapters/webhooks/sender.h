// Sends requests and brings the answers, many at once on one thread. What is slow, endless or forbidden costs its own request alone.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/webhooks/network.h"
#include "domain/result.h"

namespace rapport::webhooks {

struct SentRequest {
  std::uint64_t tag;  // comes back with the answer
  std::string url, body;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

struct Answer {
  std::uint64_t tag = 0;
  unsigned status = 0;              // 0: none came
  std::string body = {};            // its beginning, at most kBodyKept bytes
  std::string error = {};           // why the answer is none, or not whole; empty: it is
  std::optional<std::chrono::seconds> retry_after = {};
  std::chrono::milliseconds took{0};
};

// One thread but for wake(). Follows no redirect, uses no proxy and no cookie.
class Sender final {
 public:
  static constexpr std::size_t kBodyKept = 1 << 10;
  static constexpr std::size_t kBodyReadMax = 64 << 10;  // an answer that is longer is broken off; its status holds
  static constexpr std::chrono::milliseconds kTimeout{15'000}, kConnectTimeout{10'000};

  explicit Sender(ReachableNetworks networks, std::chrono::milliseconds timeout = kTimeout);
  ~Sender();  // gives up what is under way

  void begin(SentRequest request);
  // Waits for answers, at most so long, or until wake().
  std::vector<Answer> wait(std::chrono::milliseconds at_most);
  // On any thread: wait() returns.
  void wake();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rapport::webhooks
