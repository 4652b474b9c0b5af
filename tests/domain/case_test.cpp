#include "domain/case.h"

#include <array>

#include "tests/domain/spec.h"

namespace rapport::case_ {
namespace {

constexpr std::uint32_t kMinute = 60;

// So many minutes after the spec's usual time.
constexpr Timestamp t(std::int64_t minutes) {
  return {Spec<Decider>::kNow.micros + minutes * kMinute * kMicrosPerSecond};
}

const Opened kOpened{
    .account_id = "acme", .type = Type::INCIDENT, .category = "c1", .subcategory = "s1", .priority = 3};
const Started kStarted{};
const Pended kPended{.on = PendedOn::CUSTOMER, .since = t(0)};
const Resumed kResumed{.until = t(0)};
const Resolved kResolved{.resolution_code = "fixed"};
const Reopened kReopened{};
const Closed kClosed{};
const Resolve kResolve{.resolution_code = "fixed"};
const EventId kTarget{1, 2, 0};
const Reply kAnswer{.direction = Direction::OUTBOUND, .public_ = true, .text = "Hello", .message_ref = "m-1"};
const MessageLogged kAnswered{
    .direction = Direction::OUTBOUND, .public_ = true, .text = "Hello", .message_ref = "m-1"};

// A promise made at t(0).
SlaMilestoneStarted promise(MilestoneKind kind, std::uint32_t minutes) {
  return {.kind = kind, .started_at = t(0), .target_seconds = minutes * kMinute, .due_at = t(minutes)};
}
const SlaMilestoneStarted kUnknownPromise{.kind = MilestoneKind::RESOLUTION, .started_at = t(0)};

struct CaseTest : testing::Test, Spec<Decider> {};

// --- Opening, classifying, assigning ---

TEST_F(CaseTest, IsOpenedAsItsSourceStatesIt) {
  given()
      .when(Open{.account_id = "acme",
                 .type = Type::INCIDENT,
                 .channel = Channel::EMAIL,
                 .subject = "It smokes",
                 .opened_at = t(-5),
                 .category = "c1",
                 .impact = 1,
                 .urgency = 5,
                 .priority = 3})
      .then(Opened{.account_id = "acme",
                   .type = Type::INCIDENT,
                   .channel = Channel::EMAIL,
                   .subject = "It smokes",
                   .opened_at = t(-5),
                   .category = "c1",
                   .impact = 1,
                   .urgency = 5,
                   .priority = 3});
}
TEST_F(CaseTest, IsOpenedWithoutAnything) { given().when(Open{}).then(Opened{}); }
TEST_F(CaseTest, IsOpenedOnce) { given(kOpened).when(Open{}).then_rejected("case.exists"); }
TEST_F(CaseTest, ItsLevelsGoFromOneToFiveEvenInAFact) {
  as_fact().given();
  when(Open{.impact = 0}).then_rejected("case.level_out_of_range");
  when(Open{.urgency = 6}).then_rejected("case.level_out_of_range");
  when(Open{.priority = 0}).then_rejected("case.level_out_of_range");
}
TEST_F(CaseTest, ItsTextsBelongToItsAccount) {
  given(Opened{});
  EXPECT_EQ(fold().subject(), "");
  when(Classify{.new_ = {.account_id = "acme"}})
      .then(Classified{.old = {.account_id = ""}, .new_ = {.account_id = "acme"}});
  EXPECT_EQ(fold().subject(), "account-acme");
}
TEST_F(CaseTest, RecordsOldAndNewOfTheClassificationThatDiffers) {
  given(kOpened)
      .when(Classify{.new_ = {.category = "c1", .impact = 2, .priority = 1}})
      .then(Classified{.old = {.priority = 3}, .new_ = {.impact = 2, .priority = 1}});
}
TEST_F(CaseTest, ClearsItsSubcategoryByAnEmptyText) {
  given(kOpened)
      .when(Classify{.new_ = {.subcategory = ""}})
      .then(Classified{.old = {.subcategory = "s1"}, .new_ = {.subcategory = ""}});
}
TEST_F(CaseTest, IsNotClassifiedOutOfRange) {
  given(kOpened).when(Classify{.new_ = {.priority = 6}}).then_rejected("case.level_out_of_range");
}
TEST_F(CaseTest, IsAssigned) {
  given(kOpened)
      .when(Assign{.group = "g1", .assignee = "anna"})
      .then(Assigned{.group = "g1", .assignee = "anna"});
}
TEST_F(CaseTest, AnAssignmentEndsWhatItLeavesOut) {
  reason("ill")
      .given(kOpened, Assigned{.group = "g1", .assignee = "anna"})
      .when(Assign{.group = "g1"})
      .then(Assigned{.old_group = "g1", .old_assignee = "anna", .group = "g1"});
}
TEST_F(CaseTest, IsAssignedToNobody) {
  reason("ill")
      .given(kOpened, Assigned{.group = "g1", .assignee = "anna"})
      .when(Assign{.assignee = ""})
      .then(Assigned{.old_group = "g1", .old_assignee = "anna"});
}
TEST_F(CaseTest, IsTakenFromItsAssigneeForAReason) {
  given(kOpened, Assigned{.group = "g1", .assignee = "anna"});
  when(Assign{.group = "g1", .assignee = "ben"}).then_rejected("case.reason_missing").at_field("reason.code");
  when(Assign{.group = "g1"}).then_rejected("case.reason_missing");
  when(Assign{.group = "g2", .assignee = "anna"})  // another group is not another assignee
      .then(Assigned{.old_group = "g1", .old_assignee = "anna", .group = "g2", .assignee = "anna"});
}
TEST_F(CaseTest, IsReopenedForAReason) {
  given(kOpened, kStarted, kResolved).when(Reopen{}).then_rejected("case.reason_missing").at_field("reason.code");
  as_fact().when(Reopen{}).then(kReopened);
  EXPECT_EQ(recorded_reason(), "not-recorded");
}
TEST_F(CaseTest, IsNotResolvedAgainByAnotherCode) {
  given(kOpened, kStarted, kResolved)
      .when(Resolve{.resolution_code = "replaced"})
      .then_rejected("case.already_resolved")
      .at_field("resolutionCode");
  when(kResolve).then_nothing();
}
TEST_F(CaseTest, OneMessageIsNotTwoDifferentOnes) {
  given(kOpened, kAnswered)
      .when(Reply{.direction = Direction::INBOUND, .public_ = true, .message_ref = "m-1"})
      .then_rejected("case.message_differs");
  when(kAnswer).then_nothing();
}
TEST_F(CaseTest, ACorrectionHasAnApprover) {
  Correct correct{.target = kTarget, .new_ = {.priority = 1}, .approver_id = ""};
  given(kOpened).when(correct).then_rejected("case.approver_missing").at_field("approverId");
  EXPECT_TRUE(as_fact().when(correct).accepted());
}
TEST_F(CaseTest, StaysAssignedAsItIs) { given(kOpened).when(Assign{}).then_nothing(); }
TEST_F(CaseTest, ACorrectionRecordsOldAndNewOfTheFieldsThatDiffer) {
  given(kOpened)
      .when(Correct{.target = kTarget, .new_ = {.category = "c1", .priority = 1}, .approver_id = "p-1"})
      .then(CorrectionRecorded{
          .target = kTarget, .old = {.priority = 3}, .new_ = {.priority = 1}, .approver_id = "p-1"});
}
TEST_F(CaseTest, ACorrectionKeepsTheLevelsInRange) {
  given(kOpened)
      .when(Correct{.target = kTarget, .new_ = {.priority = 0}, .approver_id = "p-1"})
      .then_rejected("case.level_out_of_range");
}
TEST_F(CaseTest, IsNotResolvedWithoutACode) {
  given(kOpened, kStarted).when(Resolve{.resolution_code = ""}).then_rejected("case.resolution_missing");
}
TEST_F(CaseTest, PendsOnAnotherParty) {
  at(t(5))
      .given(kOpened, kStarted, kPended)
      .when(Pend{.on = PendedOn::VENDOR})
      .then(Pended{.on = PendedOn::VENDOR, .since = t(5)});
}

// --- Messages ---

TEST_F(CaseTest, TheFirstPublicAnswerIsItsFirstResponse) {
  given(kOpened).when(kAnswer).then(FirstResponded{.message_ref = "m-1"}, kAnswered);
}
TEST_F(CaseTest, ALaterAnswerIsNone) {
  given(kOpened, FirstResponded{.message_ref = "m-0"}).when(kAnswer).then(kAnswered);
}
TEST_F(CaseTest, AnInternalNoteIsNoResponse) {
  given(kOpened)
      .when(Reply{.direction = Direction::OUTBOUND, .public_ = false, .message_ref = "m-1"})
      .then(MessageLogged{.direction = Direction::OUTBOUND, .public_ = false, .message_ref = "m-1"});
}
TEST_F(CaseTest, AMessageFromTheCustomerIsNoResponse) {
  given(kOpened)
      .when(Reply{.direction = Direction::INBOUND, .public_ = true, .message_ref = "m-1"})
      .then(MessageLogged{.direction = Direction::INBOUND, .public_ = true, .message_ref = "m-1"});
}
TEST_F(CaseTest, AMessageWithoutAReferenceHappensEachTime) {
  given(kOpened)
      .when(Reply{.direction = Direction::INBOUND, .public_ = true, .text = "Well?"})
      .then_each_time(MessageLogged{.direction = Direction::INBOUND, .public_ = true, .text = "Well?"});
}
TEST_F(CaseTest, AnAnswerInTimeKeepsThePromiseOfAFirstResponse) {
  auto kind = MilestoneKind::FIRST_RESPONSE;
  at(t(30)).given(kOpened, promise(kind, 30)).when(kAnswer);
  then(FirstResponded{.message_ref = "m-1"}, kAnswered,
       SlaMilestoneMet{.kind = kind, .elapsed_seconds = 30 * kMinute});
}
TEST_F(CaseTest, ALateAnswerBreaksThePromiseOfAFirstResponse) {
  auto kind = MilestoneKind::FIRST_RESPONSE;
  at({t(30).micros + 1}).given(kOpened, promise(kind, 30)).when(kAnswer);
  then(FirstResponded{.message_ref = "m-1"}, kAnswered, SlaMilestoneBreached{.kind = kind});
}
TEST_F(CaseTest, ALaterAnswerLeavesThePromiseOfAFirstResponseAlone) {
  given(kOpened, FirstResponded{}, promise(MilestoneKind::FIRST_RESPONSE, 30)).when(kAnswer).then(kAnswered);
}
TEST_F(CaseTest, EveryAnswerKeepsThePromiseOfANextResponse) {
  auto kind = MilestoneKind::NEXT_RESPONSE;
  at(t(10)).given(kOpened, FirstResponded{}, promise(kind, 30)).when(kAnswer);
  then(kAnswered, SlaMilestoneMet{.kind = kind, .elapsed_seconds = 10 * kMinute});
}
TEST_F(CaseTest, AnAnswerLeavesAPromiseOfUnknownTargetAlone) {
  given(kOpened, SlaMilestoneStarted{.kind = MilestoneKind::FIRST_RESPONSE, .started_at = t(0)})
      .when(kAnswer)
      .then(FirstResponded{.message_ref = "m-1"}, kAnswered);
}

// --- Milestones ---

TEST_F(CaseTest, AMilestoneCopiesItsTargetAndIsDueAfterIt) {
  at(t(1)).given(kOpened).when(
      StartMilestone{.kind = MilestoneKind::RESOLUTION, .target_seconds = 7, .calendar_version = "v3"});
  then(SlaMilestoneStarted{.kind = MilestoneKind::RESOLUTION,
                           .started_at = t(1),
                           .target_seconds = 7,
                           .due_at = Timestamp{t(1).micros + 7 * kMicrosPerSecond},
                           .calendar_version = "v3"});
}
TEST_F(CaseTest, AMilestoneOfUnknownTargetIsDueNever) {
  given(kOpened).when(StartMilestone{.kind = MilestoneKind::RESOLUTION}).then(kUnknownPromise);
}
TEST_F(CaseTest, OneMilestoneOfAKindRunsEvenAsAFact) {
  as_fact()
      .given(kOpened, kUnknownPromise)
      .when(StartMilestone{.kind = MilestoneKind::RESOLUTION})
      .then_rejected("case.milestone_running");
}
TEST_F(CaseTest, AMilestoneStartsAnewAfterItsEnd) {
  auto kind = MilestoneKind::NEXT_RESPONSE;
  given(kOpened, promise(kind, 1), SlaMilestoneMet{.kind = kind, .elapsed_seconds = 1});
  when(StartMilestone{.kind = kind, .target_seconds = 30 * kMinute}).then(promise(kind, 30));
}
TEST_F(CaseTest, NoMilestoneStartsOnceTheCaseIsResolved) {
  given(kOpened, kStarted, kResolved)
      .when(StartMilestone{.kind = MilestoneKind::RESOLUTION})
      .then_rejected("case.not_open");
}
TEST_F(CaseTest, AMilestoneStartsOnAResolvedCaseAsAFact) {
  as_fact()
      .given(kOpened, kStarted, kResolved)
      .when(StartMilestone{.kind = MilestoneKind::RESOLUTION})
      .then(kUnknownPromise);
}
TEST_F(CaseTest, ResolvingInTimeKeepsThePromise) {
  auto kind = MilestoneKind::RESOLUTION;
  at(t(60)).given(kOpened, kStarted, promise(kind, 60)).when(kResolve);
  then(kResolved, SlaMilestoneMet{.kind = kind, .elapsed_seconds = 60 * kMinute});
}
TEST_F(CaseTest, ResolvingLateBreaksThePromise) {
  auto kind = MilestoneKind::RESOLUTION;
  at({t(60).micros + 1}).given(kOpened, kStarted, promise(kind, 60)).when(kResolve);
  then(kResolved, SlaMilestoneBreached{.kind = kind});
}
TEST_F(CaseTest, ResolvingLeavesAPromiseOfUnknownTargetAlone) {
  at(t(60)).given(kOpened, kStarted, kUnknownPromise).when(kResolve).then(kResolved);
}
TEST_F(CaseTest, ResolvingLeavesABrokenPromiseBroken) {
  auto kind = MilestoneKind::RESOLUTION;
  at(t(5))
      .given(kOpened, kStarted, promise(kind, 1), SlaMilestoneBreached{.kind = kind})
      .when(kResolve)
      .then(kResolved);
}
TEST_F(CaseTest, ReopeningStartsNoMilestone) {
  auto kind = MilestoneKind::RESOLUTION;
  given(kOpened, kStarted, promise(kind, 60), kResolved, SlaMilestoneMet{.kind = kind, .elapsed_seconds = 0})
      .reason("again")
      .when(Reopen{})
      .then(kReopened);
}
TEST_F(CaseTest, PendingMovesWhatIsDue) {
  auto kind = MilestoneKind::RESOLUTION;
  given(kOpened, kStarted, promise(kind, 60), Pended{.on = PendedOn::CUSTOMER, .since = t(10)});
  at(t(100)).when(Resume{}).then(Resumed{.new_due_ats = {{.kind = kind, .due_at = t(150)}}, .until = t(100)});
  at(t(150)).when(kResolve).then(kResolved, SlaMilestoneMet{.kind = kind, .elapsed_seconds = 60 * kMinute});
}
TEST_F(CaseTest, PendingOnOnePartyAfterAnotherIsOnePending) {
  auto kind = MilestoneKind::RESOLUTION;
  given(kOpened, kStarted, promise(kind, 60), Pended{.on = PendedOn::CUSTOMER, .since = t(10)},
        Pended{.on = PendedOn::VENDOR, .since = t(50)});
  at(t(100)).when(Resume{}).then(Resumed{.new_due_ats = {{.kind = kind, .due_at = t(150)}}, .until = t(100)});
}
TEST_F(CaseTest, PendingMovesAMilestoneOnlyFromItsStartOn) {
  auto kind = MilestoneKind::RESOLUTION;
  given(kOpened, kStarted, Pended{.on = PendedOn::CUSTOMER, .since = t(-40)}, promise(kind, 60));
  at(t(20)).when(Resume{}).then(Resumed{.new_due_ats = {{.kind = kind, .due_at = t(80)}}, .until = t(20)});
  at(t(30))
      .when(MeetMilestone{.kind = kind})
      .then(SlaMilestoneMet{.kind = kind, .elapsed_seconds = 10 * kMinute});
}
TEST_F(CaseTest, APendingCaseThatIsResolvedIsResumedFirst) {
  auto kind = MilestoneKind::RESOLUTION;
  given(kOpened, kStarted, promise(kind, 60), Pended{.on = PendedOn::CUSTOMER, .since = t(10)});
  at(t(100)).when(kResolve);
  then(Resumed{.new_due_ats = {{.kind = kind, .due_at = t(150)}}, .until = t(100)}, kResolved,
       SlaMilestoneMet{.kind = kind, .elapsed_seconds = 10 * kMinute});
}
TEST_F(CaseTest, PendingLeavesWhatHasEndedWhereItWas) {
  auto kind = MilestoneKind::FIRST_RESPONSE;
  at(t(5)).given(kOpened, kStarted, promise(kind, 60), SlaMilestoneMet{.kind = kind, .elapsed_seconds = 0},
                 kPended);
  when(Resume{}).then(Resumed{.until = t(5)});
}
TEST_F(CaseTest, TimeThatGoesBackwardsInAFactCountsAsNone) {
  auto acknowledge = MilestoneKind::ACKNOWLEDGE;
  as_fact().given(kOpened, kStarted, promise(MilestoneKind::RESOLUTION, 60), promise(acknowledge, 60),
                  kPended);
  at(t(-10)).when(MeetMilestone{.kind = MilestoneKind::RESOLUTION});
  then(SlaMilestoneMet{.kind = MilestoneKind::RESOLUTION, .elapsed_seconds = 0});
  when(Resume{}).then(Resumed{.new_due_ats = {{.kind = acknowledge, .due_at = t(60)}}, .until = t(0)});
}
TEST_F(CaseTest, APromiseOfUnknownTargetIsKeptByCommand) {
  given(kOpened, kUnknownPromise, kPended);
  at(t(20)).when(MeetMilestone{.kind = MilestoneKind::RESOLUTION});
  then(SlaMilestoneMet{.kind = MilestoneKind::RESOLUTION, .elapsed_seconds = 0});
}
TEST_F(CaseTest, TheTimePendingOfAPromiseOfUnknownTargetIsLeftOut) {
  given(kOpened, kUnknownPromise, kPended, Resumed{.until = t(20)}, kResolved, kClosed);
  at(t(50)).when(MeetMilestone{.kind = MilestoneKind::RESOLUTION});
  then(SlaMilestoneMet{.kind = MilestoneKind::RESOLUTION, .elapsed_seconds = 30 * kMinute});
}
TEST_F(CaseTest, NoPromiseIsKeptPastDue) {
  at(t(61)).given(kOpened, promise(MilestoneKind::RESOLUTION, 60));
  when(MeetMilestone{.kind = MilestoneKind::RESOLUTION}).then_rejected("case.milestone_past_due");
}
TEST_F(CaseTest, NoPromiseIsBrokenBeforeItIsDue) {
  at(t(59)).given(kOpened, promise(MilestoneKind::RESOLUTION, 60));
  when(BreachMilestone{.kind = MilestoneKind::RESOLUTION}).then_rejected("case.milestone_not_due");
}
TEST_F(CaseTest, NoPromiseIsBrokenWhileTheCaseIsPending) {
  at(t(61)).given(kOpened, kStarted, promise(MilestoneKind::RESOLUTION, 60), kPended);
  when(BreachMilestone{.kind = MilestoneKind::RESOLUTION}).then_rejected("case.milestone_not_due");
}
TEST_F(CaseTest, APromiseIsBrokenWhenItIsDue) {
  at(t(60)).given(kOpened, promise(MilestoneKind::RESOLUTION, 60));
  when(BreachMilestone{.kind = MilestoneKind::RESOLUTION})
      .then(SlaMilestoneBreached{.kind = MilestoneKind::RESOLUTION});
}
TEST_F(CaseTest, AFactIsKeptLateAndBrokenEarly) {
  auto kind = MilestoneKind::RESOLUTION, other = MilestoneKind::ACKNOWLEDGE;
  as_fact().given(kOpened, promise(kind, 60), promise(other, 60));
  at(t(61))
      .when(MeetMilestone{.kind = kind})
      .then(SlaMilestoneMet{.kind = kind, .elapsed_seconds = 61 * kMinute});
  at(t(59)).when(BreachMilestone{.kind = other}).then(SlaMilestoneBreached{.kind = other});
}

// What ends a milestone, in each state of it: a user's answer, then a fact's. An empty text: nothing is left
// to do.
constexpr const char *kOk = "accepted", *kNothing = "", *kNotRunning = "case.milestone_not_running";
struct MilestoneRow {
  const char* state;
  void (*given)(Spec<Decider>&);
  const char *meet, *breach, *cancel;
  const char *meet_fact, *breach_fact, *cancel_fact;
};
struct CaseMilestones : testing::TestWithParam<MilestoneRow> {};
void expect(const MilestoneRow& row, bool fact, const auto& command, const auto& event,
            std::string_view want) {
  Spec<Decider> spec;
  if (fact) spec.as_fact();
  row.given(spec);
  spec.when(command);
  if (want == kOk) spec.then(event);
  else if (want == kNothing) spec.then_nothing();
  else spec.then_rejected(want);
}
TEST_P(CaseMilestones, EndOnce) {
  auto& row = GetParam();
  auto kind = MilestoneKind::RESOLUTION;
  for (bool fact : {false, true}) {
    SCOPED_TRACE(fact ? "fact" : "user");
    SlaMilestoneMet met{.kind = kind, .elapsed_seconds = 0};
    expect(row, fact, MeetMilestone{.kind = kind}, met, fact ? row.meet_fact : row.meet);
    expect(row, fact, BreachMilestone{.kind = kind}, SlaMilestoneBreached{.kind = kind},
           fact ? row.breach_fact : row.breach);
    expect(row, fact, CancelMilestone{.kind = kind}, SlaMilestoneCancelled{.kind = kind},
           fact ? row.cancel_fact : row.cancel);
  }
}
using S = Spec<Decider>;
INSTANTIATE_TEST_SUITE_P(
    EveryState, CaseMilestones,
    testing::Values(MilestoneRow{"never_started", [](S& s) { s.given(kOpened); }, kNotRunning, kNotRunning,
                                 kNotRunning, kNotRunning, kNotRunning, kNotRunning},
                    MilestoneRow{"running", [](S& s) { s.given(kOpened, kUnknownPromise); }, kOk, kOk, kOk,
                                 kOk, kOk, kOk},
                    MilestoneRow{"met",
                                 [](S& s) {
                                   s.given(kOpened, kUnknownPromise,
                                           SlaMilestoneMet{.kind = MilestoneKind::RESOLUTION,
                                                           .elapsed_seconds = 0});
                                 },
                                 kNothing, kNotRunning, kNotRunning, kNothing, kOk, kOk},
                    MilestoneRow{"breached",
                                 [](S& s) {
                                   s.given(kOpened, kUnknownPromise,
                                           SlaMilestoneBreached{.kind = MilestoneKind::RESOLUTION});
                                 },
                                 kNotRunning, kNothing, kNotRunning, kOk, kNothing, kOk},
                    MilestoneRow{"cancelled",
                                 [](S& s) {
                                   s.given(kOpened, kUnknownPromise,
                                           SlaMilestoneCancelled{.kind = MilestoneKind::RESOLUTION});
                                 },
                                 kNotRunning, kNotRunning, kNothing, kOk, kOk, kNothing}),
    [](auto& row) { return row.param.state; });

// --- The state machine: every command in every state, a user's answer, then a fact's ---

enum Stand { kNone, kNew, kOpen, kPending, kResolvedStand, kClosedStand };
constexpr Stand kStands[] = {kNone, kNew, kOpen, kPending, kResolvedStand, kClosedStand};
void put(Spec<Decider>& spec, Stand stand) {
  switch (stand) {
    case kNone: break;
    case kNew: spec.given(kOpened); break;
    case kOpen: spec.given(kOpened, kStarted); break;
    case kPending: spec.given(kOpened, kStarted, kPended); break;
    case kResolvedStand: spec.given(kOpened, kStarted, kResolved); break;
    case kClosedStand: spec.given(kOpened, kStarted, kResolved, kClosed); break;
  }
}
constexpr const char *kAfterResuming = "resumed first", *kNotFound = "case.not_found";
using Answers = std::array<const char*, std::size(kStands)>;  // by stand

void moves(bool fact, const auto& command, const auto& event, const Answers& answers) {
  for (auto stand : kStands) {
    SCOPED_TRACE(testing::Message() << "stand " << stand << (fact ? " fact" : " user"));
    Spec<Decider> spec;
    spec.reason("again");
    if (fact) spec.as_fact();
    put(spec, stand);
    spec.when(command);
    std::string_view want = answers[stand];
    if (want == kOk) spec.then(event);
    else if (want == kAfterResuming) spec.then(kResumed, event);
    else if (want == kNothing) spec.then_nothing();
    else spec.then_rejected(want);
  }
}
// Answers for: none, new, open, pending, resolved, closed.
TEST(CaseStates, Start) {
  const char* no = "case.not_new";
  moves(false, Start{}, kStarted, {kNotFound, kOk, kNothing, no, no, no});
  moves(true, Start{}, kStarted, {kNotFound, kOk, kNothing, kAfterResuming, kOk, kOk});
}
TEST(CaseStates, Pend) {
  const char* no = "case.not_open";
  moves(false, Pend{.on = PendedOn::CUSTOMER}, kPended, {kNotFound, no, kOk, kNothing, no, no});
  moves(true, Pend{.on = PendedOn::CUSTOMER}, kPended, {kNotFound, kOk, kOk, kNothing, kOk, kOk});
}
TEST(CaseStates, Resume) {
  const char* no = "case.not_pending";
  moves(false, Resume{}, kResumed, {kNotFound, no, kNothing, kOk, no, no});
  moves(true, Resume{}, kResumed, {kNotFound, kOk, kNothing, kOk, kOk, kOk});
}
TEST(CaseStates, Resolve) {
  const char* no = "case.not_open";
  moves(false, kResolve, kResolved, {kNotFound, no, kOk, kAfterResuming, kNothing, no});
  moves(true, kResolve, kResolved, {kNotFound, kOk, kOk, kAfterResuming, kNothing, kOk});
}
TEST(CaseStates, Reopen) {
  const char* no = "case.not_resolved";
  moves(false, Reopen{}, kReopened, {kNotFound, no, kNothing, no, kOk, kOk});
  moves(true, Reopen{}, kReopened, {kNotFound, kOk, kNothing, kAfterResuming, kOk, kOk});
}
TEST(CaseStates, Close) {
  const char* no = "case.not_resolved";
  moves(false, Close{}, kClosed, {kNotFound, no, no, no, kOk, kNothing});
  moves(true, Close{}, kClosed, {kNotFound, kOk, kOk, kAfterResuming, kOk, kNothing});
}
TEST_F(CaseTest, ACommandBeforeItsOpeningIsRefused) {
  given();
  when(Assign{.group = "g1"}).then_rejected("case.not_found");
  when(Classify{.new_ = {.priority = 1}}).then_rejected("case.not_found");
  when(kAnswer).then_rejected("case.not_found");
  when(StartMilestone{.kind = MilestoneKind::RESOLUTION}).then_rejected("case.not_found");
  when(MeetMilestone{.kind = MilestoneKind::RESOLUTION}).then_rejected("case.not_found");
  when(BreachMilestone{.kind = MilestoneKind::RESOLUTION}).then_rejected("case.not_found");
  when(CancelMilestone{.kind = MilestoneKind::RESOLUTION}).then_rejected("case.not_found");
  when(Correct{.target = kTarget, .new_ = {.priority = 1}, .approver_id = "p-1"})
      .then_rejected("case.not_found");
}

}  // namespace
}  // namespace rapport::case_
