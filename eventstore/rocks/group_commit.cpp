#include "eventstore/rocks/group_commit.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

namespace rapport {
namespace {

constexpr int kEverybody = std::numeric_limits<int>::max();

// std::atomic::wait yields the processor four times before it sleeps: with 64 callers that alone cost a tenth of the machine.
void sleep_unless_changed(std::atomic<std::uint32_t>& bed, std::uint32_t from) {
  ::syscall(SYS_futex, &bed, FUTEX_WAIT_PRIVATE, from, nullptr, nullptr, 0);
}
void wake(std::atomic<std::uint32_t>& bed, int sleepers) { ::syscall(SYS_futex, &bed, FUTEX_WAKE_PRIVATE, sleepers, nullptr, nullptr, 0); }

// A caller whose command another one of the group brought first is answered with that one's events, which are borrowed from a
// caller who may leave first.
bool borrows_from_others(const Result<LogWriter::Plans>& written) {
  if (!written) return false;
  auto twice = [](const PlannedAnswer& answer) { return answer.kind == PlannedAnswer::Kind::kPlannedTwice; };
  return std::any_of(written->begin(), written->end(),
                     [&](const auto& plan) { return std::any_of(plan->answers().begin(), plan->answers().end(), twice); });
}

std::size_t bytes_of(const std::vector<PreparedAppend>& appends) {
  std::size_t bytes = 0;
  for (const auto& append : appends) bytes += append.bytes;
  return bytes;
}

}  // namespace

GroupCommit::GroupCommit(LogWriter& writer, std::size_t apart_bytes)
    : writer_(writer), apart_bytes_(apart_bytes), syncer_([this](std::stop_token stop) { sync_what_is_handed_over(std::move(stop)); }),
      writer_thread_([this](std::stop_token stop) { write_while_busy(std::move(stop)); }) {}

GroupCommit::~GroupCommit() = default;

// A call alone always fits, however large.
Result<GroupCommit::Room> GroupCommit::room_for(std::size_t bytes) {
  auto before = waiting_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  Room room(waiting_bytes_, bytes);
  if (before == 0 || before + bytes <= kWaitingBytesMax) return room;
  return Error{ErrorCode::kUnavailable, "store.overloaded", "too many appends wait to be written", {},
               std::to_string(kWaitingBytesMax >> 20) + " MiB of events at most", "send it again a little later, under the same command id"};
}

Result<std::vector<AppendOutcome>> GroupCommit::append(const std::vector<PreparedAppend>& appends) {
  Ticket ticket;
  ticket.appends = &appends;
  ticket.bytes = bytes_of(appends);
  auto room = room_for(ticket.bytes);
  if (!room) return std::move(room).error();
  queued_bytes_.fetch_add(ticket.bytes, std::memory_order_relaxed);
  ticket.bed = taken_.load(std::memory_order_relaxed) % kBeds;
  ticket.next = queue_.load(std::memory_order_relaxed);
  while (!queue_.compare_exchange_weak(ticket.next, &ticket)) {
  }
  if (!busy_.exchange(true)) {
    // Maybe nobody waits: whoever had the pen until just now took this caller along.
    auto group = take_waiting();
    if (!group.tickets.empty()) group.written = write(group, &LogWriter::write);
    if (!put_down()) {
      std::lock_guard lock(relief_mutex_);
      relieved_ = true;
      relief_.notify_one();
    }
    if (group.tickets.size() == 1 && group.tickets.front() == &ticket) {
      ticket.written = group.written;
      ticket.done.store(true, std::memory_order_relaxed);
    } else if (!group.tickets.empty()) {
      share(group);
    }
  } else if (waits_for_work_.load()) {
    std::lock_guard lock(handed_mutex_);
    work_.notify_one();
  }
  sleep(ticket);
  return ticket.answer ? std::move(*ticket.answer) : answers(ticket);
}

void GroupCommit::sleep(Ticket& ticket) {
  auto& bed = beds_[ticket.bed];
  std::optional<std::uint32_t> passed_on;
  for (;;) {
    auto before = bed.load(std::memory_order_acquire);
    if (ticket.done.load(std::memory_order_acquire)) break;
    sleep_unless_changed(bed, before);
    if (ticket.done.load(std::memory_order_acquire)) break;
    // Maybe woken in the place of somebody else. Once for what the bed says: two who wait for later groups would wake each other on and on.
    auto now = bed.load(std::memory_order_acquire);
    if (passed_on != now) wake(bed, kEverybody);
    passed_on = now;
  }
  if (ticket.written->asleep.exchange(false)) wake(bed, kEverybody);
}

GroupCommit::Group GroupCommit::take_waiting() {
  Group group;
  taken_.fetch_add(1, std::memory_order_relaxed);
  for (auto* ticket = queue_.exchange(nullptr); ticket; ticket = ticket->next) {
    group.tickets.push_back(ticket);
    group.bytes += ticket->bytes;
  }
  std::reverse(group.tickets.begin(), group.tickets.end());
  queued_bytes_.fetch_sub(group.bytes, std::memory_order_relaxed);
  return group;
}

GroupCommit::Written GroupCommit::write(const Group& group, Result<LogWriter::Plans> (LogWriter::*how)(std::span<const PreparedAppend* const>)) {
  appends_.clear();
  for (auto* ticket : group.tickets) {
    ticket->first_answer = appends_.size();
    for (const auto& append : *ticket->appends) appends_.push_back(&append);
  }
  std::lock_guard lock(pen_);
  return std::make_shared<Outcome>((writer_.*how)(appends_));
}

void GroupCommit::share(const Group& group) {
  auto& written = *group.written;
  auto early = borrows_from_others(written.plans);
  for (auto* ticket : group.tickets) {
    ticket->written = group.written;
    if (early) ticket->answer = answers(*ticket);
  }
  std::array<bool, kBeds> used{};
  for (auto* ticket : group.tickets) {
    used[ticket->bed] = true;
    ticket->done.store(true, std::memory_order_release);  // its owner may be gone from here on
  }
  auto one_bed = std::count(used.begin(), used.end(), true) == 1;
  for (std::size_t bed = 0; bed < kBeds; ++bed)
    if (used[bed]) beds_[bed].fetch_add(1, std::memory_order_release);
  // Not earlier: who saw that it is done before its bed said so would wake the others too early. Who wakes knows of its own bed alone.
  written.asleep.store(one_bed);
  for (std::size_t bed = 0; bed < kBeds; ++bed)
    if (used[bed]) wake(beds_[bed], one_bed ? 1 : kEverybody);
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
      while (wait_for_work()) {
        auto group = take_waiting();
        // One after the other: what is written ahead of a sync is synced before what comes later.
        if (group.bytes >= apart_bytes_ || syncing()) {
          group.written = write(group, &LogWriter::write_ahead);
          group.end = writer_.written();
          hand_over(std::move(group));
        } else {
          group.written = write(group, &LogWriter::write);
          share(group);
        }
      }
    } while (!put_down());
  }
}

// While a sync is under way, small appends gather: each written for itself would cost more than it gains.
bool GroupCommit::wait_for_work() {
  std::unique_lock lock(handed_mutex_);
  auto idle = [&] { return handed_.empty() && !syncing_; };
  if (!idle()) {
    waits_for_work_.store(true);
    work_.wait(lock, [&] { return idle() || (queue_.load() && queued_bytes_.load() >= apart_bytes_); });
    waits_for_work_.store(false);
  }
  return queue_.load() != nullptr;
}

bool GroupCommit::syncing() {
  std::lock_guard lock(handed_mutex_);
  return syncing_ || !handed_.empty();
}

void GroupCommit::hand_over(Group group) {
  std::lock_guard lock(handed_mutex_);
  handed_.push_back(std::move(group));
  handed_something_.notify_one();
}

void GroupCommit::sync_what_is_handed_over(std::stop_token stop) {
  std::unique_lock lock(handed_mutex_);
  while (handed_something_.wait(lock, stop, [&] { return !handed_.empty(); })) {
    auto groups = std::exchange(handed_, {});
    syncing_ = true;
    lock.unlock();
    auto synced = writer_.sync(groups.back().end);
    for (auto& group : groups) {
      if (!synced && group.written->plans) group.written = std::make_shared<Outcome>(synced.error());
      share(group);
    }
    lock.lock();
    syncing_ = false;
    work_.notify_one();
  }
}

Result<std::vector<AppendOutcome>> GroupCommit::answers(const Ticket& ticket) {
  if (!ticket.written->plans) return ticket.written->plans.error();
  const auto& plans = *ticket.written->plans;
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
