// Consumers that share the events of a filter among them: each event goes to one of them, again if it is not acknowledged in time,
// and aside after too many tries.
#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "eventstore/clock.h"
#include "eventstore/subscription.h"

namespace rapport {

// An event that was given up, until somebody has it tried again.
struct ParkedEvent {
  Position position;
  std::uint32_t attempts = 0;
  std::string error;  // what was said last
  Timestamp parked_at{0};
};

// What outlives the process.
struct GroupRecord {
  std::string name;                 // 1 to 64 of a-z, 0-9, `-`, `_`, `.`
  std::vector<std::string> match = {};   // parse_filter
  Position checkpoint = {};              // every event up to here is acknowledged, parked, or not asked for
  std::set<Position> acknowledged = {};  // behind the checkpoint
  std::map<Position, ParkedEvent> parked = {};
  std::uint32_t attempts_max = 5;   // then it is parked
  std::chrono::milliseconds lease_ms{30'000};  // a consumer's time for an event
};

// Of a log that ends before what the record knows (it was taken back, or lost events): the positions behind `end` will be other
// events, so the group begins again there. The last position that it knew of, if it was behind.
std::optional<Position> take_back(GroupRecord& record, Position end);

// Where records are kept. Called by one thread at a time a group.
class GroupStore {
 public:
  virtual ~GroupStore() = default;
  virtual Result<void> save(const GroupRecord& record) = 0;  // durable when it returns
  virtual Result<void> remove(const std::string& name) = 0;
  virtual Result<std::vector<GroupRecord>> load() const = 0;
};

// Safe for concurrent use. What is handed out and not acknowledged when the process ends is handed out again: an event comes at
// least once, in the log's order as long as none has to be tried again.
class ConsumerGroup final {
 public:
  static constexpr std::size_t kInFlightMax = 1'000;  // events handed out or waiting to be tried again
  static constexpr std::size_t kParkedMax = 10'000;   // then nothing more is handed out: somebody has to look
  static constexpr std::chrono::milliseconds kBackOffMin{1'000}, kBackOffMax{300'000};  // doubled with each try

  // Borrows all but the record. kInvalid: "filter.malformed".
  static Result<std::unique_ptr<ConsumerGroup>> open(const EventStore& events, GroupStore& store, const Clock& clock, GroupRecord record);

  struct Taken {
    Position position;
    std::uint32_t attempt;  // 1 the first time
  };
  // The next events for one consumer, in order of positions, `max` at most; waits for one if there is none. Each is the
  // consumer's until its lease is over. Errors: of the log; kUnavailable "group.too_many_parked".
  Result<std::vector<Taken>> take(std::size_t max, std::chrono::milliseconds wait_ms, std::stop_token stop = {});

  // How many of the positions were waited for, also of those that an earlier process handed out; durable when it returns. The
  // others were acknowledged or parked before.
  Result<std::size_t> acknowledge(std::span<const Position> positions);
  // The consumer could not: tried again after a while, or parked, if it says so or has tried too often. How many were waited for.
  Result<std::size_t> refuse(std::span<const Position> positions, const std::string& error, bool park);
  // Has parked events tried again, now; none named: all. How many there were. They stay parked until they are acknowledged, so
  // that nothing is lost if the process ends before.
  Result<std::size_t> replay_parked(std::span<const Position> positions);

  // Other limits from here on, for what is handed out, too. Durable when it returns.
  Result<void> limit(std::optional<std::uint32_t> attempts_max, std::optional<std::chrono::milliseconds> lease_ms);
  // Forgets the group for good: whoever still waits in it or answers to it hears kNotFound "group.unknown".
  Result<void> remove();

  struct Status {
    GroupRecord record;
    Position head;
    std::size_t in_flight = 0;              // handed out
    std::size_t retrying = 0;               // waiting to be tried again
    std::chrono::microseconds behind{0};    // since the first event that is not done with was recorded; 0: all is done
  };
  Result<Status> status() const;

 private:
  ConsumerGroup(const EventStore& events, GroupStore& store, const Clock& clock, GroupRecord record, EventFilter filter);

  struct Pending {
    std::uint32_t attempts = 0;
    Timestamp due{0};      // out: when the lease is over; else when it may be tried again
    bool out = false;
  };
  Result<void> expire();
  Result<void> collect(std::size_t max, std::vector<Taken>& taken);
  Result<void> read_more(std::size_t max, std::vector<Taken>& taken);
  void hand_out(Position position, Pending& pending, std::vector<Taken>& taken);
  bool is_settled(Position position) const;
  Pending* waited_for(Position position);
  void park(Position position, std::uint32_t attempts, const std::string& error);
  Result<void> save();

  const EventStore& events_;
  GroupStore& store_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  // All guarded by mutex_.
  GroupRecord record_;
  Subscription subscription_;
  std::map<Position, Pending> pending_;
  bool removed_ = false;
};

// kNotFound, "group.unknown".
Error unknown_group(const std::string& name);
// Whether a group may be called so.
bool valid_group_name(std::string_view name);

}  // namespace rapport
