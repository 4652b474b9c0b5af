// One event as it is stored: head, salt, metadata, payload (FORMAT.md), and back to the form that is read.
#pragma once
#include <capnp/message.h>

#include <optional>

#include "domain/result.h"
#include "eventstore/event.h"

namespace rapport {

inline constexpr std::size_t kHeadBytes = 75;
using HeadBytes = std::array<std::uint8_t, kHeadBytes>;
using Salt = std::array<std::uint8_t, 16>;

struct EventHead {
  Position position;
  StreamVersion version;
  Timestamp recorded_at{0};
  CommandId command;
  std::uint16_t ordinal = 0;
  Hash digest{};
};
HeadBytes encode(const EventHead& head);
std::optional<EventHead> decode_head(Bytes head);  // nothing: another size or format

Hash event_digest(Bytes salt, Words metadata, Words payload);
Salt random_salt();

inline Bytes bytes_of(Words words) {
  auto bytes = words.asBytes();
  return {bytes.begin(), bytes.size()};
}

// The four byte strings. Borrows.
struct StoredBytes {
  Bytes head, salt;
  Words metadata, payload;  // 8-byte aligned
  Bytes request = {};
};

// Whether the words are one whole single-segment message.
bool whole_message(Words words);

// kCorrupt, "store.damaged", naming the position.
Error damaged(Position position, std::string_view what);

// Turns stored bytes into RecordedEvents. One thread.
class EventDecoder final {
 public:
  EventDecoder() = default;
  EventDecoder(const EventDecoder&) = delete;
  EventDecoder& operator=(const EventDecoder&) = delete;

  // Borrows from the bytes and from this decoder until the next call. kCorrupt if head or metadata are malformed; the
  // digest is not compared (digest_holds), the payload not walked: its reader meets kj::Exception if it is malformed.
  Result<const RecordedEvent*> decode(const StoredBytes& bytes);

 private:
  kj::ArrayPtr<const capnp::word> segment_;
  std::optional<capnp::SegmentArrayMessageReader> message_;
  RecordedEvent event_;
};

// Whether the head's digest is that of salt, metadata and payload.
bool digest_holds(const RecordedEvent& event);

}  // namespace rapport
