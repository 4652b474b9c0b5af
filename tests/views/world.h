// A small enterprise in memory: commands go through the real gateway and deciders, with their
// reactions, into a real log.
#pragma once
#include <functional>

#include "eventstore/command_gateway.h"
#include "eventstore/memory/memory_event_store.h"
#include "eventstore/memory/memory_subject_keys.h"
#include "tests/views/journal.h"

namespace rapport::projections {

class World {
 public:
  World() : store_(clock_) {
    auto gateway = CommandGateway::open(aggregates_, store_, keys_, clock_);
    RAPPORT_ASSERT(gateway);
    gateway_ = std::move(*gateway);
  }

  template <class C>
  Result<Receipt> send(std::string_view aggregate, std::string_view id, const C& command,
                       Timestamp occurred_at = day(0), bool as_fact = false) {
    clock_.advance(kMicrosPerSecond);
    EventBuffer buffer;
    auto body = buffer.append<typename C::Union>([&](auto b) { command.write_member(b); });
    Command sent{.aggregate = aggregate,
                 .id = id,
                 .body = body,
                 .command_id = CommandId::of(7, ++commands_),
                 .occurred_at = occurred_at,
                 .reason_code = "backdate",  // its clock stands past all of its days
                 .as_fact = as_fact};
    auto receipt = gateway_->submit(sent);
    if (on_sent_) on_sent_(sent, receipt);
    return receipt;
  }
  // Is told of each command, and of its answer.
  void on_sent(std::function<void(const Command&, const Result<Receipt>&)> told) { on_sent_ = std::move(told); }
  const MemoryEventStore& log() const { return store_; }
  const MemorySubjectKeys& keys() const { return keys_; }
  const Clock& clock() const { return clock_; }

  std::size_t size() const { return store_.head().position.value; }
  void fold(const ViewType& view, RowStore& store, std::size_t to, std::size_t batch = 3) const {
    auto folder = view.make_folder(store, {.batch_events_max = batch});
    auto events = store_.read({.to = {to}});
    for (auto event = events->next(); *event; event = events->next())
      ASSERT_TRUE(folder->fold(**event));
    ASSERT_TRUE(folder->commit());
  }

 private:
  ManualClock clock_{day(1'000)};
  std::vector<Aggregate> aggregates_ = all_aggregates();
  MemoryEventStore store_;
  MemorySubjectKeys keys_;
  std::unique_ptr<CommandGateway> gateway_;
  std::uint64_t commands_ = 0;
  std::function<void(const Command&, const Result<Receipt>&)> on_sent_;
};

}  // namespace rapport::projections
