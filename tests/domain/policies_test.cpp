// Which version of a rule is in force on which day.
#include "domain/policies.h"

#include <gtest/gtest.h>

#include <cstring>

namespace rapport::policy_set {
namespace {

const PipelineBody kPipeline{.stages = {{"new", "New", 0, ForecastCategory::PIPELINE},
                                        {"sure", "Sure", 10'000, ForecastCategory::COMMIT}}};
CorrectionRecorded moved(std::uint32_t version, Date from, Date to) {
  return {.target = {1, 2, 0},
          .old = {.effective_from = from},
          .new_ = {.effective_from = to},
          .approver_id = "p-1",
          .version = version};
}
const Published kFirst{.version = 1, .effective_from = {100}, .pipeline = kPipeline};
const Published kNext{.version = 2, .effective_from = {200}, .pipeline = PipelineBody{.stages = {{"sure", "Sure", 500, ForecastCategory::COMMIT}}}};

struct PoliciesTest : testing::Test {
  void publish(const auto& event) {
    EventBuffer buffer;
    ASSERT_TRUE(policies.apply("deals", buffer.append<wire::Event>([&](auto b) { event.write_member(b); })));
  }
  // The probability of stage "sure" on that day; 0 if there is none. What it was by, as used.
  std::uint32_t on(std::int32_t day, bool as_fact = false) {
    PolicyLookup lookup(policies, {day}, as_fact);
    auto* stage = lookup.stage("deals", "sure");
    used = lookup.used();
    later = lookup.later() ? lookup.later()->from.days : 0;
    return stage ? stage->probability_bp : 0;
  }
  Policies policies;
  std::vector<PolicyUse> used;
  std::int32_t later = 0;
};

TEST_F(PoliciesTest, TheNewestVersionWhoseDayHasComeIsInForce) {
  publish(kFirst);
  publish(kNext);
  EXPECT_EQ(on(100), 10'000u);
  EXPECT_EQ(on(199), 10'000u);
  EXPECT_EQ(used, (std::vector<PolicyUse>{{"deals", 1}}));
  EXPECT_EQ(on(200), 500u);
  EXPECT_EQ(used, (std::vector<PolicyUse>{{"deals", 2}}));
}
TEST_F(PoliciesTest, BeforeItsFirstDayThereIsNoneAndItSaysFromWhen) {
  publish(kFirst);
  publish(kNext);
  EXPECT_EQ(on(99), 0u);
  EXPECT_EQ(later, 100);
  EXPECT_TRUE(used.empty());
  EXPECT_EQ(on(99, true), 10'000u);  // a fact may be older than its rule
  EXPECT_EQ(on(100), 10'000u);
  EXPECT_EQ(later, 0);
}
TEST_F(PoliciesTest, ARetiredRuleBindsFactsOnly) {
  publish(kFirst);
  publish(Retired{.version = 1});
  EXPECT_EQ(on(150), 0u);
  EXPECT_EQ(later, 0);
  EXPECT_EQ(on(150, true), 10'000u);
  publish(kNext);
  EXPECT_EQ(on(150), 0u);
  EXPECT_EQ(later, 200);
  EXPECT_EQ(on(200), 500u);
}
TEST_F(PoliciesTest, ACorrectionMovesItsOwnVersion) {
  publish(kFirst);
  publish(kNext);
  publish(moved(1, {100}, {150}));
  EXPECT_EQ(on(149), 0u);
  EXPECT_EQ(on(150), 10'000u);
  EXPECT_EQ(on(200), 500u);
}
TEST_F(PoliciesTest, ACorrectionFromBeforeTheyNamedAVersionMovesTheNewest) {
  publish(kFirst);
  publish(kNext);
  publish(moved(0, {200}, {300}));
  EXPECT_EQ(on(299), 10'000u);
  EXPECT_EQ(on(300), 500u);
}
TEST_F(PoliciesTest, TheHouseAllowsThirtyDaysUntilItSaysOtherwise) {
  EXPECT_EQ(PolicyLookup(policies, {1}, false).house().backdate_days_max, 30);
  EventBuffer buffer;
  Published house{.version = 1, .effective_from = {100}, .house = HouseBody{.backdate_days_max = 7}};
  ASSERT_TRUE(policies.apply("house", buffer.append<wire::Event>([&](auto b) { house.write_member(b); })));
  EXPECT_EQ(PolicyLookup(policies, {99}, false).house().backdate_days_max, 30);
  EXPECT_EQ(PolicyLookup(policies, {100}, false).house().backdate_days_max, 7);
}
TEST_F(PoliciesTest, BytesThatAreNoEventChangeNothing) {
  publish(kFirst);
  kj::Array<capnp::word> junk = kj::heapArray<capnp::word>(1);
  std::memset(junk.asBytes().begin(), 0xff, sizeof(capnp::word));
  EXPECT_FALSE(policies.apply("deals", junk));
  EXPECT_EQ(on(100), 10'000u);
}

}  // namespace
}  // namespace rapport::policy_set
