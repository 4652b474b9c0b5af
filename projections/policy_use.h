// The rules behind a view's rows: every version of a policy that a decision was made by whose events the view took. A row of
// every view, so an answer as known then or as of an instant states the versions of then.
#pragma once
#include "eventstore/event.h"
#include "projections/table.h"

namespace rapport::projections {

struct PolicyUse {
  std::string id;  // "crm-sales"
  std::uint32_t version = 0;
  std::uint64_t since = 0;  // position of the first event that used it

  static constexpr char kTable = 'u';
  using Key = Fields<&PolicyUse::id, &PolicyUse::version>;
  using Value = Fields<&PolicyUse::since>;
};

// Called with each event that a view takes.
inline void note_policies(Table<PolicyUse>& policies, const RecordedEvent& event) {
  for (auto used : event.metadata.getPolicies()) {
    auto id = std::string(read_text(used.getId()));
    if (!policies.find(id, used.getVersion()))
      policies.add({.id = std::move(id), .version = used.getVersion(), .since = event.position.value});
  }
}

// In the order of their ids.
inline Result<std::vector<PolicyUse>> policies_behind(const RowSnapshot& rows, Position p) {
  std::vector<PolicyUse> policies;
  std::string damaged;
  auto scanned = rows.scan(key_prefix<PolicyUse>(), p, [&](std::string_view key, std::string_view body) {
    if (read(key, body, policies.emplace_back())) return true;
    damaged = key;
    return false;
  });
  if (!scanned) return std::move(scanned).error();
  if (!damaged.empty()) return damaged_row(damaged);
  return policies;
}

}  // namespace rapport::projections
