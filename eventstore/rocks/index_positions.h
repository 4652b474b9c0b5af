// Positions from index/ and, behind them, from the entries that are not in it yet. Included under rocks/ only.
#pragma once
#include <memory>
#include <vector>

#include "eventstore/event_store.h"
#include "eventstore/rocks/log_database.h"
#include "eventstore/rocks/position_source.h"

namespace rapport {

// What the index knows of a stream or a type beyond index/, which has all up to `settled`. Taken before index/ is read: what is
// settled meanwhile is then in both, and read once.
struct IndexTail {
  Position settled;
  std::vector<Position> positions;  // ascending, those that the query asks for
};

// What an entry of family type says.
std::vector<Position> block_positions(std::string_view key, std::string_view value);

std::unique_ptr<PositionSource> stream_positions(const LogDatabase& database, const ReadQuery& query, IndexTail tail);
std::unique_ptr<PositionSource> type_positions(const LogDatabase& database, const std::string& type, const ReadQuery& query,
                                               IndexTail tail);
// Several sources as one, in order.
std::unique_ptr<PositionSource> merged_positions(std::vector<std::unique_ptr<PositionSource>> sources, Direction direction);
// The types in index/ that start with `category.`.
Result<std::vector<std::string>> settled_types(const LogDatabase& database, std::string_view category);

}  // namespace rapport
