// Shows how far a long piece of work is: a bar with rate and time left on a terminal, plain lines elsewhere, nothing if quiet.
#pragma once
#include <chrono>
#include <string>

#include "adapters/application/service.h"

namespace rapport::cli {

// One piece of work after the other, told apart by what they are called. One thread.
class ProgressBar final {
 public:
  explicit ProgressBar(bool quiet);
  ~ProgressBar();  // leaves the terminal's line clean; elsewhere the last word is said, however quick the work was
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(const ProgressReport& report);
  // For whoever works; borrows the bar.
  Progress callback() {
    return [this](const ProgressReport& report) { show(report); };
  }

 private:
  using Clock = std::chrono::steady_clock;
  void begin(const ProgressReport& report, Clock::time_point now);
  std::string line(Clock::time_point now) const;
  void print(Clock::time_point now);

  const bool quiet_, terminal_;
  // Of the work at hand.
  std::string what_, unit_;
  std::uint64_t first_ = 0, done_ = 0, total_ = 0;  // it may begin somewhere on the way: a view goes on where it was
  Clock::time_point began_, printed_;
  bool unsaid_ = false;  // something came after what was printed
};

}  // namespace rapport::cli
