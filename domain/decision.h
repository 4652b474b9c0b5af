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

// The reason code that came with a command. Remembers that a rule demanded one, so that a fact whose source did not say
// is stored as such.
class GivenReason final {
 public:
  static constexpr std::string_view kNotRecorded = "not-recorded";

  explicit GivenReason(Text code = {}) : code_(code) {}
  // For a rule that demands a reason: empty if there is none.
  Text demand() {
    demanded_ = true;
    return code_;
  }
  // What to store; empty if nothing was said and nothing demanded.
  Text recorded() const { return code_.empty() && demanded_ ? Text(kNotRecorded) : code_; }

 private:
  Text code_;
  bool demanded_ = false;
};

class Fold;
// Other streams of the command's aggregate. What a decision saw there still holds when its events are stored.
class Peers {
 public:
  virtual ~Peers() = default;
  // Null if there is no such stream, or it cannot be read (then nothing is stored). Valid until the next call.
  virtual const Fold* find(std::string_view id) = 0;
};

// A name that one stream at a time may hold: a card number within a program. Who asks for a name that is held is refused.
struct Claim {
  std::string name;
  Code taken;         // the refusal
  const char* field;  // of the command, that asks for it
};

// All that a decision may know besides the state and the command. No clock, no new ids: both come in.
struct Context {
  Text id = {};               // of the aggregate: what follows the first '-' of its stream's name
  Timestamp now = {0};        // when the command happened (its occurredAt); of a correction: when its target did
  Timestamp recorded = {0};   // when it was sent: for rules that no back-dating may dodge
  Text actor = {};            // who sent it
  bool as_fact = false;       // history as it was: lifts state machines, mandatory reasons, four eyes, effective-from checks
  PolicyLookup& policies;     // the rules in force; remembers which versions were used
  GivenReason& reason;
  Words target = {};          // of a correction: the event that it corrects
  Peers* peers = nullptr;     // null: only this stream is known
  EventId event = {0, 0, 0};  // in react: the event that is reacted to
  // Of a stream about a data subject: the key that seals the subject's texts now; 0: it has none.
  std::uint64_t subject_key = 0;
};

// For a command that has to say why: `code` is "<aggregate>.reason_missing".
inline Decision check_reason(const Context& context, Code code) {
  if (context.reason.demand().empty() && !context.as_fact) return reject(code, "reason.code");
  return accepted;
}
// For a command that somebody has to answer for besides its actor: `code` is "<aggregate>.approver_missing".
inline Decision check_approver(const Context& context, Text approver_id, Code code) {
  if (approver_id.empty() && !context.as_fact) return reject(code, "approverId");
  return accepted;
}

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
