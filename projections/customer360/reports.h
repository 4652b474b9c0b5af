// The customer 360's reports.
#pragma once
#include "projections/report.h"

namespace rapport::projections::customer360 {

std::vector<Report> reports();

}  // namespace rapport::projections::customer360
