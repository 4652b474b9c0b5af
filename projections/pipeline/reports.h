// The pipeline's reports.
#pragma once
#include "projections/report.h"

namespace rapport::projections::pipeline {

std::vector<Report> reports();

// The parts of reports(), by file.
Report win_rate_report();
Report waterfall_report();
Report durations_report();

}  // namespace rapport::projections::pipeline
