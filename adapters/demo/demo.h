// A believable generated enterprise: sellers with habits, customers with names, deals, cases, orders and
// points, all of it sent through the gateway as commands like anybody's. The same options give the same
// commands, byte for byte.
#pragma once
#include <cstdint>
#include <functional>

#include "domain/result.h"
#include "eventstore/command_gateway.h"

namespace rapport {

// The demo's history ends here, 2026-01-01T00:00:00Z, and begins `years` of 365 days before.
inline constexpr Timestamp kDemoEnd{20'454 * kMicrosPerDay};

struct DemoOptions {
  std::uint32_t customers = 200;  // 1 to kCustomersMax
  std::uint32_t years = 2;        // 1 to kYearsMax
  std::uint64_t seed = 1;

  static constexpr std::uint32_t kCustomersMax = 1'000'000, kYearsMax = 20;
};

struct DemoTotals {
  std::uint64_t commands = 0;  // sent
  std::uint64_t already = 0;   // of them: had been sent by an earlier run with the same options
  std::uint64_t events = 0;    // stored by this run
};

// Called after each flush, some thousand commands apart, with the days that have passed and that there are.
using DemoProgress = std::function<void(std::uint64_t days_done, std::uint64_t days)>;

// Sends everything in order of time; memory is bounded whatever the number of customers. A run that was
// stopped is finished by the next one; a complete one adds nothing. Errors: kInvalid "demo.options_invalid",
// and whatever the gateway answers: a rejection here is a bug in the demo, and carries the decider's code.
Result<DemoTotals> run_demo(CommandGateway& gateway, const DemoOptions& options,
                            const DemoProgress& progress = {});

}  // namespace rapport
