// Every view there is, each with its type erased, so that the runner, the command line, the HTTP API, the Kafka worker and
// verify handle any of them.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "projections/published_rows.h"
#include "projections/report.h"
#include "projections/view.h"

namespace rapport::projections {

struct ViewType {
  std::string name;           // "pipeline"
  std::uint32_t version = 1;  // changed rows or rules = a new version, built beside the old one
  std::string declaration;    // names and types of all its rows
  bool by_stream = false;     // V::kByStream: it can be shared out (share.h)
  std::unique_ptr<Folder> (*make_folder)(RowStore& store, const FolderOptions& options);
  std::vector<Report> reports;
  std::vector<PublishedRows> published;  // no table twice

  std::string store_name() const { return name + ".v" + std::to_string(version); }
  const Report* find_report(std::string_view report_name) const;
};

template <View V>
ViewType view_type(std::vector<Report> reports, std::vector<PublishedRows> published) {
  return {.name = std::string(V::kName),
          .version = V::kVersion,
          .declaration = declaration_of<V>(),
          .by_stream = requires { V::kByStream; },
          .make_folder = [](RowStore& store, const FolderOptions& options) -> std::unique_ptr<Folder> {
            return std::make_unique<FolderOf<V>>(store, options);
          },
          .reports = std::move(reports),
          .published = std::move(published)};
}

// The list, assembled in views.cpp.
const std::vector<ViewType>& all_views();
const ViewType* find_view(std::string_view name);

}  // namespace rapport::projections
