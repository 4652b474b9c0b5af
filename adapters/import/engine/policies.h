// A mapping's policies: published before the first row, once.
#pragma once
#include <kj/array.h>

#include <vector>

#include "adapters/import/engine/run_state.h"

namespace rapport::import {

struct PolicyToPublish {
  const PolicyStep* step = nullptr;
  kj::Array<capnp::word> body;  // policySet/publish
  CommandId command;
};

// Which policies are not in the log yet. kInvalid "import.policy_differs": one of this id is, with
// another body or day.
Result<void> check_policies(RunState& run, std::vector<PolicyToPublish>& to_publish);
Result<void> publish_policies(RunState& run, const std::vector<PolicyToPublish>& to_publish);

}  // namespace rapport::import
