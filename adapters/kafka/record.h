// The records that stand for events and frames: key, headers and value, as bytes. Nothing of
// librdkafka.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "domain/result.h"
#include "eventstore/event.h"

namespace rapport {
class SealOpener;
struct UnionPlan;
}  // namespace rapport

namespace rapport::kafka {

struct Header {
  const char* name;
  std::string_view value;
};

// What becomes of the personal texts of a topic.
enum class Personal : std::uint8_t {
  kSealed,  // {"sealed":"base64"}: who gets the key can read them, until it is erased
  kMasked,  // "***"
  kOpen,    // in plain; no erasure takes them back
};

// CloudEvents 1.0 over Kafka.
enum class Envelope : std::uint8_t {
  kBinary,      // attributes as headers, the event's data as value
  kStructured,  // attributes as headers too, and all of it as value
};

// CloudEvents 1.0, binary mode: attributes as ce_ headers, the event's data as JSON value. One
// thread; what it answers borrows until the next write().
//
//   ce_specversion ce_id ce_source ce_type ce_time ce_subject ce_dataschema ce_sequence
//   ce_partitionkey ce_streamversion content-type, and traceparent if the event has the tag
//   `traceparent=…` id, eventType     as Debezium's outbox router writes them rapport-prev
//   ce_sequence of the record before in this partition: who reads some partitions only sees a gap
//   by it
class EventRecord final {
 public:
  // `source` names the log. The opener, for Personal::kOpen, is borrowed.
  EventRecord(std::string source, const SealOpener* opener, Envelope envelope = Envelope::kBinary)
      : source_(std::move(source)), opener_(opener), envelope_(envelope) {}
  EventRecord(const EventRecord&) = delete;

  // The stream's name, which is also what the partition is computed from. Kept until the next call.
  std::string_view key_of(const RecordedEvent& event);
  // Makes headers and value of the event that key_of was asked for last. kCorrupt: its bytes are
  // damaged.
  Result<void> write(const RecordedEvent& event, std::uint64_t previous_sequence, Personal personal = Personal::kSealed);

  std::span<const Header> headers() const { return {headers_.data(), header_count_}; }
  std::string_view value() const { return value_; }

 private:
  const UnionPlan* plan_of(std::string_view aggregate);
  void name_schema(const RecordedEvent& event);
  void envelop();

  const std::string source_;
  const SealOpener* const opener_;
  const Envelope envelope_;
  std::string key_, id_, time_, type_, schema_, value_, data_;
  std::uint16_t schema_version_ = 0;
  std::array<char, 20> sequence_{}, version_{}, previous_{};
  std::array<Header, 16> headers_{};
  std::size_t header_count_ = 0;
  std::string aggregate_;            // whose plan is at hand
  const UnionPlan* plan_ = nullptr;  // null: an aggregate of a newer schema
};

// A frame of crm.log.v1: its events' positions and, as ce_id, its last event's id, by which a relay
// knows its own log again.
class FrameRecord final {
 public:
  explicit FrameRecord(std::string source) : source_(std::move(source)) {}
  void write(Position first, Position last, const EventId& last_id);
  std::span<const Header> headers() const { return headers_; }

 private:
  const std::string source_;
  std::string id_;
  std::array<char, 20> first_{}, last_{}, previous_{};
  std::array<Header, 8> headers_{};
};

}  // namespace rapport::kafka
