// How the gateway decides commands and stores what they do. For the gateway and its batches.
#pragma once
#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "domain/policies.h"
#include "eventstore/gateway/erasures.h"
#include "eventstore/gateway/plan.h"
#include "eventstore/gateway/reused_id.h"

namespace rapport {

inline constexpr std::string_view kPolicies = "policySet";

inline Receipt receipt_of(const std::string& stream, StoredOutcome outcome, bool already) {
  Receipt receipt{stream, {}, std::move(outcome), already};
  for (auto& event : receipt.outcome.events)
    if (event.stream == stream) receipt.version = event.version;
  return receipt;
}

class CommandGateway::Impl {
 public:
  Impl(const std::vector<Aggregate>& aggregates, EventStore& store, SubjectKeys& keys, const Clock& clock, Snapshots* snapshots)
      : aggregates_(aggregates), clock_(clock), store_(store), keys_(keys), snapshots_(snapshots),
        planner_(aggregates, store, keys, clock, snapshots), cache_(kCachedBytesMax) {}

  Result<void> read_policies() {
    auto reader = store_.read({.filter = Term::category(kPolicies)});
    for (;;) {
      auto event = reader->next();
      if (!event) return std::move(event).error();
      if (!*event) return {};
      if (!policies_.apply((*event)->stream_id, (*event)->payload))
        return Error{ErrorCode::kCorrupt, "stream.corrupt",
                     "the policy at position " + std::to_string((*event)->position.value) + " is damaged", "", "", "run rapport verify"};
    }
  }

  Result<Receipt> submit(const Command& command) {
    auto aggregate = planner_.aggregate_of(command);
    if (!aggregate) return std::move(aggregate).error();
    if (erases(command)) return erase(**aggregate, command);
    if (waiting_ > 0) std::lock_guard after_them(turnstile_);
    std::shared_lock writing(writers_);
    return decide_and_store(**aggregate, command);
  }

  using Answers = std::vector<std::optional<Result<Receipt>>>;

  // What has no answer when all that can be were stored together is submitted by itself: those that met on a stream among them.
  std::vector<Result<Receipt>> submit_together(std::span<const Command> commands) {
    Answers answers(commands.size());
    if (commands.size() > 1) store_together(commands, answers);
    std::vector<Result<Receipt>> receipts;
    for (std::size_t i = 0; i < commands.size(); ++i) receipts.push_back(answers[i] ? std::move(*answers[i]) : submit(commands[i]));
    return receipts;
  }

  // Alone, and done only when the key is destroyed: also when the command comes again because it was not.
  Result<Receipt> erase(const Aggregate& aggregate, const Command& command) {
    std::unique_lock alone(writers_, std::defer_lock);
    take_alone(alone);
    auto receipt = decide_and_store(aggregate, command);
    if (!receipt) return receipt;
    if (auto finished = finish_erasures(store_, keys_); !finished) return std::move(finished).error();
    return receipt;
  }

  // Waits for the commands that are being decided, and lets no others begin: a steady stream of them would never end by itself.
  void take_alone(std::unique_lock<std::shared_mutex>& alone) {
    ++waiting_;
    {
      std::lock_guard first(turnstile_);
      alone.lock();
    }
    --waiting_;
  }

  Result<Receipt> decide_and_store(const Aggregate& aggregate, const Command& command) {
    auto stream = stream_name(command.aggregate, command.id);
    std::lock_guard one_a_stream(stripes_[stripe_of(stream)]);
    if (auto before = done_before(command, stream); !before) return std::move(before).error();
    else if (*before) return std::move(**before);
    for (int attempt = 0;; ++attempt) {
      auto receipt = try_once(aggregate, command);
      if (receipt || receipt.error().reason != "stream.version_differs" || attempt == kRetriesMax) return receipt;
      if (!command.expected) continue;
      auto current = store_.version_of(stream);
      if (!current) return std::move(current).error();
      if (*current != *command.expected) return receipt;  // else a race was lost on another stream that the decision saw
    }
  }

  // A state to decide on: the cached one if the log has not got past it (it may have been put back late), or read from the log.
  Result<Working> take(const Aggregate& aggregate, const std::string& stream) {
    if (auto cached = cache_.take(stream)) {
      auto current = store_.version_of(stream);
      if (!current) return std::move(current).error();
      if (cached->version == *current) return std::move(*cached);
    }
    return planner_.load(aggregate, stream);
  }

  // What a command did when it came the first time, if it did.
  Result<std::optional<Receipt>> done_before(const Command& command, const std::string& stream) {
    auto stored = store_.find(command.command_id);
    if (!stored) return std::move(stored).error();
    if (!*stored) return std::optional<Receipt>();
    if ((*stored)->request != planner_.request_of(command)) return id_reused(command, **stored, store_, keys_, aggregates_);
    return std::optional(receipt_of(stream, std::move(**stored), true));
  }

  // Rules that the plan publishes hold from here on.
  void take_policies(const Plan& plan, Policies* into = nullptr) {
    for (auto& event : plan.events) {
      auto [type, id] = split_stream(event.stream);
      if (type != kPolicies) continue;
      std::unique_lock lock(policies_mutex_);
      RAPPORT_ASSERT((into ? *into : policies_).apply(id, event.payload));
    }
  }

  const std::vector<Aggregate>& aggregates_;
  const Clock& clock_;
  EventStore& store_;
  SubjectKeys& keys_;
  Snapshots* const snapshots_;  // may be null
  Planner planner_;
  FoldCache cache_;
  std::shared_mutex policies_mutex_;
  Policies policies_;          // guarded by policies_mutex_
  std::shared_mutex writers_;  // shared by single commands, held alone by a batch or an erasure
  std::mutex turnstile_;       // held by who waits to be alone
  std::atomic<int> waiting_ = 0;  // to be alone

 private:
  // States taken from the cache for one command. Those that it changed go back only if its events were stored.
  class Taken final : public Workspace {
   public:
    explicit Taken(Impl& gateway) : gateway_(gateway) {}
    Taken(const Taken&) = delete;
    ~Taken() override {
      for (auto& [stream, state] : states_)
        if (stored_ || state.working.version == state.before) gateway_.cache_.put(stream, std::move(state.working));
    }
    Result<Working*> edit(const Aggregate& aggregate, const std::string& stream) override {
      if (auto found = states_.find(stream); found != states_.end()) return &found->second.working;
      auto working = gateway_.take(aggregate, stream);
      if (!working) return std::move(working).error();
      auto before = working->version;
      return &states_.emplace(stream, State{std::move(*working), before}).first->second.working;
    }
    void stored() { stored_ = true; }

   private:
    struct State {
      Working working;
      StreamVersion before;
    };
    Impl& gateway_;
    std::map<std::string, State> states_;
    bool stored_ = false;
  };
  struct Decided {
    Decided(Impl& gateway, std::size_t which) : command(which), states(gateway) {}
    std::size_t command;
    Taken states;
    Plan plan;
  };

  Result<Plan> plan(const Aggregate& aggregate, const Command& command, Taken& states, EventBuffer& buffer) {
    std::shared_lock lock(policies_mutex_);
    return planner_.plan(aggregate, command, policies_, states, buffer);
  }

  static Receipt unchanged(const Plan& plan) { return Receipt{plan.stream, plan.version, {}, false}; }

  Result<Receipt> try_once(const Aggregate& aggregate, const Command& command) {
    Taken states(*this);
    EventBuffer buffer;
    auto plan = this->plan(aggregate, command, states, buffer);
    if (!plan) return std::move(plan).error();
    if (plan->events.empty()) return unchanged(*plan);
    if (auto synced = keys_.sync(); !synced) return std::move(synced).error();
    auto append = plan->append();
    auto answers = store_.append({&append, 1});
    if (!answers) return std::move(answers).error();
    RAPPORT_ASSERT(answers->size() == 1);
    return answer(std::move(answers->front()), *plan, states);
  }

  // Those that can be: one a stream, none that erases. The stripes are taken in their order, so two of these never wait for each
  // other.
  void store_together(std::span<const Command> commands, Answers& answers) {
    if (waiting_ > 0) std::lock_guard after_them(turnstile_);
    std::shared_lock writing(writers_);
    std::map<std::size_t, std::size_t> taken;  // stripe, command
    for (std::size_t i = 0; i < commands.size(); ++i)
      if (!erases(commands[i])) taken.emplace(stripe_of(stream_name(commands[i].aggregate, commands[i].id)), i);
    std::vector<std::unique_lock<std::mutex>> locks;
    for (auto& [stripe, command] : taken) locks.emplace_back(stripes_[stripe]);
    EventBuffer buffer;
    std::deque<Decided> decided;
    for (auto& [stripe, i] : taken) {
      auto& one = decided.emplace_back(*this, i);
      if (!decide(commands[i], buffer, one, answers[i])) decided.pop_back();
    }
    store(decided, answers);
  }

  // False: there is nothing to store, and maybe an answer.
  bool decide(const Command& command, EventBuffer& buffer, Decided& into, std::optional<Result<Receipt>>& answered) {
    auto aggregate = planner_.aggregate_of(command);
    if (!aggregate) return false;
    auto before = done_before(command, stream_name(command.aggregate, command.id));
    if (before && *before) answered = std::move(**before);
    if (!before || *before) return false;
    auto made = plan(**aggregate, command, into.states, buffer);
    if (!made) {
      if (made.error().reason != "stream.version_differs") answered = std::move(made).error();
      return false;
    }
    into.plan = std::move(*made);
    if (!into.plan.events.empty()) return true;
    answered = unchanged(into.plan);
    return false;
  }

  // What fails for all is found out again for each.
  void store(std::deque<Decided>& decided, Answers& answers) {
    if (decided.empty() || !keys_.sync()) return;
    std::vector<Append> appends;
    for (auto& one : decided) appends.push_back(one.plan.append());
    auto outcomes = store_.append(appends);
    if (!outcomes) return;
    for (std::size_t i = 0; i < decided.size(); ++i) {
      auto receipt = answer(std::move((*outcomes)[i]), decided[i].plan, decided[i].states);
      if (receipt || receipt.error().reason != "stream.version_differs") answers[decided[i].command] = std::move(receipt);
    }
  }

  Result<Receipt> answer(AppendOutcome outcome, const Plan& plan, Taken& states) {
    if (auto* appended = std::get_if<Appended>(&outcome)) {
      take_policies(plan);
      states.stored();
      return receipt_of(plan.stream, std::move(appended->outcome), false);
    }
    if (auto* already = std::get_if<AlreadyAppended>(&outcome)) return receipt_of(plan.stream, std::move(already->outcome), true);
    if (auto* reused = std::get_if<CommandIdReused>(&outcome)) return id_reused(plan.command, reused->difference);
    auto& conflict = std::get<Conflict>(outcome);
    if (conflict.stream.empty())
      return Error{ErrorCode::kConflict, "stream.version_differs", "what the decision rests on has changed", "", "", "decide anew"};
    return Error{ErrorCode::kConflict, "stream.version_differs",
                 conflict.stream + " is at version " + std::to_string(conflict.current.value), "",
                 std::to_string(conflict.current.value), "load it again and decide anew"};
  }

  static constexpr std::size_t kStripes = 1'024;
  static std::size_t stripe_of(const std::string& stream) { return std::hash<std::string>()(stream) % kStripes; }
  std::array<std::mutex, kStripes> stripes_;  // two commands on one stream wait for each other rather than lose a race
};

}  // namespace rapport
