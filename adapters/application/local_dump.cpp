// A whole store as JSON Lines: what does not come from the log first, then an event a line with everything that is stored of
// it, the memory of imports, the places of readers, and an end by which a dump that was cut or altered is told from a whole one. FORMAT.md, "A dump".
#include <algorithm>
#include <unordered_set>

#include "adapters/application/dump_lines.h"
#include "adapters/application/reader_places.h"
#include "adapters/application/wiring.h"
#include "adapters/json/event_json.h"
#include "adapters/json/text_forms.h"
#include "adapters/json/write_json.h"

namespace rapport {
namespace {

// The first event of each data subject carries the subject's key, so that the texts can be opened where they are loaded.
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

// Hands lines on and keeps their chain.
class Dumping {
 public:
  Dumping(const LineSink& line) : line_(line) {}

  // False: nobody wants more.
  bool head(const Hash& secret) {
    std::string text(dump_lines::kHead);
    text += "1,\"storeSecret\":\"";
    append_base64(secret, text);
    return tell(text + "\"}");
  }
  Result<bool> events(const EventStore& store, const SubjectKeys& keys) {
    auto reader = store.read({});
    std::unordered_set<std::uint64_t> told;
    std::string text;
    for (;;) {
      auto event = reader->next();
      if (!event) return std::move(event).error();
      if (!*event) return true;
      text.clear();
      if (auto written = append_dump_line(**event, &keys, text); !written) return std::move(written).error();
      if (auto key = (*event)->subject_key; key && told.insert(key).second)
        if (auto written = append_key(keys, key, text); !written) return std::move(written).error();
      last_ = (*event)->position;
      if (!tell(text)) return false;
    }
  }
  Result<bool> memory(const import::KeyValue& imports) {
    bool more = true;
    auto read = imports.each("", [&](std::string_view key, std::string_view value) {
      std::string text(dump_lines::kMemory);
      text += "{\"key\":\"";
      append_base64(bytes_of(key), text);
      text += "\",\"value\":\"";
      append_base64(bytes_of(value), text);
      return more = tell(text + "\"}}");
    });
    if (!read) return std::move(read).error();
    return more;
  }
  bool places(const std::vector<ReaderPlace>& places) {
    return std::ranges::all_of(places, [&](const ReaderPlace& place) { return tell(reader_place_line(place)); });
  }
  Result<void> end(const EventStore& store) {
    auto root = store.root_at(last_);
    if (!root) return std::move(root).error();
    auto chain = to_hex(chain_);
    tell(std::string(dump_lines::kEnd) + "{\"events\":" + std::to_string(last_.value) + ",\"root\":\"" + to_hex(*root) + "\",\"chain\":\"" +
         chain + "\"}}");
    return {};
  }

 private:
  bool tell(const std::string& text) {
    chain_ = dump_lines::chained(chain_, text);
    return line_(text);
  }

  const LineSink& line_;
  Hash chain_{};
  Position last_;
};

}  // namespace

Result<void> LocalStore::dump(const LineSink& line) {
  auto& impl = *impl_;
  std::lock_guard one_at_a_time(impl.long_work);
  // First: a place must not be past the events that follow.
  auto places = reader_places(impl.path);
  if (!places) return std::move(places).error();
  Dumping dumping(line);
  if (!dumping.head(impl.keys->secret())) return {};
  auto more = dumping.events(*impl.store, *impl.keys);
  if (!more) return std::move(more).error();
  if (*more && std::filesystem::exists(impl.path / "imports")) {
    auto imports = impl.import_memory(false);
    if (!imports) return std::move(imports).error();
    more = dumping.memory(**imports);
    if (!more) return std::move(more).error();
  }
  return *more && dumping.places(*places) ? dumping.end(*impl.store) : Result<void>();
}

}  // namespace rapport
