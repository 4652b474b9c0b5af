#include "adapters/kafka/record.h"

#include <charconv>

#include "adapters/json/field_plan.h"
#include "adapters/json/json_schema.h"
#include "adapters/json/text_forms.h"
#include "adapters/json/write_json.h"
#include "eventstore/trace_context.h"

namespace rapport::kafka {
namespace {

std::string_view digits(std::uint64_t number, std::array<char, 20>& to) {
  auto end = std::to_chars(to.data(), to.data() + to.size(), number).ptr;
  return {to.data(), static_cast<std::size_t>(end - to.data())};
}

std::string_view trace_of(const RecordedEvent& event) {
  if (!event.metadata.hasTags()) return {};
  for (auto tag : event.metadata.getTags()) {
    auto text = read_text(tag);
    if (text.starts_with(kTraceTag)) return text.substr(kTraceTag.size());
  }
  return {};
}

PersonalTexts texts_of(Personal personal, const SealOpener* opener) {
  if (personal == Personal::kMasked) return PersonalTexts::masked();
  return PersonalTexts(personal == Personal::kOpen ? opener : nullptr);
}

}  // namespace

std::string_view EventRecord::key_of(const RecordedEvent& event) {
  key_.assign(event.stream_type).append(1, '-').append(event.stream_id);
  return key_;
}

const UnionPlan* EventRecord::plan_of(std::string_view aggregate) {
  if (aggregate != aggregate_) {
    aggregate_ = aggregate;
    const auto* found = find_aggregate(aggregate);
    plan_ = found ? &found->events : nullptr;
  }
  return plan_;
}

// Runs of events share their type more often than not.
void EventRecord::name_schema(const RecordedEvent& event) {
  const auto version = event.metadata.getSchemaVersion();
  if (event.type == type_ && version == schema_version_) return;
  type_ = event.type;
  schema_version_ = version;
  schema_ = schema_urn(type_, version);
}

Result<void> EventRecord::write(const RecordedEvent& event, std::uint64_t previous_sequence, Personal personal) {
  value_.clear();
  if (const auto* plan = plan_of(event.stream_type)) {
    if (auto done = append_member(*plan, event.payload, texts_of(personal, opener_), value_); !done) return done;
  } else {
    value_ = "{}";
  }
  name_schema(event);
  id_ = to_text(event.id());
  time_ = to_text(event.occurred_at);
  header_count_ = 0;
  auto add = [this](const char* name, std::string_view value) {
    headers_[header_count_++] = {name, value};
  };
  add("ce_specversion", "1.0");
  add("ce_id", id_);
  add("ce_source", source_);
  add("ce_type", type_);
  add("ce_time", time_);
  add("ce_subject", key_);
  add("ce_dataschema", schema_);
  add("ce_sequence", digits(event.position.value, sequence_));
  add("ce_partitionkey", key_);
  add("ce_streamversion", digits(event.version.value, version_));
  add("content-type", envelope_ == Envelope::kBinary ? "application/json" : "application/cloudevents+json");
  add("id", id_);
  add("eventType", type_);
  add("rapport-prev", digits(previous_sequence, previous_));
  if (auto trace = trace_of(event); !trace.empty()) add("traceparent", trace);
  if (envelope_ == Envelope::kStructured) envelop();
  return {};
}

// The attributes that the headers carry, and the data.
void EventRecord::envelop() {
  data_.swap(value_);
  value_ = "{";
  for (const auto& header : headers()) {
    std::string_view name = header.name;
    if (name.starts_with("ce_")) name.remove_prefix(3);
    else if (name != "traceparent") continue;
    append_text(name, value_);
    value_ += ':';
    append_text(header.value, value_);
    value_ += ',';
  }
  value_ += "\"datacontenttype\":\"application/json\",\"data\":";
  value_ += data_;
  value_ += '}';
}

void FrameRecord::write(Position first, Position last, const EventId& last_id) {
  id_ = to_text(last_id);
  headers_ = {{{"ce_specversion", "1.0"},
               {"ce_id", id_},
               {"ce_source", source_},
               {"ce_type", "rapport.frame"},
               {"ce_sequence", digits(last.value, last_)},
               {"content-type", "application/vnd.capnp"},
               {"rapport-first", digits(first.value, first_)},
               {"rapport-prev", digits(first.value - 1, previous_)}}};
}

}  // namespace rapport::kafka
