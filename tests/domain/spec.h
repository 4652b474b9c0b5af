// given(events).when(command).then(events). Everything goes through bytes, so that each test also tests the codec; and each
// accepted command is asked a second time, on the state that it left, and must then emit nothing: what is delivered twice must
// not happen twice.
#pragma once
#include <capnp/pretty-print.h>
#include <gtest/gtest.h>

#include <map>
#include <source_location>
#include <sstream>

#include "domain/fold.h"
#include "domain/policies.h"

namespace rapport {

template <Decider D>
class Spec {
 public:
  // A command happens on this day unless `at` says otherwise: 2025-01-01T00:00:00Z.
  static constexpr Timestamp kNow{20'089 * kMicrosPerDay};

  Spec& as_fact() {
    as_fact_ = true;
    return *this;
  }
  Spec& stream(std::string_view id) {
    id_ = id;
    return *this;
  }
  Spec& at(Timestamp now) {
    now_ = now;
    return *this;
  }
  // Why the commands from here on are sent; empty: nobody says.
  Spec& reason(std::string_view code) {
    reason_ = code;
    return *this;
  }
  // The key that the data subject's texts are sealed under.
  Spec& subject_key(std::uint64_t id) {
    subject_key_ = id;
    return *this;
  }
  Spec& actor(std::string_view id) {
    actor_ = id;
    return *this;
  }
  // The event that a correction is about.
  Spec& target(const auto& event) {
    target_ = kj::heapArray(encode<typename D::Event>(event));
    return *this;
  }
  // The clock when the command is sent, where it is dated back.
  Spec& sent_at(Timestamp sent) {
    sent_ = sent;
    return *this;
  }
  // Streams of the same aggregate, by their ids.
  Spec& peer(std::string_view id, const auto&... events) {
    auto& fold = peers_.folds.try_emplace(std::string(id)).first->second;
    auto replay_on = [&](Words event) { RAPPORT_ASSERT(fold.apply(event) == Applied::kYes); };
    (replay_on(encode<typename D::Event>(events)), ...);
    return *this;
  }
  // A rule in force, published as stream policySet-<id>.
  Spec& policy(std::string_view id, const policy_set::Published& published) {
    EventBuffer buffer;
    RAPPORT_ASSERT(policies_.apply(
        id, buffer.append<policy_set::wire::Event>([&](auto b) { published.write_member(b); })));
    return *this;
  }
  Spec& given(const auto&... events) {
    (replay(encode<typename D::Event>(events)), ...);
    return *this;
  }
  Spec& when(const auto& command, std::source_location at = std::source_location::current()) {
    at_ = at;
    out_.clear();
    command_ = kj::heapArray(encode<typename D::Command>(command));
    decision_ = ask(out_);
    return *this;
  }
  // The events, to the byte; then nothing when asked again.
  Spec& then(const auto&... events) {
    if (emitted(events...)) ask_again();
    return *this;
  }
  // Like then, for commands that happen as often as they are sent: their idempotency is the command id's alone.
  Spec& then_each_time(const auto&... events) {
    if (emitted(events...)) replay_emitted();
    return *this;
  }
  // Goes on from whatever was emitted.
  Spec& follow() {
    replay_emitted();
    return *this;
  }
  Spec& then_nothing() { return then(); }
  Spec& then_rejected(std::string_view code) {
    if (decision_.accepted()) fail() << "accepted; want " << code;
    else if (out_.size()) fail() << "rejected, yet it emitted " << show(out_[0]);
    else if (decision_.code() != code) fail() << "rejected with " << decision_.code() << "; want " << code;
    return *this;
  }
  // The field at fault, after then_rejected.
  Spec& at_field(std::string_view field) {
    if (decision_.field() != field) fail() << "at field " << decision_.field() << "; want " << field;
    return *this;
  }
  const typename D::State& state() const { return fold_.state(); }
  // What the envelope says about the reason of what was emitted.
  std::string recorded_reason() const { return recorded_reason_; }
  const FoldOf<D>& fold() const { return fold_; }
  bool accepted() const { return decision_.accepted(); }
  // What became of the command in a word: "accepted", "unchanged", or the code of its refusal.
  std::string answer() const {
    if (!decision_.accepted()) return std::string(decision_.code());
    return out_.size() ? "accepted" : "unchanged";
  }

 private:
  using EventWire = typename D::Event::Wire;

  Decision ask(EventBuffer& out) {
    PolicyLookup lookup(policies_, date_of(now_), as_fact_);
    GivenReason reason{Text(reason_)};
    Context context{.id = Text(id_),
                    .now = now_,
                    .recorded = sent_.value_or(now_),
                    .actor = Text(actor_),
                    .as_fact = as_fact_,
                    .policies = lookup,
                    .reason = reason,
                    .target = target_,
                    .peers = &peers_,
                    .subject_key = subject_key_};
    auto decision = fold_.ask(command_, context, out);
    recorded_reason_ = reason.recorded();
    return decision;
  }
  struct Others final : Peers {
    std::map<std::string, FoldOf<D>, std::less<>> folds;
    const Fold* find(std::string_view id) override {
      auto at = folds.find(id);
      return at == folds.end() ? nullptr : &at->second;
    }
  };
  bool emitted(const auto&... events) {
    std::vector<std::string> want{show(encode<typename D::Event>(events))...}, got;
    for (std::size_t i = 0; i < out_.size(); ++i) got.push_back(show(out_[i]));
    if (!decision_.accepted()) fail() << "rejected: " << decision_.code() << " " << decision_.field();
    else if (want != got) fail() << "  want " << list(want) << "\n  got  " << list(got);
    else return true;
    return false;
  }
  void replay_emitted() {
    for (std::size_t i = 0; i < out_.size(); ++i) replay(out_[i]);
  }
  void ask_again() {
    replay_emitted();
    EventBuffer again;
    auto recorded = recorded_reason_;
    (void)ask(again);
    recorded_reason_ = recorded;
    if (again.size()) fail() << "asked twice, it happens twice: " << show(again[0]);
  }
  void replay(Words event) { RAPPORT_ASSERT(fold_.apply(event) == Applied::kYes); }
  template <class Union>
  Words encode(const MemberOf<Union> auto& value) {
    scratch_.clear();
    return scratch_.append<typename Union::Wire>([&](auto b) { value.write_member(b); });
  }
  static std::string show(Words bytes) {
    capnp::FlatArrayMessageReader message(bytes);
    return kj::str(message.getRoot<EventWire>()).cStr();
  }
  static std::string list(const std::vector<std::string>& lines) {
    std::string all;
    for (auto& line : lines) all += (all.empty() ? "" : "\n       ") + line;
    return all.empty() ? "no events" : all;
  }
  // Reports at the line of `when`.
  struct Failure {
    std::source_location at;
    std::ostringstream text{};
    ~Failure() { ADD_FAILURE_AT(at.file_name(), static_cast<int>(at.line())) << text.str(); }
    Failure& operator<<(const auto& v) {
      text << v;
      return *this;
    }
  };
  Failure fail() const { return Failure{at_}; }

  Policies policies_;
  Timestamp now_ = kNow;
  bool as_fact_ = false;
  std::string id_ = "1", reason_, actor_ = "anna", recorded_reason_;
  std::optional<Timestamp> sent_;
  std::uint64_t subject_key_ = 0;
  Others peers_;
  kj::Array<capnp::word> target_;
  FoldOf<D> fold_;
  EventBuffer out_, scratch_;
  kj::Array<capnp::word> command_;
  Decision decision_;
  std::source_location at_;
};

}  // namespace rapport
