// Whatever happens: a state that was kept as bytes and taken up again goes on as one that never was.
#include "eventstore/rocks/snapshot_files.h"
#include "tests/eventstore_samples/temporary_directory.h"
#include "tests/views/property.h"
#include "tests/views_commands/any_command.h"

namespace rapport::projections {
namespace {

std::string told(const Result<Receipt>& receipt) {
  if (!receipt) return receipt.error().reason + " " + receipt.error().field;
  auto text = receipt->stream + " " + std::to_string(receipt->version.value);
  for (auto& event : receipt->outcome.events) text += ", " + event.stream + " " + event.type + " " + std::to_string(event.version.value);
  return text;
}

// Payloads that hold no sealed text are the same bytes, so that amounts, lots and lists are compared, too.
void expect_same_payloads(const EventStore& one, const EventStore& other) {
  auto here = one.read({}), there = other.read({});
  for (;;) {
    auto event = here->next(), twin = there->next();
    RC_ASSERT(event.has_value());
    RC_ASSERT(twin.has_value());
    RC_ASSERT((*event == nullptr) == (*twin == nullptr));
    if (!*event) return;
    RC_ASSERT((*event)->type == (*twin)->type);
    if ((*event)->subject_key == 0) RC_ASSERT(((*event)->payload.asBytes() == (*twin)->payload.asBytes()));
  }
}

TEST(SavedStates, AGatewayThatBeginsAnewFromSnapshotsAnswersAsOneThatGoesOn) {
  std::map<std::string, int> from_snapshots;  // commands that changed something, by aggregate: account, case, loyaltyMember, opportunity, order
  auto met = [&] { return from_snapshots.size() == 5; };
  expect_holds_until(met, [&] {
    World world;
    test::TemporaryDirectory folder;
    MemoryEventStore store(world.clock());
    MemorySubjectKeys keys;
    const auto aggregates = all_aggregates();
    world.on_sent([&](const Command& command, const Result<Receipt>& receipt) {
      SnapshotFiles snapshots(folder, 1);  // each fold of an event or more is kept
      auto anew = CommandGateway::open(aggregates, store, keys, world.clock(), &snapshots);
      RC_ASSERT(anew.has_value());
      auto found = snapshots.find(stream_name(command.aggregate, command.id)).has_value();
      auto answer = (*anew)->submit(command);
      if (told(answer) != told(receipt)) RC_FAIL(told(receipt) + " from snapshots: " + told(answer));
      if (found && receipt && !receipt->outcome.events.empty()) ++from_snapshots[std::string(command.aggregate)];
    });
    live(world, drawn<std::int64_t>(1, 60));
    expect_same_payloads(world.log(), store);
  });
  EXPECT_TRUE(met()) << testing::PrintToString(from_snapshots);
}

}  // namespace
}  // namespace rapport::projections
