#include "eventstore/append_plan.h"

#include <algorithm>

#include "eventstore/proof/merkle_tree.h"

namespace rapport {
namespace {

constexpr std::size_t kTypeBytesMax = 100;

Error invalid(const char* reason, std::string message) { return {ErrorCode::kInvalid, reason, std::move(message)}; }
Error over_limit(const char* reason, const char* what, std::size_t is, std::size_t max) {
  return invalid(reason, std::string(what) + ": " + std::to_string(is) + ", at most " + std::to_string(max));
}
std::string_view view(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

// The event's type, borrowed from the metadata.
Result<std::string_view> checked_type(const NewEvent& event) try {
  kj::ArrayPtr<const capnp::word> segment = event.metadata.slice(1, event.metadata.size());
  capnp::SegmentArrayMessageReader message(kj::arrayPtr(&segment, 1));
  auto metadata = message.getRoot<envelope::wire::Metadata>();
  auto parts = split_stream(event.stream);
  if (view(metadata.getStreamType()) != parts.type || view(metadata.getStreamId()) != parts.id)
    return invalid("store.metadata_mismatch", "metadata of another stream than " + std::string(event.stream));
  auto type = view(metadata.getType());
  auto of_stream = type.size() > parts.type.size() + 1 && type.starts_with(parts.type) && type[parts.type.size()] == '.';
  auto control = std::any_of(type.begin(), type.end(), [](char c) { return static_cast<unsigned char>(c) < 0x21; });
  if (!of_stream || control || type.size() > kTypeBytesMax)
    return invalid("store.event_type", "no event type of " + std::string(parts.type) + ": " + std::string(type));
  return type;
} catch (const kj::Exception& e) {
  return invalid("store.malformed_message", std::string("metadata: ") + e.getDescription().cStr());
}

Result<PreparedEvent> prepare_event(const NewEvent& event) {
  if (!valid_stream(event.stream)) return invalid("store.stream_name", "no stream name: " + std::string(event.stream));
  auto bytes = event.metadata.asBytes().size() + event.payload.asBytes().size();
  if (bytes > kEventBytesMax) return over_limit("store.event_too_large", "bytes of one event", bytes, kEventBytesMax);
  if (!whole_message(event.metadata) || !whole_message(event.payload))
    return invalid("store.malformed_message", "metadata or payload is no single-segment message");
  auto type = checked_type(event);
  if (!type) return type.error();
  return PreparedEvent{event.stream, *type, event.metadata, event.payload, {}, {}};
}

Result<void> check_conditions(const Append& append) {
  const auto& conditions = append.conditions;
  for (auto condition = conditions.begin(); condition != conditions.end(); ++condition)
    for (auto other = conditions.begin(); other != condition; ++other)
      if (other->stream == condition->stream)
        return invalid("store.condition_repeated", "two conditions on " + std::string(condition->stream));
  for (const auto& event : append.events) {
    auto of_stream = [&](const Condition& c) { return c.stream == event.stream; };
    if (std::none_of(conditions.begin(), conditions.end(), of_stream))
      return invalid("store.condition_missing", "no expected version of " + std::string(event.stream));
  }
  return {};
}

Result<PreparedAppend> prepare_append(const Append& append) {
  if (append.events.empty()) return invalid("store.append_empty", "an append without events");
  if (append.events.size() > kAppendEventsMax)
    return over_limit("store.append_too_many_events", "events of one append", append.events.size(), kAppendEventsMax);
  if (!append.salts.empty() && append.salts.size() != append.events.size())
    return invalid("store.salts", "as many salts as events are needed, or none");
  if (auto checked = check_conditions(append); !checked) return checked.error();
  PreparedAppend prepared{&append, {}, 0};
  prepared.events.reserve(append.events.size());
  for (std::size_t i = 0; i < append.events.size(); ++i) {
    auto event = prepare_event(append.events[i]);
    if (!event) return event.error();
    event->salt = append.salts.empty() ? random_salt() : append.salts[i];
    event->digest = event_digest(event->salt, event->metadata, event->payload);
    prepared.bytes += event->metadata.asBytes().size() + event->payload.asBytes().size();
    prepared.events.push_back(*event);
  }
  if (prepared.bytes > kAppendBytesMax)
    return over_limit("store.append_too_large", "bytes of one append", prepared.bytes, kAppendBytesMax);
  return prepared;
}

}  // namespace

Error past_head(Position position) {
  return invalid("store.past_head", "the log has no position " + std::to_string(position.value) + " yet");
}

Result<std::vector<PreparedAppend>> prepare(std::span<const Append> appends) {
  if (appends.size() > kAppendsMax)
    return over_limit("store.too_many_appends", "appends of one call", appends.size(), kAppendsMax);
  std::vector<PreparedAppend> prepared;
  prepared.reserve(appends.size());
  for (const auto& append : appends) {
    auto one = prepare_append(append);
    if (!one) return one.error();
    prepared.push_back(std::move(*one));
  }
  return prepared;
}

Result<StreamVersion> GroupPlan::version_of(std::string_view stream) const {
  auto planned = streams_.find(stream);
  if (planned != streams_.end()) return planned->second;
  return log_.kept_version(stream);
}

// Identity first: a repeated command must get its first answer even after its stream moved on.
Result<std::optional<PlannedAnswer>> GroupPlan::seen_before(const Append& append) const {
  using Kind = PlannedAnswer::Kind;
  auto planned = command_index_.find(append.command);
  if (planned != command_index_.end()) {
    const auto& command = commands_[planned->second];
    if (command.append->request != append.request) return std::optional(PlannedAnswer{Kind::kReused});
    return std::optional(PlannedAnswer{Kind::kPlannedTwice, command.first, command.count});
  }
  auto kept = log_.kept_command(append.command);
  if (!kept) return kept.error();
  if (!*kept) return std::optional<PlannedAnswer>();
  if ((*kept)->request != append.request) return std::optional(PlannedAnswer{Kind::kReused});
  return std::optional(PlannedAnswer{Kind::kAlready, 0, (*kept)->events, (*kept)->first});
}

Result<std::optional<PlannedAnswer>> GroupPlan::conflict(const Append& append) const {
  for (const auto& condition : append.conditions) {
    auto current = version_of(condition.stream);
    if (!current) return current.error();
    if (*current == condition.expected) continue;
    return std::optional(PlannedAnswer{PlannedAnswer::Kind::kConflict, 0, 0, {}, condition.stream, *current});
  }
  return std::optional<PlannedAnswer>();
}

Result<void> GroupPlan::add(const PreparedAppend& append) {
  auto answer = seen_before(*append.append);
  if (!answer) return answer.error();
  if (!*answer) answer = conflict(*append.append);
  if (!answer) return answer.error();
  if (!*answer) return place(append);
  answers_.push_back(**answer);
  return {};
}

Result<Timestamp> GroupPlan::first_recorded_at(const Append& append) {
  if (append.recorded_at) {
    if (*append.recorded_at > end_.recorded_at) return *append.recorded_at;
    return invalid("store.recorded_at", "a loaded event's recordedAt is not after the one before");
  }
  if (!now_) {
    auto now = clock_.now(end_.recorded_at);
    if (!now) return now.error();
    now_ = *now;
  }
  return Timestamp{std::max(now_->micros, end_.recorded_at.micros + 1)};
}

Result<void> GroupPlan::place(const PreparedAppend& append) {
  auto recorded_at = first_recorded_at(*append.append);
  if (!recorded_at) return recorded_at.error();
  auto first = events_.size();
  command_index_.emplace(append.append->command, commands_.size());
  commands_.push_back({append.append, first, append.events.size()});
  for (const auto& condition : append.append->conditions) streams_.try_emplace(condition.stream, condition.expected);
  std::uint16_t ordinal = 0;
  for (const auto& event : append.events) {
    auto& version = streams_.find(event.stream)->second;
    ++version.value;
    ++end_.position.value;
    EventHead head{end_.position, version, *recorded_at, append.append->command, ordinal++, event.digest};
    auto& planned = events_.emplace_back(PlannedEvent{&event, head.position, version, head.recorded_at, encode(head), {}});
    planned.leaf = leaf_hash(planned.head);
    end_.recorded_at = *recorded_at;
    ++recorded_at->micros;
  }
  bytes_ += append.bytes;
  answers_.push_back({PlannedAnswer::Kind::kAppended, first, append.events.size()});
  return {};
}

StoredOutcome GroupPlan::planned_outcome(std::size_t first, std::size_t count) const {
  StoredOutcome outcome;
  outcome.events.reserve(count);
  for (auto i = first; i < first + count; ++i) {
    const auto& event = events_[i];
    outcome.events.push_back({std::string(event.prepared->stream), std::string(event.prepared->type), event.version,
                              event.position, event.leaf});
  }
  return outcome;
}

Result<AppendOutcome> GroupPlan::outcome(const PlannedAnswer& answer) const {
  switch (answer.kind) {
    case PlannedAnswer::Kind::kAppended: return AppendOutcome(Appended{planned_outcome(answer.first, answer.count)});
    case PlannedAnswer::Kind::kPlannedTwice:
      return AppendOutcome(AlreadyAppended{planned_outcome(answer.first, answer.count)});
    case PlannedAnswer::Kind::kReused: return AppendOutcome(CommandIdReused{});
    case PlannedAnswer::Kind::kConflict: return AppendOutcome(Conflict{std::string(answer.stream), answer.current});
    case PlannedAnswer::Kind::kAlready: break;
  }
  auto kept = log_.kept_outcome(answer.position, answer.count);
  if (!kept) return kept.error();
  return AppendOutcome(AlreadyAppended{std::move(*kept)});
}

}  // namespace rapport
