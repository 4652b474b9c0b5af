// Recomputes everything that a store claims from the bytes it keeps.
#pragma once
#include <functional>

#include "eventstore/rocks/rocks_event_store.h"
#include "eventstore/rocks/rocks_subject_keys.h"

namespace rapport {

struct VerifyReport {
  bool ok = true;
  std::uint64_t events = 0;  // that hold
  Hash root{};               // recomputed
  Position position;         // not ok: the first that does not hold; 0 = none in particular
  std::string what;          // not ok: one sentence
};

// done and total in events; called now and then. False: stop, kUnavailable "verify.stopped".
using VerifyProgress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

// Table files byte by byte, every digest, leaf and root, positions, versions and times, indexes against the log and the log
// against the indexes, keys, configuration, witness. Up to the head at the call; appends may go on. An error: it could not run.
Result<VerifyReport> verify_store(const RocksEventStore& store, const RocksSubjectKeys& keys,
                                  const VerifyProgress& progress = {});

}  // namespace rapport
