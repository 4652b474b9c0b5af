#include "eventstore/rocks/group_commit.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace rapport {
namespace {

// std::atomic::wait yields the processor four times before it sleeps: with 64 callers that alone cost a tenth of the machine.
void sleep_until_set(std::atomic<std::uint32_t>& flag) {
  while (flag.load(std::memory_order_acquire) == 0) ::syscall(SYS_futex, &flag, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
}
void set_and_wake(std::atomic<std::uint32_t>& flag) {
  auto* address = &flag;  // its owner may be gone once it is set; waking an address that nobody waits at does nothing
  flag.store(1, std::memory_order_release);
  ::syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

// A caller whose command another one of the group brought first is answered with that one's events, which are borrowed from a
// caller who may leave first.
bool borrows_from_others(const Result<LogWriter::Plans>& written) {
  if (!written) return false;
  auto twice = [](const PlannedAnswer& answer) { return answer.kind == PlannedAnswer::Kind::kPlannedTwice; };
  return std::any_of(written->begin(), written->end(),
                     [&](const auto& plan) { return std::any_of(plan->answers().begin(), plan->answers().end(), twice); });
}

}  // namespace

GroupCommit::GroupCommit(LogWriter& writer)
    : writer_(writer), thread_([this](std::stop_token stop) { write_while_busy(std::move(stop)); }) {}

GroupCommit::~GroupCommit() = default;

// A call alone always fits, however large.
Result<GroupCommit::Room> GroupCommit::room_for(const std::vector<PreparedAppend>& appends) {
  std::size_t bytes = 0;
  for (const auto& append : appends) bytes += append.bytes;
  auto before = waiting_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  Room room(waiting_bytes_, bytes);
  if (before == 0 || before + bytes <= kWaitingBytesMax) return room;
  return Error{ErrorCode::kUnavailable, "store.overloaded", "too many appends wait to be written", {},
               std::to_string(kWaitingBytesMax >> 20) + " MiB of events at most", "send it again a little later, under the same command id"};
}

Result<std::vector<AppendOutcome>> GroupCommit::append(const std::vector<PreparedAppend>& appends) {
  auto room = room_for(appends);
  if (!room) return std::move(room).error();
  Ticket ticket;
  ticket.appends = &appends;
  ticket.next = queue_.load(std::memory_order_relaxed);
  while (!queue_.compare_exchange_weak(ticket.next, &ticket)) {
  }
  if (!busy_.exchange(true)) {
    // The pen was free, so this caller is in the group, but not always the first of it.
    auto* first = write_group();
    if (!put_down()) {
      std::lock_guard lock(relief_mutex_);
      relieved_ = true;
      relief_.notify_one();
    }
    if (first && first != &ticket) set_and_wake(first->done);
    if (first == &ticket) ticket.done.store(1, std::memory_order_relaxed);
  }
  sleep_until_set(ticket.done);
  // Each wakes two more: one thread waking sixty-four would be the slowest part of a group.
  for (auto* other : ticket.wakes)
    if (other) set_and_wake(other->done);
  return ticket.answer ? std::move(*ticket.answer) : answers(ticket);
}

GroupCommit::Ticket* GroupCommit::write_group() {
  group_.clear();
  appends_.clear();
  for (auto* ticket = queue_.exchange(nullptr); ticket; ticket = ticket->next) group_.push_back(ticket);
  if (group_.empty()) return nullptr;
  std::reverse(group_.begin(), group_.end());
  for (auto* ticket : group_) {
    ticket->first_answer = appends_.size();
    for (const auto& append : *ticket->appends) appends_.push_back(&append);
  }
  auto written = [&] {
    std::lock_guard lock(pen_);
    return std::make_shared<const Result<LogWriter::Plans>>(writer_.write(appends_));
  }();
  auto early = borrows_from_others(*written);
  for (std::size_t i = 0; i < group_.size(); ++i) {
    group_[i]->written = written;
    if (early) group_[i]->answer = answers(*group_[i]);
    for (std::size_t k = 0; k < 2; ++k)
      if (2 * i + 1 + k < group_.size()) group_[i]->wakes[k] = group_[2 * i + 1 + k];
  }
  return group_.front();
}

bool GroupCommit::put_down() {
  busy_.store(false);
  // Who came before the store saw a busy writer and sleeps; who comes after writes by itself.
  return queue_.load() == nullptr || busy_.exchange(true);
}

void GroupCommit::write_while_busy(std::stop_token stop) {
  for (;;) {
    {
      std::unique_lock lock(relief_mutex_);
      if (!relief_.wait(lock, stop, [&] { return relieved_; })) return;
      relieved_ = false;
    }
    do {
      while (auto* first = write_group()) set_and_wake(first->done);
    } while (!put_down());
  }
}

Result<std::vector<AppendOutcome>> GroupCommit::answers(const Ticket& ticket) {
  if (!*ticket.written) return ticket.written->error();
  const auto& plans = **ticket.written;
  std::size_t plan = 0, at = ticket.first_answer;
  std::vector<AppendOutcome> outcomes;
  outcomes.reserve(ticket.appends->size());
  while (outcomes.size() < ticket.appends->size()) {
    for (; at >= plans[plan]->answers().size(); ++plan) at -= plans[plan]->answers().size();
    auto outcome = plans[plan]->outcome(plans[plan]->answers()[at++]);
    if (!outcome) return outcome.error();
    outcomes.push_back(std::move(*outcome));
  }
  return outcomes;
}

}  // namespace rapport
