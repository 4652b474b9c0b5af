// Lets callers who come together share one sync. No timer: a group is whatever arrived while the one before was written. A
// caller who finds nobody writing writes at once, on its own thread; while groups follow each other without a pause one thread
// of ours writes them all, since handing the pen over costs a wake-up on the way of everybody. A large group takes longer to plan and to
// write than the disk to sync it: a second thread of ours syncs it while the next one is written. Included under rocks/ only.
#pragma once
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "eventstore/rocks/log_writer.h"

namespace rapport {

// Safe for concurrent use. No call may be under way when it is destroyed.
class GroupCommit final {
 public:
  // apart_bytes: of events, from which on a group is large.
  GroupCommit(LogWriter& writer, std::size_t apart_bytes);
  ~GroupCommit();

  // Appends that may wait, together: past that a caller is refused at once, so that memory does not grow with the load.
  static constexpr std::size_t kWaitingBytesMax = 64u << 20;

  // Blocks until the appends are durable or refused. kUnavailable "store.overloaded": too much waits already; nothing is stored.
  Result<std::vector<AppendOutcome>> append(const std::vector<PreparedAppend>& appends);
  // Runs with nobody writing.
  template <class Action>
  void between_groups(Action&& action) {
    std::lock_guard lock(pen_);
    action(writer_);
  }

 private:
  // What a group came to, shared by those who wait for it: each puts its own answers in words.
  struct Outcome {
    explicit Outcome(Result<LogWriter::Plans> result) : plans(std::move(result)) {}
    Result<LogWriter::Plans> plans;
    std::atomic<bool> asleep{false};  // its callers are told, and who takes this wakes them
  };
  using Written = std::shared_ptr<Outcome>;
  // One waiting caller. Lives on its stack until it is woken.
  struct Ticket {
    const std::vector<PreparedAppend>* appends = nullptr;
    std::size_t bytes = 0;
    Ticket* next = nullptr;  // in the queue
    Written written;
    std::size_t first_answer = 0;           // of the group's
    std::optional<Result<std::vector<AppendOutcome>>> answer;  // put in words already
    std::size_t bed = 0;  // where it sleeps
    std::atomic<bool> done{false};
  };

  // A caller's part of what waits.
  class Room {
   public:
    Room(std::atomic<std::size_t>& all, std::size_t bytes) : all_(&all), bytes_(bytes) {}
    Room(Room&& other) noexcept : all_(std::exchange(other.all_, nullptr)), bytes_(other.bytes_) {}
    ~Room() {
      if (all_) all_->fetch_sub(bytes_, std::memory_order_relaxed);
    }

   private:
    std::atomic<std::size_t>* all_;
    std::size_t bytes_;
  };
  Result<Room> room_for(std::size_t bytes);

  struct Group {
    std::vector<Ticket*> tickets;
    std::size_t bytes = 0;
    Written written;
    Head end;  // what has to be durable before it is answered
  };

  // Whoever waits, oldest first; maybe nobody.
  Group take_waiting();
  Written write(const Group& group, Result<LogWriter::Plans> (LogWriter::*how)(std::span<const PreparedAppend* const>));
  // Tells each what the group, which is somebody's, came to, and wakes one, who wakes the others: waking sixty-four would be the slowest
  // part of a group.
  void share(const Group& group);
  void sleep(Ticket& ticket);
  // Lets the pen go, unless somebody came meanwhile.
  bool put_down();
  void write_while_busy(std::stop_token stop);
  // Until there is something to write (true), or neither that nor anything to sync.
  bool wait_for_work();
  bool syncing();
  void hand_over(Group group);
  void sync_what_is_handed_over(std::stop_token stop);
  static Result<std::vector<AppendOutcome>> answers(const Ticket& ticket);

  LogWriter& writer_;  // guarded by pen_
  std::mutex pen_;
  std::atomic<Ticket*> queue_{nullptr};  // newest first
  std::atomic<bool> busy_{false};        // somebody writes, or has been asked to
  std::atomic<std::size_t> waiting_bytes_{0};

  // Who waits for one group sleeps in one bed, most of the time: the kernel wakes all of a bed in one call.
  static constexpr std::size_t kBeds = 8;
  std::atomic<std::size_t> taken_{0};  // groups; the next one's bed
  std::array<std::atomic<std::uint32_t>, kBeds> beds_{};

  std::vector<const PreparedAppend*> appends_;  // of the group being written; kept for its memory

  std::mutex relief_mutex_;
  std::condition_variable_any relief_;
  bool relieved_ = false;  // the writing thread's turn; guarded by relief_mutex_

  const std::size_t apart_bytes_;
  std::atomic<std::size_t> queued_bytes_{0};
  std::atomic<bool> waits_for_work_{false};
  std::mutex handed_mutex_;
  std::condition_variable_any handed_something_, work_;
  std::deque<Group> handed_;  // written, to be synced; guarded by handed_mutex_, as is
  bool syncing_ = false;

  std::jthread syncer_, writer_thread_;  // last: they use all of the above
};

}  // namespace rapport
