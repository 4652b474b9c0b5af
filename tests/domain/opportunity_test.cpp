#include "domain/opportunity.h"

#include "tests/domain/spec.h"

namespace rapport::opportunity {
namespace {

constexpr Money eur(std::int64_t minor) { return {minor, "EUR"}; }

const policy_set::Published kPipeline{
    .version = 1,
    .effective_from = {10'000},
    .pipeline = policy_set::PipelineBody{.stages = {{"prospecting", "Prospecting", 1'000, ForecastCategory::PIPELINE},
                                                    {"proposal", "Proposal", 5'000, ForecastCategory::BEST_CASE}}}};
const Opened kOpened{
    .name = "Fleet",
    .owner_id = "anna",
    .pipeline_id = "default",
    .stage_id = "proposal",
    .probability_bp = 5'000,
    .forecast_category = ForecastCategory::BEST_CASE,
    .amount = eur(50'000'00),
    .close_date = Date{20'000},
};
const Won kWon{.amount = eur(50'000'00), .order_id = "o-9"};
const Lost kLost{.reason_code = "price", .amount = eur(50'000'00)};
const Reopened kReopened{.to_stage = "proposal", .probability_bp = 5'000, .forecast_category = ForecastCategory::BEST_CASE};
const EventId kTarget{1, 2, 0};

struct OpportunityTest : testing::Test, Spec<Decider> {
  OpportunityTest() { policy("default", kPipeline); }
};

TEST_F(OpportunityTest, OpensAtAStageAndCopiesItsProbability) {
  given()
      .when(Open{.name = "Fleet", .owner_id = "anna", .pipeline_id = "default", .stage_id = "proposal",
                 .amount = eur(50'000'00), .close_date = Date{20'000}})
      .then_each_time(kOpened);
}
TEST_F(OpportunityTest, OpensWithoutAmountOwnerOrDate) {
  given()
      .when(Open{.pipeline_id = "default", .stage_id = "prospecting"})
      .then_each_time(Opened{.pipeline_id = "default", .stage_id = "prospecting", .probability_bp = 1'000,
                             .forecast_category = ForecastCategory::PIPELINE});
}
TEST_F(OpportunityTest, OpensOnce) {
  given(kOpened).when(Open{.pipeline_id = "default", .stage_id = "proposal"}).then_rejected("opportunity.exists");
}
TEST_F(OpportunityTest, DoesNotOpenAtAStageThatThePipelineLacks) {
  given().when(Open{.pipeline_id = "default", .stage_id = "nowhere"}).then_rejected("opportunity.stage_unknown");
}
TEST_F(OpportunityTest, DoesNotOpenWithANegativeAmount) {
  given()
      .when(Open{.pipeline_id = "default", .stage_id = "proposal", .amount = eur(-1)})
      .then_rejected("opportunity.amount_negative");
}
TEST_F(OpportunityTest, MovesToAStageAtItsProbability) {
  given(kOpened)
      .when(MoveStage{.stage_id = "prospecting"})
      .then(StageChanged{.from = "proposal", .to = "prospecting", .probability_bp = 1'000,
                         .forecast_category = ForecastCategory::PIPELINE});
}
TEST_F(OpportunityTest, DoesNotMoveToAStageThatThePipelineLacks) {
  given(kOpened).when(MoveStage{.stage_id = "nowhere"}).then_rejected("opportunity.stage_unknown");
}
TEST_F(OpportunityTest, IsRepriced) {
  given(kOpened).when(ChangeAmount{.amount = eur(1)}).then(AmountChanged{.old = eur(50'000'00), .new_ = eur(1)});
}
TEST_F(OpportunityTest, IsNotRepricedInAnotherCurrency) {
  given(kOpened).when(ChangeAmount{.amount = {1, "USD"}}).then_rejected("opportunity.currency_differs");
}
TEST_F(OpportunityTest, ChangesItsCloseDate) {
  given(kOpened)
      .when(ChangeCloseDate{.close_date = {20'100}})
      .then(CloseDateChanged{.old = Date{20'000}, .new_ = {20'100}});
}
TEST_F(OpportunityTest, RecordsOldAndNewOfTheDetailsThatDiffer) {
  given(kOpened)
      .when(ChangeDetails{.new_ = {.account_id = "acme", .name = "Fleet"}})
      .then(DetailsChanged{.old = {.account_id = ""}, .new_ = {.account_id = "acme"}});
}
TEST_F(OpportunityTest, IsHandedOverForAReason) {
  given(kOpened).when(AssignOwner{.owner_id = "ben"}).then_rejected("opportunity.reason_missing").at_field("reason.code");
  reason("handover")
      .when(AssignOwner{.owner_id = "ben"})
      .then(OwnerAssigned{.old_owner_id = "anna", .new_owner_id = "ben"});
}
TEST_F(OpportunityTest, ItsFirstOwnerNeedsNoReason) {
  auto unowned = kOpened;
  unowned.owner_id.reset();
  given(unowned).when(AssignOwner{.owner_id = "ben"}).then(OwnerAssigned{.new_owner_id = "ben"});
}
TEST_F(OpportunityTest, MovesToAnotherTeamWithItsOwner) {
  given(kOpened)
      .when(AssignOwner{.owner_id = "anna", .team_id = "east"})
      .then(OwnerAssigned{.old_owner_id = "anna", .new_owner_id = "anna", .team_id = "east"});
}
TEST_F(OpportunityTest, IsNotHandedToNobody) {
  given(kOpened).when(AssignOwner{.owner_id = ""}).then_rejected("opportunity.owner_missing");
}
TEST_F(OpportunityTest, ItsForecastIsOverriddenAndFreedAgain) {
  reason("review").given(kOpened);
  when(OverrideForecast{.probability_bp = 9'000}).then(ForecastOverridden{.probability_bp = 9'000});
  reason("").when(OverrideForecast{}).then(ForecastOverridden{});  // back to the stage's own values
}
TEST_F(OpportunityTest, ItsForecastIsNotOverriddenWithoutAReason) {
  given(kOpened)
      .when(OverrideForecast{.category = ForecastCategory::COMMIT})
      .then_rejected("opportunity.reason_missing")
      .at_field("reason.code");
}
TEST_F(OpportunityTest, ItsProbabilityEndsAtCertainty) {
  given(kOpened)
      .when(OverrideForecast{.probability_bp = 10'001})
      .then_rejected("opportunity.probability_out_of_range");
}
TEST_F(OpportunityTest, IsWonAtItsAmount) { given(kOpened).when(Win{.order_id = "o-9"}).then(kWon); }
TEST_F(OpportunityTest, IsWonAtAnotherAmountWhichIsBookedFirst) {
  given(kOpened)
      .when(Win{.amount = eur(7)})
      .then(AmountChanged{.old = eur(50'000'00), .new_ = eur(7)}, Won{.amount = eur(7)});
}
TEST_F(OpportunityTest, IsNotWonForNothing) {
  given(kOpened).when(Win{.amount = eur(0)}).then_rejected("opportunity.amount_missing");
}
TEST_F(OpportunityTest, IsWonForNothingAsAFact) {
  as_fact().given(kOpened).when(Win{.amount = eur(0)}).then(AmountChanged{.old = eur(50'000'00), .new_ = eur(0)},
                                                            Won{.amount = eur(0)});
}
TEST_F(OpportunityTest, IsLostForAReason) { given(kOpened).when(Lose{.reason_code = "price"}).then(kLost); }
TEST_F(OpportunityTest, IsNotLostWithoutAReason) {
  given(kOpened).when(Lose{.reason_code = ""}).then_rejected("opportunity.reason_missing");
}
TEST_F(OpportunityTest, AReasonInTheEnvelopeIsTheLossesReason) {
  given(kOpened).reason("price").when(Lose{.reason_code = ""}).then(kLost);
}
TEST_F(OpportunityTest, ALossWithoutAReasonIsAFactOnlyAndSaysSo) {
  as_fact().given(kOpened).when(Lose{.reason_code = ""}).then(
      Lost{.reason_code = "not-recorded", .amount = eur(50'000'00)});
}
TEST_F(OpportunityTest, IsReopenedAtAStageForAReason) {
  given(kOpened, kLost)
      .when(Reopen{.to_stage = "proposal"})
      .then_rejected("opportunity.reason_missing")
      .at_field("reason.code");
  reason("budget").when(Reopen{.to_stage = "proposal"}).then(kReopened);
}
TEST_F(OpportunityTest, AFactWithoutAReasonIsRecordedAsSuch) {
  as_fact().given(kOpened, kLost).when(Reopen{.to_stage = "proposal"}).then(kReopened);
  EXPECT_EQ(recorded_reason(), "not-recorded");
  when(MoveStage{.stage_id = "prospecting"});
  EXPECT_EQ(recorded_reason(), "");  // no rule demands one
}
TEST_F(OpportunityTest, IsNotReopenedAtAnotherStageWhileItIsOpen) {
  given(kOpened).reason("budget").when(Reopen{.to_stage = "prospecting"}).then_rejected("opportunity.not_closed");
  when(Reopen{.to_stage = "proposal"}).then_nothing();
}

// A command repeated with other content is not the same command.
TEST_F(OpportunityTest, IsNotWonAgainForAnotherAmountOrOrder) {
  given(kOpened, kWon).when(Win{.amount = eur(7)}).then_rejected("opportunity.already_won").at_field("amount");
  when(Win{.order_id = "o-8"}).then_rejected("opportunity.already_won").at_field("orderId");
  when(Win{.amount = eur(50'000'00), .order_id = "o-9"}).then_nothing();
  when(Win{}).then_nothing();
  as_fact().when(Win{.amount = eur(7)}).then_rejected("opportunity.already_won");
}
TEST_F(OpportunityTest, IsNotLostAgainForAnotherReasonOrToAnother) {
  given(kOpened, kLost).when(Lose{.reason_code = "timing"}).then_rejected("opportunity.already_lost").at_field("reasonCode");
  when(Lose{.reason_code = "price", .competitor = "Globex"}).then_rejected("opportunity.already_lost").at_field("competitor");
  when(Lose{.reason_code = "price"}).then_nothing();
}
TEST_F(OpportunityTest, IsNotReopenedAtAStageThatThePipelineLacks) {
  given(kOpened, kLost).reason("budget").when(Reopen{.to_stage = "nowhere"}).then_rejected("opportunity.stage_unknown");
}
TEST_F(OpportunityTest, IsWonAfterALossAsAFact) {
  as_fact().given(kOpened, kLost).when(Win{.order_id = "o-9"}).then(kWon);
}
TEST_F(OpportunityTest, ACorrectionRecordsOldAndNewOfTheFieldsThatDiffer) {
  given(kOpened)
      .when(Correct{.target = kTarget, .new_ = {.name = "Fleet", .close_date = Date{20'100}}, .approver_id = "p-1"})
      .then(CorrectionRecorded{.target = kTarget, .old = {.close_date = Date{20'000}}, .new_ = {.close_date = Date{20'100}},
                               .approver_id = "p-1"});
}
TEST_F(OpportunityTest, ACorrectionHasAnApprover) {
  Correct correct{.target = kTarget, .new_ = {.name = "F"}, .approver_id = ""};
  given(kOpened).when(correct).then_rejected("opportunity.approver_missing").at_field("approverId");
  EXPECT_TRUE(as_fact().when(correct).accepted());
}
TEST_F(OpportunityTest, AWonDealIsNotCorrectedToNothing) {
  Correct correct{.target = kTarget, .new_ = {.amount = eur(0)}, .approver_id = "p-1"};
  given(kOpened).when(correct);
  EXPECT_TRUE(accepted());
  given(kWon).when(correct).then_rejected("opportunity.amount_missing");
}
TEST_F(OpportunityTest, ACorrectionKeepsTheCurrency) {
  given(kOpened)
      .when(Correct{.target = kTarget, .new_ = {.amount = Money{1, "USD"}}, .approver_id = "p-1"})
      .then_rejected("opportunity.currency_differs");
}

TEST_F(OpportunityTest, NotesACompetitorAndHowItsStrengthChanges) {
  given(kOpened)
      .when(NoteCompetitor{.name = "Globex", .strength = Strength::EQUAL})
      .then(CompetitorNoted{.name = "Globex", .strength = Strength::EQUAL})
      .when(NoteCompetitor{.name = "Globex", .strength = Strength::STRONG})
      .then(CompetitorNoted{.name = "Globex", .strength = Strength::STRONG});
}
TEST_F(OpportunityTest, ACompetitorHasAName) {
  given(kOpened).when(NoteCompetitor{.name = "", .strength = Strength::WEAK}).then_rejected("opportunity.competitor_missing");
}

}  // namespace
}  // namespace rapport::opportunity
