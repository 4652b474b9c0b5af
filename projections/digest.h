// The digest over current rows: for inspect, verify and the swap after a rebuild. On demand: no cost an event.
#pragma once
#include "projections/row_store.h"

namespace rapport::projections {

// SHA-256 over every row as known at p, in key order.
Result<Hash> rows_digest(const RowSnapshot& snapshot, Position p = kNow);

}  // namespace rapport::projections
