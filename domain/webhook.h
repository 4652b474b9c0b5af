// Who is told of events by HTTP, and whether for now at all. Delivering, and how far it is, is not the domain's.
#pragma once
#include <string>
#include <vector>

#include "domain/schema/webhook.values.h"

namespace rapport::webhook {

enum class Status : std::uint8_t { kNone, kActive, kPaused, kDeleted };

// How long the secret before the present one still signs, beside it: a receiver's time to take over the new one.
inline constexpr std::int64_t kPreviousSecretMicros = 24 * std::int64_t{3'600'000'000};

struct State {  // owns its texts
  Status status = Status::kNone;
  std::string url, description, note;
  std::vector<std::string> match;  // clauses of a filter
  Ordering ordering = Ordering::PER_STREAM;
  std::optional<std::uint64_t> from;  // the first position that was asked for; nothing: from the creation on
  std::uint32_t rotation = 0;         // of the present secret
  Timestamp previous_until{0};        // the secret before signs until then
  PauseCause cause = PauseCause::UNSPECIFIED;
  std::string detail;                 // of the pause
};

}  // namespace rapport::webhook
