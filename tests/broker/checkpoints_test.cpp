// Signed checkpoints on crm.checkpoints.v1: one for what is acknowledged, signed, growing, and none without a key.
#include <gtest/gtest.h>

#include <algorithm>

#include "adapters/kafka/relay.h"
#include "eventstore/memory/memory_event_store.h"
#include "eventstore/proof/signed_note.h"
#include "tests/broker/broker.h"
#include "tests/kafka/enterprise.h"

namespace rapport::kafka {
namespace {

RelayOptions signing(const EventStore& store, const Broker& broker, const NoteSigner* signer) {
  RelayOptions options{.connection = {.brokers = broker.address()}, .state_folder = broker.folder("state")};
  options.checkpoint = [&store, signer](Position size) -> Result<std::optional<std::string>> {
    if (!signer) return std::optional<std::string>();
    std::vector<NoteSigner> signers;
    signers.push_back(*NoteSigner::parse(signer->to_text()));
    return std::optional(signed_note(Checkpoint{store.facts().origin, size.value, *store.root_at(size)}.to_text(), signers));
  };
  return options;
}

TEST(Checkpoints, OneFollowsWhatARunPublishedAndNoneTwice) {
  Broker broker;
  MemoryEventStore store;
  Enterprise enterprise(store);
  const auto run = [&](const NoteSigner* signer) {
    Relay relay(store, signing(store, broker, signer));
    ASSERT_TRUE(relay.run(RelayUntil::kCaughtUp));
  };
  enterprise.grow(10);
  run(nullptr);
  EXPECT_EQ(output_of("kcat -L -b " + broker.address()).find(kCheckpointsTopic), std::string::npos) << "without a key there is no topic";
  const auto signer = NoteSigner::generate(store.facts().origin);
  for (std::size_t events : {690u, 0u, 1u}) {
    enterprise.grow(events);
    run(&signer);
  }
  const auto records = consume(broker.address(), std::string(kCheckpointsTopic));
  std::vector<std::uint64_t> sizes;
  for (const auto& record : records) {
    auto note = SignedNote::parse(record.value);
    ASSERT_TRUE(note);
    EXPECT_TRUE(note->signed_by(signer.verifier()));
    auto checkpoint = Checkpoint::parse(note->text);
    ASSERT_TRUE(checkpoint);
    EXPECT_EQ(checkpoint->root, *store.root_at({checkpoint->size}));
    EXPECT_EQ(record.key, store.facts().origin);
    EXPECT_EQ(record.number("ce_sequence"), checkpoint->size);
    EXPECT_TRUE(sizes.empty() || sizes.back() < checkpoint->size) << "none twice";
    sizes.push_back(checkpoint->size);
  }
  // One may have come on the way.
  EXPECT_TRUE(std::ranges::count(sizes, 700) == 1 && std::ranges::count(sizes, 701) == 1) << sizes.size();
  EXPECT_EQ(sizes.back(), 701u);
}

}  // namespace
}  // namespace rapport::kafka
