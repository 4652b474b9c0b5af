// A stream's state as it is kept in Snapshots: FORMAT.md, "snapshots/".
#pragma once
#include "eventstore/gateway/fold_cache.h"
#include "eventstore/subject_keys.h"

namespace rapport {

// A state and the event that it was folded up to.
struct Snapshot {
  Working working;
  Hash leaf{};  // of the stream's event at working.version
};

// `keys` vouch for it: nobody who can write files but has not the store's secret can have it believed.
std::string encode(const Snapshot& snapshot, const std::string& stream, const SubjectKeys& keys);
// Nothing if it is damaged, of another stream or store, or was folded by other folds than today's.
std::optional<Snapshot> decode(std::string_view bytes, const Aggregate& aggregate, const std::string& stream, const SubjectKeys& keys);

}  // namespace rapport
