#include "domain/webhook.h"

#include "tests/domain/state_table.h"

namespace rapport::webhook {
namespace {

const std::string kUrl = "https://example.com/hooks?token=1";
const Create kCreate{.url = kUrl, .match = {"category=order"}};
const Created kCreated{.url = kUrl, .match = {"category=order"}, .ordering = Ordering::PER_STREAM, .rotation = 1};
const Paused kPaused{.cause = PauseCause::ASKED};
const SecretRotated kRotated{.rotation = 2, .previous_until = {Spec<Decider>::kNow.micros + kPreviousSecretMicros}};

struct WebhookTest : testing::Test, Spec<Decider> {
  WebhookTest() { stream("billing"); }
};

TEST_F(WebhookTest, IsCreatedWithASecretOfItsOwn) { given().when(kCreate).then(kCreated); }
TEST_F(WebhookTest, TakesItsEventsFromThePositionThatWasAskedFor) {
  given().when(Create{.url = kUrl, .ordering = Ordering::UNORDERED, .from = 1})
      .then(Created{.url = kUrl, .ordering = Ordering::UNORDERED, .from = 1, .rotation = 1});
}
TEST_F(WebhookTest, NoneTakesTheNameOfAnother) { given(kCreated).when(kCreate).then_rejected("webhook.exists"); }
TEST_F(WebhookTest, IsCreatedAgainAfterItsDeletionButNotWithTheSameSecret) {
  given(kCreated, Deleted{}).when(kCreate).then(Created{.url = kUrl, .match = {"category=order"}, .ordering = Ordering::PER_STREAM, .rotation = 2});
}
TEST_F(WebhookTest, ItsNameIsThatOfAFile) {
  for (auto* name : {"", "..", ".hidden", "a/b", "A", "a b"})
    Spec<Decider>().stream(name).when(kCreate).then_rejected("webhook.id_malformed");
}
TEST_F(WebhookTest, ItsAddressIsOfTheWebAndHoldsNoPassword) {
  for (std::string url : {"", "ftp://example.com/", "https://", "https:///x", "https://:80/", "https://ann:secret@example.com/", "https://exa mple.com/",
                          "file:///etc/passwd", "gopher://example.com/", "https://example.com\r\nHost: x"}) {
    Spec<Decider>().stream("x").when(Create{.url = url}).then_rejected("webhook.url_malformed").at_field("url");
    Spec<Decider>().stream("x").given(kCreated).when(Change{.new_ = {.url = url}}).then_rejected("webhook.url_malformed").at_field("new/url");
  }
}
TEST_F(WebhookTest, AnEmptyClauseIsNone) {
  given().when(Create{.url = kUrl, .match = {""}}).then_rejected("webhook.clause_malformed").at_field("match");
  Spec<Decider>().given(kCreated).when(Change{.new_ = {.match = std::vector<Text>{""}}}).then_rejected("webhook.clause_malformed");
}
TEST_F(WebhookTest, AChangeRecordsOldAndNewOfWhatDiffers) {
  given(kCreated).when(Change{.new_ = {.url = kUrl, .match = std::vector<Text>{}, .ordering = Ordering::UNORDERED}})
      .then(Changed{.old = {.match = std::vector<Text>{"category=order"}, .ordering = Ordering::PER_STREAM},
                    .new_ = {.match = std::vector<Text>{}, .ordering = Ordering::UNORDERED}});
}
TEST_F(WebhookTest, APauseSaysWhy) {
  given(kCreated).when(Pause{}).then(kPaused);
  Spec<Decider>().given(kCreated).when(Pause{.cause = PauseCause::GONE, .detail = "410"})
      .then(Paused{.cause = PauseCause::GONE, .detail = "410"});
}
TEST_F(WebhookTest, GoesOnAfterAPause) { given(kCreated, kPaused).when(Resume{}).then(Resumed{}); }
TEST_F(WebhookTest, TheSecretBeforeHoldsForADayMore) { given(kCreated).when(RotateSecret{.rotation = 2}).then(kRotated); }
TEST_F(WebhookTest, ARotationIsTheNextOne) { given(kCreated).when(RotateSecret{.rotation = 3}).then_rejected("webhook.rotation_differs").at_field("rotation"); }
TEST_F(WebhookTest, ACorrectionNeedsAnApprover) {
  given(kCreated).when(Correct{.target = {1, 2, 0}, .new_ = {.note = "x"}, .approver_id = ""}).then_rejected("webhook.approver_missing");
  when(Correct{.target = {1, 2, 0}, .new_ = {.note = "x"}, .approver_id = "p"})
      .then(CorrectionRecorded{.target = {1, 2, 0}, .old = {.note = ""}, .new_ = {.note = "x"}, .approver_id = "p"});
}

TEST(WebhookStates, EveryCommandInEveryState) {
  using S = Spec<Decider>;
  StateTable<Decider> table({{"absent", [](S& s) { s.stream("billing"); }},
                             {"active", [](S& s) { s.stream("billing").given(kCreated); }},
                             {"paused", [](S& s) { s.stream("billing").given(kCreated, kPaused); }},
                             {"rotated", [](S& s) { s.stream("billing").given(kCreated, kRotated); }},
                             {"deleted", [](S& s) { s.stream("billing").given(kCreated, Deleted{}); }}});
  const char *ok = kAccepted, *same = kUnchanged, *none = "webhook.not_found", *there = "webhook.exists", *other = "webhook.rotation_differs";
  auto row = [&](const auto& command, const StateTable<Decider>::Answers& answers) { table.row(command, answers, answers); };
  row(kCreate, {ok, there, there, there, ok});
  row(Change{.new_ = {.description = "bills"}}, {none, ok, ok, ok, none});
  row(Pause{}, {none, ok, same, ok, none});
  row(Resume{}, {none, same, ok, same, none});
  row(RotateSecret{.rotation = 2}, {none, ok, ok, same, none});
  row(RotateSecret{.rotation = 3}, {none, other, other, ok, none});
  row(Delete{}, {none, ok, ok, ok, same});
  table.row(Correct{.target = {1, 2, 0}, .new_ = {.note = "x"}, .approver_id = "p"}, {none, ok, ok, ok, ok}, {none, ok, ok, ok, ok});
}

}  // namespace
}  // namespace rapport::webhook
