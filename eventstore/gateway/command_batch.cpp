// Batches: the records of an import, each whole or not at all, stored many at a time.
#include <unordered_map>
#include <unordered_set>

#include "eventstore/gateway/gateway_impl.h"

namespace rapport {
namespace {

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

}  // namespace

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
