#include "eventstore/gateway/reused_id.h"

#include <capnp/dynamic.h>
#include <kj/string.h>

namespace rapport {
namespace {

struct Difference {
  std::string field, words;
};
using Found = std::optional<Difference>;

std::string_view view(capnp::Text::Reader text) { return {text.begin(), text.size()}; }
Found other(const char* field, std::string_view then, std::string_view now) {
  if (then == now) return {};
  auto said = [](std::string_view text) { return text.empty() ? std::string("nothing") : std::string(text); };
  return Difference{field, said(then) + " then, " + said(now) + " now"};
}

// A value in words; of a sealed text its open form. Nothing: it cannot be opened.
std::optional<std::string> words_of(const capnp::DynamicValue::Reader& value, const SubjectKeys& keys) {
  if (value.getType() != capnp::DynamicValue::TEXT) return kj::str(value).cStr();
  auto text = std::string(view(value.as<capnp::Text>()));
  if (sealing_key(text) == 0) return text;
  auto opened = keys.open(text);
  return opened ? *opened : std::nullopt;
}

// A command's field that its event has under the same name, with another value.
Found other_field(capnp::DynamicStruct::Reader command, capnp::DynamicStruct::Reader event, const SubjectKeys& keys) {
  for (auto field : command.getSchema().getNonUnionFields()) {
    auto name = field.getProto().getName();
    KJ_IF_MAYBE(same, event.getSchema().findFieldByName(name)) {
      if (field.getType() != same->getType()) continue;
      auto value = event.get(*same);
      bool sealed = value.getType() == capnp::DynamicValue::TEXT && sealing_key(view(value.as<capnp::Text>())) != 0;
      auto then = words_of(value, keys), now = words_of(command.get(field), keys);
      if (!then || !now || *then == *now) continue;
      return Difference{std::string("/") + name.cStr(), sealed ? "its text is another" : *then + " then, " + *now + " now"};
    }
  }
  return {};
}

Found difference(const Command& command, const RecordedEvent& event, const SubjectKeys& keys, const Aggregate& aggregate) {
  auto metadata = event.metadata;
  if (auto actor = other("/actor", view(metadata.getActorId()), command.actor)) return actor;
  if (auto reason = other("/reason/code", view(metadata.getReasonCode()), command.reason_code)) return reason;
  if (command.occurred_at && event.precision == command.precision && event.occurred_at != *command.occurred_at)
    return Difference{"/occurredAt", "another time"};
  capnp::FlatArrayMessageReader sent(command.body, reading_limits(command.body)), stored(event.payload, reading_limits(event.payload));
  auto wish = sent.getRoot<capnp::DynamicStruct>(aggregate.command);
  auto fact = stored.getRoot<capnp::DynamicStruct>(aggregate.event);
  KJ_IF_MAYBE(asked, wish.which())
    KJ_IF_MAYBE(became, fact.which())
      if (asked->getType().isStruct() && became->getType().isStruct())
        return other_field(wish.get(*asked).as<capnp::DynamicStruct>(), fact.get(*became).as<capnp::DynamicStruct>(), keys);
  return {};
}

}  // namespace

Error id_reused(const CommandId& id, std::string_view difference) {
  return {ErrorCode::kConflict, "command.id_reused", "command id " + to_text(id) + " was used for another request: " + std::string(difference),
          "", "", "send a new request under a new id"};
}

Error id_reused(const Command& command, const StoredOutcome& first, const EventStore& store, const SubjectKeys& keys,
                const std::vector<Aggregate>& aggregates) try {
  auto& stored = first.events.front();
  auto stream = stream_name(command.aggregate, command.id);
  if (stored.stream != stream) return id_reused(command.command_id, "it went to " + stored.stream);
  auto reader = store.read({.from = stored.position, .to = stored.position});
  auto event = reader->next();
  auto* aggregate = find_aggregate(aggregates, command.aggregate);
  if (!event || !*event || !aggregate) return id_reused(command.command_id, "it brought " + stored.type);
  auto found = difference(command, **event, keys, *aggregate);
  if (!found) return id_reused(command.command_id, "it brought " + stored.type);
  auto error = id_reused(command.command_id, found->field + ": " + found->words);
  error.field = found->field;
  return error;
} catch (const kj::Exception&) {
  return id_reused(command.command_id, "it brought " + first.events.front().type);
}

}  // namespace rapport
