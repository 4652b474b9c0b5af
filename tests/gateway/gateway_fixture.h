// A gateway on the memory store, at a time that tests own.
#pragma once
#include <capnp/serialize.h>
#include <gtest/gtest.h>

#include "domain/loyalty_member.h"
#include "domain/opportunity.h"
#include "domain/order.h"
#include "domain/policy_set.h"
#include "eventstore/command_gateway.h"
#include "eventstore/memory/memory_event_store.h"
#include "eventstore/memory/memory_subject_keys.h"

namespace rapport {

inline constexpr Timestamp kNow{20'089 * kMicrosPerDay};

template <class C>
kj::Array<capnp::word> bytes(const C& command) {
  capnp::MallocMessageBuilder message;
  command.write_member(message.initRoot<typename C::Union>());
  return capnp::messageToFlatArray(message);
}

// The code of a refusal; "accepted" or "unchanged" if there is none.
inline std::string code_of(const Result<Receipt>& receipt) {
  if (!receipt) return receipt.error().reason;
  return receipt->outcome.events.empty() ? "unchanged" : "accepted";
}

struct CommandGatewayTest : testing::Test {
  CommandGatewayTest() {
    auto opened = CommandGateway::open(aggregates, store, keys, clock);
    RAPPORT_ASSERT(opened.has_value());
    gateway = std::move(*opened);
  }
  // `with` sets what else the command says.
  Result<Receipt> send(std::string_view aggregate, std::string_view id, const auto& fields, auto&& with) {
    auto body = bytes(fields);
    Command command{.aggregate = aggregate, .id = id, .body = body, .command_id = CommandId::of(1, ++sent)};
    with(command);
    return gateway->submit(command);
  }
  Result<Receipt> send(std::string_view aggregate, std::string_view id, const auto& fields) {
    return send(aggregate, id, fields, [](Command&) {});
  }
  void publish_pipeline() {
    policy_set::PipelineBody body{.stages = {{"new", "New", 1'000, ForecastCategory::PIPELINE}, {"late", "Late", 8'000, ForecastCategory::COMMIT}}};
    auto published = send("policySet", "default", policy_set::Publish{.pipeline = body});
    ASSERT_TRUE(published) << published.error().reason;
  }
  // The events of one type, in order.
  std::vector<EventId> ids_of(std::string_view type) {
    std::vector<EventId> ids;
    each([&](const RecordedEvent& event) {
      if (event.type == type) ids.push_back(event.id());
    });
    return ids;
  }
  std::vector<std::string> types() {
    std::vector<std::string> all;
    each([&](const RecordedEvent& event) { all.emplace_back(event.type); });
    return all;
  }
  void each(auto&& f) {
    auto reader = store.read({});
    for (;;) {
      auto event = reader->next();
      RAPPORT_ASSERT(event.has_value());
      if (!*event) return;
      f(**event);
    }
  }

  std::vector<Aggregate> aggregates = all_aggregates();
  ManualClock clock{kNow};
  MemoryEventStore store{clock};
  MemorySubjectKeys keys;
  std::unique_ptr<CommandGateway> gateway;
  std::uint64_t sent = 0;
};

inline const opportunity::Open kOpen{.pipeline_id = "default", .stage_id = "new"};

// An order's points belong to the append that fulfilled it.
struct RewardTest : CommandGatewayTest {
  RewardTest() {
    RAPPORT_ASSERT(send("policySet", "points", points_program()));
    RAPPORT_ASSERT(send("order", "o1", place("4711")));
  }
  static policy_set::Publish points_program() {
    policy_set::LoyaltyProgramBody body{
        .earn = policy_set::EarnRule{.on = policy_set::EarnOn::ORDER_FULFILLED, .points = 1, .per = {100, "GBP"}, .round = policy_set::Rounding::DOWN},
        .reverse = policy_set::ReverseRule{.on = policy_set::ReverseOn::CREDIT_NOTE, .lots = policy_set::LotOrder::NEWEST}};
    return {.loyalty_program = body, .approver_id = "ben"};
  }
  static order::Place place(Text account) {
    return {.kind = order::Kind::SALE, .account_id = account, .currency = "GBP",
            .lines = {{.product_id = "mug", .qty_milli = 2'000, .unit_price = {1'275, 2, "GBP"}, .discount_bp = 0}}};
  }
};

}  // namespace rapport
