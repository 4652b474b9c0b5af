// The commands of some days, collected customer by customer and sent in order of time.
#pragma once
#include <string>
#include <vector>

#include "domain/event_buffer.h"
#include "eventstore/event.h"

namespace rapport::demo {

struct StreamRef {
  std::string_view aggregate;  // a literal
  std::string_view id;
};
// Who says it, and why.
struct Said {
  std::string_view by;  // borrowed from the enterprise, or a literal
  ActorKind kind = ActorKind::USER;
  std::string_view reason = {};  // a literal
};
inline constexpr Said kByTimer{"rapport.timer", ActorKind::TIMER};

struct Scheduled {
  Timestamp at;
  std::uint64_t order;  // among those of one time: customer, then what they do
  CommandId id;
  std::string_view aggregate;
  std::string stream_id;
  Words body;
  Said said;
  CommandId correlation;
  std::optional<EventId> causation;
  bool corrects;  // names an event that must be in the log by then
};

template <class C>
concept NamesAnEvent = requires(const C& command) { command.target; };

// Everything that a customer does is a story: commands in order of time, correlated, with ids that follow
// from its key. A story is told whole for every window of days that it reaches into, and the window keeps
// what falls into it.
class Schedule final {
 public:
  explicit Schedule(std::uint64_t seed) : seed_(seed) {}

  // Forgets what was there; from here on [from, to) counts.
  void open_window(Timestamp from, Timestamp to);
  Timestamp from() const { return from_; }
  Timestamp to() const { return to_; }
  bool reaches(Timestamp first, Timestamp last) const { return first < to_ && last >= from_; }

  void begin_story(std::uint32_t customer, std::uint32_t story);
  // C is a command of that aggregate. Answers the command's id.
  template <class C>
  CommandId add(Timestamp at, StreamRef stream, const C& command, const Said& said,
                std::optional<EventId> causation = {}) {
    auto id = id_of(++step_);
    if (at >= from_ && at < to_) {
      auto body = bodies_.append<typename C::Union>([&](auto builder) { command.write_member(builder); });
      commands_.push_back({at, std::uint64_t{customer_} << 32 | story_ << 10 | step_, id, stream.aggregate, std::string(stream.id),
                           body, said, id_of(1), causation, NamesAnEvent<C>});
    }
    return id;
  }

  // What the window holds, in order of time. Valid until the next window is opened.
  const std::vector<Scheduled>& in_order();

 private:
  CommandId id_of(std::uint32_t step) const;

  const std::uint64_t seed_;
  Timestamp from_{0}, to_{0};
  std::uint32_t customer_ = 0, story_ = 0, step_ = 0;
  EventBuffer bodies_;
  std::vector<Scheduled> commands_;
};

}  // namespace rapport::demo
