// Lets callers who come together share one sync. No thread of its own and no timer: the first to arrive while a group is being
// written leads the next one, and takes along whoever arrived until the pen is free. Included under rocks/ only.
#pragma once
#include <atomic>
#include <mutex>
#include <vector>

#include "eventstore/rocks/log_writer.h"

namespace rapport {

// Safe for concurrent use.
class GroupCommit final {
 public:
  explicit GroupCommit(LogWriter& writer) : writer_(writer) {}

  // Blocks until the appends are durable or refused.
  Result<std::vector<AppendOutcome>> append(const std::vector<PreparedAppend>& appends);
  // Runs with nobody writing.
  template <class Action>
  void between_groups(Action&& action) {
    std::lock_guard lock(pen_);
    action(writer_);
  }

 private:
  // One waiting caller. Lives on its stack until it is woken.
  struct Ticket {
    const std::vector<PreparedAppend>* appends = nullptr;
    Result<std::vector<AppendOutcome>> answer = std::vector<AppendOutcome>();
    Ticket* next = nullptr;                        // in the queue
    Ticket* wakes[2] = {nullptr, nullptr};         // those that it wakes in turn
    std::atomic<std::uint32_t> answered{0};
  };

  void lead();
  static void answer(std::span<Ticket* const> group, const Result<LogWriter::Plans>& plans);
  static void wake(Ticket* ticket);

  LogWriter& writer_;  // guarded by pen_
  std::mutex pen_;
  std::atomic<Ticket*> queue_{nullptr};  // newest first
};

}  // namespace rapport
