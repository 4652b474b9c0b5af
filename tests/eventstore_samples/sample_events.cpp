#include "tests/eventstore_samples/sample_events.h"

#include <capnp/serialize.h>
#include <gtest/gtest.h>

#include "domain/schema/opportunity.capnp.h"

namespace rapport::test {

CommandId command_id(std::uint64_t n) { return CommandId::of(0x0190'0000'0000'7000 + (n >> 48), 0x8000'0000'0000'0000 | n); }

kj::Array<capnp::word> sample_metadata(std::string_view stream, std::string_view type, const CommandId& command, const Facts& facts) {
  auto [aggregate, id] = split_stream(stream);
  capnp::MallocMessageBuilder message;
  auto metadata = message.initRoot<envelope::wire::Metadata>();
  metadata.setStreamType(std::string(aggregate).c_str());
  metadata.setStreamId(std::string(id).c_str());
  metadata.setType((std::string(aggregate) + '.' + std::string(type)).c_str());
  metadata.setSchemaVersion(1);
  metadata.setOccurredAt(kNow.micros);
  metadata.setOccurredPrecision(Precision::INSTANT);
  metadata.setActorId("user-7");
  metadata.setActorKind(ActorKind::USER);
  metadata.setSubjectKeyId(facts.subject_key);
  auto correlation = facts.correlation ? command_id(facts.correlation) : command;
  metadata.setCorrelationHigh(correlation.high());
  metadata.setCorrelationLow(correlation.low());
  if (facts.cause) facts.cause->write(metadata.initCausation());
  if (!facts.tags.empty()) {
    auto tags = metadata.initTags(static_cast<unsigned>(facts.tags.size()));
    for (unsigned i = 0; i < tags.size(); ++i) tags.set(i, facts.tags[i].c_str());
  }
  return capnp::messageToFlatArray(message);
}

kj::Array<capnp::word> sample_payload(std::size_t bytes, std::uint64_t seed) {
  std::string text(bytes, ' ');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + (i * 7 + seed + i / 13) % 26);
  return sample_payload(text);
}

kj::Array<capnp::word> sample_payload(const std::string& text) {
  // One segment is all that a store takes, so it must be large enough from the start.
  capnp::MallocMessageBuilder message(static_cast<unsigned>(text.size() / sizeof(capnp::word) + 64));
  message.initRoot<opportunity::wire::Event>().initOpened().setName(text.c_str());
  return capnp::messageToFlatArray(message);
}

Sample::Sample(std::uint64_t command, std::uint8_t request) {
  append_.command = command_id(command);
  append_.request.fill(request);
}

Sample& Sample::check(const std::string& stream, std::uint64_t expected) {
  append_.conditions.push_back({streams_.emplace_back(stream), {expected}});
  return *this;
}

Sample& Sample::on(const std::string& stream, std::uint64_t expected, std::size_t events, const std::string& type,
                   std::size_t payload_bytes) {
  check(stream, expected);
  std::string_view name = streams_.back();
  for (std::size_t i = 0; i < events; ++i) {
    Words metadata = messages_.emplace_back(sample_metadata(stream, type, append_.command, facts_));
    Words payload = messages_.emplace_back(sample_payload(payload_bytes, append_.command.low() + i));
    append_.events.push_back({name, metadata, payload});
  }
  return *this;
}

Sample& Sample::with(Facts facts) {
  facts_ = std::move(facts);
  return *this;
}

Sample& Sample::after(Position position, EventFilter filter) {
  append_.boundaries.push_back({std::move(filter), position});
  return *this;
}

Sample& Sample::loaded(Timestamp recorded_at, std::vector<std::array<std::uint8_t, 16>> salts) {
  append_.recorded_at = recorded_at;
  append_.salts = std::move(salts);
  return *this;
}

AppendOutcome append_one(EventStore& store, const Sample& sample) {
  auto outcomes = store.append({&sample.append(), 1});
  if (!outcomes) {
    ADD_FAILURE() << outcomes.error().reason << ": " << outcomes.error().message;
    return CommandIdReused{};
  }
  return std::move((*outcomes)[0]);
}

}  // namespace rapport::test
