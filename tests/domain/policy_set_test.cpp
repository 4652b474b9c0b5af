#include "domain/policy_set.h"

#include "tests/domain/spec.h"

namespace rapport::policy_set {
namespace {

constexpr Date kToday = date_of(Spec<Decider>::kNow);
constexpr Date kYesterday{kToday.days - 1}, kTomorrow{kToday.days + 1};
const EventId kTarget{1, 2, 0};

const PipelineBody kPipeline{.stages = {{"new", "New", 0, ForecastCategory::PIPELINE},
                                        {"sure", "Sure", 10'000, ForecastCategory::COMMIT}}};
const ProductBody kProduct{.id = "gtx", .list_price = {550'00, "USD"}};
const Published kPublished{.version = 1, .effective_from = kToday, .pipeline = kPipeline};

EarnRule earn(std::int64_t points, std::int64_t per) {
  return {.on = EarnOn::ORDER_FULFILLED, .points = points, .per = {per, "GBP"}, .round = Rounding::DOWN};
}

Published published_as(std::uint32_t version, const Publish& publish) {
  return {
      .version = version,
      .effective_from = kToday,
      .pipeline = publish.pipeline,
      .loyalty_program = publish.loyalty_program,
      .product = publish.product,
      .price_list = publish.price_list,
      .approver_id = publish.approver_id,
  };
}

struct PolicySetTest : testing::Test, Spec<Decider> {};

TEST_F(PolicySetTest, IsPublishedAsVersionOneFromItsDayOn) {
  given().when(Publish{.pipeline = kPipeline}).then(kPublished);
}
TEST_F(PolicySetTest, NumbersItsVersions) {
  PipelineBody other{.stages = {{"new", "New", 500, ForecastCategory::PIPELINE}}};
  given(kPublished)
      .when(Publish{.effective_from = kTomorrow, .pipeline = other})
      .then(Published{.version = 2, .effective_from = kTomorrow, .pipeline = other});
}
TEST_F(PolicySetTest, AnotherBodyOfAnyKindIsAnotherVersion) {
  auto replaced = [](Publish body, const Publish& by) {
    Spec<Decider> spec;
    for (auto& publish : {body, by}) spec.when(publish).then(published_as(spec.state().version + 1, publish));
  };
  replaced({.pipeline = kPipeline}, {.pipeline = PipelineBody{.stages = {kPipeline.stages[0]}}});
  replaced({.loyalty_program = LoyaltyProgramBody{}, .approver_id = "ben"},
           {.loyalty_program = LoyaltyProgramBody{.earn = earn(1, 1)}, .approver_id = "ben"});
  replaced({.product = kProduct}, {.product = ProductBody{.id = "gtx", .list_price = {551'00, "USD"}}});
  replaced({.price_list = PriceListBody{}}, {.price_list = PriceListBody{.prices = {{"a", {1, "USD"}}}}});
}
TEST_F(PolicySetTest, TheSameBodyFromAnotherDayIsAnotherVersion) {
  given(kPublished)
      .when(Publish{.effective_from = kTomorrow, .pipeline = kPipeline})
      .then(Published{.version = 2, .effective_from = kTomorrow, .pipeline = kPipeline});
}
TEST_F(PolicySetTest, TheSameBodyFromTheSameDayIsNoVersion) {
  given(kPublished).when(Publish{.effective_from = kToday, .pipeline = kPipeline}).then_nothing();
}
TEST_F(PolicySetTest, TheBodyInForceIsNotPublishedAgainOnALaterDay) {
  at({Spec::kNow.micros + kMicrosPerDay})
      .given(kPublished)
      .when(Publish{.pipeline = kPipeline})
      .then_nothing();
}
TEST_F(PolicySetTest, ABodyPlannedForTomorrowIsPublishedForToday) {
  given(Published{.version = 1, .effective_from = kTomorrow, .pipeline = kPipeline})
      .when(Publish{.pipeline = kPipeline})
      .then(Published{.version = 2, .effective_from = kToday, .pipeline = kPipeline});
}
TEST_F(PolicySetTest, HasABody) { given().when(Publish{}).then_rejected("policy_set.body_missing"); }
TEST_F(PolicySetTest, HasOneBodyOnly) {
  given()
      .when(Publish{.pipeline = kPipeline, .product = kProduct})
      .then_rejected("policy_set.body_ambiguous");
}
TEST_F(PolicySetTest, KeepsItsKindEvenAsAFact) {
  as_fact().given(kPublished).when(Publish{.product = kProduct}).then_rejected("policy_set.kind_differs");
}
TEST_F(PolicySetTest, DoesNotBindThePast) {
  given()
      .when(Publish{.effective_from = kYesterday, .pipeline = kPipeline})
      .then_rejected("policy_set.effective_in_past");
}
TEST_F(PolicySetTest, BackDatingDoesNotBindThePastEither) {
  auto yesterday = Timestamp{kNow.micros - kMicrosPerDay};
  at(yesterday).sent_at(kNow).given();
  when(Publish{.effective_from = kYesterday, .pipeline = kPipeline}).then_rejected("policy_set.effective_in_past");
  when(Publish{.pipeline = kPipeline}).then(kPublished);  // from the day that it is published
}
TEST_F(PolicySetTest, BindsThePastAsAFact) {
  as_fact()
      .given()
      .when(Publish{.effective_from = kYesterday, .pipeline = kPipeline})
      .then(Published{.version = 1, .effective_from = kYesterday, .pipeline = kPipeline});
}
TEST_F(PolicySetTest, PublishesALoyaltyProgram) {
  LoyaltyProgramBody body{.earn = earn(1, 100),
                          .reverse = ReverseRule{.on = ReverseOn::CREDIT_NOTE, .lots = LotOrder::NEWEST}};
  given()
      .when(Publish{.loyalty_program = body, .approver_id = "ben"})
      .then(Published{.version = 1, .effective_from = kToday, .loyalty_program = body, .approver_id = "ben"});
}
TEST_F(PolicySetTest, PublishesALoyaltyProgramThatEarnsNothing) {
  given()
      .when(Publish{.loyalty_program = LoyaltyProgramBody{}, .approver_id = "ben"})
      .then(Published{.version = 1,
                      .effective_from = kToday,
                      .loyalty_program = LoyaltyProgramBody{},
                      .approver_id = "ben"});
}

// --- Four eyes: a loyalty program promises what is worth money ---

const LoyaltyProgramBody kProgram{.earn = earn(1, 100)};
const Published kProgramPublished{
    .version = 1, .effective_from = kToday, .loyalty_program = kProgram, .approver_id = "ben"};

TEST_F(PolicySetTest, ALoyaltyProgramIsApprovedBySomebodyElse) {
  given().actor("anna");
  when(Publish{.loyalty_program = kProgram}).then_rejected("policy_set.approver_missing").at_field("approverId");
  when(Publish{.loyalty_program = kProgram, .approver_id = "anna"}).then_rejected("policy_set.approver_is_actor").at_field("approverId");
  when(Publish{.loyalty_program = kProgram, .approver_id = "ben"}).then(kProgramPublished);
}
TEST_F(PolicySetTest, ItsRetirementAndItsCorrectionAreToo) {
  Correct correct{.target = kTarget, .new_ = {.effective_from = kTomorrow}, .approver_id = "anna"};
  given(kProgramPublished).target(kProgramPublished).actor("anna");
  when(Retire{}).then_rejected("policy_set.approver_missing");
  when(Retire{.approver_id = "anna"}).then_rejected("policy_set.approver_is_actor");
  when(correct).then_rejected("policy_set.approver_is_actor");
  when(Retire{.approver_id = "ben"}).then(Retired{.version = 1, .approver_id = "ben"});
}
TEST_F(PolicySetTest, ALoyaltyProgramWithoutAnApproverIsAFactOnly) {
  auto published = kProgramPublished;
  published.approver_id.reset();
  as_fact().given().when(Publish{.loyalty_program = kProgram}).then(published);
  when(Retire{}).then(Retired{.version = 1});
}
TEST_F(PolicySetTest, APipelineNeedsNoApprover) { given(kPublished).when(Retire{}).then(Retired{.version = 1}); }

// --- The rules of the house ---

TEST_F(PolicySetTest, TheHouseHasOneStream) {
  Publish house{.house = HouseBody{.backdate_days_max = 7}};
  given().when(house).then_rejected("policy_set.house_only");
  stream("house").when(Publish{.pipeline = kPipeline}).then_rejected("policy_set.house_only");
  when(house).then(Published{.version = 1, .effective_from = kToday, .house = HouseBody{.backdate_days_max = 7}});
}
TEST_F(PolicySetTest, PublishesAProduct) {
  given()
      .when(Publish{.product = kProduct})
      .then(Published{.version = 1, .effective_from = kToday, .product = kProduct});
}
TEST_F(PolicySetTest, PublishesAPriceList) {
  PriceListBody body{.prices = {{"gtx", {0, "USD"}}, {"mg", {55'00, "USD"}}}};
  given()
      .when(Publish{.price_list = body})
      .then(Published{.version = 1, .effective_from = kToday, .price_list = body});
}

// One row a rule of a body; they hold for facts, too.
struct Refusal {
  const char* code;
  Publish publish;
};
struct PolicySetBody : testing::TestWithParam<Refusal> {};
TEST_P(PolicySetBody, IsRefused) {
  Spec<Decider> user, fact;
  user.given().when(GetParam().publish).then_rejected(GetParam().code);
  fact.as_fact().given().when(GetParam().publish).then_rejected(GetParam().code);
}
PipelineBody pipeline(std::vector<Stage> stages) { return {.stages = std::move(stages)}; }
PriceListBody prices(std::vector<ListPrice> prices) { return {.prices = std::move(prices)}; }
INSTANTIATE_TEST_SUITE_P(
    EveryRule, PolicySetBody,
    testing::Values(Refusal{"policy_set.stages_missing", {.pipeline = pipeline({})}},
                    Refusal{"policy_set.stage_id_missing",
                            {.pipeline = pipeline({{"", "A", 0, ForecastCategory::PIPELINE}})}},
                    Refusal{"policy_set.stage_repeated",
                            {.pipeline = pipeline({{"a", "A", 0, ForecastCategory::PIPELINE},
                                                   {"a", "B", 1, ForecastCategory::PIPELINE}})}},
                    Refusal{"policy_set.probability_out_of_range",
                            {.pipeline = pipeline({{"a", "A", 10'001, ForecastCategory::PIPELINE}})}},
                    Refusal{"policy_set.points_not_positive",
                            {.loyalty_program = LoyaltyProgramBody{.earn = earn(0, 100)}}},
                    Refusal{"policy_set.per_not_positive",
                            {.loyalty_program = LoyaltyProgramBody{.earn = earn(1, 0)}}},
                    Refusal{"policy_set.product_id_missing",
                            {.product = ProductBody{.id = "", .list_price = {1, "USD"}}}},
                    Refusal{"policy_set.price_negative",
                            {.product = ProductBody{.id = "gtx", .list_price = {-1, "USD"}}}},
                    Refusal{"policy_set.product_id_missing", {.price_list = prices({{"", {1, "USD"}}})}},
                    Refusal{"policy_set.product_repeated",
                            {.price_list = prices({{"a", {1, "USD"}}, {"a", {2, "USD"}}})}},
                    Refusal{"policy_set.price_negative", {.price_list = prices({{"a", {-1, "USD"}}})}}),
    [](auto& row) {  // the code, with the row's number: two bodies share some
      return std::string(row.param.code).substr(std::string_view("policy_set.").size()) +
             std::to_string(row.index);
    });

TEST_F(PolicySetTest, IsRetired) { given(kPublished).when(Retire{}).then(Retired{.version = 1}); }
TEST_F(PolicySetTest, IsPublishedAgainAfterItsRetirement) {
  given(kPublished, Retired{.version = 1})
      .when(Publish{.pipeline = kPipeline})
      .then(Published{.version = 2, .effective_from = kToday, .pipeline = kPipeline});
}
const Published kSecond{.version = 2, .effective_from = kTomorrow, .pipeline = PipelineBody{.stages = {kPipeline.stages[0]}}};
Correct moved_to(Date day) { return {.target = kTarget, .new_ = {.effective_from = day}, .approver_id = "p-1"}; }
CorrectionRecorded moved(std::uint32_t version, Date from, Date to) {
  return {.target = kTarget,
          .old = {.effective_from = from},
          .new_ = {.effective_from = to},
          .approver_id = "p-1",
          .version = version};
}

TEST_F(PolicySetTest, ACorrectionMovesItsFirstDay) {
  given(kPublished).target(kPublished).when(moved_to(kTomorrow)).then(moved(1, kToday, kTomorrow));
}
TEST_F(PolicySetTest, ACorrectionMovesTheVersionThatItsTargetPublished) {
  Date later{kToday.days + 9};
  given(kPublished, kSecond).target(kPublished).when(moved_to(later)).then(moved(1, kToday, later));
  EXPECT_EQ(state().newest_effective_from(), kTomorrow);
  target(kSecond).when(moved_to(later)).then(moved(2, kTomorrow, later));
}
TEST_F(PolicySetTest, OnlyAPublicationIsCorrected) {
  given(kPublished, Retired{.version = 1}).target(Retired{.version = 1});
  when(moved_to(kTomorrow)).then_rejected("policy_set.target_not_published").at_field("target");
}
TEST_F(PolicySetTest, ACorrectionHasAnApprover) {
  auto nobody = moved_to(kTomorrow);
  nobody.approver_id = "";
  given(kPublished).target(kPublished).when(nobody).then_rejected("policy_set.approver_missing").at_field("approverId");
}
TEST_F(PolicySetTest, ACorrectionDoesNotBindThePast) {
  given(kPublished).target(kPublished).when(moved_to(kYesterday)).then_rejected("policy_set.effective_in_past");
}
// It is true from its target's time on, which is not the day that it must not precede.
TEST_F(PolicySetTest, ACorrectionOfAnOldVersionDoesNotBindThePastEither) {
  at({kNow.micros - 9 * kMicrosPerDay}).sent_at(kNow);
  given(kPublished).target(kPublished).when(moved_to(kYesterday)).then_rejected("policy_set.effective_in_past");
}
TEST_F(PolicySetTest, WhatWasNeverPublishedIsNeitherRetiredNorCorrected) {
  given().when(Retire{}).then_rejected("policy_set.not_found");
  when(Correct{.target = kTarget, .new_ = {.effective_from = kToday}, .approver_id = "p-1"})
      .then_rejected("policy_set.not_found");
}

}  // namespace
}  // namespace rapport::policy_set
