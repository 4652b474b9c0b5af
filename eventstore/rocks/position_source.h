// Which events a query is about. Included under rocks/ only.
#pragma once
#include <optional>

#include "eventstore/event.h"
#include "domain/result.h"

namespace rapport {

// The positions that a query is about, in its order, as of when it was made. One thread.
class PositionSource {
 public:
  virtual ~PositionSource() = default;
  virtual Result<std::optional<Position>> next() = 0;
};

}  // namespace rapport
