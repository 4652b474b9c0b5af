// Which events somebody asks for: the same words for reading, for subscribing, and for what a decision rests on.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "domain/result.h"
#include "eventstore/event.h"

namespace rapport {

// One thing that can be asked of an event; each is kept in an index. Those that fewer events have come first.
struct Term {
  enum class Kind : std::uint8_t {
    kCause,        // it names the event as its cause
    kCorrelation,  // it is part of what the command began, its own events included
    kTag,
    kSubject,      // its personal texts are sealed under the key
    kType,         // "opportunity.won"
    kCategory,     // "opportunity"
  };
  static constexpr std::size_t kKinds = 6;
  Kind kind;
  std::string value;  // a name; of ids and keys: their bytes, big-endian

  static Term caused_by(const EventId& event);
  static Term correlation(const CommandId& command);
  static Term tag(std::string_view tag);
  static Term sealed_by(std::uint64_t subject_key);
  static Term type(std::string_view type);
  static Term category(std::string_view stream_type);

  // How an index names it: a letter of its kind, then the value.
  static std::string key(Kind kind, std::string_view value);
  bool operator==(const Term&) const = default;
};

// Terms that all hold.
using Clause = std::vector<Term>;

// Any of some clauses holds; without clauses: every event.
struct EventFilter {
  std::vector<Clause> any_of;

  EventFilter() = default;
  EventFilter(Term term) : any_of{{std::move(term)}} {}
  EventFilter(Clause all_of) : any_of{std::move(all_of)} {}

  bool takes_all() const { return any_of.empty(); }
  // metadata, and the id of the command that stored the event.
  bool takes(envelope::wire::Metadata::Reader metadata, const CommandId& command) const;
  // Every term of an event, its command's correlation included.
  bool takes(std::span<const Term> terms) const;
  bool takes(const RecordedEvent& event) const { return takes_all() || takes(event.metadata, event.command); }
  bool operator==(const EventFilter&) const = default;
};

// The terms that an event is kept under besides its type and category. That its command correlates with itself is not among
// them: the command's own entry tells.
std::vector<Term> further_terms(envelope::wire::Metadata::Reader metadata, const CommandId& command);

// A filter as people write it: each clause `KIND=VALUE`, or several of them joined by `,`; several clauses: any of them. Kinds:
// type, category, tag, correlation (a UUID), cause (UUID.n). In a value `%2C` is a comma, `%25` a percent sign. kInvalid: "filter.malformed".
Result<EventFilter> parse_filter(const std::vector<std::string>& clauses);
// And back; kinds that people do not write excepted.
std::vector<std::string> to_text(const EventFilter& filter);

}  // namespace rapport
