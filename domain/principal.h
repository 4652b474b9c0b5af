// Who acts: a user, a service, a team. Active → Deactivated, for good: who returns is a new principal.
#pragma once
#include "domain/schema/principal.values.h"

namespace rapport::principal {

enum class Status : std::uint8_t { kNone, kActive, kDeactivated };

struct State {  // owns its texts; holds what decisions read, and nothing personal
  Status status = Status::kNone;
  std::string team_id, manager_id, office;
};

}  // namespace rapport::principal
