// Cases, version 2: as they stand, every change, and what was promised by when.
#pragma once
#include "projections/service/rows.h"
#include "projections/view.h"

namespace rapport::projections::service {

struct Service {
  static constexpr std::string_view kName = "service";
  static constexpr std::uint32_t kVersion = 2;
  static constexpr bool kByStream = true;  // a row is written by the events of one stream
  using Rows = service::Rows;
  Rows rows;
  void apply(const RecordedEvent& event);
};

}  // namespace rapport::projections::service
