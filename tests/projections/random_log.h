// A real log in memory with opportunity, account and case events made up by a seed; late ones and ones of unknown time among them.
#pragma once
#include <deque>
#include <map>
#include <random>
#include <string>

#include "domain/schema/account.values.h"
#include "domain/schema/case.values.h"
#include "domain/schema/opportunity.values.h"
#include "eventstore/memory/memory_event_store.h"

namespace rapport::test {

class RandomLog final {
 public:
  // So many streams of each aggregate are in flight at a time; with a life, the oldest leaves every so many events.
  explicit RandomLog(std::uint64_t seed, std::size_t streams = 50, std::size_t life_events = 0)
      : random_(seed), streams_(streams), life_events_(life_events) {}
  MemoryEventStore& store() { return store_; }
  ManualClock& clock() { return clock_; }

  RandomLog& grow(std::size_t events) {
    constexpr std::size_t kAtOnce = 256;
    while (events) {
      auto n = std::min(events, kAtOnce);
      append(n);
      events -= n;
    }
    return *this;
  }

 private:
  struct Made {
    std::string stream, type;
    Timestamp occurred_at;
    Precision precision;
    std::size_t payload;
  };

  template <class E>
  std::size_t payload(const E& event) {
    buffer_.append<typename E::Union>([&](auto b) { event.write_member(b); });
    return buffer_.size() - 1;
  }
  std::size_t below(std::size_t n) { return random_() % n; }

  void append(std::size_t events) {
    buffer_.clear();
    clock_.advance(kMicrosPerDay / 4);
    std::deque<Made> made;
    std::map<std::string, std::uint64_t> grown;
    for (std::size_t i = 0; i < events; ++i) ++grown[made.emplace_back(make()).stream];
    Append append{.command = CommandId::of(seed_, ++commands_), .conditions = {}, .events = {}, .recorded_at = {}, .salts = {}};
    for (auto& m : made) metadata(m);
    for (std::size_t i = 0; i < events; ++i)
      append.events.push_back({made[i].stream, buffer_[events + i], buffer_[made[i].payload]});
    for (auto& [stream, count] : grown) {
      append.conditions.push_back({stream, {versions_[stream]}});
      versions_[stream] += count;
    }
    auto answer = store_.append(std::span(&append, 1));
    RAPPORT_ASSERT(answer.has_value());
    RAPPORT_ASSERT(std::holds_alternative<Appended>((*answer)[0]));
  }

  Made make() {
    auto number = std::to_string(below(streams_) + (life_events_ ? ++made_ / life_events_ : 0));
    auto now = clock_.now();
    auto at = below(10) ? now : Timestamp{now.micros - static_cast<std::int64_t>(below(30)) * kMicrosPerDay};
    auto precision = below(25) ? Precision::INSTANT : Precision::UNKNOWN;
    if (below(12) == 0) {
      auto sector = below(2) ? "retail" : "software";
      return {"account-" + number, "account.created", at, precision,
              payload(account::Created{.kind = account::Kind::ORGANISATION, .industry = sector})};
    }
    if (below(4) == 0) return make_case("case-" + number, at, precision);
    return make_opportunity("opportunity-" + number, at, precision);
  }
  Made make_case(const std::string& stream, Timestamp at, Precision precision) {
    using namespace case_;
    auto of = [&](const char* type, const auto& event) { return Made{stream, type, at, precision, payload(event)}; };
    switch (below(5)) {
      case 0: return of("case.opened", Opened{.category = "network", .priority = 2});
      case 1: return of("case.assigned", Assigned{.group = below(2) ? "east" : "west"});
      case 2: return of("case.resolved", Resolved{.resolution_code = "fixed"});
      case 3: return of("case.slaMilestoneStarted", SlaMilestoneStarted{.kind = MilestoneKind::RESOLUTION, .started_at = at});
      default: return of("case.slaMilestoneMet", SlaMilestoneMet{.kind = MilestoneKind::RESOLUTION, .elapsed_seconds = 5});
    }
  }
  Made make_opportunity(const std::string& stream, Timestamp at, Precision precision) {
    using namespace opportunity;
    static constexpr const char* kStages[] = {"prospecting", "engaging", "proposal"};
    auto of = [&](const char* type, const auto& event) { return Made{stream, type, at, precision, payload(event)}; };
    auto stage = kStages[below(3)];
    Money amount{static_cast<std::int64_t>(below(100'000)), "USD"};
    auto bp = static_cast<std::uint16_t>(below(10'000));
    auto category = ForecastCategory::BEST_CASE;
    std::string account = std::to_string(below(streams_));
    switch (below(6)) {
      case 0:
        return of("opportunity.opened", Opened{.account_id = account,
                                               .owner_id = "rep",
                                               .pipeline_id = "default",
                                               .stage_id = stage,
                                               .probability_bp = bp,
                                               .forecast_category = category,
                                               .amount = amount});
      case 1: return of("opportunity.won", Won{.amount = amount});
      case 2: return of("opportunity.lost", Lost{.reason_code = "price"});
      case 3: return of("opportunity.amountChanged", AmountChanged{.new_ = amount});
      default:
        return of("opportunity.stageChanged",
                  StageChanged{.from = "", .to = stage, .probability_bp = bp, .forecast_category = category});
    }
  }
  void metadata(const Made& m) {
    buffer_.append<envelope::wire::Metadata>([&](auto b) {
      auto parts = split_stream(m.stream);
      write_text(parts.type, b.initStreamType(static_cast<unsigned>(parts.type.size())));  // no zero ends it
      write_text(parts.id, b.initStreamId(static_cast<unsigned>(parts.id.size())));
      b.setType(m.type);
      b.setSchemaVersion(1);
      b.setOccurredAt(m.precision == Precision::UNKNOWN ? 0 : m.occurred_at.micros);
      b.setOccurredPrecision(m.precision);
      b.setActorId("tester");
      b.setActorKind(ActorKind::USER);
    });
  }

  std::mt19937_64 random_;
  const std::size_t streams_, life_events_;
  std::size_t made_ = 0;
  ManualClock clock_{{1'600'000'000'000'000}};
  MemoryEventStore store_{clock_};
  EventBuffer buffer_;
  std::map<std::string, std::uint64_t> versions_;
  std::uint64_t seed_ = random_(), commands_ = 0;
};

}  // namespace rapport::test
