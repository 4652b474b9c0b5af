#include "eventstore/rocks/index_entries.h"

namespace rapport {
namespace {

template <class Map, class Key>
auto* found(Map& map, const Key& key) {
  auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

}  // namespace

void IndexEntries::add(Term::Kind kind, std::string_view value, Position position) {
  auto& last = last_of_[static_cast<std::size_t>(kind)];
  if (!last || last->first != value) {
    auto& terms = terms_[static_cast<std::size_t>(kind)];
    auto entry = terms.find(value);
    if (entry == terms.end()) entry = terms.emplace(value, std::vector<Position>()).first;
    last = &*entry;
  }
  last->second.push_back(position);
}

void IndexEntries::add(const Entry& entry) {
  auto* of_stream = found(streams_, entry.stream);
  if (!of_stream) of_stream = &streams_.emplace(entry.stream, Stream{entry.version, {}}).first->second;
  of_stream->positions.push_back(entry.position);
  add(Term::Kind::kType, entry.type, entry.position);
  add(Term::Kind::kCategory, split_stream(entry.stream).type, entry.position);
  for (const auto& term : entry.terms) add(term.kind, term.value, entry.position);
  if (entry.version.value == 1) ++new_streams_;
  leaves_.push_back(entry.leaf);
  last_ = entry.position;
}

void IndexEntries::add(const GroupPlan& plan) {
  for (const auto& event : plan.events())
    add({event.prepared->stream, event.prepared->type, event.prepared->terms, event.version, event.position, event.leaf});
  for (const auto& command : plan.commands())
    commands_.emplace(command.append->command,
                      Command{plan.events()[command.first].position, static_cast<std::uint32_t>(command.count)});
}

Result<void> IndexEntries::add(Frame& frame) {
  std::string stream;
  for (std::size_t i = 0; i < frame.size(); ++i) {
    auto event = frame.event(i);
    if (!event) return event.error();
    const auto& e = **event;
    stream.assign(e.stream_type).append(1, '-').append(e.stream_id);
    add({stream, e.type, further_terms(e.metadata, e.command), e.version, e.position, e.leaf});
  }
  auto position = frame.first();
  for (const auto& command : frame.commands()) {
    auto* begun = command.first_ordinal > 0 ? found(commands_, command.id) : nullptr;
    if (begun) begun->events += command.events;
    else commands_.emplace(command.id, Command{position, command.events});
    position.value += command.events;
  }
  return {};
}

const IndexEntries::Stream* IndexEntries::stream(std::string_view name) const { return found(streams_, name); }
const IndexEntries::Command* IndexEntries::command(const CommandId& id) const { return found(commands_, id); }
const std::vector<Position>* IndexEntries::term(Term::Kind kind, std::string_view value) const { return found(terms(kind), value); }

}  // namespace rapport
