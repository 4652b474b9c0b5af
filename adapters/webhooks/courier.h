// Which event goes to a receiver next: in order per stream or in none, again after a failure, and where all that stands.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "adapters/webhooks/place.h"
#include "adapters/webhooks/retry_rule.h"
#include "adapters/webhooks/subscription.h"

namespace rapport::webhooks {

// One subscription's. One thread; sends nothing itself.
class Courier final {
 public:
  static constexpr std::size_t kInFlightMax = 8;     // requests to one receiver at once
  static constexpr std::size_t kUnsettledMax = 256;  // events read and not delivered, a lane; then reading waits
  static constexpr std::size_t kReplaysMax = 16;     // at once
  static constexpr std::uint32_t kOutage = 5;        // failures in a row that are the receiver's, not an event's

  // Where the subscription is, or where it begins. Borrows the log. Errors: of the log, and of reading it.
  static Result<std::unique_ptr<Courier>> open(const EventStore& events, const Subscription& subscription, std::optional<Place> place, RetryRule retry);

  // What is to be sent now. `attempt` counts from 1.
  struct Item {
    std::size_t lane;
    Position position;
    std::uint32_t attempt;
  };
  Result<std::optional<Item>> next(Timestamp now);
  // When next() may answer something else than nothing although no event came and nothing was answered.
  std::optional<Timestamp> due() const;

  void delivered(const Item& item, Timestamp now);
  // When it is tried again; nothing: it has been tried as often as it may. `not_before`: as the receiver asked, for everything.
  std::optional<Timestamp> failed(const Item& item, Timestamp now, std::optional<Timestamp> not_before);
  // Not sent after all: nobody's failure.
  void put_back(const Item& item);

  // The subscription has changed: another filter, another order, a resumption after which tries count anew.
  Result<void> follow(const Subscription& subscription, Timestamp now);
  // Events of a range once more. kUnavailable "webhook.too_many_replays".
  Result<void> replay(Position from, Position to);
  // Whether an event was tried as often as it may: then the subscription has to be paused.
  std::optional<Position> exhausted() const;

  Place place() const;
  bool take_dirty() { return std::exchange(dirty_, false); }
  void set_dirty() { dirty_ = true; }

  // Everything up to here is delivered or was not asked for.
  Position checkpoint() const;
  std::size_t unsettled() const;  // of all lanes
  std::size_t in_flight() const { return in_flight_; }
  std::size_t retrying() const;
  struct Replay {
    Position from, to, done;
  };
  std::vector<Replay> replays() const;

 private:
  struct Waiting {
    std::string stream;
    std::uint32_t attempts = 0;
    Timestamp due{0};
    bool out = false;
  };
  struct Lane {
    Position from, to, read_to;
    std::unique_ptr<EventReader> reader = {};
    std::map<Position, Waiting> waiting = {};
    std::map<std::string, std::set<Position>> streams = {};  // those in `waiting`
  };

  Courier(const EventStore& events, RetryRule retry) : events_(events), retry_(retry) {}
  Result<void> restore(const LanePlace& place);
  Result<std::optional<Item>> next_of(std::size_t number, Timestamp now);
  Result<bool> read_one(Lane& lane);
  bool may_go(const Lane& lane, Position position, const Waiting& waiting) const;
  void settle(const Item& item);
  Waiting* find(const Item& item);

  const EventStore& events_;
  const RetryRule retry_;
  EventFilter filter_;
  bool per_stream_ = true;
  Position created_, filtered_, resumed_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // a finished replay leaves an empty place, so that numbers stay
  std::size_t turn_ = 0;                      // the lane that is asked first
  std::size_t in_flight_ = 0;
  std::uint32_t failures_in_row_ = 0;
  Timestamp not_before_{0};
  bool dirty_ = false;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace rapport::webhooks
