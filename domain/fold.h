// One stream's state with its decider, its type erased: what the command gateway caches.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "domain/decision.h"
#include "domain/footprint.h"
#include "domain/reading.h"
#include "domain/state_bytes.h"

namespace rapport {

enum class Applied : std::uint8_t {
  kYes,
  kNewer,    // only a newer program knows this event: a state that met it must not decide
  kCorrupt,  // no event: damaged bytes, or one that breaks its schema's rules
};

// One thread at a time. Bytes handed in are read within the call.
class Fold {
 public:
  virtual ~Fold() = default;
  // Decides a command (its aggregate's Command union) on the state; accepted events are appended to `out`.
  virtual Decision ask(Words command, const Context& context, EventBuffer& out) const = 0;
  [[nodiscard]] virtual Applied apply(Words event) = 0;
  // What an event that was just applied asks of other aggregates.
  virtual void react(Words event, const Context& context, Reactions& reactions) const = 0;
  // What this stream holds by its state, and no other stream of its aggregate may hold with it.
  virtual std::vector<Claim> claims() const = 0;
  // The stream of the data subject under whose key this aggregate's personal texts are sealed; empty: its own stream.
  virtual std::string subject() const = 0;
  virtual std::unique_ptr<Fold> clone() const = 0;
  // What it takes in memory, about; looks at all of the state.
  virtual std::size_t bytes() const = 0;
  // The state for a cache on disk, and back from what a fold of the same folds_version() made of one; false, and the state is to
  // be thrown away, if the bytes are no state.
  virtual std::string save() const = 0;
  [[nodiscard]] virtual bool restore(std::string_view saved) = 0;
};

template <class D>
concept Decider = std::default_initializable<typename D::State> && std::copyable<typename D::State> && requires {
  typename D::Command::Wire;
  typename D::Event::Wire;
};

template <Decider D>
class FoldOf final : public Fold {
 public:
  Decision ask(Words command, const Context& context, EventBuffer& out) const override try {
    capnp::FlatArrayMessageReader message(command, reading_limits(command));
    Events<typename D::Event> events(out);
    return D::Command::visit(message.getRoot<typename D::Command::Wire>(), [&]<class C>(const C& value) -> Decision {
      if constexpr (std::same_as<C, Unknown>) return reject("command.unknown");
      else if (const char* field = value.fault()) return reject("command.invalid_field", field);
      else return decide(state_, value, context, events);
    });
  } catch (const kj::Exception&) {
    return reject("command.malformed");
  }

  Applied apply(Words event) override try {
    capnp::FlatArrayMessageReader message(event, reading_limits(event));
    return D::Event::visit(message.getRoot<typename D::Event::Wire>(), [&]<class E>(const E& value) {
      if constexpr (std::same_as<E, Unknown>) return value.ordinal == 0 ? Applied::kCorrupt : Applied::kNewer;
      else return value.fault() ? Applied::kCorrupt : (evolve(state_, value), Applied::kYes);
    });
  } catch (const kj::Exception&) {
    return Applied::kCorrupt;  // Cap'n Proto checks lazily, so the whole read is inside
  }

  void react(Words event, const Context& context, Reactions& reactions) const override {
    capnp::FlatArrayMessageReader message(event, reading_limits(event));
    D::Event::visit(message.getRoot<typename D::Event::Wire>(), [&]<class E>(const E& value) {
      if constexpr (requires { react_to(state_, value, context, reactions); }) react_to(state_, value, context, reactions);
    });
  }

  std::string subject() const override {
    if constexpr (requires { state_.subject(); }) return state_.subject();
    else return {};
  }

  std::vector<Claim> claims() const override {
    if constexpr (requires { state_.claims(); }) return state_.claims();
    else return {};
  }

  std::unique_ptr<Fold> clone() const override { return std::make_unique<FoldOf>(*this); }
  std::size_t bytes() const override { return sizeof *this + owned_bytes(state_); }
  std::string save() const override {
    std::string bytes;
    write_state(state_, bytes);
    return bytes;
  }
  bool restore(std::string_view saved) override { return read_state(saved, state_) && saved.empty(); }
  const typename D::State& state() const { return state_; }

 private:
  typename D::State state_;
};

}  // namespace rapport
