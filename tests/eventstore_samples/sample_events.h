// Appends for tests of the store: real messages with made-up content.
#pragma once
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "eventstore/event_store.h"

namespace rapport::test {

inline constexpr Timestamp kNow{1'700'000'000'000'000};

CommandId command_id(std::uint64_t n);
// What else an event may be asked for.
struct Facts {
  std::vector<std::string> tags = {};
  std::uint64_t correlation = 0;            // number of a command; 0: its own
  std::optional<EventId> cause = {};
  std::uint64_t subject_key = 7;
};
kj::Array<capnp::word> sample_metadata(std::string_view stream, std::string_view type, const CommandId& command = {}, const Facts& facts = {});
// An opportunity event of about so many bytes.
kj::Array<capnp::word> sample_payload(std::size_t bytes, std::uint64_t seed = 0);
kj::Array<capnp::word> sample_payload(const std::string& text);

// One command's outcome under construction; owns what its append borrows. Events of type "<aggregate>.opened" unless named.
class Sample final {
 public:
  explicit Sample(std::uint64_t command, std::uint8_t request = 1);
  // The version that the stream must have, and how many events it gets.
  Sample& on(const std::string& stream, std::uint64_t expected, std::size_t events = 1, const std::string& type = "opened",
             std::size_t payload_bytes = 64);
  Sample& check(const std::string& stream, std::uint64_t expected);
  // What the events of the next calls of on() say.
  Sample& with(Facts facts);
  Sample& after(Position position, EventFilter filter);  // a boundary
  Sample& loaded(Timestamp recorded_at, std::vector<std::array<std::uint8_t, 16>> salts);
  const Append& append() const { return append_; }
  Append& raw() { return append_; }

 private:
  std::deque<std::string> streams_;
  std::deque<kj::Array<capnp::word>> messages_;
  Facts facts_;
  Append append_;
};

// Appends one and answers its outcome; fails the test on an error.
AppendOutcome append_one(EventStore& store, const Sample& sample);

}  // namespace rapport::test
