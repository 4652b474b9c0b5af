#include "eventstore/event_filter.h"

#include <algorithm>

#include "eventstore/byte_order.h"

namespace rapport {
namespace {

using Kind = Term::Kind;

struct Named {
  Kind kind;
  char letter;
  std::string_view name;  // empty: not for people
};
constexpr Named kNames[] = {{Kind::kCause, 'e', "cause"},  {Kind::kCorrelation, 'r', "correlation"}, {Kind::kTag, 'g', "tag"},
                            {Kind::kSubject, 's', ""},     {Kind::kType, 't', "type"},               {Kind::kCategory, 'c', "category"}};

std::string_view view(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

std::string bytes_of(const CommandId& id) { return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()}; }
std::string bytes_of(const EventId& id) {
  auto bytes = bytes_of(command_of(id));
  append_be<2>(bytes, id.ordinal);
  return bytes;
}

CommandId correlation_of(envelope::wire::Metadata::Reader metadata) {
  return CommandId::of(metadata.getCorrelationHigh(), metadata.getCorrelationLow());
}

bool has_tag(envelope::wire::Metadata::Reader metadata, std::string_view wanted) {
  for (auto tag : metadata.getTags())
    if (view(tag) == wanted) return true;
  return false;
}

bool holds(const Term& term, envelope::wire::Metadata::Reader metadata, const CommandId& command) {
  switch (term.kind) {
    case Kind::kCause: return metadata.hasCausation() && bytes_of(EventId::read(metadata.getCausation())) == term.value;
    case Kind::kCorrelation: return bytes_of(correlation_of(metadata)) == term.value || bytes_of(command) == term.value;
    case Kind::kTag: return has_tag(metadata, term.value);
    case Kind::kSubject: return metadata.getSubjectKeyId() != 0 && Term::sealed_by(metadata.getSubjectKeyId()).value == term.value;
    case Kind::kType: return view(metadata.getType()) == term.value;
    case Kind::kCategory: return view(metadata.getStreamType()) == term.value;
  }
  return false;
}

Error malformed(std::string_view clause, const char* expected) {
  return {ErrorCode::kInvalid, "filter.malformed", "no filter: " + std::string(clause), "match", expected,
          "for example type=opportunity.won,tag=vip"};
}

Result<Term> parse_term(std::string_view text, std::string_view clause) {
  auto is = text.find('=');
  auto named = std::ranges::find(kNames, text.substr(0, is), &Named::name);
  if (is == text.npos || named == std::end(kNames) || named->name.empty())
    return malformed(clause, "KIND=VALUE, KIND one of type, category, tag, correlation, cause");
  std::string value(text.substr(is + 1));
  for (auto [escape, character] : {std::pair{"%2C", ","}, {"%25", "%"}})
    for (auto at = value.find(escape); at != value.npos; at = value.find(escape, at + 1)) value.replace(at, 3, character);
  if (value.empty()) return malformed(clause, "a value behind the =");
  if (named->kind == Kind::kCorrelation) {
    CommandId id;
    if (!parse(value, id)) return malformed(clause, "the UUID of a command behind correlation=");
    return Term::correlation(id);
  }
  if (named->kind == Kind::kCause) {
    EventId id;
    if (!parse(value, id)) return malformed(clause, "the id of an event, UUID.n, behind cause=");
    return Term::caused_by(id);
  }
  return Term{named->kind, std::move(value)};
}

std::string written(const Term& term) {
  if (term.kind == Kind::kCorrelation || term.kind == Kind::kCause) {
    CommandId command;
    std::copy_n(term.value.begin(), command.bytes.size(), command.bytes.begin());
    if (term.kind == Kind::kCorrelation) return to_text(command);
    auto ordinal = read_be<2>(std::string_view(term.value).substr(command.bytes.size()));
    return to_text(event_id(command, static_cast<std::uint16_t>(ordinal)));
  }
  std::string text;
  for (char c : term.value) text += c == ',' ? "%2C" : c == '%' ? "%25" : std::string(1, c);
  return text;
}

}  // namespace

Term Term::caused_by(const EventId& event) { return {Kind::kCause, bytes_of(event)}; }
Term Term::correlation(const CommandId& command) { return {Kind::kCorrelation, bytes_of(command)}; }
Term Term::tag(std::string_view tag) { return {Kind::kTag, std::string(tag)}; }
Term Term::type(std::string_view type) { return {Kind::kType, std::string(type)}; }
Term Term::category(std::string_view stream_type) { return {Kind::kCategory, std::string(stream_type)}; }
Term Term::sealed_by(std::uint64_t subject_key) {
  std::string bytes;
  append_be<8>(bytes, subject_key);
  return {Kind::kSubject, std::move(bytes)};
}

std::string Term::key(Kind kind, std::string_view value) {
  return std::ranges::find(kNames, kind, &Named::kind)->letter + std::string(value);
}

bool EventFilter::takes(envelope::wire::Metadata::Reader metadata, const CommandId& command) const {
  if (takes_all()) return true;
  return std::ranges::any_of(any_of, [&](const Clause& clause) {
    return std::ranges::all_of(clause, [&](const Term& term) { return holds(term, metadata, command); });
  });
}

bool EventFilter::takes(std::span<const Term> terms) const {
  if (takes_all()) return true;
  return std::ranges::any_of(any_of, [&](const Clause& clause) {
    return std::ranges::all_of(clause, [&](const Term& term) { return std::ranges::find(terms, term) != terms.end(); });
  });
}

std::vector<Term> further_terms(envelope::wire::Metadata::Reader metadata, const CommandId& command) {
  std::vector<Term> terms;
  if (auto correlation = correlation_of(metadata); correlation != command) terms.push_back(Term::correlation(correlation));
  if (metadata.hasCausation()) terms.push_back(Term::caused_by(EventId::read(metadata.getCausation())));
  if (auto subject = metadata.getSubjectKeyId()) terms.push_back(Term::sealed_by(subject));
  for (auto tag : metadata.getTags())
    if (auto term = Term::tag(view(tag)); std::ranges::find(terms, term) == terms.end()) terms.push_back(std::move(term));
  return terms;
}

Result<EventFilter> parse_filter(const std::vector<std::string>& clauses) {
  EventFilter filter;
  for (const auto& text : clauses) {
    auto& clause = filter.any_of.emplace_back();
    for (std::string_view rest = text;;) {
      auto comma = rest.find(',');
      auto term = parse_term(rest.substr(0, comma), text);
      if (!term) return term.error();
      clause.push_back(std::move(*term));
      if (comma == rest.npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return filter;
}

std::vector<std::string> to_text(const EventFilter& filter) {
  std::vector<std::string> clauses;
  for (const auto& clause : filter.any_of) {
    auto& text = clauses.emplace_back();
    for (const auto& term : clause) {
      auto named = std::ranges::find(kNames, term.kind, &Named::kind);
      if (!named->name.empty()) text.append(text.empty() ? "" : ",").append(named->name).append("=").append(written(term));
    }
  }
  return clauses;
}

}  // namespace rapport
