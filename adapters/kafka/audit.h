// The audit of what was published: with the topics alone, and no access to the store, whether they have every event of the log once,
// unaltered and in its place.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "adapters/kafka/connection.h"
#include "domain/result.h"
#include "eventstore/event.h"
#include "eventstore/proof/signed_note.h"

namespace rapport::kafka {

struct AuditOptions {
  Connection connection;
  // Each checkpoint must be signed by one of them, and there must be one. None: whoever signed is believed.
  std::vector<NoteVerifier> keys = {};
  bool log_only = false;  // crm.log.v1 and crm.checkpoints.v1 alone
  // A relay may be at work: what one topic has and another one lacks is waited for so long.
  std::chrono::milliseconds patience{5'000};
};

// The first thing that is not as it must be.
struct Finding {
  std::string problem;  // "missing", "altered", "foreign": not of this log, "cut": the end is gone, "checkpoint"
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;  // of the record, or of where it had to be
  std::uint64_t position = 0;
  std::string expected, found;
};

// A record that came a second time, the same to the last byte: harmless, who follows passes over it.
struct Repeat {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::uint64_t position = 0;  // of its last event
};

struct AuditReport {
  static constexpr std::size_t kRepeatsNamedMax = 100;

  std::optional<Finding> finding;  // nothing: every event from 1 to `events`, unaltered
  std::string origin;              // the log's name
  std::uint64_t events = 0;        // that were found in order in crm.log.v1
  Hash root{};                     // of the tree over them
  std::uint64_t checkpoints = 0;   // that agree with it
  std::uint64_t checked_up_to = 0; // size of the last of them
  std::uint64_t repeated = 0;      // records
  std::vector<Repeat> repeats;     // the first of them
  std::uint64_t opened = 0;        // records whose personal texts are not those of the log, sealed: nobody can compare them
};

// Blocks; reads every topic once, merging them, so that memory does not grow with them but for 16 bytes an event, 16 a frame and 48 a
// checkpoint. `progress`, if any, is called now and then on this thread.
// Errors: bus.unreachable, bus.refused, bus.setting; bus.no_topic: nothing was published there; audit.stopped.
using AuditProgress = std::function<void(std::uint64_t events)>;
Result<AuditReport> audit_topics(const AuditOptions& options, const AuditProgress& progress = {}, std::stop_token stop = {});

}  // namespace rapport::kafka
