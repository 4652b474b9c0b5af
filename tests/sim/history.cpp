#include "tests/sim/history.h"

#include <algorithm>

#include "eventstore/proof/merkle_tree.h"
#include "eventstore/rocks/verify_store.h"
#include "eventstore/stored_event.h"

namespace rapport::sim {
namespace {

std::string text(const Error& error) { return error.reason + ": " + error.message; }

}  // namespace

// What the log holds, by the three ways to ask for it.
struct History::Found {
  std::map<CommandId, std::vector<Position>> commands;
  std::map<std::string, std::vector<Position>> streams, types;
  std::vector<Hash> leaves;
};

void History::tried(std::uint64_t command, const std::string& stream, std::size_t events, Instant at) {
  std::lock_guard lock(mutex_);
  requests_[test::command_id(command)] = {stream, events, at, kNever, {}};
}

void History::acknowledged(std::uint64_t command, const StoredOutcome& outcome, Instant at) {
  std::lock_guard lock(mutex_);
  auto& request = requests_.at(test::command_id(command));
  if (request.acknowledged != kNever) return;
  request.acknowledged = at;
  request.outcome = outcome;
}

void History::key_acknowledged(const SubjectKeys::NamedKey& key, Instant at) {
  std::lock_guard lock(mutex_);
  keys_.push_back({key, at});
}

History History::cut(Instant at) const {
  History known;
  for (auto [command, request] : requests_) {
    if (request.tried > at) continue;
    if (request.acknowledged > at) request.acknowledged = kNever;
    else request.acknowledged = 0;
    request.tried = 0;
    known.requests_[command] = std::move(request);
  }
  for (const auto& key : keys_)
    if (key.acknowledged <= at) known.keys_.push_back({key.key, 0});
  return known;
}

bool History::acknowledged_as(const RecordedEvent& event) const {
  std::lock_guard lock(mutex_);
  auto asked = requests_.find(event.command);
  if (asked == requests_.end() || event.ordinal >= asked->second.events || !digest_holds(event)) return false;
  if (asked->second.acknowledged == kNever) return true;
  const auto& item = asked->second.outcome.events[event.ordinal];
  return item.leaf == event.leaf && item.position == event.position;
}

std::optional<std::vector<Position>> positions_of(const EventStore& store, const ReadQuery& query) {
  std::vector<Position> positions;
  auto reader = store.read(query);
  for (;;) {
    auto event = reader->next();
    if (!event) return {};
    if (!*event) return positions;
    positions.push_back((*event)->position);
  }
}

std::string History::read_log(const EventStore& store, Found& found) const {
  auto reader = store.read({});
  for (;;) {
    auto next = reader->next();
    if (!next) return "the log cannot be read: " + text(next.error());
    if (!*next) return {};
    const auto& event = **next;
    auto at = "position " + std::to_string(event.position.value);
    found.leaves.push_back(event.leaf);
    if (event.position.value != found.leaves.size()) return at + " follows " + std::to_string(found.leaves.size() - 1);
    auto asked = requests_.find(event.command);
    if (asked == requests_.end()) return at + " holds an event that nobody asked for";
    if (!digest_holds(event)) return at + " is not what its leaf covers";
    auto stream = stream_name(event.stream_type, event.stream_id);
    if (stream != asked->second.stream) return at + " is of " + stream + ", not of " + asked->second.stream;
    auto& of_command = found.commands[event.command];
    if (event.ordinal != of_command.size()) return at + " has ordinal " + std::to_string(event.ordinal);
    of_command.push_back(event.position);
    auto& of_stream = found.streams[stream];
    of_stream.push_back(event.position);
    if (event.version.value != of_stream.size()) return at + " has version " + std::to_string(event.version.value);
    found.types[std::string(event.type)].push_back(event.position);
  }
}

std::string History::check_requests(const EventStore& store, const Found& found) const {
  for (const auto& [command, request] : requests_) {
    auto which = "command " + to_text(command);
    auto there = found.commands.find(command);
    auto kept = store.find(command);
    if (!kept) return which + " cannot be looked up: " + text(kept.error());
    if (there == found.commands.end()) {
      if (request.acknowledged != kNever) return which + " was acknowledged and is gone";
      if (*kept) return which + " is in the index and not in the log";
      continue;
    }
    if (!*kept) return which + " is in the log and not in the index";
    if (there->second.size() != request.events) return which + " is there in part";
    const auto& items = (*kept)->events;
    if (items.size() != request.events) return which + " is in the index with another count of events";
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].position != there->second[i]) return which + " has other positions in the index";
      if (request.acknowledged == kNever) continue;
      const auto& item = request.outcome.events[i];
      if (item.position != items[i].position || item.version != items[i].version || item.leaf != items[i].leaf ||
          item.leaf != found.leaves[item.position.value - 1])
        return which + " is not as it was acknowledged";
    }
  }
  return {};
}

std::string History::check(const test::WholeStore& whole) const {
  const auto& store = *whole.events;
  Found found;
  if (auto wrong = read_log(store, found); !wrong.empty()) return wrong;
  auto head = store.head();
  if (head.position.value != found.leaves.size()) return "the head is not the last event";
  MerkleTree tree;
  for (const auto& leaf : found.leaves) tree.add(leaf);
  if (tree.root() != head.root) return "the root is not that of the events";
  if (auto wrong = check_requests(store, found); !wrong.empty()) return wrong;
  for (const auto& [stream, positions] : found.streams) {
    if (auto version = store.version_of(stream); !version || version->value != positions.size()) return stream + " has another version";
    if (positions_of(store, {.stream = stream}) != positions) return stream + " is read otherwise than the log";
    auto back = positions_of(store, {.direction = Direction::kBackward, .stream = stream});
    if (!back || !std::equal(positions.rbegin(), positions.rend(), back->begin(), back->end())) return stream + " is read otherwise backward";
  }
  for (const auto& [type, positions] : found.types)
    if (positions_of(store, {.filter = Term::type(type)}) != positions) return type + " is read otherwise than the log";
  for (const auto& [key, at] : keys_) {
    auto kept = whole.keys->find(key.key.id);
    if (!kept || !*kept) return "key " + std::to_string(key.key.id) + " was acknowledged and is gone";
    if ((*kept)->subject != key.subject || (*kept)->key.secret != key.key.secret) return "key " + std::to_string(key.key.id) + " is another";
  }
  auto verified = verify_store(store, *whole.keys);
  if (!verified) return "cannot verify: " + text(verified.error());
  return verified->ok ? std::string() : "verification: " + verified->what;
}

std::string History::go_on(test::WholeStore& whole, std::uint64_t fresh_command, const FaultFileSystem* files) {
  auto now = [&] { return files ? files->now() : 0; };
  auto& store = *whole.events;
  tried(fresh_command, "case-after", 2, now());
  auto subject = "account-after-" + std::to_string(fresh_command);
  auto key = whole.keys->key_for(subject);
  if (!key) return "no new key: " + text(key.error());
  if (auto synced = whole.keys->sync(); !synced) return "no new key: " + text(synced.error());
  key_acknowledged({subject, *key}, now());
  for (auto& [command, request] : requests_) {
    if (request.acknowledged != kNever) continue;
    auto there = store.find(command);
    auto version = store.version_of(request.stream);
    if (!there || !version) return "command " + to_text(command) + " cannot be looked up";
    test::Sample again(0);
    again.on(request.stream, version->value, request.events);
    again.raw().command = command;
    auto head = store.head().position.value;
    auto outcomes = store.append({&again.append(), 1});
    if (!outcomes) return "command " + to_text(command) + " is not taken again: " + text(outcomes.error());
    const auto& outcome = outcomes->front();
    const auto* already = std::get_if<AlreadyAppended>(&outcome);
    const auto* appended = std::get_if<Appended>(&outcome);
    if (there->has_value() ? !already : !appended) return "command " + to_text(command) + " asked again has another outcome";
    if (store.head().position.value != head + (already ? 0 : request.events)) return "a repetition moved the head otherwise";
    request.acknowledged = now();
    request.outcome = already ? already->outcome : appended->outcome;
  }
  return {};
}

std::string look(const std::filesystem::path& path, History& known, std::uint64_t fresh_command, bool twice, const FaultFileSystem* files) {
  ManualClock clock(test::kNow);
  for (auto first : {true, false}) {
    if (!first && !twice) break;
    auto store = test::WholeStore::open(path, clock, true);
    if (!store) return "refused: " + text(store.error());
    if (auto wrong = known.check(*store); !wrong.empty()) return wrong;
    if (first)
      if (auto wrong = known.go_on(*store, fresh_command, files); !wrong.empty()) return wrong;
    store->close();
  }
  return {};
}

}  // namespace rapport::sim
