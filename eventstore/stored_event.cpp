#include "eventstore/stored_event.h"

#include <capnp/serialize.h>
#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "eventstore/byte_order.h"
#include "eventstore/proof/merkle_tree.h"

namespace rapport {
namespace {

constexpr std::uint8_t kHeadFormat = 1;
// Where the fields of a head begin (FORMAT.md, "Head").
constexpr std::size_t kPosition = 1, kVersion = 9, kRecordedAt = 17, kCommand = 25, kOrdinal = 41, kDigest = 43;
static_assert(kDigest + sizeof(Hash) == kHeadBytes);
static_assert(kHeadBytes <= 118, "leaf prefix and head must fit two blocks of SHA-256");

std::string_view view(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

}  // namespace

HeadBytes encode(const EventHead& head) {
  HeadBytes bytes;
  bytes[0] = kHeadFormat;
  put_be<8>(head.position.value, &bytes[kPosition]);
  put_be<8>(head.version.value, &bytes[kVersion]);
  put_be<8>(static_cast<std::uint64_t>(head.recorded_at.micros), &bytes[kRecordedAt]);
  std::copy(head.command.bytes.begin(), head.command.bytes.end(), &bytes[kCommand]);
  put_be<2>(head.ordinal, &bytes[kOrdinal]);
  std::copy(head.digest.begin(), head.digest.end(), &bytes[kDigest]);
  return bytes;
}

std::optional<EventHead> decode_head(Bytes head) {
  if (head.size() != kHeadBytes || head[0] != kHeadFormat) return {};
  EventHead decoded;
  decoded.position = {get_be<8>(&head[kPosition])};
  decoded.version = {get_be<8>(&head[kVersion])};
  decoded.recorded_at = {static_cast<std::int64_t>(get_be<8>(&head[kRecordedAt]))};
  std::copy_n(&head[kCommand], decoded.command.bytes.size(), decoded.command.bytes.begin());
  decoded.ordinal = static_cast<std::uint16_t>(get_be<2>(&head[kOrdinal]));
  std::copy_n(&head[kDigest], decoded.digest.size(), decoded.digest.begin());
  return decoded;
}

Hash event_digest(Bytes salt, Words metadata, Words payload) {
  std::uint8_t size[4];
  put_be<4>(metadata.asBytes().size(), size);
  return sha256({salt, size, bytes_of(metadata), bytes_of(payload)});
}

Salt random_salt() {
  // Drawn a page at a time: a system call for each event would cost as much as hashing it.
  thread_local std::array<Salt, 256> page;
  thread_local std::size_t used = page.size();
  if (used == page.size()) {
    randombytes_buf(page.data(), sizeof page);
    used = 0;
  }
  return page[used++];
}

bool whole_message(Words words) {
  std::uint32_t table[2];  // segment count - 1, words of the first; little-endian hosts only, as in EventBuffer
  if (words.size() < 2) return false;
  std::memcpy(table, words.begin(), sizeof table);
  return table[0] == 0 && table[1] == words.size() - 1;
}

Error damaged(Position position, std::string_view what) {
  auto message = "the log is damaged at position " + std::to_string(position.value) + ": " + std::string(what);
  return {ErrorCode::kCorrupt, "store.damaged", std::move(message), {}, {}, "run `rapport verify`, restore a backup"};
}

Result<const RecordedEvent*> EventDecoder::decode(const StoredBytes& bytes) {
  auto head = decode_head(bytes.head);
  if (!head) return damaged(event_.position, "the next event's head is malformed");
  event_.position = head->position;
  if (bytes.salt.size() != sizeof(Salt)) return damaged(head->position, "salt of a wrong size");
  if (!whole_message(bytes.metadata) || !whole_message(bytes.payload))
    return damaged(head->position, "metadata or payload is no single-segment message");
  try {
    segment_ = bytes.metadata.slice(1, bytes.metadata.size());
    message_.emplace(kj::arrayPtr(&segment_, 1));
    auto metadata = message_->getRoot<envelope::wire::Metadata>();
    event_.metadata = metadata;
    event_.stream_type = view(metadata.getStreamType());
    event_.stream_id = view(metadata.getStreamId());
    event_.type = view(metadata.getType());
    event_.precision = metadata.getOccurredPrecision();
    event_.occurred_at = {metadata.getOccurredAt()};
    event_.as_fact = metadata.getAsFact();
    event_.subject_key = metadata.getSubjectKeyId();
  } catch (const kj::Exception& e) {
    return damaged(head->position, std::string("metadata: ") + e.getDescription().cStr());
  }
  event_.version = head->version;
  event_.command = head->command;
  event_.ordinal = head->ordinal;
  event_.recorded_at = head->recorded_at;
  if (event_.precision == Precision::UNKNOWN) event_.occurred_at = head->recorded_at;
  event_.leaf = leaf_hash(bytes.head);
  event_.metadata_bytes = bytes.metadata;
  event_.payload = bytes.payload;
  event_.head = bytes.head;
  event_.salt = bytes.salt;
  event_.request = bytes.request;
  return static_cast<const RecordedEvent*>(&event_);
}

bool digest_holds(const RecordedEvent& event) {
  auto head = decode_head(event.head);
  return head && head->digest == event_digest(event.salt, event.metadata_bytes, event.payload);
}

}  // namespace rapport
