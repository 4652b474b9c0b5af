// The keys that a compacted topic holds.
#pragma once
#include <cstdint>
#include <set>
#include <stop_token>
#include <string>

#include "adapters/kafka/connection.h"
#include "domain/result.h"

namespace rapport::kafka {

// Those whose last record has a value, in partitions 0 to `partitions` - 1; reads the whole topic. Errors: bus.unreachable, bus.refused,
// bus.stopped.
Result<std::set<std::string>> live_keys(const Connection& to, const std::string& topic, std::int32_t partitions, std::stop_token stop);

}  // namespace rapport::kafka
