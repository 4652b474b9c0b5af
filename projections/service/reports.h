// The service view's reports.
#pragma once
#include "projections/published_rows.h"
#include "projections/report.h"

namespace rapport::projections::service {

std::vector<Report> reports();
// The rows that others get to see: crm.service.state.v1.
std::vector<PublishedRows> published();

}  // namespace rapport::projections::service
