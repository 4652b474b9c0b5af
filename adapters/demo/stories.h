// What happens. Every story depends only on the enterprise and its own key, so it can be told again and
// again, and skipped cheaply where it does not reach into the schedule's window.
#pragma once
#include "adapters/demo/enterprise.h"
#include "adapters/demo/schedule.h"

namespace rapport::demo {

struct Telling {
  const Enterprise& enterprise;
  const Customer& customer;
  Schedule& schedule;

  // The chance behind one story of this customer.
  Random random(std::uint32_t story) const {
    return Random(mix_all(enterprise.seed(), customer.number, story));
  }
  // How many stories of a kind there are, given how many a customer has in a thousand years.
  std::uint32_t count(std::uint32_t kind, std::uint32_t in_1000_years) const;
};

// Keys of stories; k-th deal = kDeals + k.
inline constexpr std::uint32_t kAccount = 1, kMembership = 2, kDeals = 10'000, kPurchases = 20'000,
                               kCases = 30'000, kExpiries = 40'000;
inline constexpr std::uint32_t kCompany = 0;  // the customer's number that stands for the enterprise itself

// Stages of pipeline "default", in order.
inline constexpr std::string_view kPipeline = "default";
inline constexpr std::string_view kStages[] = {"prospecting", "qualification", "demonstration", "proposal",
                                               "negotiation"};

void tell_company(const Enterprise& enterprise, Schedule& schedule);
void tell_account(const Telling& telling);
void tell_deals(const Telling& telling);
void tell_purchases(const Telling& telling);
void tell_cases(const Telling& telling);
void tell_membership(const Telling& telling);

}  // namespace rapport::demo
