// Where recordedAt comes from. A port, so that tests own the time.
#pragma once
#include <atomic>

#include "domain/values.h"

namespace rapport {

// Safe for concurrent use.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
  // Microseconds since the machine started, sleep included: runs on when somebody sets the clock.
  virtual std::int64_t boottime_micros() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
  std::int64_t boottime_micros() const override;
};

// Stands still until told. For tests and for `demo`.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp now) : now_(now.micros) {}
  Timestamp now() const override { return {now_}; }
  std::int64_t boottime_micros() const override { return boottime_; }

  // Time passes.
  void advance(std::int64_t micros) {
    now_ += micros;
    boottime_ += micros;
  }
  // Somebody sets the clock.
  void set(Timestamp now) { now_ = now.micros; }

 private:
  std::atomic<std::int64_t> now_;
  std::atomic<std::int64_t> boottime_{0};
};

}  // namespace rapport
