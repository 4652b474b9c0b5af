#include "adapters/http/answers.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace rapport {
namespace {

using nlohmann::json;

// The text after the first `key`. A quote inside a JSON string is escaped, so `"type":` cannot be found
// inside a value, and members of the same name can only follow in "data".
std::string_view after(std::string_view text, std::string_view key) {
  const auto at = text.find(key);
  return at == text.npos ? std::string_view{} : text.substr(at + key.size());
}

std::string leading_text(std::string_view text) {
  if (!text.starts_with('"')) return {};
  const auto end = text.find('"', 1);
  if (end == text.npos) return {};
  const auto plain = text.substr(1, end - 1);
  if (plain.find('\\') == plain.npos) return std::string(plain);
  // Escapes are rare: find the real end, then have the library undo them.
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      const auto parsed = json::parse(text.substr(0, i + 1), nullptr, false);
      return parsed.is_string() ? parsed.get<std::string>() : std::string{};
    }
  }
  return {};
}

std::optional<std::uint64_t> number(const json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end() || !found->is_number_unsigned()) return {};
  return found->get<std::uint64_t>();
}

}  // namespace

std::uint64_t event_position(std::string_view line) {
  const auto digits = after(line, "\"position\":");
  std::uint64_t position = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), position);
  return position;
}

std::string event_type(std::string_view line) { return leading_text(after(line, "\"type\":")); }
std::string event_stream(std::string_view line) { return leading_text(after(line, "\"stream\":")); }

std::vector<Term> event_terms(std::string_view line) {
  const auto stream = event_stream(line);
  std::vector<Term> terms{Term::type(event_type(line)), Term::category(split_stream(stream).type)};
  const auto event = json::parse(line, nullptr, false);
  if (!event.is_object()) return terms;
  const auto text = [&](const char* member) { return event.contains(member) && event[member].is_string() ? event[member].get<std::string>() : ""; };
  CommandId command;
  EventId id;
  if (parse(text("correlationId"), command)) terms.push_back(Term::correlation(command));
  if (parse(text("id"), id)) terms.push_back(Term::correlation(command_of(id)));
  if (parse(text("causation"), id)) terms.push_back(Term::caused_by(id));
  if (const auto tags = event.find("tags"); tags != event.end() && tags->is_array())
    for (const auto& tag : *tags)
      if (tag.is_string()) terms.push_back(Term::tag(tag.get<std::string>()));
  return terms;
}

bool took_none(std::string_view taken) {
  const auto parsed = json::parse(taken, nullptr, false);
  const auto events = parsed.is_object() ? parsed.find("events") : parsed.end();
  return parsed.is_object() && events != parsed.end() && events->empty();
}

std::optional<std::uint64_t> receipt_version(std::string_view receipt) {
  const auto parsed = json::parse(receipt, nullptr, false);
  if (!parsed.is_object()) return {};
  return number(parsed, "version");
}

std::optional<Positions> inspected_positions(std::string_view inspected) {
  const auto parsed = json::parse(inspected, nullptr, false);
  if (!parsed.is_object()) return {};
  const auto head = number(parsed, "position");
  if (!head) return {};
  Positions positions{*head, {}};
  const auto bus = parsed.find("kafka");
  if (bus != parsed.end() && bus->is_object())
    positions.bus = {bus->value("connected", false), number(*bus, "position").value_or(0)};
  const auto views = parsed.find("views");
  if (views == parsed.end() || !views->is_object()) return positions;
  for (const auto& [name, view] : views->items()) {
    if (!view.is_object()) continue;
    if (const auto position = number(view, "position")) positions.views.emplace_back(name, *position);
  }
  return positions;
}

}  // namespace rapport
