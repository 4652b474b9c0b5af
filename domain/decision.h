// What a decider is written with: decisions, typed events, reactions, and the context it may look at.
#pragma once
#include <concepts>
#include <string>
#include <string_view>

#include "domain/event_buffer.h"
#include "domain/result.h"
#include "domain/values.h"

namespace rapport {

class PolicyLookup;  // domain/policies.h

// A business "no". Codes are literals and stable, `aggregate.reason`.
struct Code {
  std::string_view text;
  consteval Code(const char* literal) : text(literal) {
    if (text.find('.') == text.npos) throw "a code is aggregate.reason";
  }
};

class [[nodiscard]] Decision final {
 public:
  Decision() = default;  // accepted
  explicit Decision(Code code, const char* field = "") : code_(code.text), field_(field) {}
  bool accepted() const { return code_.empty(); }
  std::string_view code() const { return code_; }
  std::string_view field() const { return field_; }  // the command's field at fault, if one is

 private:
  std::string_view code_;
  std::string_view field_;
};
// `unchanged`: the command's wish already holds, nothing is emitted.
inline constexpr struct Accepted {
  operator Decision() const { return {}; }
} accepted, unchanged;
inline Decision reject(Code code, const char* field = "") { return Decision(code, field); }

template <class E, class Event>
concept MemberOf = std::same_as<typename E::Union, typename Event::Wire>;

// Where a decider of one aggregate puts its events; only that aggregate's events fit.
template <class Event>
class Events final {
 public:
  explicit Events(EventBuffer& buffer) : buffer_(buffer) {}
  Accepted emit(const MemberOf<Event> auto& event) {
    RAPPORT_ASSERT(!event.fault());  // a decider made an event that its own schema refuses
    buffer_.append<typename Event::Wire>([&](auto b) { event.write_member(b); });
    return accepted;
  }

 private:
  EventBuffer& buffer_;
};

// All that a decision may know besides the state and the command. No clock, no new ids: both come in.
struct Context {
  Text id = {};            // of the aggregate: what follows the first '-' of its stream's name
  Timestamp now = {0};     // when the command happened (its occurredAt)
  bool as_fact = false;    // history as it was: lifts state machines, mandatory reasons, effective-from checks
  PolicyLookup& policies;  // the rules in force; remembers which versions were used
  EventId event = {0, 0, 0};  // in react: the event that is reacted to
};

// A command that an event causes on another aggregate, decided and appended together with its cause.
struct Reaction {
  std::string aggregate, id;  // "loyaltyMember", "4711"
  kj::Array<capnp::word> command;
};
class Reactions final {
 public:
  // C is a command value of the aggregate that is named so in the catalogue.
  template <class C>
  void send(std::string_view aggregate, std::string_view id, const C& command) {
    capnp::MallocMessageBuilder message;
    command.write_member(message.initRoot<typename C::Union>());
    all_.push_back({std::string(aggregate), std::string(id), capnp::messageToFlatArray(message)});
  }
  std::vector<Reaction>& all() { return all_; }

 private:
  std::vector<Reaction> all_;
};

}  // namespace rapport
