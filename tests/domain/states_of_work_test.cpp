// The state machines of rules, and of work on many records.
#include "domain/batch.h"
#include "domain/policy_set.h"
#include "tests/domain/state_table.h"

namespace rapport {
namespace {

TEST(PolicySetStates, EveryCommandInEveryState) {
  using namespace policy_set;
  using S = Spec<policy_set::Decider>;
  static const Date today = date_of(S::kNow);
  static const ProductBody product{.id = "mug", .list_price = {1, "EUR"}};
  static const Published published{.version = 1, .effective_from = today, .product = product};
  StateTable<policy_set::Decider> table({{"absent", [](S&) {}},
                             {"published", [](S& s) { s.given(published).target(published); }},
                             {"retired", [](S& s) { s.given(published, Retired{.version = 1}).target(published); }}});
  const char *ok = kAccepted, *none = "policy_set.not_found", *same = kUnchanged;
  table.row(Publish{.product = product}, {ok, same, ok}, {ok, same, ok});
  table.row(Publish{.product = ProductBody{.id = "mug", .list_price = {2, "EUR"}}}, {ok, ok, ok}, {ok, ok, ok});
  table.row(Publish{.price_list = PriceListBody{}}, {ok, "policy_set.kind_differs", "policy_set.kind_differs"},
            {ok, "policy_set.kind_differs", "policy_set.kind_differs"});
  table.row(Retire{}, {none, ok, same}, {none, ok, same});
  table.row_of_facts(policy_set::Revoke{}, "policy_set.revoked_by_revert_only");
  table.row(policy_set::Correct{.target = {1, 2, 0}, .new_ = {.effective_from = Date{today.days + 1}}, .approver_id = "p"}, {none, ok, ok},
            {none, ok, ok});
}

TEST(BatchStates, EveryCommandInEveryState) {
  using namespace batch;
  using S = Spec<batch::Decider>;
  static const ImportStarted started{.mapping = "m", .mapping_sha256 = "a"};
  static const ImportCompleted completed{.rows = 2, .accepted = 2, .rejected = 0, .already = 0};
  static const ImportReverted reverted{.compensated = 2, .left = 0};
  static const ViewVersionChanged changed{.view = "pipeline", .from = 1, .to = 2, .position = 9, .digest = "d", .history_digest = "h"};
  StateTable<batch::Decider> table({{"absent", [](S&) {}},
                             {"started", [](S& s) { s.given(started); }},
                             {"completed", [](S& s) { s.given(started, completed); }},
                             {"reverted", [](S& s) { s.given(started, completed, reverted); }},
                             {"view", [](S& s) { s.given(changed); }}});
  const char *ok = kAccepted, *none = "batch.not_found", *there = "batch.exists", *same = kUnchanged, *done = "batch.already_completed",
             *back = "batch.already_reverted", *no_view = "batch.not_a_view";
  const StateTable<batch::Decider>::Answers as_ever{none, ok, ok, ok, none};
  table.row(StartImport{.mapping = "m", .mapping_sha256 = "a", .files = {}}, {ok, same, same, same, there}, {ok, same, same, same, there});
  table.row(StartImport{.mapping = "m", .mapping_sha256 = "b", .files = {}}, {ok, there, there, there, there}, {ok, there, there, there, there});
  table.row(RejectRow{.file = "f", .line = 1, .code = "c.d"}, {none, ok, done, back, none}, as_ever);
  table.row(CompleteImport{.rows = 2, .accepted = 2, .rejected = 0, .already = 0}, {none, ok, same, back, none}, {none, ok, same, ok, none});
  table.row(CompleteImport{.rows = 1, .accepted = 1, .rejected = 0, .already = 0}, {none, ok, done, back, none}, as_ever);
  table.row(RevertImport{.compensated = 2, .left = 0}, {none, ok, ok, same, none}, {none, ok, ok, same, none});
  table.row(RevertImport{.compensated = 1, .left = 1}, {none, ok, ok, back, none}, as_ever);
  table.row(ChangeViewVersion{.view = "pipeline", .from = 2, .to = 3, .position = 9, .digest = "d", .history_digest = "h"},
            {ok, no_view, no_view, no_view, ok}, {ok, no_view, no_view, no_view, ok});
  table.row(batch::Correct{.target = {1, 2, 0}, .new_ = {.note = "x"}, .approver_id = "p"}, {none, ok, ok, ok, ok}, {none, ok, ok, ok, ok});
}

}  // namespace
}  // namespace rapport
