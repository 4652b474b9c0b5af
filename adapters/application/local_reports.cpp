// What a LocalStore answers about itself: reports, inspect, verify, rebuild.
#include <nlohmann/json.hpp>

#include "adapters/application/times.h"
#include "adapters/application/wiring.h"
#include "eventstore/rocks/checkpoint_keys.h"
#include "adapters/json/report_json.h"
#include "adapters/json/text_forms.h"
#include "eventstore/rocks/verify_store.h"

namespace rapport {
namespace {

using Json = nlohmann::ordered_json;

Result<projections::Query> query_of(const QueryRequest& request, const EventStore& log, const SubjectKeys& keys) {
  auto day_start = day_start_of(request.time_zone);
  if (!day_start) return std::move(day_start).error();
  auto asked = "known at " + request.known_at + " in " + request.time_zone;
  projections::Query query{.sort = request.sort, .cursor = request.cursor, .asked = std::move(asked), .day_start = *day_start, .keys = &keys};
  for (auto& [key, value] : request.arguments) query.arguments.push_back({key, value});
  if (request.limit) query.limit = *request.limit;
  if (!request.known_at.empty()) {
    auto position = position_of(request.known_at, log, *day_start);
    if (!position) return std::move(position).error();
    query.known_at = *position;
  }
  return query;
}

Json time_or_null(Timestamp time, bool known) { return known ? Json(to_text(time)) : Json(nullptr); }

Json view_facts(const projections::ViewHost& view, const projections::Digests& digests) {
  return {{"version", view.type().version},
          {"position", digests.checkpoint.position.value},
          {"digest", to_hex(digests.rows)},
          {"historyDigest", to_hex(digests.checkpoint.history)}};
}

Json document_of(const EventStore& store, const std::optional<BusStatus>& bus, const Json& views) {
  auto head = store.head();
  auto facts = store.facts();
  bool any = head.position.value > 0;
  Json document{{"origin", facts.origin},
                {"position", head.position.value},
                {"root", to_hex(head.root)},
                {"streams", facts.streams},
                {"events", head.position.value},
                {"firstRecordedAt", time_or_null(facts.first_recorded_at, any)},
                {"lastRecordedAt", time_or_null(facts.last_recorded_at, any)},
                {"views", views}};
  if (bus)
    document["kafka"] = {{"connected", bus->connected},
                         {"position", bus->position},
                         {"lag", head.position.value - std::min(head.position.value, bus->position)},
                         {"trouble", bus->trouble.empty() ? Json(nullptr) : Json(bus->trouble)}};
  return document;
}

// What brokers say may be no UTF-8.
std::string printed(const Json& document) { return document.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

Result<std::string> LocalStore::query(const QueryRequest& request) {
  auto& impl = *impl_;
  auto view = impl.views->find(request.view);
  if (!view) return std::move(view).error();
  auto query = query_of(request, *impl.store, *impl.keys);
  if (!query) return std::move(query).error();
  std::optional<Timestamp> as_of;
  if (!request.as_of.empty()) {
    auto time = end_of(request.as_of, "asOf", query->day_start);
    if (!time) return std::move(time).error();
    as_of = *time;
  }
  if (auto done = impl.catch_up(**view); !done) return std::move(done).error();
  auto answer = (*view)->query(request.report, std::move(*query), as_of, {}, impl.options.stop);
  if (!answer) return std::move(answer).error();
  auto root = impl.store->root_at(answer->position);
  if (!root) return std::move(root).error();
  ReportHead head{.view = request.view, .report = request.report, .position = answer->position, .root = *root, .as_of = as_of};
  if (!request.known_at.empty() && answer->position.value) {  // before the first event no time is known
    auto recorded = projections::recorded_at(*impl.store, answer->position);
    if (!recorded) return std::move(recorded).error();
    head.known_at = *recorded;
  }
  head.policies = answer->policies;
  std::string out;
  append_report(head, answer->lines, out);
  return out;
}

Result<std::string> LocalStore::inspect() {
  auto& impl = *impl_;
  if (auto done = impl.catch_up(); !done) return std::move(done).error();
  Json views = Json::object();
  for (auto& view : impl.views->all()) {
    auto digests = view->digests();
    if (!digests) return std::move(digests).error();
    views[view->type().name] = view_facts(*view, *digests);
  }
  auto document = document_of(*impl.store, impl.bus_status(), views);
  auto signers = checkpoint_signers(impl.path, impl.directory->origin());
  if (!signers) return std::move(signers).error();
  if (!signers->empty()) document["verifierKey"] = signers->back().verifier().to_text();
  return printed(document);
}

Result<std::string> LocalStore::status() {
  Json views = Json::object();
  for (auto& view : impl_->views->all()) views[view->type().name] = {{"version", view->type().version}, {"position", view->position().value}};
  return printed(document_of(*impl_->store, impl_->bus_status(), views));
}

Result<std::string> LocalStore::bus() {
  auto status = impl_->bus_status();
  return status && status->document ? Result<std::string>(status->document()) : Service::bus();
}

Result<std::string> LocalStore::verify(const Progress& progress) {
  auto& impl = *impl_;
  auto bad = [](std::uint64_t position, const std::string& what) {
    return Json{{"ok", false}, {"position", position}, {"what", what}}.dump();
  };
  auto log = verify_store(*impl.store, *impl.keys, [&](std::uint64_t done, std::uint64_t total) {
    if (progress) progress({"verify log", "events", done, total});
    return !impl.options.stop.stop_requested();
  });
  if (!log) {
    if (log.error().code != ErrorCode::kCorrupt) return std::move(log).error();
    return bad(0, log.error().message);
  }
  if (!log->ok) return bad(log->position.value, log->what);
  for (auto step : {0, 1}) {
    auto checked = step == 0 ? impl.catch_up(progress) : impl.views->verify(view_progress("verify", progress), impl.options.stop);
    if (checked) continue;
    if (checked.error().code != ErrorCode::kCorrupt) return std::move(checked).error();
    return bad(0, checked.error().message + (checked.error().hint.empty() ? "" : "; " + checked.error().hint));
  }
  if (auto memory = impl.verify_imports(); !memory) {
    if (memory.error().code != ErrorCode::kCorrupt) return std::move(memory).error();
    return bad(0, memory.error().message);
  }
  return Json{{"ok", true}, {"events", log->events}, {"root", to_hex(log->root)}}.dump();
}

Result<std::string> LocalStore::rebuild(const std::vector<std::string>& names, const Progress& progress) {
  auto& impl = *impl_;
  std::lock_guard one_at_a_time(impl.long_work);
  auto began = std::chrono::steady_clock::now();
  auto rebuilt = impl.views->rebuild(names, view_progress("rebuild", progress), impl.options.stop);
  if (!rebuilt) return std::move(rebuilt).error();
  auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  Json views = Json::object();
  for (auto& view : *rebuilt)
    views[view.view] = {{"position", view.after.checkpoint.position.value},
                        {"digest", to_hex(view.after.rows)},
                        {"historyDigest", to_hex(view.after.checkpoint.history)},
                        {"same", view.before ? Json(view.same()) : Json(nullptr)},
                        {"seconds", view.seconds.count()}};
  if (auto recorded = impl.record_version_changes(); !recorded) return std::move(recorded).error();
  auto folded = static_cast<double>(impl.store->head().position.value * rebuilt->size());
  return Json{{"views", views},
              {"events", impl.store->head().position.value},
              {"seconds", seconds},
              {"eventsPerSecond", seconds > 0 ? static_cast<std::uint64_t>(folded / seconds) : 0}}
      .dump();
}

}  // namespace rapport
