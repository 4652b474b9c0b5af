// What an operator accepted of a store that would not go on by itself; kept for ever in its file `accepted` (FORMAT.md).
#pragma once
#include <filesystem>
#include <string>

#include "domain/result.h"
#include "eventstore/event_store.h"

namespace rapport {

struct Acceptances {
  // Until here recordedAt may be ahead of the clock: the log's last time when that was accepted last. {0}: never.
  Timestamp clock_until{0};
};

// kCorrupt, "store.damaged" if a line is not as it was written.
Result<Acceptances> read_acceptances(const std::filesystem::path& store);

// Each adds a line, durable on return.
Result<void> record_accepted_clock(const std::filesystem::path& store, Timestamp now, Timestamp until);
// witnessed: what the witness knew of; position 0 if no witness was whole.
Result<void> record_accepted_loss(const std::filesystem::path& store, Timestamp now, const Head& left, const Head& witnessed);

}  // namespace rapport
