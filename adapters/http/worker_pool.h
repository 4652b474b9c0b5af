// Threads for what blocks, with a bounded queue in front.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace rapport {

// Safe for concurrent use. The destructor finishes what is queued and waits for it.
class WorkerPool final {
 public:
  WorkerPool(unsigned threads, std::size_t queue_max);
  ~WorkerPool();

  // False: no thread is free and the queue is full; `work` will not run. Work must not throw.
  bool try_run(std::function<void()> work);

 private:
  void loop();

  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::deque<std::function<void()>> queue_;
  std::size_t idle_ = 0;
  bool stopping_ = false;

  std::vector<std::jthread> threads_;
};

}  // namespace rapport
