#include "eventstore/rocks/group_commit.h"

#include <algorithm>

namespace rapport {

Result<std::vector<AppendOutcome>> GroupCommit::append(const std::vector<PreparedAppend>& appends) {
  Ticket ticket;
  ticket.appends = &appends;
  ticket.next = queue_.load(std::memory_order_relaxed);
  while (!queue_.compare_exchange_weak(ticket.next, &ticket, std::memory_order_acq_rel)) {
  }
  if (ticket.next == nullptr) lead();
  else ticket.answered.wait(0, std::memory_order_acquire);
  // Each wakes two more: one thread waking sixty-four would be the slowest part of a group.
  for (auto* other : ticket.wakes)
    if (other) wake(other);
  return std::move(ticket.answer);
}

void GroupCommit::wake(Ticket* ticket) {
  ticket->answered.store(1, std::memory_order_release);
  ticket->answered.notify_one();
}

void GroupCommit::lead() {
  std::vector<Ticket*> group;
  std::vector<const PreparedAppend*> appends;
  auto plans = [&] {
    std::lock_guard lock(pen_);
    for (auto* ticket = queue_.exchange(nullptr, std::memory_order_acq_rel); ticket; ticket = ticket->next)
      group.push_back(ticket);
    std::reverse(group.begin(), group.end());  // the leader came first and is first
    for (const auto* ticket : group)
      for (const auto& append : *ticket->appends) appends.push_back(&append);
    return writer_.write(appends);
  }();
  // Answers are put in words while the next group is being written.
  answer(group, plans);
  for (std::size_t i = 0; i < group.size(); ++i)
    for (std::size_t k = 0; k < 2; ++k)
      if (2 * i + 1 + k < group.size()) group[i]->wakes[k] = group[2 * i + 1 + k];
}

void GroupCommit::answer(std::span<Ticket* const> group, const Result<LogWriter::Plans>& plans) {
  if (!plans) {
    for (auto* ticket : group) ticket->answer = plans.error();
    return;
  }
  std::size_t plan = 0, at = 0;
  for (auto* ticket : group) {
    std::vector<AppendOutcome> outcomes;
    outcomes.reserve(ticket->appends->size());
    for (std::size_t i = 0; i < ticket->appends->size(); ++i) {
      while (at == (*plans)[plan]->answers().size()) {
        ++plan;
        at = 0;
      }
      auto outcome = (*plans)[plan]->outcome((*plans)[plan]->answers()[at++]);
      if (outcome) outcomes.push_back(std::move(*outcome));
      else ticket->answer = outcome.error();
    }
    if (ticket->answer) ticket->answer = std::move(outcomes);
  }
}

}  // namespace rapport
