// A log of a small enterprise for the tests of the bus: accounts, deals and cases, Chinese and
// German among the texts. The same events for the same seed, but for their salts.
#pragma once
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "domain/schema/account.values.h"
#include "domain/schema/case.values.h"
#include "domain/schema/opportunity.values.h"
#include "eventstore/event_store.h"

namespace rapport {

inline const std::string kChineseName = "上海浦东发展银行 · 二期扩容（№ 42）";
inline const std::string kGermanName = "Müßiggang & Söhne \"Groß\"\\";

class Enterprise {
 public:
  explicit Enterprise(EventStore& store, std::uint64_t seed = 1) : store_(store), random_(seed) {}

  // Appends so many events, in appends of one to four.
  void grow(std::size_t events, std::size_t deals = 200) {
    const auto goal = store_.head().position.value + events;
    while (store_.head().position.value < goal) {
      std::vector<Append> appends;
      buffer_.clear();
      texts_.clear();
      for (std::size_t planned = store_.head().position.value;
           planned < goal && appends.size() < 500;) {
        appends.push_back({.command = CommandId::of(++commands_, seed_),
                           .request = {},
                           .conditions = {},
                           .events = {},
                           .recorded_at = {},
                           .salts = {}});
        auto wanted = std::min<std::size_t>(1 + random_() % 4, goal - planned);
        const auto deal = random_() % deals;
        for (std::size_t i = 0; i < wanted; ++i) add_to(appends.back(), deal);
        planned += wanted;
      }
      auto stored = store_.append(appends);
      ASSERT_TRUE(stored) << stored.error().message;
    }
  }

 private:
  void add_to(Append& append, std::uint64_t deal) {
    const auto kind = random_() % 10;
    const auto id = std::to_string(deal);
    const auto& name = deal % 2 ? kChineseName : kGermanName;
    if (kind == 0) {
      add(append, "account", id, "created",
          account::Created{.kind = account::Kind::ORGANISATION,
                           .industry = keep(name),
                           .owner_id = keep("张伟")});
    } else if (kind < 3) {
      add(append, "case", "C-" + id, "opened",
          case_::Opened{.account_id = keep(id), .category = keep(name), .priority = 2});
    } else if (opened_[deal]++ == 0) {
      add(append, "opportunity", id, "opened",
          opportunity::Opened{.account_id = keep(id),
                              .name = keep(name),
                              .owner_id = keep("李娜"),
                              .pipeline_id = "sales",
                              .stage_id = "engaging",
                              .probability_bp = 5'000,
                              .forecast_category = ForecastCategory::PIPELINE,
                              .amount = money()});
    } else if (kind < 6) {
      add(append, "opportunity", id, "stageChanged",
          opportunity::StageChanged{.from = "engaging",
                                    .to = kind % 2 ? "proposal" : "engaging",
                                    .probability_bp = 6'000,
                                    .forecast_category = ForecastCategory::BEST_CASE});
    } else if (kind < 9) {
      add(append, "opportunity", id, "amountChanged",
          opportunity::AmountChanged{.old = money(), .new_ = money()});
    } else {
      add(append, "opportunity", id, "won", opportunity::Won{.amount = money()});
    }
  }

  template <class E>
  void add(Append& append, std::string_view type, const std::string& id, std::string_view member,
           const E& event) {
    auto payload = buffer_.append<typename E::Union>([&](auto b) { event.write_member(b); });
    auto full = std::string(type) + "." + std::string(member);
    auto metadata =
        buffer_.append<envelope::wire::Metadata>([&](envelope::wire::Metadata::Builder b) {
          b.setStreamType(std::string(type));
          b.setStreamId(id);
          b.setType(full);
          b.setSchemaVersion(1);
          b.setOccurredAt(1'500'000'000'000'000 + static_cast<std::int64_t>(commands_) * 1'000'001);
          b.setOccurredPrecision(Precision::INSTANT);
          b.setActorId("anna");
          b.setActorKind(ActorKind::USER);
          b.setCorrelationLow(commands_);
        });
    auto stream = keep(stream_name(type, id));
    append.events.push_back({.stream = stream, .metadata = metadata, .payload = payload});
    for (const auto& condition : append.conditions)
      if (condition.stream == stream) {
        ++versions_[std::string(stream)];
        return;
      }
    append.conditions.push_back({.stream = stream, .expected = {versions_[std::string(stream)]++}});
  }

  Money money() { return {static_cast<std::int64_t>(random_() % 1'000'000), Currency("USD")}; }
  Text keep(std::string_view text) {
    texts_.push_back(std::make_unique<std::string>(text));
    return Text(*texts_.back());
  }

  EventStore& store_;
  std::mt19937_64 random_;
  const std::uint64_t seed_ = 7;
  std::uint64_t commands_ = 0;
  std::map<std::uint64_t, int> opened_;
  std::map<std::string, std::uint64_t> versions_;
  EventBuffer buffer_;
  std::vector<std::unique_ptr<std::string>> texts_;
};

}  // namespace rapport
