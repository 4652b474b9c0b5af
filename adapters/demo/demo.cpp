#include "adapters/demo/demo.h"

#include <algorithm>

#include "adapters/demo/stories.h"

namespace rapport {
namespace {

using namespace demo;

// What a window of days may hold, about: it is all in memory. A customer sends a command in ten to twenty
// days.
constexpr std::uint32_t kWindowCommands = 100'000, kDaysPerCommand = 12;
constexpr std::size_t kFlushCommands = 2'000;
// The rules of past years can only be told as facts: whoever publishes one today binds nobody's yesterday.
constexpr std::string_view kRules = "policySet";

Result<void> check(const DemoOptions& options) {
  auto within = [](std::uint32_t value, std::uint32_t most) { return value >= 1 && value <= most; };
  if (within(options.customers, DemoOptions::kCustomersMax) && within(options.years, DemoOptions::kYearsMax))
    return {};
  return Error{ErrorCode::kInvalid, "demo.options_invalid",
               "a demo has 1 to 1,000,000 customers and 1 to 20 years"};
}

void tell_customer(const Enterprise& enterprise, std::uint32_t number, Schedule& schedule) {
  auto customer = enterprise.customer(number);
  if (customer.since >= schedule.to()) return;
  Telling telling{enterprise, customer, schedule};
  tell_account(telling);
  tell_deals(telling);
  tell_purchases(telling);
  tell_membership(telling);
  tell_cases(telling);
}

class Run final {
 public:
  Run(CommandGateway& gateway, const Enterprise& enterprise, const DemoProgress& progress)
      : batch_(gateway.batch()), enterprise_(enterprise), progress_(progress) {}

  Result<void> send(const Scheduled& scheduled) {
    // A correction names an event that the gateway looks up in the log.
    if (scheduled.corrects || batch_->pending_commands() >= kFlushCommands)
      if (auto flushed = flush(date_of(scheduled.at)); !flushed) return flushed;
    Command command{.aggregate = scheduled.aggregate,
                    .id = scheduled.stream_id,
                    .body = scheduled.body,
                    .command_id = scheduled.id,
                    .occurred_at = scheduled.at,
                    .actor = scheduled.said.by,
                    .actor_kind = scheduled.said.kind,
                    .reason_code = scheduled.said.reason,
                    .correlation = scheduled.correlation,
                    .causation = scheduled.causation,
                    .as_fact = scheduled.aggregate == kRules,
                    .source = {.channel = "demo"}};
    auto decided = batch_->decide(command);
    if (!decided) return std::move(decided).error();
    batch_->keep();
    ++totals_.commands;
    if (decided->became == CommandBatch::Became::kAlready) ++totals_.already;
    return {};
  }

  Result<void> flush(Date day) {
    auto stored = batch_->flush();
    if (!stored) return std::move(stored).error();
    totals_.events += *stored;
    auto days = [&](Date until) { return static_cast<std::uint64_t>(until.days - enterprise_.begin().days); };
    if (progress_) progress_(days(day), days(enterprise_.end()));
    return {};
  }

  const DemoTotals& totals() const { return totals_; }

 private:
  std::unique_ptr<CommandBatch> batch_;
  const Enterprise& enterprise_;
  const DemoProgress& progress_;
  DemoTotals totals_;
};

}  // namespace

Result<DemoTotals> run_demo(CommandGateway& gateway, const DemoOptions& options,
                            const DemoProgress& progress) {
  if (auto checked = check(options); !checked) return std::move(checked).error();
  Enterprise enterprise(options);
  Schedule schedule(enterprise.seed());
  Run run(gateway, enterprise, progress);
  auto window_days = static_cast<int>(std::max(1u, kWindowCommands * kDaysPerCommand / options.customers));
  for (auto day = enterprise.begin().days; day < enterprise.end().days; day += window_days) {
    auto end = std::min(day + window_days, enterprise.end().days);
    schedule.open_window({day * kMicrosPerDay}, {end * kMicrosPerDay});
    tell_company(enterprise, schedule);
    for (std::uint32_t number = 1; number <= options.customers; ++number)
      tell_customer(enterprise, number, schedule);
    for (auto& scheduled : schedule.in_order())
      if (auto sent = run.send(scheduled); !sent) return std::move(sent).error();
    if (auto flushed = run.flush({end}); !flushed) return std::move(flushed).error();
  }
  return run.totals();
}

}  // namespace rapport
