#include "eventstore/command_gateway.h"

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "domain/policies.h"
#include "eventstore/gateway/erasures.h"
#include "eventstore/gateway/plan.h"
#include "eventstore/gateway/reused_id.h"

namespace rapport {
namespace {

constexpr std::string_view kPolicies = "policySet";

Receipt receipt_of(const std::string& stream, StoredOutcome outcome, bool already) {
  Receipt receipt{stream, {}, std::move(outcome), already};
  for (auto& event : receipt.outcome.events)
    if (event.stream == stream) receipt.version = event.version;
  return receipt;
}

}  // namespace

// Keys of a dry run: what they seal is thrown away, so no subject gets a key of its own.
class PassingKeys final : public SubjectKeys {
 public:
  explicit PassingKeys(const SubjectKeys& keys) : keys_(keys) {}
  Result<Key> key_for(std::string_view) override { return Key{1, {}}; }
  Result<void> sync() override { return {}; }
  Result<std::optional<NamedKey>> find(std::uint64_t id) const override { return keys_.find(id); }
  Result<void> restore(const NamedKey&) override { return {}; }
  Result<std::uint64_t> current_key(std::string_view subject) const override { return keys_.current_key(subject); }
  Result<void> destroy(std::span<const Erasure>) override { return {}; }
  Position erased_up_to() const override { return keys_.erased_up_to(); }
  bool erased(std::uint64_t key_id) const override { return keys_.erased(key_id); }
  Hash keyed_digest(std::string_view purpose, std::string_view bytes) const override { return keys_.keyed_digest(purpose, bytes); }
  Result<std::optional<std::string>> open(std::string_view sealed) const override { return keys_.open(sealed); }

 private:
  const SubjectKeys& keys_;
};

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

CommandGateway::CommandGateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CommandGateway::~CommandGateway() = default;

Result<std::unique_ptr<CommandGateway>> CommandGateway::open(const std::vector<Aggregate>& aggregates, EventStore& store,
                                                             SubjectKeys& keys, const Clock& clock, Snapshots* snapshots) {
  auto impl = std::make_unique<Impl>(aggregates, store, keys, clock, snapshots);
  if (auto finished = finish_erasures(store, keys); !finished) return std::move(finished).error();
  if (auto read = impl->read_policies(); !read) return std::move(read).error();
  return std::unique_ptr<CommandGateway>(new CommandGateway(std::move(impl)));
}

Result<Receipt> CommandGateway::submit(const Command& command) { return impl_->submit(command); }
std::vector<Result<Receipt>> CommandGateway::submit_together(std::span<const Command> commands) { return impl_->submit_together(commands); }

// --- batches ---

class CommandBatch::Impl final : public Workspace {
 public:
  Impl(CommandGateway::Impl& gateway, bool dry_run) : gateway_(gateway), alone_(gateway.writers_, std::defer_lock) {
    if (!dry_run) return;
    std::shared_lock lock(gateway.policies_mutex_);
    dry_.emplace(gateway);
  }

  Result<Decided> decide(const Command& command) {
    // What the batch seals afterwards could never be read.
    if (erases(command))
      return Error{ErrorCode::kRejected, "subject.erased_alone", "an erasure is no part of an import", "", "",
                   "send it by itself: rapport command dataSubject/SUBJECT eraseSubject --reason CODE"};
    if (!alone_.owns_lock()) gateway_.take_alone(alone_);
    auto aggregate = gateway_.planner_.aggregate_of(command);
    if (!aggregate) return std::move(aggregate).error();
    if (auto known = known_already(command); !known) return std::move(known).error();
    else if (*known) return Decided{Became::kAlready};
    auto& planner = dry_ ? dry_->planner : gateway_.planner_;
    auto plan = planner.plan(**aggregate, command, dry_ ? dry_->policies : gateway_.policies_, *this, buffer_);
    if (!plan) return std::move(plan).error();
    if (plan->events.empty()) return Decided{Became::kUnchanged};
    auto events = plan->events.size();
    record_plans_.push_back(std::move(*plan));
    return Decided{Became::kAccepted, events};
  }

  std::vector<Words> decided_events() const {
    std::vector<Words> payloads;
    if (record_plans_.empty()) return payloads;
    auto& plan = record_plans_.back();
    for (auto& event : plan.events)
      if (event.stream == plan.stream) payloads.push_back(event.payload);
    return payloads;
  }

  void keep() {
    for (auto& [stream, working] : record_) kept_.insert_or_assign(stream, std::move(working));
    record_.clear();
    for (auto& plan : record_plans_) {
      pending_.emplace(plan.command, plan.request);
      pending_events_ += plan.events.size();
      gateway_.take_policies(plan, dry_ ? &dry_->policies : nullptr);
      for (auto& [tag, stream] : plan.claimed) claimed_.insert_or_assign(tag, stream);
      plans_.push_back(std::move(plan));
    }
    record_plans_.clear();
    in_place_.clear();
  }

  void drop() {
    for (auto& [stream, before] : in_place_) {
      auto& working = record_.at(stream);
      if (working.version == before) kept_.insert_or_assign(stream, std::move(working));
      else spoilt_.insert(stream);
    }
    in_place_.clear();
    record_.clear();
    record_plans_.clear();
  }

  Result<std::size_t> flush() {
    drop();
    if (!alone_.owns_lock()) return 0U;
    if (dry_) return forget_plans();
    auto stored = store();
    for (auto& [stream, working] : kept_)
      if (stored) gateway_.cache_.put(stream, std::move(working));
    kept_.clear();
    spoilt_.clear();
    plans_.clear();
    pending_.clear();
    claimed_.clear();
    pending_events_ = 0;
    buffer_.clear();
    alone_.unlock();
    return stored;
  }

  std::size_t pending_commands() const { return plans_.size(); }
  Position position() const { return {gateway_.store_.head().position.value + pending_events_ + dry_events_}; }

  Result<StreamVersion> version_of(std::string_view aggregate, std::string_view id) {
    auto stream = stream_name(aggregate, id);
    if (auto found = record_.find(stream); found != record_.end()) return found->second.version;
    if (auto found = kept_.find(stream); found != kept_.end()) return found->second.version;
    if (!spoilt_.contains(stream)) return gateway_.store_.version_of(stream);
    auto again = edit(*find_aggregate(gateway_.aggregates_, aggregate), stream);
    if (!again) return std::move(again).error();
    return (*again)->version;
  }

  // A state of the open record: a copy of what was kept, so that the record can be dropped. The state of a long stream, which takes
  // as long to copy, is edited itself; a record that changed it and is dropped leaves it to be folded again. A dry run's events are
  // nowhere to fold from.
  Result<Working*> edit(const Aggregate& aggregate, const std::string& stream) override {
    if (auto found = record_.find(stream); found != record_.end()) return &found->second;
    auto base = kept_.find(stream);
    if (base == kept_.end()) {
      auto working = gateway_.take(aggregate, stream);
      if (!working) return std::move(working).error();
      if (spoilt_.erase(stream) > 0) fold_kept(stream, *working);
      base = kept_.emplace(stream, std::move(*working)).first;
    }
    if (dry_ || base->second.version.value < kCopiedEventsMax) return &record_.emplace(stream, base->second.clone()).first->second;
    in_place_.emplace(stream, base->second.version);
    auto moved = record_.emplace(stream, std::move(base->second)).first;
    kept_.erase(base);
    return &moved->second;
  }

 private:
  std::string claimed_last(const std::string& tag) const override {
    for (auto plan = record_plans_.rbegin(); plan != record_plans_.rend(); ++plan)
      for (auto& [name, stream] : plan->claimed)
        if (name == tag) return stream;
    auto found = claimed_.find(tag);
    return found == claimed_.end() ? std::string() : found->second;
  }

  // What this batch has kept of a stream and not stored yet, onto its state in the log.
  void fold_kept(const std::string& stream, Working& working) const {
    for (auto& plan : plans_)
      for (auto& event : plan.events) {
        if (event.stream != stream) continue;
        RAPPORT_ASSERT(working.fold->apply(event.payload) == Applied::kYes);
        working.version = event.version;
        capnp::FlatArrayMessageReader message(event.metadata, reading_limits(event.metadata));
        auto metadata = message.getRoot<envelope::wire::Metadata>();
        auto precision = metadata.getOccurredPrecision();
        if (precision != Precision::UNKNOWN && precision != Precision::ALWAYS)
          working.happened(kind_of(*working.aggregate, event.payload), {metadata.getOccurredAt()});
      }
  }

  Result<bool> known_already(const Command& command) {
    auto pending = pending_.find(command.command_id);
    if (pending == pending_.end()) {
      auto before = gateway_.done_before(command, stream_name(command.aggregate, command.id));
      if (!before) return std::move(before).error();
      return before->has_value();
    }
    if (pending->second != gateway_.planner_.request_of(command))
      return id_reused(command.command_id, "a record before it has the same id");
    return true;
  }

  // A dry run's flush: the states stay as the commands left them, and their ids stay taken.
  std::size_t forget_plans() {
    auto events = std::exchange(pending_events_, 0U);
    dry_events_ += events;
    plans_.clear();
    buffer_.clear();
    alone_.unlock();
    return events;
  }

  Result<std::size_t> store() {
    if (plans_.empty()) return 0U;
    if (auto synced = gateway_.keys_.sync(); !synced) return std::move(synced).error();
    std::vector<Append> appends;
    appends.reserve(plans_.size());
    for (auto& plan : plans_) appends.push_back(plan.append());
    auto answers = gateway_.store_.append(appends);
    if (!answers) return std::move(answers).error();
    // Nobody else writes while the batch has the gateway, and ids were looked up: anything but a yes is a bug of ours.
    for (auto& answer : *answers) RAPPORT_ASSERT(std::holds_alternative<Appended>(answer));
    return pending_events_;
  }

  struct IdHash {
    std::size_t operator()(const CommandId& id) const { return static_cast<std::size_t>(id.high() ^ id.low()); }
  };

  struct DryRun {
    explicit DryRun(CommandGateway::Impl& gateway)
        : keys(gateway.keys_), planner(gateway.aggregates_, gateway.store_, keys, gateway.clock_, gateway.snapshots_), policies(gateway.policies_) {}
    PassingKeys keys;
    Planner planner;
    Policies policies;
  };

  static constexpr std::uint64_t kCopiedEventsMax = 1'000;  // of a stream: its state is copied in some tens of microseconds

  CommandGateway::Impl& gateway_;
  std::unique_lock<std::shared_mutex> alone_;
  std::optional<DryRun> dry_;
  EventBuffer buffer_;
  std::unordered_map<std::string, Working> kept_;    // as the next flush leaves them
  std::unordered_map<std::string, Working> record_;  // as the open record leaves them
  std::unordered_map<std::string, StreamVersion> in_place_;  // of record_, those that are no copies, with their versions before it
  std::unordered_set<std::string> spoilt_;           // by a record that was dropped; not in kept_
  std::vector<Plan> plans_, record_plans_;
  std::unordered_map<CommandId, Hash, IdHash> pending_;
  std::unordered_map<std::string, std::string> claimed_;  // of plans_, by tag
  std::size_t pending_events_ = 0;
  std::size_t dry_events_ = 0;  // that a dry run would have stored
};

std::unique_ptr<CommandBatch> CommandGateway::batch(bool dry_run) {
  return std::unique_ptr<CommandBatch>(new CommandBatch(std::make_unique<CommandBatch::Impl>(*impl_, dry_run)));
}

CommandBatch::CommandBatch(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CommandBatch::~CommandBatch() = default;
Result<CommandBatch::Decided> CommandBatch::decide(const Command& command) { return impl_->decide(command); }
std::vector<Words> CommandBatch::decided_events() const { return impl_->decided_events(); }
void CommandBatch::keep() { impl_->keep(); }
void CommandBatch::drop() { impl_->drop(); }
Result<std::size_t> CommandBatch::flush() { return impl_->flush(); }
std::size_t CommandBatch::pending_commands() const { return impl_->pending_commands(); }
Result<StreamVersion> CommandBatch::version_of(std::string_view aggregate, std::string_view id) {
  return impl_->version_of(aggregate, id);
}
Position CommandBatch::position() const { return impl_->position(); }

}  // namespace rapport
