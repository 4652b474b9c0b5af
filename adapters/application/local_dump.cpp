// The log as JSON Lines and back. A line is an event with everything that is stored of it; the first event of each data subject
// carries the subject's key, so that the texts can be opened where they are loaded.
#include <algorithm>
#include <fstream>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "adapters/application/wiring.h"
#include "adapters/json/event_json.h"
#include "adapters/json/read_json.h"
#include "adapters/json/text_forms.h"
#include "adapters/json/write_json.h"

namespace rapport {
namespace {

constexpr std::size_t kAppendsAFlush = 1'000;
constexpr std::string_view kKeyMember = "subjectSecret";

Result<void> append_key(const SubjectKeys& keys, std::uint64_t id, std::string& line) {
  auto named = keys.find(id);
  if (!named) return std::move(named).error();
  if (!*named) return {};  // destroyed: what it sealed stays sealed
  line.pop_back();         // the object's end
  line += ",\"subjectSecret\":{\"subject\":";
  append_text((*named)->subject, line);
  line += ",\"secret\":\"";
  append_base64((*named)->key.secret, line);
  line += "\"}}";
  return {};
}

Result<void> restore_key(SubjectKeys& keys, std::string_view line, const DumpedEvent& event) {
  if (line.find(kKeyMember) == line.npos) return {};
  capnp::FlatArrayMessageReader metadata(event.metadata, kReadWhole);
  auto id = metadata.getRoot<envelope::wire::Metadata>().getSubjectKeyId();
  auto json = parse_json(line, {.bytes_max = kAppendBytesMax * 8});
  if (!json) return std::move(json).error();
  auto found = json->find(kKeyMember);
  if (found == json->end()) return {};
  Error malformed{ErrorCode::kInvalid, "dump.key_malformed", "a subject's key is malformed", "/subjectSecret"};
  if (!found->is_object() || !found->contains("subject") || !(*found)["subject"].is_string() || !found->contains("secret") ||
      !(*found)["secret"].is_string())
    return malformed;
  auto secret = parse_base64((*found)["secret"].get<std::string>());
  SubjectKeys::NamedKey named{(*found)["subject"].get<std::string>(), {id, {}}};
  if (!secret || secret->size() != named.key.secret.size()) return malformed;
  std::ranges::copy(*secret, named.key.secret.begin());
  return keys.restore(named);
}

// Commands of a dump on their way into an empty store.
class Loading {
 public:
  Loading(EventStore& store, SubjectKeys& keys) : store_(store), keys_(keys) {}

  Result<void> add(DumpedEvent event) {
    if (event.position.value != position_ + 1)
      return Error{ErrorCode::kInvalid, "dump.gap",
                   "position " + std::to_string(event.position.value) + " follows " + std::to_string(position_), "/position",
                   "every event from 1 on, in order"};
    position_ = event.position.value;
    bool next_command = commands_.empty() || commands_.back().front().command != event.command;
    if (next_command && commands_.size() == kAppendsAFlush)
      if (auto done = flush(); !done) return done;
    if (next_command) commands_.emplace_back();
    commands_.back().push_back(std::move(event));
    return {};
  }

  Result<void> flush() {
    if (commands_.empty()) return {};
    if (auto synced = keys_.sync(); !synced) return synced;
    std::vector<Append> appends;
    for (auto& command : commands_) appends.push_back(append_of(command));
    auto outcomes = store_.append(appends);
    if (!outcomes) return std::move(outcomes).error();
    for (std::size_t i = 0; i < commands_.size(); ++i) {
      auto* appended = std::get_if<Appended>(&(*outcomes)[i]);
      for (std::size_t n = 0; n < commands_[i].size(); ++n) {
        auto& event = commands_[i][n];
        if (!appended || appended->outcome.events[n].leaf != event.leaf || appended->outcome.events[n].position != event.position)
          return Error{ErrorCode::kCorrupt, "dump.differs",
                       "the event at position " + std::to_string(event.position.value) + " is not what its leaf hash says", "", "",
                       "the dump was altered, or is of another format version"};
      }
    }
    commands_.clear();
    return {};
  }

 private:
  static Append append_of(const std::vector<DumpedEvent>& command) {
    Append append{.command = command.front().command, .request = command.front().request, .conditions = {}, .events = {},
                  .recorded_at = command.front().recorded_at, .salts = {}};
    for (auto& event : command) {
      append.events.push_back({event.stream, event.metadata, event.payload});
      append.salts.push_back(event.salt);
      bool known = std::ranges::any_of(append.conditions, [&](auto& condition) { return condition.stream == event.stream; });
      if (!known) append.conditions.push_back({event.stream, {event.version.value - 1}});
    }
    return append;
  }

  EventStore& store_;
  SubjectKeys& keys_;
  std::uint64_t position_ = 0;
  std::vector<std::vector<DumpedEvent>> commands_;
};

}  // namespace

Result<void> LocalStore::dump(const LineSink& line) {
  auto reader = impl_->store->read({});
  std::unordered_set<std::uint64_t> told;
  std::string text;
  for (;;) {
    auto event = reader->next();
    if (!event) return std::move(event).error();
    if (!*event) return {};
    text.clear();
    if (auto written = append_dump_line(**event, text); !written) return written;
    if (auto key = (*event)->subject_key; key && told.insert(key).second)
      if (auto written = append_key(*impl_->keys, key, text); !written) return written;
    if (!line(text)) return {};
  }
}

Result<std::string> LocalStore::load(const std::string& file, const Progress& progress) {
  {
    std::lock_guard one_at_a_time(impl_->long_work);
    if (impl_->store->head().position.value > 0)
      return Error{ErrorCode::kConflict, "load.not_empty", "the store already has events", "", "", "load into a new directory"};
    std::ifstream in(file, std::ios::binary);
    if (!in) return Error{ErrorCode::kNotFound, "file.missing", "cannot read " + file};
    std::error_code ignored;
    auto total = std::filesystem::file_size(file, ignored);
    Loading loading(*impl_->store, *impl_->keys);
    std::string line;
    std::uint64_t number = 0, done = 0;
    while (std::getline(in, line)) {
      ++number;
      done += line.size() + 1;
      if (line.empty()) continue;
      auto event = read_dump_line(line);
      auto added = event ? restore_key(*impl_->keys, line, *event) : Result<void>(std::move(event).error());
      if (added) added = loading.add(std::move(*event));
      if (!added) {
        auto error = std::move(added).error();
        error.message = file + ":" + std::to_string(number) + ": " + error.message;
        return error;
      }
      if (progress && number % 4'096 == 0) progress({"load", "bytes", done, total});
    }
    if (auto flushed = loading.flush(); !flushed) return std::move(flushed).error();
  }
  // The policies that came in with the log.
  auto gateway = CommandGateway::open(impl_->aggregates, *impl_->store, *impl_->keys, impl_->clock);
  if (!gateway) return std::move(gateway).error();
  impl_->gateway = std::move(*gateway);
  return inspect();
}

}  // namespace rapport
