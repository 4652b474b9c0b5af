// All views of one log together.
#pragma once
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "projections/view_host.h"

namespace rapport::projections {

// Threads as ViewHost. Work on several views at once takes a thread a view.
class ViewHosts final {
 public:
  ViewHosts(const EventStore& log, RowStores& stores, const std::vector<ViewType>& types = all_views());

  const std::vector<std::unique_ptr<ViewHost>>& all() const { return hosts_; }
  // kNotFound "view.unknown" names those there are.
  Result<ViewHost*> find(std::string_view name) const;

  // Every view to the log's head. The first error of any, the others go on.
  Result<void> catch_up(const ProgressCall& progress = {}, std::stop_token stop = {}) const;
  void follow() const;
  // Waits until every healthy view has folded `position`.
  bool wait_for(Position position, std::chrono::milliseconds timeout_ms) const;
  // Those named, or all.
  Result<std::vector<Rebuilt>> rebuild(std::span<const std::string> names = {}, const ProgressCall& progress = {},
                                       std::stop_token stop = {}) const;
  Result<void> verify(const ProgressCall& progress = {}, std::stop_token stop = {}) const;

 private:
  std::vector<std::unique_ptr<ViewHost>> hosts_;
};

}  // namespace rapport::projections
