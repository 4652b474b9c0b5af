// Frames: runs of events as one message, the value of the log's column family and the record of topic crm.log.v1.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "eventstore/stored_event.h"

namespace rapport {

inline constexpr std::size_t kFrameBytes = 32u << 10;      // of events, in the log: what reading one event costs at most
inline constexpr std::size_t kBusFrameBytes = 512u << 10;  // in a record of the bus

// The events in order belong to these commands in order.
struct FrameCommand {
  CommandId id;
  Bytes request;                    // 32 bytes, borrowed
  std::uint16_t events = 0;         // in this frame
  std::uint16_t first_ordinal = 0;  // more than 0: the outcome began in an earlier frame
};
struct FrameParts {
  Position first;
  Timestamp committed_at{0};  // recordedAt of the first event
  Hash previous_root{};       // tree head before the first event
  bool last = true;           // of its commit group
  std::span<const StoredBytes> events;
  std::span<const FrameCommand> commands = {};
};
// The whole message, 8-byte aligned, single-segment.
kj::Array<capnp::word> encode_frame(const FrameParts& parts);

// A decoded frame. One thread.
class Frame final {
 public:
  Frame();
  ~Frame();
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  enum class Check : std::uint8_t {
    kStructure,  // format, dense positions, sizes: enough behind RocksDB's checksums
    kDigests,    // and that each event's digest is that of its bytes: for what came over the bus
  };
  // Takes a copy of the bytes (any alignment), so that they may go away. kCorrupt: then the frame is empty.
  Result<void> read(Bytes message, Check check = Check::kStructure);

  std::size_t size() const { return events_; }
  Position first() const { return first_; }
  Position last() const { return {first_.value + events_ - 1}; }  // of a frame with events
  bool has(Position position) const { return position >= first_ && position.value - first_.value < events_; }
  Timestamp committed_at() const { return committed_at_; }
  const Hash& previous_root() const { return previous_root_; }
  bool ends_group() const { return ends_group_; }
  std::span<const FrameCommand> commands() const { return commands_; }

  // Borrowed until the next call of event() or read().
  Result<const RecordedEvent*> event(std::size_t index);
  // The stored head, cheaper than event(). kCorrupt if it is malformed.
  Result<Bytes> head(std::size_t index) const;

 private:
  struct Message;
  Result<void> parse(Check check);
  Result<void> check_digests();

  std::vector<capnp::word> words_;
  std::unique_ptr<Message> message_;
  std::size_t events_ = 0;
  Position first_;
  Timestamp committed_at_{0};
  Hash previous_root_{};
  bool ends_group_ = false;
  std::vector<FrameCommand> commands_;
  std::vector<std::uint16_t> command_of_event_;  // index into commands_, if there are any
  EventDecoder decoder_;
};

// Collects copies of events that follow each other until a frame is full. For the bus; without commands. One thread.
class FrameBuilder final {
 public:
  explicit FrameBuilder(std::size_t bytes_max = kBusFrameBytes) : bytes_max_(bytes_max) {}

  // False: the frame is full (a first event always fits): finish it, then add again. Positions must be dense.
  bool add(const RecordedEvent& event);
  std::size_t size() const { return entries_.size(); }
  // The message; the builder is empty again. There must be events. previous_root: EventStore::root_at(first - 1).
  kj::Array<capnp::word> finish(const Hash& previous_root);

 private:
  struct Entry {
    HeadBytes head;
    Salt salt;
    std::size_t metadata, payload;  // words
  };
  const std::size_t bytes_max_;
  Position first_;
  Timestamp committed_at_{0};
  std::vector<Entry> entries_;
  std::vector<capnp::word> words_;
};

}  // namespace rapport
