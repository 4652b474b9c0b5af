#include "adapters/http/command_lane.h"

#include <spdlog/spdlog.h>

#include <exception>
#include <iterator>
#include <utility>

namespace rapport {
namespace {

// Takes the first ones, as many as there may be at once.
template <class T>
std::vector<T> take_first(std::vector<T>& from, std::size_t count) {
  if (from.size() <= count) return std::exchange(from, {});
  auto end = from.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<T> taken(std::make_move_iterator(from.begin()), std::make_move_iterator(end));
  from.erase(from.begin(), end);
  return taken;
}

}  // namespace

CommandLane::CommandLane(Service& service, unsigned threads, std::size_t waiting_max) : service_(service), waiting_max_(waiting_max) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

CommandLane::~CommandLane() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
}

bool CommandLane::may_begin() const { return deciding_ < kAtOnce || std::chrono::steady_clock::now() - begun_at_ >= kLong; }

bool CommandLane::try_run(CommandRequest request, Answered answered) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || requests_.size() >= waiting_max_ + (deciding_ < threads_.size() ? 1 : 0)) return false;
    requests_.push_back(std::move(request));
    answered_.push_back(std::move(answered));
    if (watched_ && !may_begin()) return true;  // whoever is done first takes it
  }
  wake_.notify_one();
  return true;
}

void CommandLane::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (requests_.empty() && stopping_) break;
    if (requests_.empty() || (watched_ && !may_begin())) {
      wake_.wait(lock);
    } else if (!may_begin()) {
      watched_ = true;
      wake_.wait_for(lock, kLong);
      watched_ = false;
    } else {
      ++deciding_;
      begun_at_ = std::chrono::steady_clock::now();
      auto requests = take_first(requests_, kTogetherMax);
      auto answered = take_first(answered_, kTogetherMax);
      const bool more = !requests_.empty();
      lock.unlock();
      if (more) wake_.notify_one();
      decide(std::move(requests), std::move(answered));
      lock.lock();
      --deciding_;
    }
  }
  wake_.notify_all();  // those who wait for this one
}

// Exceptions do not cross layers; one that does all the same, such as bad_alloc, costs these requests and not the server.
void CommandLane::decide(std::vector<CommandRequest> requests, std::vector<Answered> answered) {
  std::vector<Result<std::string>> receipts;
  try {
    receipts = service_.commands_together(requests);
  } catch (const std::exception& exception) {
    spdlog::error("commands ended with an exception: {}", exception.what());
    receipts.assign(answered.size(), Error{.code = ErrorCode::kCorrupt, .reason = "http.internal", .message = "the server failed"});
  }
  for (std::size_t i = 0; i < answered.size(); ++i) answered[i](std::move(receipts[i]));
}

}  // namespace rapport
