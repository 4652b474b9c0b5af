// The audit against somebody who copies topics and tampers with them: each change is named, the unaltered copy passes.
#include "adapters/kafka/audit.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <memory>

#include "adapters/kafka/relay.h"
#include "eventstore/memory/memory_event_store.h"
#include "tests/broker/hostile_copier.h"
#include "tests/kafka/enterprise.h"

namespace rapport::kafka {
namespace {

constexpr std::size_t kEvents = 400, kRuns = 8;
const std::string kLog(kLogTopic), kCheckpoints(kCheckpointsTopic), kDeals = events_topic("opportunity");

// One log, published in several runs so that there are several frames and checkpoints, and a copy of its topics elsewhere.
struct Stage {
  Broker honest, elsewhere;
  MemoryEventStore store;
  NoteSigner signer = NoteSigner::generate(store.facts().origin);
  std::optional<HostileCopier> copier;

  Stage() {
    Enterprise enterprise(store);
    for (std::size_t i = 0; i < kRuns; ++i) {
      enterprise.grow(kEvents / kRuns);
      Relay relay(store, {.connection = {.brokers = honest.address()},
                          .state_folder = honest.folder("state"),
                          .partitions = 2,
                          .checkpoint = [this](Position size) -> Result<std::optional<std::string>> { return std::optional(note(signer, size, *store.root_at(size))); }});
      EXPECT_TRUE(relay.run(RelayUntil::kCaughtUp));
    }
    copier.emplace(honest.address(), elsewhere.address());
  }
  std::string note(const NoteSigner& by, Position size, const Hash& root) const {
    std::vector<NoteSigner> signers;
    signers.push_back(*NoteSigner::parse(by.to_text()));
    return signed_note(Checkpoint{store.facts().origin, size.value, root}.to_text(), signers);
  }
  AuditReport audit(bool log_only = false, bool with_key = true) const {
    AuditOptions options{.connection = {.brokers = elsewhere.address()}, .log_only = log_only, .patience = std::chrono::milliseconds(600)};
    if (with_key) options.keys.push_back(signer.verifier());
    auto report = audit_topics(options);
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : AuditReport{};
  }
  // What the audit says of a topic that was tampered with; it is restored afterwards.
  AuditReport after(const std::string& topic, const std::function<void(Records&)>& tamper, bool with_key = true) {
    auto records = copier->original(topic);
    tamper(records);
    copier->put(topic, records);
    auto report = audit(false, with_key);
    copier->restore(topic);
    return report;
  }
};

std::unique_ptr<Stage> the_stage;
Stage& stage() { return *the_stage; }

class HostileCopies : public testing::Test {
 public:
  static void SetUpTestSuite() { the_stage = std::make_unique<Stage>(); }
  static void TearDownTestSuite() { the_stage.reset(); }
};

std::string said(const AuditReport& report) {
  if (!report.finding) return "nothing wrong";
  const auto& f = *report.finding;
  return f.problem + " " + f.topic + "[" + std::to_string(f.partition) + "]@" + std::to_string(f.offset) + " event " + std::to_string(f.position) +
         ": expected " + f.expected + "; found " + f.found;
}

void expect_found(const AuditReport& report, const std::string& problem, const std::string& topic, std::uint64_t position) {
  ASSERT_TRUE(report.finding) << problem << " " << topic << " was not found";
  EXPECT_EQ(report.finding->problem, problem) << said(report);
  EXPECT_EQ(report.finding->topic, topic) << said(report);
  EXPECT_EQ(report.finding->position, position) << said(report);
}

void set(Consumed& record, const std::string& name, const std::string& value) {
  for (auto& [its_name, its_value] : record.headers)
    if (its_name == name) its_value = value;
}

// The index of a record of a partition that has at least so many before and after it.
std::size_t inner(const Records& records) {
  for (std::size_t i = 1; i + 1 < records.size(); ++i)
    if (records[i - 1].partition == records[i].partition && records[i + 1].partition == records[i].partition) return i;
  ADD_FAILURE() << "a topic with three records in a partition";
  return 0;
}

TEST_F(HostileCopies, TheUnalteredCopyPasses) {
  auto report = stage().audit();
  EXPECT_FALSE(report.finding) << said(report);
  EXPECT_EQ(report.events, kEvents);
  EXPECT_EQ(report.root, stage().store.head().root);
  EXPECT_EQ(report.checkpoints, kRuns);
  EXPECT_EQ(report.checked_up_to, kEvents);
  EXPECT_EQ(report.repeated, 0u);
  EXPECT_EQ(report.origin, stage().store.facts().origin);
}

TEST_F(HostileCopies, AFrameThatIsDroppedSwappedOrAlteredIsNamed) {
  expect_found(stage().after(kLog, [](Records& r) { r.erase(r.begin() + 3); }), "missing", kLog, 151);
  expect_found(stage().after(kLog, [](Records& r) { std::swap(r[3], r[4]); }), "missing", kLog, 151);
  expect_found(stage().after(kLog, [](Records& r) { r[3].value[r[3].value.size() / 2] ^= 4; }), "altered", kLog, 151);
  expect_found(stage().after(kLog, [](Records& r) { set(r[3], "rapport-first", "150"); }), "altered", kLog, 200);
  expect_found(stage().after(kLog, [](Records& r) { set(r[3], "ce_source", "rapport/another"); }), "altered", kLog, 200);
  expect_found(stage().after(kLog, [](Records& r) { r.insert(r.begin() + 3, r[3]), r[3].value = "no frame"; }), "altered", kLog, 151);
}

TEST_F(HostileCopies, WhatComesTwiceIsHarmlessAndNamedUnlessItDiffers) {
  auto report = stage().after(kLog, [](Records& r) { r.insert(r.begin() + 3, r[3]), r.push_back(r[1]); });
  EXPECT_FALSE(report.finding) << said(report);
  EXPECT_EQ(report.repeated, 2u);
  ASSERT_EQ(report.repeats.size(), 2u);
  EXPECT_EQ(report.repeats[0].position, 200u);
  EXPECT_EQ(report.repeats[1].position, 100u);
  report = stage().after(kDeals, [](Records& r) { r.insert(r.begin() + 1, r[0]), r.push_back(r.back()); });
  EXPECT_FALSE(report.finding) << said(report);
  EXPECT_EQ(report.repeated, 2u);
  auto differing = [](Records& r) {
    auto i = inner(r);
    r.insert(r.begin() + static_cast<std::ptrdiff_t>(i) + 1, r[i]);
    r[i + 1].value += " ";
  };
  const auto& deals = stage().copier->original(kDeals);
  expect_found(stage().after(kDeals, differing), "altered", kDeals, deals[inner(deals)].number("ce_sequence"));
}

TEST_F(HostileCopies, ARecordOfATopicThatIsDroppedSwappedOrAlteredIsNamed) {
  const auto& deals = stage().copier->original(kDeals);
  const auto i = inner(deals);
  const auto position = deals[i].number("ce_sequence");
  expect_found(stage().after(kDeals, [&](Records& r) { r.erase(r.begin() + static_cast<std::ptrdiff_t>(i)); }), "missing", kDeals, position);
  expect_found(stage().after(kDeals, [&](Records& r) { std::swap(r[i], r[i + 1]); }), "missing", kDeals, position);
  expect_found(stage().after(kDeals, [&](Records& r) { r[i].value.back() ^= 1; }), "altered", kDeals, position);
  expect_found(stage().after(kDeals, [&](Records& r) { r[i].key += "0"; }), "altered", kDeals, position);
  expect_found(stage().after(kDeals, [&](Records& r) { set(r[i], "ce_time", "2020-01-01T00:00:00Z"); }), "altered", kDeals, position);
  expect_found(stage().after(kDeals, [&](Records& r) { set(r[i], "ce_type", "opportunity.won!"); }), "altered", kDeals, position);
  expect_found(stage().after(kDeals, [&](Records& r) { r[i].partition = 1 - r[i].partition, std::ranges::stable_sort(r, {}, [](auto& x) { return x.number("ce_sequence"); }); }),
               "altered", kDeals, position);
}

TEST_F(HostileCopies, TheStructuredFormPassesAndIsHeldToTheSame) {
  auto structured = [](Records& records) {
    for (auto& record : records) {
      set(record, "content-type", "application/cloudevents+json");
      nlohmann::json value{{"datacontenttype", "application/json"}, {"data", nlohmann::json::parse(record.value)}};
      for (const auto& [name, text] : record.headers)
        if (name.starts_with("ce_")) value[name.substr(3)] = text;
      record.value = value.dump();
    }
  };
  auto report = stage().after(kDeals, structured);
  EXPECT_FALSE(report.finding) << said(report);
  EXPECT_EQ(report.opened, 0u);
  const auto position = stage().copier->original(kDeals)[1].number("ce_sequence");
  auto altered = [&](Records& records) {
    structured(records);
    auto value = nlohmann::json::parse(records[1].value);
    value["subject"] = "opportunity-another";
    records[1].value = value.dump();
  };
  expect_found(stage().after(kDeals, altered), "altered", kDeals, position);
}

TEST_F(HostileCopies, WhatIsNotOfTheLogIsNamed) {
  auto invented = [](Records& r) { r.push_back(r.back()), set(r.back(), "ce_sequence", std::to_string(kEvents + 1)); };
  expect_found(stage().after(kDeals, invented), "foreign", kDeals, kEvents + 1);
  expect_found(stage().after(kDeals, [](Records& r) { r.push_back(r.back()), r.back().headers.clear(); }), "foreign", kDeals, 0);
}

TEST_F(HostileCopies, AnEndThatIsCutOffIsToldByACheckpointAlone) {
  expect_found(stage().after(kLog, [](Records& r) { r.pop_back(); }), "cut", kLog, 351);
  // Everything cut at the same event.
  auto& copier = *stage().copier;
  for (const auto& plan : planned_topics(2)) {
    auto records = copier.original(plan.name);
    std::erase_if(records, [](const Consumed& r) { return r.number("ce_sequence") > 350; });
    copier.put(plan.name, records);
  }
  expect_found(stage().audit(), "cut", kLog, 351);
  expect_found(stage().audit(true), "cut", kLog, 351);
  for (const auto& plan : planned_topics(2)) copier.restore(plan.name);
}

TEST_F(HostileCopies, AForgedRolledBackOrMissingCheckpointIsNamed) {
  const auto thief = NoteSigner::generate(stage().store.facts().origin);
  auto forged = [&](Records& r) { r[5].value = stage().note(thief, {300}, *stage().store.root_at({300})); };
  expect_found(stage().after(kCheckpoints, forged), "checkpoint", kCheckpoints, 300);
  auto other_root = [&](Records& r) { r[5].value = stage().note(thief, {300}, *stage().store.root_at({299})); };
  expect_found(stage().after(kCheckpoints, other_root, false), "checkpoint", kCheckpoints, 300);
  expect_found(stage().after(kCheckpoints, [](Records& r) { std::swap(r[5], r[6]); }), "checkpoint", kCheckpoints, 300);
  expect_found(stage().after(kCheckpoints, [](Records& r) { r[5].value[r[5].value.find("300")] = '4'; }), "checkpoint", kCheckpoints, 400);
  expect_found(stage().after(kCheckpoints, [](Records& r) { r.clear(); }), "checkpoint", kCheckpoints, 0);
}

}  // namespace
}  // namespace rapport::kafka
