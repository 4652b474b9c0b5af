// Corrections through the gateway: of every aggregate, from the time of what they correct, of that stream's own events alone.
#include "domain/account.h"
#include "domain/batch.h"
#include "domain/case.h"
#include "domain/data_subject.h"
#include "domain/principal.h"
#include "domain/webhook.h"
#include "tests/gateway/gateway_fixture.h"

namespace rapport {
namespace {

struct CorrectionTest : CommandGatewayTest {
  // Sends `first`, then a correction of its event three times: of nothing, by nobody, and well.
  void corrects(std::string_view aggregate, const auto& first, auto correct, std::string_view id = "1") {
    SCOPED_TRACE(aggregate);
    auto prefix = std::string(aggregate) + ".";
    auto begun = send(aggregate, id, first, [](Command& c) { c.as_fact = true; });
    ASSERT_EQ(code_of(begun), "accepted");
    auto version = begun->version.value;
    correct.target = {9, 9, 9};
    EXPECT_EQ(code_of(send(aggregate, id, correct)), "command.target_unknown");
    correct.target = event_id(CommandId::of(1, sent - 1), 0);
    auto approver = correct.approver_id;
    correct.approver_id = "";
    auto nobody = send(aggregate, id, correct);
    ASSERT_FALSE(nobody);
    EXPECT_TRUE(nobody.error().reason.ends_with(".approver_missing")) << nobody.error().reason;
    correct.approver_id = approver;
    EXPECT_EQ(code_of(send(aggregate, std::string(id) + "x", correct)), "command.target_unknown");  // another stream's event
    auto corrected = send(aggregate, id, correct);
    ASSERT_EQ(code_of(corrected), "accepted") << corrected.error().message;
    EXPECT_EQ(corrected->version.value, version + 1);
    EXPECT_EQ(corrected->outcome.events.at(0).type, prefix + "correctionRecorded");
  }
};

TEST_F(CorrectionTest, EveryAggregateIsCorrected) {
  publish_pipeline();
  corrects("account", account::Create{.kind = account::Kind::PERSON},
           account::Correct{.target = {}, .new_ = {.industry = "retail"}, .approver_id = "ben"});
  corrects("opportunity", kOpen, opportunity::Correct{.target = {}, .new_ = {.name = "Fleet"}, .approver_id = "ben"});
  corrects("case", case_::Open{}, case_::Correct{.target = {}, .new_ = {.priority = 2}, .approver_id = "ben"});
  order::Place place{.kind = order::Kind::SALE, .currency = "EUR",
                     .lines = {{.product_id = "mug", .qty_milli = 1'000, .unit_price = {1, 2, "EUR"}, .discount_bp = 0}}};
  corrects("order", place, order::Correct{.target = {}, .new_ = {.quote_id = "q"}, .approver_id = "ben"});
  corrects("loyaltyMember", loyalty_member::Enrol{.program_id = "points"},
           loyalty_member::Correct{.target = {}, .new_ = {.card_no = "c"}, .approver_id = "ben"});
  corrects("principal", principal::Provision{.kind = principal::Kind::USER},
           principal::Correct{.target = {}, .new_ = {.office = "Berlin"}, .approver_id = "ben"});
  policy_set::ProductBody product{.id = "mug", .list_price = {1, "EUR"}};
  corrects("policySet", policy_set::Publish{.product = product},
           policy_set::Correct{.target = {}, .new_ = {.effective_from = Date{20'200}}, .approver_id = "ben"});
  corrects("batch", batch::StartImport{.mapping = "m", .mapping_sha256 = "a", .files = {}},
           batch::Correct{.target = {}, .new_ = {.note = "by mistake"}, .approver_id = "ben"});
  corrects("dataSubject", data_subject::ReceiveRequest{.kind = data_subject::RequestKind::ACCESS},
           data_subject::Correct{.target = {}, .new_ = {.note = "by mistake"}, .approver_id = "ben"});
  corrects("webhook", webhook::Create{.url = "https://example.com/"},
           webhook::Correct{.target = {}, .new_ = {.note = "by mistake"}, .approver_id = "ben"});
}
TEST_F(CorrectionTest, NoneIsLeftOut) { EXPECT_EQ(aggregates.size(), 10u) << "a new aggregate's correction belongs into the test above"; }

TEST_F(CorrectionTest, ItIsTrueFromItsTargetsTimeOn) {
  publish_pipeline();
  Timestamp then{15'000 * kMicrosPerDay};
  ASSERT_TRUE(send("opportunity", "1", kOpen, [&](Command& c) {
    c.command_id = CommandId::of(9, 9);
    c.occurred_at = then;
    c.as_fact = true;  // older than its pipeline
    c.precision = Precision::DATE;
  }));
  // Dated back further than the house allows, and before the last correction: neither is asked of a correction.
  for (auto* name : {"Fleet", "Fleet 2"})
    ASSERT_EQ(code_of(send("opportunity", "1", opportunity::Correct{.target = event_id(CommandId::of(9, 9), 0), .new_ = {.name = name}, .approver_id = "ben"})),
              "accepted");
  each([&](const RecordedEvent& event) {
    if (event.type != "opportunity.correctionRecorded") return;
    EXPECT_EQ(event.occurred_at, then);
    EXPECT_EQ(event.precision, Precision::DATE);
    EXPECT_GE(event.recorded_at, kNow);
  });
}

// An event of unknown time counts from its recording, and so does what corrects it, a month later.
TEST_F(CorrectionTest, OfAnEventOfUnknownTimeItCountsFromThatEventsRecording) {
  publish_pipeline();
  ASSERT_TRUE(send("opportunity", "1", kOpen, [](Command& c) {
    c.precision = Precision::UNKNOWN;
    c.as_fact = true;
  }));
  auto target = ids_of("opportunity.opened").at(0);
  clock.advance(30 * kMicrosPerDay);
  ASSERT_TRUE(send("opportunity", "1", opportunity::Correct{.target = target, .new_ = {.name = "Fleet"}, .approver_id = "ben"}));
  Timestamp counted{0};
  each([&](const RecordedEvent& event) {
    if (event.type == "opportunity.opened") counted = event.occurred_at;
    if (event.type != "opportunity.correctionRecorded") return;
    EXPECT_EQ(event.occurred_at, counted);
    EXPECT_TRUE(event.holds_at({kNow.micros + kMicrosPerDay}));
  });
}
TEST_F(CorrectionTest, OfMasterDataItHoldsInEveryAsOf) {
  ASSERT_TRUE(send("account", "1", account::Create{.kind = account::Kind::PERSON}, [](Command& c) {
    c.precision = Precision::ALWAYS;
    c.as_fact = true;
  }));
  auto target = ids_of("account.created").at(0);
  ASSERT_TRUE(send("account", "1", account::Correct{.target = target, .new_ = {.industry = "retail"}, .approver_id = "ben"}));
  each([&](const RecordedEvent& event) { EXPECT_TRUE(event.holds_at({0})) << event.type; });
}

TEST_F(CorrectionTest, OfAPolicysFirstVersionItMovesThatVersion) {
  auto product = [](std::int64_t price) { return policy_set::ProductBody{.id = "mug", .list_price = {price, "EUR"}}; };
  ASSERT_TRUE(send("policySet", "mug", policy_set::Publish{.effective_from = Date{20'100}, .product = product(1)}));
  ASSERT_TRUE(send("policySet", "mug", policy_set::Publish{.effective_from = Date{20'300}, .product = product(2)}));
  auto first = ids_of("policySet.published").at(0);
  ASSERT_EQ(code_of(send("policySet", "mug", policy_set::Correct{.target = first, .new_ = {.effective_from = Date{20'150}}, .approver_id = "ben"})),
            "accepted");
  each([&](const RecordedEvent& event) {
    if (event.type != "policySet.correctionRecorded") return;
    capnp::FlatArrayMessageReader message(event.payload);
    auto recorded = message.getRoot<policy_set::wire::Event>().getCorrectionRecorded();
    EXPECT_EQ(recorded.getVersion(), 1u);
    EXPECT_EQ(recorded.getOld().getEffectiveFrom().getValue(), 20'100);
  });
}

}  // namespace
}  // namespace rapport
