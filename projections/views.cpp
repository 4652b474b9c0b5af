#include "projections/views.h"

#include "projections/customer360/customer360.h"
#include "projections/customer360/reports.h"
#include "projections/loyalty/loyalty.h"
#include "projections/loyalty/reports.h"
#include "projections/pipeline/pipeline.h"
#include "projections/pipeline/reports.h"
#include "projections/service/reports.h"
#include "projections/service/service.h"

namespace rapport::projections {

const Report* ViewType::find_report(std::string_view report_name) const {
  for (auto& report : reports)
    if (report.name == report_name) return &report;
  return nullptr;
}

const std::vector<ViewType>& all_views() {
  static const std::vector<ViewType> kViews = [] {
    std::vector<ViewType> views;
    views.push_back(view_type<pipeline::Pipeline>(pipeline::reports(), pipeline::published()));
    views.push_back(view_type<service::Service>(service::reports(), service::published()));
    views.push_back(view_type<loyalty::Loyalty>(loyalty::reports(), loyalty::published()));
    views.push_back(view_type<customer360::Customer360>(customer360::reports(), customer360::published()));
    return views;
  }();
  return kViews;
}

const ViewType* find_view(std::string_view name) {
  for (auto& view : all_views())
    if (view.name == name) return &view;
  return nullptr;
}

}  // namespace rapport::projections
