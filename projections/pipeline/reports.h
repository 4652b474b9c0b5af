// The pipeline's reports.
#pragma once
#include "projections/published_rows.h"
#include "projections/report.h"

namespace rapport::projections::pipeline {

std::vector<Report> reports();
// The rows that others get to see: crm.pipeline.state.v1.
std::vector<PublishedRows> published();

// The parts of reports(), by file.
Report win_rate_report();
Report waterfall_report();
Report durations_report();

}  // namespace rapport::projections::pipeline
