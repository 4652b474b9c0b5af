#include "eventstore/append_plan.h"

#include <algorithm>

#include "domain/reading.h"
#include "eventstore/proof/merkle_tree.h"

namespace rapport {
namespace {

constexpr std::size_t kTypeBytesMax = 100;

Error invalid(const char* reason, std::string message) { return {ErrorCode::kInvalid, reason, std::move(message)}; }
Error over_limit(const char* reason, const char* what, std::size_t is, std::size_t max) {
  return invalid(reason, std::string(what) + ": " + std::to_string(is) + ", at most " + std::to_string(max));
}
std::string_view view(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

// The metadata of a whole message.
template <class Read>
auto with_metadata(Words bytes, Read&& read) {
  kj::ArrayPtr<const capnp::word> segment = bytes.slice(1, bytes.size());
  capnp::SegmentArrayMessageReader message(kj::arrayPtr(&segment, 1));
  return read(message.getRoot<envelope::wire::Metadata>());
}

Result<void> check_tags(envelope::wire::Metadata::Reader metadata) {
  auto tags = metadata.getTags();
  if (tags.size() > kTagsMax) return over_limit("store.too_many_tags", "tags of one event", tags.size(), kTagsMax);
  for (auto tag : tags) {
    if (tag.size() == 0 || tag.size() > kTagBytesMax) return over_limit("store.tag_size", "bytes of a tag, at least 1", tag.size(), kTagBytesMax);
    if (view(tag).find('\0') != std::string_view::npos) return invalid("store.tag", "a tag with a zero byte");
  }
  return {};
}

// The event's type, borrowed from the metadata.
Result<std::string_view> checked_type(const NewEvent& event, envelope::wire::Metadata::Reader metadata) {
  auto parts = split_stream(event.stream);
  if (view(metadata.getStreamType()) != parts.type || view(metadata.getStreamId()) != parts.id)
    return invalid("store.metadata_mismatch", "metadata of another stream than " + std::string(event.stream));
  auto type = view(metadata.getType());
  auto of_stream = type.size() > parts.type.size() + 1 && type.starts_with(parts.type) && type[parts.type.size()] == '.';
  auto control = std::any_of(type.begin(), type.end(), [](char c) { return static_cast<unsigned char>(c) < 0x21; });
  if (!of_stream || control || type.size() > kTypeBytesMax)
    return invalid("store.event_type", "no event type of " + std::string(parts.type) + ": " + std::string(type));
  if (auto checked = check_tags(metadata); !checked) return checked.error();
  return type;
}

Result<PreparedEvent> prepare_event(const NewEvent& event, const CommandId& command) try {
  if (!valid_stream(event.stream)) return invalid("store.stream_name", "no stream name: " + std::string(event.stream));
  auto bytes = event.metadata.asBytes().size() + event.payload.asBytes().size();
  if (bytes > kEventBytesMax) return over_limit("store.event_too_large", "bytes of one event", bytes, kEventBytesMax);
  if (!whole_message(event.metadata) || !whole_message(event.payload))
    return invalid("store.malformed_message", "metadata or payload is no single-segment message");
  if (!is_tree(event.metadata) || !is_tree(event.payload))
    return Error{ErrorCode::kInvalid, "store.message_no_tree", "metadata or payload of an event of " + std::string(event.stream) +
                 " is damaged, or points to the same bytes more than once", "", "a message whose every part is pointed to once",
                 "copy its root into a new message"};
  return with_metadata(event.metadata, [&](envelope::wire::Metadata::Reader metadata) -> Result<PreparedEvent> {
    auto type = checked_type(event, metadata);
    if (!type) return type.error();
    return PreparedEvent{event.stream, *type, event.metadata, event.payload, {}, {}, further_terms(metadata, command)};
  });
} catch (const kj::Exception& e) {
  return invalid("store.malformed_message", std::string("metadata: ") + e.getDescription().cStr());
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
    auto event = prepare_event(append.events[i], append.command);
    if (!event) return event.error();
    event->salt = append.salts.empty() ? random_salt() : append.salts[i];
    event->digest = event_digest(event->salt, event->metadata, event->payload);
    prepared.bytes += event->metadata.asBytes().size() + event->payload.asBytes().size();
    prepared.events.push_back(std::move(*event));
  }
  if (prepared.bytes > kAppendBytesMax)
    return over_limit("store.append_too_large", "bytes of one append", prepared.bytes, kAppendBytesMax);
  return prepared;
}

}  // namespace

StoredOutcome::Item item_of(const RecordedEvent& event) {
  return {stream_name(event.stream_type, event.stream_id), std::string(event.type), event.version, event.position, event.leaf};
}

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

Result<StreamVersion> GroupPlan::version_of(std::string_view stream) {
  auto known = streams_.find(stream);
  if (known != streams_.end()) return known->second;
  auto kept = log_.kept_version(stream);
  if (kept) streams_.emplace(stream, *kept);
  return kept;
}

// Identity first: a repeated command must get its first answer even after its stream moved on.
Result<std::optional<PlannedAnswer>> GroupPlan::seen_before(const Append& append) const {
  using Kind = PlannedAnswer::Kind;
  auto planned = command_index_.find(append.command);
  if (planned != command_index_.end()) {
    const auto& command = commands_[planned->second];
    if (command.append->request != append.request)
      return std::optional(PlannedAnswer{Kind::kReused, 0, command.count, events_[command.first].position, &append});
    return std::optional(PlannedAnswer{Kind::kPlannedTwice, command.first, command.count});
  }
  auto kept = log_.kept_command(append.command);
  if (!kept) return kept.error();
  if (!*kept) return std::optional<PlannedAnswer>();
  auto kind = (*kept)->request == append.request ? Kind::kAlready : Kind::kReused;
  return std::optional(PlannedAnswer{kind, 0, (*kept)->events, (*kept)->first, &append});
}

Result<bool> GroupPlan::crossed(const Boundary& boundary) const {
  for (const auto& event : events_) {
    if (event.position <= boundary.after) continue;
    auto taken = with_metadata(event.prepared->metadata, [&](envelope::wire::Metadata::Reader metadata) {
      return boundary.filter.takes(metadata, decode_head(event.head)->command);
    });
    if (taken) return true;
  }
  auto kept = log_.kept_items({.from = {boundary.after.value + 1}, .to = begin_, .filter = boundary.filter}, 1);
  if (!kept) return kept.error();
  return !kept->empty();
}

Result<std::optional<PlannedAnswer>> GroupPlan::conflict(const Append& append) {
  PlannedAnswer answer{.kind = PlannedAnswer::Kind::kConflict, .append = &append};
  for (const auto& condition : append.conditions) {
    auto current = version_of(condition.stream);
    if (!current) return current.error();
    if (condition.expected == kMustExist ? *current != StreamVersion{} : *current == condition.expected) continue;
    answer.condition = &condition;
    answer.current = *current;
    return std::optional(answer);
  }
  for (const auto& boundary : append.boundaries) {
    auto is_crossed = crossed(boundary);
    if (!is_crossed) return is_crossed.error();
    if (!*is_crossed) continue;
    answer.boundary = &boundary;
    answer.position = end_.position;
    return std::optional(answer);
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

Result<AppendOutcome> GroupPlan::reused_outcome(const PlannedAnswer& answer) const {
  auto first = log_.kept_outcome(answer.position, answer.count);
  if (!first) return first.error();
  const auto& now = answer.append->events;
  CommandIdReused reused{std::move(*first), "the request is another"};
  const auto& then = reused.first.events;
  for (std::size_t i = 0; i < std::min(then.size(), now.size()); ++i) {
    auto type = *with_metadata(now[i].metadata, [](envelope::wire::Metadata::Reader m) { return std::optional(std::string(view(m.getType()))); });
    auto event = "event " + std::to_string(i);
    if (then[i].stream != now[i].stream) reused.difference = event + " went to " + then[i].stream + ", not to " + std::string(now[i].stream);
    else if (then[i].type != type) reused.difference = event + " is " + then[i].type + ", not " + type;
    else continue;
    return AppendOutcome(std::move(reused));
  }
  if (then.size() != now.size()) reused.difference = "it has " + std::to_string(then.size()) + " events, not " + std::to_string(now.size());
  return AppendOutcome(std::move(reused));
}

Result<AppendOutcome> GroupPlan::conflict_outcome(const PlannedAnswer& answer) const {
  Conflict conflict;
  ReadQuery unknown;
  if (answer.condition) {
    conflict.stream = answer.condition->stream;
    conflict.current = answer.current;
    if (answer.condition->expected >= answer.current) return AppendOutcome(std::move(conflict));
    unknown.stream = conflict.stream;
    unknown.from_version = {answer.condition->expected.value + 1};
    unknown.to = end_.position;
  } else {
    unknown.from = {answer.boundary->after.value + 1};
    unknown.filter = answer.boundary->filter;
    unknown.to = answer.position;
  }
  auto events = log_.kept_items(unknown, kConflictEventsMax);
  if (!events) return events.error();
  conflict.events = std::move(*events);
  while (answer.condition && !conflict.events.empty() && conflict.events.back().version > answer.current) conflict.events.pop_back();
  return AppendOutcome(std::move(conflict));
}

Result<AppendOutcome> GroupPlan::outcome(const PlannedAnswer& answer) const {
  switch (answer.kind) {
    case PlannedAnswer::Kind::kAppended: return AppendOutcome(Appended{planned_outcome(answer.first, answer.count)});
    case PlannedAnswer::Kind::kPlannedTwice:
      return AppendOutcome(AlreadyAppended{planned_outcome(answer.first, answer.count)});
    case PlannedAnswer::Kind::kReused: return reused_outcome(answer);
    case PlannedAnswer::Kind::kConflict: return conflict_outcome(answer);
    case PlannedAnswer::Kind::kAlready: break;
  }
  auto kept = log_.kept_outcome(answer.position, answer.count);
  if (!kept) return kept.error();
  return AppendOutcome(AlreadyAppended{std::move(*kept)});
}

}  // namespace rapport
