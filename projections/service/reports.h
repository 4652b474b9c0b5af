// The service view's reports.
#pragma once
#include "projections/report.h"

namespace rapport::projections::service {

std::vector<Report> reports();

}  // namespace rapport::projections::service
