#include "adapters/import/engine/touched_streams.h"

#include <algorithm>

namespace rapport::import {

namespace {

class Reading {
 public:
  Reading(const EventStore& store, const ImportEvents& of) : store_(store), of_(of) {}

  Result<TouchedStreams> read() {
    ReadQuery query;
    query.from = of_.from;
    auto reader = store_.read(query);
    for (;;) {
      auto event = reader->next();
      if (!event) return event.error();
      if (!*event) return std::move(streams_);
      if ((*event)->stream_type == "batch") continue;
      if (auto taken = take(**event); !taken) return taken.error();
    }
  }

 private:
  Result<void> take(const RecordedEvent& event) {
    if (ImportEvents::correlates(event, of_.revert)) return {};
    auto name = stream_name(event.stream_type, event.stream_id);
    if (!of_.are(event)) return take_others(name, event), Result<void>();
    return of_.caused(event) ? take_caused(event) : take_own(std::move(name), event);
  }

  void take_others(const std::string& name, const RecordedEvent& event) {
    if (auto found = streams_.find(name); found != streams_.end()) ++found->second.others;
    for (auto policy : event.metadata.getPolicies()) {
      auto found = streams_.find(stream_name("policySet", read_text(policy.getId())));
      if (found != streams_.end()) ++found->second.uses;
    }
  }

  static void note_policies(const RecordedEvent& event, TouchedStream& stream) {
    for (auto policy : event.metadata.getPolicies())
      stream.policies.emplace(read_text(policy.getId()));
  }

  // Events of one command lie together, the command's own first.
  Result<void> take_caused(const RecordedEvent& event) {
    if (!cause_ || cause_command_ != event.command) return {};
    note_policies(event, *cause_);
    auto inverse = inverse_of_points(event);
    if (event.stream_type == "loyaltyMember" && inverse)
      cause_->caused.push_back({std::string(event.stream_id), std::move(*inverse)});
    else
      cause_->spoilt = true;
    return {};
  }

  Result<void> take_own(std::string name, const RecordedEvent& event) {
    auto found = streams_.find(name);
    if (found == streams_.end()) {
      auto created = creates(name, event);
      if (!created) return created.error();
      found = streams_.try_emplace(std::move(name)).first;
      found->second.aggregate = event.stream_type;
      found->second.id = event.stream_id;
      found->second.first_command = event.command;
      found->second.before = {event.version.value - 1};
      found->second.created = *created;
    }
    auto& stream = found->second;
    stream.last = event.position.value;
    note_policies(event, stream);
    cause_ = &stream;  // nodes of the map stay where they are
    cause_command_ = event.command;
    auto hash = event.metadata.getSource().getRowHash();
    if (hash.size() != sizeof(Id16)) return {};
    Id16 record;
    std::copy(hash.begin(), hash.end(), record.begin());
    stream.records.insert(record);
    return {};
  }

  Result<bool> creates(const std::string& stream, const RecordedEvent& event) const {
    if (event.version.value == 1) return true;
    return is_revoked(store_, stream, {event.version.value - 1});
  }

  const EventStore& store_;
  const ImportEvents& of_;
  TouchedStreams streams_;
  TouchedStream* cause_ = nullptr;  // the stream that the import's last command was for
  CommandId cause_command_{};
};

}  // namespace

bool ImportEvents::correlates(const RecordedEvent& event, const CommandId& id) {
  return event.metadata.getCorrelationHigh() == id.high() &&
         event.metadata.getCorrelationLow() == id.low();
}

bool ImportEvents::caused(const RecordedEvent& event) const {
  return event.metadata.hasCausation() &&
         command_of(EventId::read(event.metadata.getCausation())) != start;
}

Result<TouchedStreams> touched_streams(const EventStore& store, const ImportEvents& of) {
  return Reading(store, of).read();
}

Result<bool> is_revoked(const EventStore& store, const std::string& stream,
                        StreamVersion version) {
  ReadQuery query;
  query.direction = Direction::kBackward;
  query.stream = stream;
  query.from_version = version;
  auto event = store.read(query)->next();
  if (!event) return event.error();
  return *event && (*event)->type.ends_with(".revoked");
}

}  // namespace rapport::import
