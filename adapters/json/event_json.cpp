#include "adapters/json/event_json.h"

#include <capnp/serialize.h>
#include <kj/exception.h>

#include "adapters/json/field_plan.h"
#include "adapters/json/text_forms.h"
#include "domain/reading.h"
#include "adapters/json/write_json.h"
#include "eventstore/command_gateway.h"

namespace rapport {
namespace {

std::string_view view(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

// `,"name":` before a member that is not the first.
void key(std::string_view name, std::string& out) {
  out += ",\"";
  out += name;
  out += "\":";
}
void text_member(std::string_view name, std::string_view text, std::string& out) {
  key(name, out);
  append_text(text, out);
}
// A member that is null if its pointer is.
void optional_member(std::string_view name, bool present, capnp::Text::Reader text,
                     std::string& out) {
  key(name, out);
  if (present)
    append_text(view(text), out);
  else
    out += "null";
}

Result<void> append_reason(envelope::wire::Metadata::Reader metadata, PersonalTexts personal,
                           std::string& out, ErasedTexts& erased) {
  key("reason", out);
  if (!metadata.hasReasonCode() && !metadata.hasReasonText()) {
    out += "null";
    return {};
  }
  out += "{\"code\":";
  if (metadata.hasReasonCode())
    append_text(view(metadata.getReasonCode()), out);
  else
    out += "null";
  key("text", out);
  if (!metadata.hasReasonText()) {
    out += "null}";
    return {};
  }
  auto opened = append_personal(view(metadata.getReasonText()), personal, out);
  out += '}';
  if (!opened) return std::move(opened).error();
  if (*opened) erased.push_back("/reason/text");
  return {};
}

Result<void> append_data(const RecordedEvent& event, PersonalTexts personal, std::string& out,
                         ErasedTexts& erased) {
  key("data", out);
  auto* aggregate = find_aggregate(event.stream_type);
  if (aggregate == nullptr) {
    out += "{}";  // of an aggregate from a newer program
    return {};
  }
  auto before = erased.size();
  auto done = append_member(aggregate->events, event.payload, personal, out, &erased);
  for (auto i = before; i < erased.size(); ++i) erased[i].insert(0, "/data");
  return done;
}

void append_erased(const ErasedTexts& erased, std::string& out) {
  if (erased.empty()) return;
  key("erased", out);
  for (auto& pointer : erased) {
    out += &pointer == erased.data() ? '[' : ',';
    append_text(pointer, out);
  }
  out += ']';
}

void append_tags(envelope::wire::Metadata::Reader metadata, std::string& out) {
  key("tags", out);
  char separator = '[';
  for (auto tag : metadata.getTags()) {
    out += separator;
    separator = ',';
    append_text(view(tag), out);
  }
  out += separator == '[' ? "[]" : "]";
}

// The members of the event object, without its closing brace.
Result<void> append_members(const RecordedEvent& event, envelope::wire::Metadata::Reader metadata, PersonalTexts personal,
                            std::string& out) {
  if (event.subject_key == 0) personal = kPlainTexts;
  ErasedTexts erased;
  out += "{\"position\":";
  append_integer(event.position.value, out);
  text_member("id", to_text(event.id()), out);
  text_member("stream", stream_name(event.stream_type, event.stream_id), out);
  key("version", out);
  append_integer(event.version.value, out);
  text_member("type", event.type, out);
  key("occurredAt", out);
  append_time(event.occurred_at, out);
  text_member("occurredPrecision", name_of(event.precision), out);
  key("recordedAt", out);
  append_time(event.recorded_at, out);
  out += ",\"actor\":{\"id\":";
  append_text(view(metadata.getActorId()), out);
  text_member("kind", name_of(metadata.getActorKind()), out);
  out += '}';
  if (auto reason = append_reason(metadata, personal, out, erased); !reason) return reason;
  text_member("correlationId",
              to_text(CommandId::of(metadata.getCorrelationHigh(), metadata.getCorrelationLow())),
              out);
  key("causation", out);
  if (metadata.hasCausation())
    append_text(to_text(EventId::read(metadata.getCausation())), out);
  else
    out += "null";
  key("asFact", out);
  out += event.as_fact ? "true" : "false";
  key("source", out);
  if (metadata.hasSource()) {
    auto& plan = plan_of<envelope::wire::Source>();
    if (auto source = append_struct(plan, metadata.getSource(), nullptr, out); !source)
      return source;
  } else {
    out += "null";
  }
  if (metadata.getTags().size() > 0) append_tags(metadata, out);
  text_member("leaf", to_hex(event.leaf), out);
  if (auto data = append_data(event, personal, out, erased); !data) return data;
  append_erased(erased, out);
  return {};
}

// What is stored beside the members of the event object, readable.
Result<void> append_rest(envelope::wire::Metadata::Reader metadata, std::string& out) {
  optional_member("onBehalfOf", metadata.hasOnBehalfOf(), metadata.getOnBehalfOf(), out);
  key("policies", out);
  char separator = '[';
  for (auto policy : metadata.getPolicies()) {
    out += separator;
    separator = ',';
    auto& plan = plan_of<envelope::wire::PolicyRef>();
    if (auto done = append_struct(plan, policy, nullptr, out); !done) return done;
  }
  out += separator == '[' ? "[]" : "]";
  if (metadata.getTags().size() == 0) append_tags(metadata, out);
  key("schemaVersion", out);
  append_integer(std::uint64_t{metadata.getSchemaVersion()}, out);
  // As text: past 2^53 most readers of JSON would round it.
  text_member("subjectKey", std::to_string(metadata.getSubjectKeyId()), out);
  return {};
}

void base64_member(std::string_view name, Words words, std::string& out) {
  key(name, out);
  out += '"';
  auto bytes = words.asBytes();
  append_base64({bytes.begin(), bytes.size()}, out);
  out += '"';
}

// Cap'n Proto finds damage only where it is read, and throws. The metadata are read within their own limits: those of the event's
// reader, whom many may ask, are wider.
template <class Body>
Result<void> guarded(const RecordedEvent& event, Body&& body) {
  Result<void> done;
  try {
    capnp::FlatArrayMessageReader metadata(event.metadata_bytes, reading_limits(event.metadata_bytes));
    done = body(metadata.getRoot<envelope::wire::Metadata>());
  } catch (const kj::Exception& e) {
    done =
        Error{ErrorCode::kCorrupt, "store.damaged_message", std::string(e.getDescription().cStr())};
  }
  if (done) return done;
  auto error = std::move(done).error();
  error.message = "event " + std::to_string(event.position.value) + ": " + error.message;
  return error;
}

}  // namespace

Result<void> append_event(const RecordedEvent& event, const SealOpener* opener, std::string& out) {
  return guarded(event, [&](auto metadata) {
    auto done = append_members(event, metadata, opener, out);
    out += '}';
    return done;
  });
}

Result<void> append_dump_line(const RecordedEvent& event, const SealOpener* keys, std::string& out) {
  return guarded(event, [&](auto metadata) -> Result<void> {
    if (auto members = append_members(event, metadata, PersonalTexts::left_sealed(keys), out);
        !members) return members;
    if (auto rest = append_rest(metadata, out); !rest) return rest;
    text_member("salt", to_hex(event.salt), out);
    if (!event.request.empty()) text_member("request", to_hex(event.request), out);
    base64_member("metadataBytes", event.metadata_bytes, out);
    base64_member("payloadBytes", event.payload, out);
    out += '}';
    return {};
  });
}

void append_receipt(const Receipt& receipt, Position head, std::string& out) {
  auto& events = receipt.outcome.events;
  auto position = head;
  for (auto& item : events)
    if (&item == events.data() || position < item.position) position = item.position;
  out += "{\"stream\":";
  append_text(receipt.stream, out);
  key("version", out);
  append_integer(receipt.version.value, out);
  key("position", out);
  append_integer(position.value, out);
  auto array = [&](std::string_view name, auto&& append_one) {
    key(name, out);
    out += '[';
    for (auto& item : events) {
      if (&item != events.data()) out += ',';
      append_one(item);
    }
    out += ']';
  };
  array("positions", [&](auto& item) { append_integer(item.position.value, out); });
  array("events", [&](auto& item) { append_text(item.type, out); });
  array("leaves", [&](auto& item) { append_text(to_hex(item.leaf), out); });
  key("already", out);
  out += receipt.already ? "true}" : "false}";
}

void append_error(const Error& error, std::optional<std::uint64_t> row, std::string& out) {
  out += "{\"error\":{\"code\":";
  append_text(error.reason, out);
  text_member("message", error.message, out);
  if (!error.field.empty()) text_member("field", error.field, out);
  if (!error.expected.empty()) text_member("expected", error.expected, out);
  if (!row && error.row) row = error.row;
  if (row) {
    key("row", out);
    append_integer(*row, out);
  }
  if (!error.hint.empty()) text_member("hint", error.hint, out);
  out += "}}";
}

std::string error_line(const Error& error) {
  auto line = error.message.empty() ? error.reason : error.message;
  if (!error.field.empty()) line += " (at " + error.field + ')';
  if (!error.expected.empty()) line += "; expected " + error.expected;
  if (!error.hint.empty()) line += "; " + error.hint;
  line += " [" + error.reason + ']';
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20)
      c = ' ';  // what a person typed may be part of it: it stays one line
  return line;
}

}  // namespace rapport
