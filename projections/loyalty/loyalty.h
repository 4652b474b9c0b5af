// Loyalty, version 2: members, their points in lots with every movement, and what they bought.
#pragma once
#include "projections/loyalty/rows.h"
#include "projections/view.h"

namespace rapport::projections::loyalty {

struct Loyalty {
  static constexpr std::string_view kName = "loyalty";
  static constexpr std::uint32_t kVersion = 2;
  static constexpr bool kByStream = true;  // a row is written by the events of one stream
  using Rows = loyalty::Rows;
  Rows rows;
  void apply(const RecordedEvent& event);
};

}  // namespace rapport::projections::loyalty
