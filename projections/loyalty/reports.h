// The loyalty view's reports.
#pragma once
#include "projections/report.h"

namespace rapport::projections::loyalty {

std::vector<Report> reports();

}  // namespace rapport::projections::loyalty
