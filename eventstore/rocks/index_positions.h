// Positions from index/ and, behind them, from the entries that are not in it yet. Included under rocks/ only.
#pragma once
#include <memory>
#include <vector>

#include "eventstore/event_store.h"
#include "eventstore/rocks/log_database.h"
#include "eventstore/rocks/position_source.h"

namespace rapport {

// What the index knows of a stream or a term beyond index/, which has all up to `settled`. Taken before index/ is read: what is
// settled meanwhile is then in both, and read once.
struct IndexTail {
  Position settled;
  std::vector<Position> positions;  // ascending, those that the query asks for
};

// What an entry of family stream says: the positions of versions that follow each other. Empty: it is malformed.
struct StreamBlock {
  StreamVersion first;
  std::vector<Position> positions;  // one a version
  StreamVersion last() const { return {first.value + positions.size() - 1}; }
};
StreamBlock stream_block(std::string_view key, std::string_view value);
// What an entry of family term says.
std::vector<Position> block_positions(std::string_view key, std::string_view value);

std::unique_ptr<PositionSource> stream_positions(const LogDatabase& database, const ReadQuery& query, IndexTail tail);
std::unique_ptr<PositionSource> term_positions(const LogDatabase& database, const Term& term, const ReadQuery& query, IndexTail tail);
// Every position from the query's first to its end, which is `head` at most.
std::unique_ptr<PositionSource> all_positions(const ReadQuery& query, Position head);
// `first` and the count - 1 positions behind it, as far as the query asks for them.
std::unique_ptr<PositionSource> run_of_positions(Position first, std::size_t count, const ReadQuery& query);
// Several sources as one, in order, each position once.
std::unique_ptr<PositionSource> merged_positions(std::vector<std::unique_ptr<PositionSource>> sources, Direction direction);

}  // namespace rapport
