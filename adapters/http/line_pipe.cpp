#include "adapters/http/line_pipe.h"

#include <utility>

namespace rapport {

LinePipe::LinePipe(std::size_t bytes_max, std::function<void()> on_news)
    : bytes_max_(bytes_max), on_news_(std::move(on_news)) {}

bool LinePipe::push(std::string_view line) {
  std::unique_lock lock(mutex_);
  // A line larger than the buffer still goes through, alone.
  room_.wait(lock, [this] { return abandoned_ || buffer_.size() < bytes_max_; });
  if (abandoned_) return false;
  const bool was_empty = buffer_.empty();
  buffer_.append(line).append("\n");
  lock.unlock();
  if (was_empty) on_news_();
  return true;
}

void LinePipe::finish(Result<void> outcome) {
  {
    std::lock_guard lock(mutex_);
    outcome_ = std::move(outcome);
  }
  on_news_();
}

LinePipe::Taken LinePipe::take() {
  Taken taken;
  {
    std::lock_guard lock(mutex_);
    taken.bytes = std::exchange(buffer_, {});
    if (taken.bytes.empty()) taken.outcome = outcome_;
  }
  room_.notify_one();
  return taken;
}

void LinePipe::abandon() {
  {
    std::lock_guard lock(mutex_);
    abandoned_ = true;
  }
  room_.notify_one();
}

}  // namespace rapport
