// What is known about one data subject, and the key that all subjects' keys are wrapped by.
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "adapters/application/wiring.h"
#include "adapters/json/event_json.h"
#include "adapters/json/text_forms.h"
#include "domain/data_subject.h"
#include "domain/reading.h"
#include "eventstore/gateway/erasures.h"

namespace rapport {
namespace {

using Json = nlohmann::ordered_json;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string text(std::string_view view) { return std::string(view); }
Json date_or_null(const std::optional<Date>& date) { return date ? Json(to_text(*date)) : Json(nullptr); }

const char* name_of(data_subject::RequestKind kind) {
  using enum data_subject::RequestKind;
  return kind == ACCESS ? "access" : kind == ERASE ? "erase" : kind == RESTRICT ? "restrict" : nullptr;
}

// The subject's own stream as the report shows it.
class Known {
 public:
  // kj::Exception: the bytes are damaged.
  void take(const RecordedEvent& event) {
    using namespace data_subject;
    capnp::FlatArrayMessageReader message(event.payload, reading_limits(event.payload));
    auto at = to_text(event.occurred_at);
    Event::select(message.getRoot<Event::Wire>(),
                  Overloaded{
                      [&](const ConsentGranted& e) { consents_[{text(e.purpose), text(e.channel)}] = {true, text(e.text_version), at}; },
                      [&](const ConsentWithdrawn& e) { end(consents_[{text(e.purpose), text(e.channel)}], at); },
                      [&](const SubjectRequestReceived& e) {
                        requests_.push_back({{"kind", name_of(e.kind)}, {"receivedAt", at}, {"due", to_text(e.due)}, {"answeredAt", nullptr}});
                      },
                      [&](const LegalHoldChanged& e) { hold_ = {{"on", e.on}, {"until", date_or_null(e.until)}, {"since", at}}; },
                      [&](const SubjectKeyDestroyed& e) { destroyed(e, event, at); },
                      [&](const SubjectDataExported& e) {
                        exports_.push_back({{"sha256", text(e.sha256)}, {"at", at}});
                        answer("access", at);
                      },
                  });
  }
  const std::set<std::uint64_t>& destroyed_keys() const { return destroyed_; }

  Json document(const std::string& subject, std::uint64_t key) const {
    auto consents = Json::array();
    for (auto& [of, consent] : consents_)
      consents.push_back({{"purpose", of.first}, {"channel", of.second}, {"granted", consent.granted},
                          {"textVersion", consent.text_version.empty() ? Json(nullptr) : Json(consent.text_version)}, {"since", consent.since}});
    auto state = key != 0 ? "in use" : destroyed_.empty() ? "none" : "erased";
    return {{"subject", subject},
            {"key", {{"state", state}, {"id", key != 0 ? Json(std::to_string(key)) : Json(nullptr)}, {"erased", erasures_}}},
            {"hold", hold_},
            {"consents", consents},
            {"requests", requests_},
            {"exports", exports_}};
  }

 private:
  struct Consent {
    bool granted = false;
    std::string text_version, since;
  };
  static void end(Consent& consent, const std::string& at) {
    consent.granted = false;
    consent.since = at;
  }
  void destroyed(const data_subject::SubjectKeyDestroyed& e, const RecordedEvent& event, const std::string& at) {
    destroyed_.insert(e.key_id);
    erasures_.push_back({{"id", std::to_string(e.key_id)}, {"at", at}, {"position", event.position.value}});
    for (auto& [of, consent] : consents_)
      if (consent.granted) end(consent, at);
    answer("erase", at);
  }
  void answer(const char* kind, const std::string& at) {
    for (auto& request : requests_)
      if (request["kind"] == kind && request["answeredAt"].is_null()) request["answeredAt"] = at;
  }

  std::map<std::pair<std::string, std::string>, Consent> consents_;
  Json requests_ = Json::array(), exports_ = Json::array(), erasures_ = Json::array(), hold_ = nullptr;
  std::set<std::uint64_t> destroyed_;
};

Result<Known> known_of(const EventStore& store, const std::string& stream) try {
  Known known;
  auto reader = store.read({.stream = stream});
  for (;;) {
    auto event = reader->next();
    if (!event) return std::move(event).error();
    if (!*event) return known;
    known.take(**event);
  }
} catch (const kj::Exception&) {
  return Error{ErrorCode::kCorrupt, "stream.corrupt", stream + " is damaged", "", "", "run rapport verify"};
}

// Where the subject's own streams and what was sealed under its keys are.
Result<std::set<Position>> positions_about(const EventStore& store, const std::vector<std::string>& streams, const std::set<std::uint64_t>& keys) {
  std::vector<ReadQuery> queries;
  for (auto& stream : streams) queries.push_back({.stream = stream});
  EventFilter sealed;
  for (auto key : keys) sealed.any_of.push_back({Term::sealed_by(key)});
  if (!keys.empty()) queries.push_back({.filter = std::move(sealed)});
  std::set<Position> positions;
  for (auto& query : queries) {
    auto reader = store.read(query);
    for (;;) {
      auto event = reader->next();
      if (!event) return std::move(event).error();
      if (!*event) break;
      positions.insert((*event)->position);
    }
  }
  return positions;
}

}  // namespace

Result<std::string> LocalStore::subject(const std::string& name) {
  auto& impl = *impl_;
  auto of = split_stream(name);
  if (of.type.empty() || of.id.empty() || !is_utf8(name))
    return Error{ErrorCode::kInvalid, "subject.name_malformed", "\"" + name + "\" names no data subject", "subject",
                 "a subject's name, such as account-4711"};
  auto own = stream_name(kDataSubject, name);
  auto known = known_of(*impl.store, own);
  if (!known) return std::move(known).error();
  auto key = impl.keys->current_key(name);
  if (!key) return std::move(key).error();
  auto keys = known->destroyed_keys();
  if (*key != 0) keys.insert(*key);
  auto positions = positions_about(*impl.store, {name, own}, keys);
  if (!positions) return std::move(positions).error();
  std::string events;
  Position last;
  for (auto position : *positions) {
    if (impl.options.stop.stop_requested()) return Error{ErrorCode::kUnavailable, "subject.stopped", "the report was stopped before its end"};
    auto reader = impl.store->read({.from = position, .to = position});
    auto event = reader->next();
    if (!event) return std::move(event).error();
    if (last.value) events += ',';
    if (auto written = append_event(**event, impl.keys.get(), events); !written) return std::move(written).error();
    last = (*event)->position;
  }
  if (last.value == 0 && *key == 0)
    return Error{ErrorCode::kNotFound, "subject.not_found", "nothing is known about " + name, "subject", "",
                 "a subject is named as the stream of whom the texts are about, such as account-4711"};
  auto document = known->document(name, *key);
  document["position"] = last.value;
  auto text = document.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.pop_back();  // the object's end
  return text + ",\"events\":[" + events + "]}";
}

Result<std::string> LocalStore::rotate_master_key(const std::string& next, const std::string& where) {
  auto& impl = *impl_;
  auto master = MasterKey::parse(next, where);
  if (!master) return std::move(master).error();
  if (auto rotated = impl.keys->rotate(*master); !rotated) return std::move(rotated).error();
  bool in_file = impl.keys->master_key_in_file();
  return Json{{"keys", impl.keys->count()}, {"masterKey", in_file ? (impl.path / "keys" / "master.key").string() : "RAPPORT_MASTER_KEY"}}.dump();
}

}  // namespace rapport
