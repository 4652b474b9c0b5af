// Shows how far a long piece of work is: a bar with rate and time left on a terminal, plain lines elsewhere, nothing if quiet.
#pragma once
#include <chrono>
#include <string>

#include "adapters/application/service.h"

namespace rapport::cli {

// One thread.
class ProgressBar final {
 public:
  explicit ProgressBar(bool quiet);
  ~ProgressBar();  // leaves the terminal's line clean
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(const ProgressReport& report);
  // For whoever works; borrows the bar.
  Progress callback() {
    return [this](const ProgressReport& report) { show(report); };
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::string line(const ProgressReport& report, double seconds) const;

  const bool quiet_, terminal_;
  std::string what_;
  Clock::time_point began_, shown_;
  bool drawn_ = false;
};

}  // namespace rapport::cli
