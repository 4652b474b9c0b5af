// Where commands wait for a thread. One that is free takes all that wait, and the Service decides them together: they share a sync
// and a wake-up, and the more there are the less each costs.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "adapters/application/service.h"
#include "domain/result.h"

namespace rapport {

// Safe for concurrent use. The destructor has everything answered that waits.
class CommandLane final {
 public:
  static constexpr std::size_t kTogetherMax = 64;
  // Called on another thread. Must not throw.
  using Answered = std::function<void(Result<std::string> receipt)>;

  // Borrows the service.
  CommandLane(Service& service, unsigned threads, std::size_t waiting_max);
  ~CommandLane();
  CommandLane(const CommandLane&) = delete;

  // False: too many wait already; `answered` will not be called.
  bool try_run(CommandRequest request, Answered answered);

 private:
  // Two at once: one decides while the other waits for the disk. Others begin where those take long.
  static constexpr unsigned kAtOnce = 2;
  static constexpr std::chrono::milliseconds kLong{20};

  void loop();
  bool may_begin() const;  // mutex_ is held
  void decide(std::vector<CommandRequest> requests, std::vector<Answered> answered);

  Service& service_;
  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::vector<CommandRequest> requests_;
  std::vector<Answered> answered_;  // of each of them
  unsigned deciding_ = 0;
  std::chrono::steady_clock::time_point begun_at_{};  // by the last thread that did
  bool watched_ = false;                              // a thread looks whether the others take long
  bool stopping_ = false;

  std::vector<std::jthread> threads_;
};

}  // namespace rapport
