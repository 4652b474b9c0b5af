// The sales pipeline, version 2: opportunities as they stand, every visit of a stage, and every change of worth.
#pragma once
#include "projections/pipeline/rows.h"
#include "projections/view.h"

namespace rapport::projections::pipeline {

struct Pipeline {
  static constexpr std::string_view kName = "pipeline";
  static constexpr std::uint32_t kVersion = 2;
  static constexpr bool kByStream = true;  // a row is written by the events of one stream
  using Rows = pipeline::Rows;
  Rows rows;
  void apply(const RecordedEvent& event);
};

}  // namespace rapport::projections::pipeline
