// An event as the log keeps it and as everyone reads it: identity, times, actor, reason, cause, payload.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "domain/event_buffer.h"
#include "domain/values.h"
#include "eventstore/proof/sha256.h"
#include "eventstore/schema/envelope.capnp.h"

namespace rapport {

// Place in the log: 1, 2, 3 … without a gap, in commit order. 0 = before the first event.
struct Position {
  std::uint64_t value = 0;
  auto operator<=>(const Position&) const = default;
};
// Events in a stream so far; 0 = the stream does not exist.
struct StreamVersion {
  std::uint64_t value = 0;
  auto operator<=>(const StreamVersion&) const = default;
};

// A UUID, big-endian as in its text. Version 7 is recommended, any is taken.
struct CommandId {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const CommandId&) const = default;
  std::uint64_t high() const;
  std::uint64_t low() const;
  static CommandId of(std::uint64_t high, std::uint64_t low);
};
std::string to_text(const CommandId& id);                       // "0190b1c2-…", lower case
bool parse(std::string_view text, CommandId& id);               // false: no UUID
std::string to_text(const EventId& id);                         // "uuid.n"
bool parse(std::string_view text, EventId& id);
EventId event_id(const CommandId& command, std::uint16_t ordinal);
CommandId command_of(const EventId& id);

std::string to_hex(std::span<const std::uint8_t> bytes);  // lower case

using envelope::wire::ActorKind;
using envelope::wire::Precision;

// Texts of the contract: "instant", "user" …
std::string_view name_of(Precision precision);
std::string_view name_of(ActorKind kind);

// Stream names are `aggregate-ID`, split at the first '-'; the ID is 1 to 200 bytes of UTF-8 without control characters.
inline constexpr std::size_t kStreamIdBytesMax = 200;
std::string stream_name(std::string_view type, std::string_view id);
struct StreamParts {
  std::string_view type, id;
};
StreamParts split_stream(std::string_view name);  // id is empty if there is no '-'
bool valid_stream(std::string_view name);

// One event, decoded. Borrows from its reader (or whoever made it) until the next event is read.
struct RecordedEvent {
  Position position;
  StreamVersion version;       // of its stream, this event included
  std::string_view stream_type, stream_id;
  std::string_view type;       // "opportunity.won"
  CommandId command;           // with ordinal: the event's id
  std::uint16_t ordinal = 0;
  Timestamp occurred_at{0};    // recorded_at where the precision is kUnknown
  Timestamp recorded_at{0};
  Precision precision = Precision::INSTANT;
  bool as_fact = false;
  std::uint64_t subject_key = 0;
  Hash leaf{};                 // RFC 6962 leaf hash over the head
  envelope::wire::Metadata::Reader metadata{};  // the rest: actor, reason, correlation, causation, source, policies, tags
  Words metadata_bytes, payload;                // whole messages, 8-byte aligned
  std::span<const std::uint8_t> head, salt;     // as stored; for proofs, dump and the bus
  std::span<const std::uint8_t> request;        // its command's keyed digest; empty in what came over the bus

  EventId id() const { return event_id(command, ordinal); }
  // Whether the event is part of the picture of instant t (as-of).
  bool holds_at(Timestamp t) const { return precision == Precision::ALWAYS || occurred_at <= t; }
};

}  // namespace rapport
