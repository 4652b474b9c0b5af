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
  replaced({.loyalty_program = LoyaltyProgramBody{}},
           {.loyalty_program = LoyaltyProgramBody{.earn = earn(1, 1)}});
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
      .when(Publish{.loyalty_program = body})
      .then(Published{.version = 1, .effective_from = kToday, .loyalty_program = body});
}
TEST_F(PolicySetTest, PublishesALoyaltyProgramThatEarnsNothing) {
  given()
      .when(Publish{.loyalty_program = LoyaltyProgramBody{}})
      .then(Published{.version = 1, .effective_from = kToday, .loyalty_program = LoyaltyProgramBody{}});
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
TEST_F(PolicySetTest, ACorrectionMovesItsFirstDay) {
  given(kPublished)
      .when(Correct{.target = kTarget, .new_ = {.effective_from = kTomorrow}, .approver_id = "p-1"})
      .then(CorrectionRecorded{.target = kTarget,
                               .old = {.effective_from = kToday},
                               .new_ = {.effective_from = kTomorrow},
                               .approver_id = "p-1"});
}
TEST_F(PolicySetTest, ACorrectionDoesNotBindThePast) {
  given(kPublished)
      .when(Correct{.target = kTarget, .new_ = {.effective_from = kYesterday}, .approver_id = "p-1"})
      .then_rejected("policy_set.effective_in_past");
}
TEST_F(PolicySetTest, WhatWasNeverPublishedIsNeitherRetiredNorCorrected) {
  given().when(Retire{}).then_rejected("policy_set.not_found");
  when(Correct{.target = kTarget, .new_ = {.effective_from = kToday}, .approver_id = "p-1"})
      .then_rejected("policy_set.not_found");
}

}  // namespace
}  // namespace rapport::policy_set
