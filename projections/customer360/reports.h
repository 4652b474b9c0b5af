// The customer 360's reports.
#pragma once
#include "projections/published_rows.h"
#include "projections/report.h"

namespace rapport::projections::customer360 {

std::vector<Report> reports();
// The rows that others get to see: crm.customer360.state.v1.
std::vector<PublishedRows> published();

}  // namespace rapport::projections::customer360
