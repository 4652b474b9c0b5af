// All about a customer, version 3: the account with its deals, cases, orders and points, and
// everything that happened, consents and erasures included.
#pragma once
#include "projections/customer360/rows.h"
#include "projections/view.h"

namespace rapport::projections::customer360 {

struct Customer360 {
  static constexpr std::string_view kName = "customer360";
  static constexpr std::uint32_t kVersion = 3;
  using Rows = customer360::Rows;
  Rows rows;
  void apply(const RecordedEvent& event);
};

}  // namespace rapport::projections::customer360
