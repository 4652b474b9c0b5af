// From the thread that makes lines to the connection that sends them, with a bounded buffer between.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "domain/result.h"

namespace rapport {

// One producer thread that may block, one consumer that must not.
class LinePipe final {
 public:
  // `on_news` is called on the producer's thread when there is something to take; it must not block.
  LinePipe(std::size_t bytes_max, std::function<void()> on_news);

  // Producer. Waits while the buffer is full. False: the consumer has gone.
  bool push(std::string_view line);
  void finish(Result<void> outcome);

  // Consumer.
  struct Taken {
    std::string bytes;                    // whole lines, each with its line break
    std::optional<Result<void>> outcome;  // there once the last bytes were taken
  };
  Taken take();
  void abandon();

 private:
  const std::size_t bytes_max_;
  const std::function<void()> on_news_;
  std::mutex mutex_;
  std::condition_variable room_;
  // Guarded by mutex_.
  std::string buffer_;
  std::optional<Result<void>> outcome_;
  bool abandoned_ = false;
};

}  // namespace rapport
