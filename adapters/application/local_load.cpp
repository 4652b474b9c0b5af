// A dump back into a store. It is filled beside its place and put there when everything in it was verified: a dump that is
// cut within a line or altered leaves nothing.
#include <algorithm>
#include <cstdlib>
#include <fstream>

#include <nlohmann/json.hpp>

#include "adapters/application/dump_lines.h"
#include "adapters/application/reader_places.h"
#include "adapters/application/scratch_store.h"
#include "adapters/application/wiring.h"
#include "adapters/json/event_json.h"
#include "adapters/json/read_json.h"
#include "adapters/json/text_forms.h"
#include "domain/reading.h"
#include "eventstore/rocks/files.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kAppendsAFlush = 1'000, kMemoryEntriesAFlush = 10'000;
constexpr std::size_t kLineBytesMax = 16u << 20;  // a consumer group with all that it may have parked
constexpr std::uint64_t kLinesAProgress = 4'096;

Error altered(std::string message) {
  return {ErrorCode::kRejected, "dump.differs", std::move(message), "", "", "the dump was altered, or is of another format version"};
}
Error malformed(std::string member, std::string expected) {
  return {ErrorCode::kRejected, "dump.member", "a line of the dump has no good " + member, "/" + member, std::move(expected)};
}

template <std::size_t N>
bool read_secret(const nlohmann::json& from, const char* member, std::array<std::uint8_t, N>& to) {
  auto found = from.find(member);
  if (found == from.end() || !found->is_string()) return false;
  auto bytes = parse_base64(found->get<std::string>());
  if (!bytes || bytes->size() != N) return false;
  std::ranges::copy(*bytes, to.begin());
  return true;
}

// A dump's lines on their way into an empty store.
class Loading {
 public:
  using OpenMemory = std::function<Result<import::KeyValue*>()>;
  Loading(EventStore& store, RocksSubjectKeys& keys, OpenMemory memory, fs::path folder)
      : store_(store), keys_(keys), memory_(std::move(memory)), folder_(std::move(folder)) {}

  Result<void> line(std::string_view text) {
    if (ended_) return altered("there is more after its end");
    if (text.starts_with(dump_lines::kEnd)) return end(text);
    chain_ = dump_lines::chained(chain_, text);
    if (std::exchange(any_, true) == false && text.starts_with(dump_lines::kHead)) return head(text);
    if (text.starts_with(kReaderPlaceLine)) return place(text);
    return text.starts_with(dump_lines::kMemory) ? memory(text) : event(text);
  }
  // After the last line.
  Result<void> finish() {
    if (!any_) return Error{ErrorCode::kRejected, "dump.empty", "there is no line in it", "", "what `rapport dump` printed"};
    if (auto flushed = flush_events(); !flushed) return flushed;
    if (auto taken = take_back_places(folder_, store_.head().position); !taken) return std::move(taken).error();
    if (entries_.empty() && !imports_) return {};
    if (auto flushed = flush_memory(); !flushed) return flushed;
    return imports_->settle();
  }
  bool whole() const { return ended_; }

 private:
  Result<void> head(std::string_view text) {
    auto json = parse_json(text, {.reason_prefix = "dump."});
    if (!json) return std::move(json).error();
    if ((*json)["dump"] != 1)
      return Error{ErrorCode::kRejected, "dump.newer_format", "the dump has a form that this program does not know", "/dump", "1",
                   "use a newer version of rapport"};
    Hash secret{};
    if (!read_secret(*json, "storeSecret", secret)) return malformed("storeSecret", "32 bytes in base64");
    headed_ = true;
    return keys_.restore_secret(secret);
  }

  Result<void> event(std::string_view text) {
    auto event = read_dump_line(text);
    if (!event) return std::move(event).error();
    if (auto restored = restore_key(text, *event); !restored) return restored;
    if (event->position.value != position_.value + 1)
      return Error{ErrorCode::kRejected, "dump.gap",
                   "position " + std::to_string(event->position.value) + " follows " + std::to_string(position_.value), "/position",
                   "every event from 1 on, in order"};
    position_ = event->position;
    bool next_command = commands_.empty() || commands_.back().front().command != event->command;
    if (next_command && commands_.size() == kAppendsAFlush)
      if (auto done = flush_events(); !done) return done;
    if (next_command) commands_.emplace_back();
    commands_.back().push_back(std::move(*event));
    return {};
  }

  Result<void> restore_key(std::string_view text, const DumpedEvent& event) {
    if (text.find("\"subjectSecret\"") == text.npos) return {};
    auto json = parse_json(text, {.bytes_max = kLineBytesMax, .reason_prefix = "dump."});
    if (!json) return std::move(json).error();
    auto found = json->find("subjectSecret");
    if (found == json->end()) return {};
    capnp::FlatArrayMessageReader metadata(event.metadata, reading_limits(event.metadata));
    SubjectKeys::NamedKey named{{}, {metadata.getRoot<envelope::wire::Metadata>().getSubjectKeyId(), {}}};
    if (!found->is_object() || !found->contains("subject") || !(*found)["subject"].is_string() ||
        !read_secret(*found, "secret", named.key.secret))
      return malformed("subjectSecret", "a subject and its secret, 32 bytes in base64");
    named.subject = (*found)["subject"].get<std::string>();
    return keys_.restore(named);
  }

  // Its ids rest on the store's secret: without that they would mean nothing.
  Result<void> memory(std::string_view text) {
    if (!headed_) return altered("there is a memory of imports, but not the secret that it rests on");
    auto json = parse_json(text, {.bytes_max = kLineBytesMax, .reason_prefix = "dump."});
    if (!json) return std::move(json).error();
    auto& entry = (*json)["importMemory"];
    std::optional<std::string> key, value;
    for (auto [name, into] : {std::pair{"key", &key}, std::pair{"value", &value}})
      if (entry.is_object() && entry.contains(name) && entry[name].is_string()) *into = parse_base64(entry[name].get<std::string>());
    if (!key || !value) return malformed("importMemory", "a key and a value in base64");
    entries_.push_back({std::move(*key), std::move(*value)});
    return entries_.size() < kMemoryEntriesAFlush ? Result<void>() : flush_memory();
  }

  // Positions are the same in the loaded log.
  Result<void> place(std::string_view text) {
    auto place = parse_reader_place(text);
    if (!place) return std::move(place).error();
    return put_reader_place(folder_, *place);
  }

  Result<void> end(std::string_view text) {
    if (auto flushed = flush_events(); !flushed) return flushed;
    auto json = parse_json(text, {.reason_prefix = "dump."});
    if (!json) return std::move(json).error();
    auto& said = (*json)["end"];
    auto head = store_.head();
    if (!said.is_object() || said.value("events", nlohmann::json()) != head.position.value)
      return altered("it has " + std::to_string(head.position.value) + " events, which is not what its end says");
    if (said.value("root", nlohmann::json()) != to_hex(head.root)) return altered("its events have another root than its end says");
    if (said.value("chain", nlohmann::json()) != to_hex(chain_)) return altered("its lines are not those that its end speaks of");
    any_ = ended_ = true;
    return {};
  }

  Result<void> flush_events() {
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
          return altered("the event at position " + std::to_string(event.position.value) + " is not what its leaf hash says");
      }
    }
    commands_.clear();
    return {};
  }

  Result<void> flush_memory() {
    auto memory = memory_();
    if (!memory) return std::move(memory).error();
    imports_ = *memory;
    return imports_->write(std::exchange(entries_, {}), false);  // settle() makes them durable
  }

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
  RocksSubjectKeys& keys_;
  const OpenMemory memory_;
  const fs::path folder_;
  Hash chain_{};
  bool any_ = false, headed_ = false, ended_ = false;
  Position position_;
  std::vector<std::vector<DumpedEvent>> commands_;
  std::vector<import::KeyValue::Change> entries_;
  import::KeyValue* imports_ = nullptr;
};

// The lines of a file, none longer than an event's can be.
class Lines {
 public:
  explicit Lines(const std::string& file) : in_(file, std::ios::binary), buffer_(kLineBytesMax + 2) {
    std::error_code ignored;
    if (fs::is_directory(file, ignored)) in_.setstate(std::ios::badbit);
    total_ = fs::is_regular_file(file, ignored) ? fs::file_size(file, ignored) : 0;
  }
  bool ok() const { return in_.good(); }
  // The next one that is not empty; nothing at the end.
  Result<std::optional<std::string_view>> next() {
    for (;;) {
      in_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
      auto got = static_cast<std::size_t>(in_.gcount());
      done_ += got;
      if (in_.bad()) return Error{ErrorCode::kUnavailable, "file.unreadable", "it cannot be read further"};
      if (got == 0 && in_.eof()) return std::optional<std::string_view>();
      ++number_;
      if (in_.fail())
        return Error{ErrorCode::kRejected, "dump.line_too_long", "a line has more than " + std::to_string(kLineBytesMax) + " bytes"};
      std::string_view line(buffer_.data(), in_.eof() ? got : got - 1);
      if (!line.empty()) return std::optional(line);
      if (in_.eof()) return std::optional<std::string_view>();
    }
  }
  std::uint64_t number() const { return number_; }
  std::uint64_t done_bytes() const { return done_; }
  std::uint64_t total_bytes() const { return total_; }

 private:
  std::ifstream in_;
  std::vector<char> buffer_;
  std::uint64_t number_ = 0, done_ = 0, total_ = 0;
};

Result<void> check_free(const fs::path& place) {
  auto there = LocalStore::open({.dir = place, .opening = Opening::kRead});
  if (!there) return there.error().reason == "store.missing" ? Result<void>() : std::move(there).error();
  if ((*there)->event_store().head().position.value == 0) return {};
  return Error{ErrorCode::kConflict, "load.not_empty", "the store already has events", "", "", "load into a new directory"};
}

}  // namespace

Result<bool> LocalStore::fill_from(const std::string& file, const Progress& progress, const std::stop_token& stop) {
  auto& impl = *impl_;
  std::lock_guard one_at_a_time(impl.long_work);
  Lines lines(file);
  if (!lines.ok()) return Error{ErrorCode::kNotFound, "file.missing", "cannot read " + file};
  Loading loading(*impl.store, *impl.keys, [&] { return impl.import_memory(false); }, impl.path);
  auto in_file = [&](Error error) {
    if (error.code == ErrorCode::kInvalid) error.code = ErrorCode::kRejected;  // the command was right, the file is not
    error.message = file + ":" + std::to_string(lines.number()) + ": " + error.message;
    return error;
  };
  for (;;) {
    auto line = lines.next();
    if (!line) return in_file(std::move(line).error());
    if (!*line) break;
    if (auto loaded = loading.line(**line); !loaded) return in_file(std::move(loaded).error());
    if (lines.number() % kLinesAProgress) continue;
    if (stop.stop_requested()) return Error{ErrorCode::kUnavailable, "load.stopped", "loading was stopped; nothing is left of it"};
    if (progress) progress({"load", "bytes", lines.done_bytes(), lines.total_bytes()});
  }
  if (auto finished = loading.finish(); !finished) return in_file(std::move(finished).error());
  if (!loading.whole())
    if (auto noted = impl.note_load(); !noted) return std::move(noted).error();
  // The policies that came in with the log.
  auto gateway = CommandGateway::open(impl.aggregates, *impl.store, *impl.keys, impl.clock, impl.snapshots.get());
  if (!gateway) return std::move(gateway).error();
  impl.gateway = std::move(*gateway);
  return loading.whole();
}

Result<LocalStore::Loaded> LocalStore::load(const std::string& file, const fs::path& dir, const Progress& progress, std::stop_token stop) {
  auto place = place_of(dir);
  if (auto free = check_free(place); !free) return std::move(free).error();
  auto scratch = ScratchStore::beside(place, "loading");
  if (!scratch) return std::move(scratch).error();
  Loaded loaded;
  {
    auto store = open({.dir = scratch->store(), .opening = Opening::kCreate, .stop = stop});
    if (!store) return std::move(store).error();
    auto whole = (*store)->fill_from(file, progress, stop);
    if (!whole) return std::move(whole).error();
    auto inspected = (*store)->inspect();
    if (!inspected) return std::move(inspected).error();
    loaded = {std::move(*inspected), *whole};
  }
  if (auto put = scratch->put(place); !put) return std::move(put).error();
  return loaded;
}

}  // namespace rapport
