#include "adapters/application/local_store.h"

#include <algorithm>
#include <thread>

#include <map>

#include <spdlog/spdlog.h>

#include "adapters/application/command_ids.h"
#include "adapters/application/reader_places.h"
#include "adapters/application/version_changes.h"
#include "adapters/application/wiring.h"
#include "adapters/import/mapping/nearest.h"
#include "adapters/json/event_json.h"
#include "adapters/json/field_plan.h"
#include "adapters/json/read_json.h"
#include "adapters/json/text_forms.h"
#include "eventstore/rocks/checkpoint_keys.h"
#include "eventstore/trace_context.h"

namespace rapport {
namespace {

constexpr std::chrono::seconds kFollowWait{30};  // what a query waits for views that follow the log
constexpr std::chrono::milliseconds kStopLook{200};
constexpr std::uint64_t kReadyLagMax = 10'000;   // events that views fold in a moment
constexpr std::chrono::seconds kLockWait{5};     // what an open waits for another short command to end
constexpr std::chrono::milliseconds kLockRetry{20};

Result<std::unique_ptr<StoreDirectory>> open_directory(const std::filesystem::path& path, Opening opening) {
  return opening == Opening::kRead ? StoreDirectory::open_to_read(path)
                                   : StoreDirectory::open(path, opening == Opening::kCreate);
}

// Commands take turns. A server keeps the store: its clients need not wait to be told so.
Result<std::unique_ptr<StoreDirectory>> open_in_turn(const std::filesystem::path& path, Opening opening) {
  auto until = std::chrono::steady_clock::now() + kLockWait;
  for (;;) {
    auto opened = open_directory(path, opening);
    if (opened || opened.error().reason != "store.locked" || !holder_address(path).empty() ||
        std::chrono::steady_clock::now() >= until)
      return opened;
    std::this_thread::sleep_for(kLockRetry);
  }
}

// What an open that may write mends.
bool needs_writing(const Error& error) { return error.reason == "store.index_unfit" || error.reason == "store.manifest_torn"; }

Error bad_field(std::string reason, const std::string& text, std::string field, std::string expected) {
  return {ErrorCode::kInvalid, std::move(reason), "\"" + text + "\" is no " + field, "/" + field, std::move(expected)};
}

// A type that no event can have would just find nothing.
Result<void> check_event_type(const std::string& type) {
  import::Nearest nearest(type);
  for (auto& aggregate : aggregate_plans()) {
    for (auto& event : aggregate.events.members) {
      if (event.type == type || type.empty()) return {};
      nearest.offer(event.type);
    }
  }
  return Error{ErrorCode::kInvalid, "events.unknown_type", "there is no event type \"" + type + "\"" + nearest.hint(), "/type",
               "a type such as opportunity.won", "rapport schema events lists them"};
}

// The type and the clauses together.
Result<EventFilter> filter_of(const EventsRequest& request) {
  auto filter = parse_known_filter(request.match);
  if (!filter || request.type.empty()) return filter;
  if (filter->takes_all()) return EventFilter(Term::type(request.type));
  for (auto& clause : filter->any_of) clause.push_back(Term::type(request.type));
  return filter;
}

constexpr std::size_t kCommandTagsMax = 8;  // so that there is room for those that the rules add

}  // namespace

Result<EventFilter> parse_known_filter(const std::vector<std::string>& clauses) {
  auto filter = parse_filter(clauses);
  if (!filter) return filter;
  const auto aggregates = all_aggregates();
  for (const auto& clause : filter->any_of)
    for (const auto& term : clause) {
      if (term.kind == Term::Kind::kType)
        if (auto known = check_event_type(term.value); !known) return std::move(known).error();
      if (term.kind == Term::Kind::kCategory && !find_aggregate(aggregates, term.value))
        return Error{ErrorCode::kInvalid, "events.unknown_category", "there is no aggregate \"" + term.value + "\"", "match",
                     "an aggregate such as opportunity", "rapport schema events lists them"};
    }
  return filter;
}

// Views fold in threads of their own; together they are one piece of work.
projections::ProgressCall view_progress(std::string_view what, const Progress& progress) {
  if (!progress) return {};
  struct Views {
    std::mutex mutex;
    std::map<std::string, std::pair<std::uint64_t, std::uint64_t>, std::less<>> at;  // events folded, and to fold, by view
  };
  return [what = std::string(what), progress, views = std::make_shared<Views>()](const projections::Progress& at) {
    std::lock_guard one_at_a_time(views->mutex);
    views->at[std::string(at.view)] = {at.position.value - at.from.value, at.target.value - at.from.value};
    std::uint64_t done = 0, total = 0;
    for (auto& [name, view] : views->at) done += view.first, total += view.second;
    progress({what, "events", done, total});
  };
}

Result<void> LocalStore::Impl::open(Opening opening) {
  auto opened = open_in_turn(path, opening);
  if (!opened) return std::move(opened).error();
  directory = std::move(*opened);
  if (auto opened_log = open_log(); !opened_log)
    return directory->read_only() && needs_writing(opened_log.error()) ? reopen_for_writing() : opened_log;
  auto subject_keys = RocksSubjectKeys::open(*directory);
  if (!subject_keys && directory->read_only() && needs_writing(subject_keys.error())) return reopen_for_writing();
  if (!subject_keys) return std::move(subject_keys).error();
  keys = std::move(*subject_keys);
  if (!directory->read_only()) {
    snapshots = std::make_unique<SnapshotFiles>(path);
    auto way_in = CommandGateway::open(aggregates, *store, *keys, clock, snapshots.get());
    if (!way_in) return std::move(way_in).error();
    gateway = std::move(*way_in);
  }
  rows = std::make_unique<projections::RocksRowStores>((path / "views").string(), projections::RocksBudget{}, directory->read_only());
  views = std::make_unique<projections::ViewHosts>(*store, *rows);
  auto head = store->head().position;
  // Of an empty log there may be no rows yet, which would have to be made.
  bool up_to_date = head.value > 0 && std::ranges::all_of(views->all(), [&](auto& view) {
    if (!view->health() || view->position() != head) return false;
    auto lacks = lacks_version_change(*view);
    return lacks && !*lacks;
  });
  return directory->read_only() && !up_to_date ? reopen_for_writing() : Result<void>();
}

Result<void> LocalStore::Impl::open_log() {
  RocksStoreOptions wanted{.accept_clock = options.accept_clock};
  auto log = RocksEventStore::open(*directory, wanted);
  auto lost = !log && (log.error().reason == "store.tail_lost" || log.error().reason == "store.witness_damaged");
  if (lost && options.accept_lost_tail) {
    // Views may hold, and the memory of imports remember, what the log has lost.
    for (auto* made_of_it : {"views", "imports"}) {
      std::error_code error;
      std::filesystem::remove_all(path / made_of_it, error);
      if (error)
        return Error{ErrorCode::kUnavailable, "store.io", "cannot remove " + (path / made_of_it).string() + ": " + error.message()};
    }
    wanted.accept_lost_tail = true;
    log = RocksEventStore::open(*directory, wanted);
  }
  if (!log) return std::move(log).error();
  store = std::move(*log);
  if (!wanted.accept_lost_tail && !options.accept_older_copy) return {};
  if (auto begun = begin_epoch(); !begun) return begun;
  if (auto noted = wanted.accept_lost_tail ? note_load() : Result<void>(); !noted) return noted;
  return take_readers_back();
}

Result<void> LocalStore::Impl::take_readers_back() {
  auto head = store->head().position;
  auto taken = take_back_places(path, head);
  if (!taken) return std::move(taken).error();
  for (auto& place : *taken)
    spdlog::warn("{} knew of position {}, which the log has no more: it begins again after {}", place.reader, place.was.value, head.value);
  return {};
}

// Whoever has the events that this log lacks knows them under the old name.
Result<void> LocalStore::Impl::begin_epoch() {
  auto head = store->head();
  if (auto begun = directory->begin_epoch({directory->identity().next_epoch(), head.position, head.root}); !begun) return begun;
  return renew_checkpoint_key(path, directory->origin());
}

Result<void> LocalStore::Impl::reopen_for_writing() {
  views.reset();
  rows.reset();
  keys.reset();
  store.reset();
  directory.reset();
  return open(Opening::kWrite);
}

Result<void> LocalStore::Impl::catch_up(const Progress& progress) {
  if (following) {
    auto head = store->head().position;
    wait_until([&](auto time) { return views->wait_for(head, time); });
    return {};
  }
  if (auto done = views->catch_up(view_progress("views", progress), options.stop); !done) return done;
  return record_version_changes();
}

void LocalStore::Impl::wait_until(const std::function<bool(std::chrono::milliseconds)>& there) const {
  auto until = std::chrono::steady_clock::now() + kFollowWait;
  while (!options.stop.stop_requested() && std::chrono::steady_clock::now() < until && !there(kStopLook)) {
  }
}

Result<void> LocalStore::Impl::catch_up(projections::ViewHost& view) {
  if (following) {
    auto head = store->head().position;
    wait_until([&](auto time) { return !view.health() || view.wait_for(head, time); });
    return {};
  }
  if (auto done = view.catch_up({}, options.stop); !done) return done;
  auto recorded = record_version_change(view);
  if (!recorded) return std::move(recorded).error();
  return *recorded ? view.catch_up({}, options.stop) : Result<void>();
}

LocalStore::LocalStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LocalStore::~LocalStore() = default;

Result<std::unique_ptr<LocalStore>> LocalStore::open(const LocalOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  if (auto opened = impl->open(options.opening); !opened) return std::move(opened).error();
  return std::unique_ptr<LocalStore>(new LocalStore(std::move(impl)));
}

const std::filesystem::path& LocalStore::dir() const { return impl_->path; }
EventStore& LocalStore::event_store() { return *impl_->store; }
const SubjectKeys& LocalStore::keys() const { return *impl_->keys; }
std::vector<projections::ViewHost*> LocalStore::views() const {
  std::vector<projections::ViewHost*> views;
  for (auto& view : impl_->views->all()) views.push_back(view.get());
  return views;
}
Result<void> LocalStore::catch_up_views(const Progress& progress) { return impl_->catch_up(progress); }
std::string LocalStore::origin() const { return impl_->directory->origin(); }
std::optional<std::uint64_t> LocalStore::shared_with(std::string_view origin) const {
  auto shared = impl_->directory->identity().shared_with(origin);
  return shared ? std::optional(shared->value) : std::nullopt;
}

void LocalStore::follow() {
  // Following goes on from rows that are there, so views of a new store or a new version come first. One that fails says so
  // when it is asked; the others follow all the same.
  static_cast<void>(impl_->catch_up({}));
  impl_->following = true;
  impl_->views->follow();
}

Result<void> LocalStore::ready() const {
  if (auto taking = impl_->store->health(); !taking) return taking;
  auto head = impl_->store->head().position.value;
  for (auto& view : impl_->views->all()) {
    if (auto healthy = view->health(); !healthy) {
      auto error = std::move(healthy).error();
      error.code = ErrorCode::kUnavailable;
      return error;
    }
    auto behind = head - std::min(head, view->position().value);
    if (behind > kReadyLagMax)
      return Error{ErrorCode::kUnavailable, "view.behind", "view " + view->type().name + " is " + std::to_string(behind) + " events behind the log"};
  }
  return {};
}

std::optional<BusStatus> LocalStore::Impl::bus_status() const {
  std::lock_guard lock(bus_mutex);
  return bus ? std::optional(bus()) : std::nullopt;
}

void LocalStore::watch_bus(std::function<BusStatus()> status) {
  std::lock_guard lock(impl_->bus_mutex);
  impl_->bus = std::move(status);
}

Result<void> LocalStore::announce(const std::string& address) { return impl_->directory->announce(address); }

std::string holder_address(const std::filesystem::path& dir) { return store_holder(dir).address; }

Result<Command> LocalStore::Impl::command_of(const CommandRequest& request, kj::Array<capnp::word>& body) const {
  if (request.aggregate == "batch" && (request.command == "changeViewVersion" || request.id.starts_with(kViewBatch)))
    return Error{.code = ErrorCode::kRejected,
                 .reason = "batch.of_a_view",
                 .message = "what becomes of a view is recorded by the program that builds it",
                 .field = "command",
                 .expected = "a command of another batch",
                 .hint = "rapport rebuild folds a view again."};
  auto read = read_command(request.aggregate, request.command, request.body);
  if (!read) return std::move(read).error();
  body = std::move(*read);
  if (request.aggregate == "webhook")
    if (auto checked = check_webhook(request.command, body); !checked) return std::move(checked).error();
  Command command{.aggregate = request.aggregate, .id = request.id, .body = body, .command_id = new_command_id(clock.now())};
  if (!request.command_id.empty() && !parse(request.command_id, command.command_id))
    return bad_field("command.bad_id", request.command_id, "commandId", "a UUID");
  if (request.expected_version) command.expected = StreamVersion{*request.expected_version};
  if (!request.occurred_at.empty()) {
    command.occurred_at = parse_time(request.occurred_at);
    if (!command.occurred_at) return bad_field("time.malformed", request.occurred_at, "occurredAt", "RFC 3339, such as 2017-06-30T12:00:00Z");
    if (parse_date(request.occurred_at)) command.precision = Precision::DATE;
  }
  for (auto& tag : request.tags)
    if (tag.empty() || tag.size() > kTagBytesMax || !is_utf8(tag)) return bad_field("command.bad_tag", tag, "tags", "1 to 128 bytes of UTF-8");
  const auto traces = std::ranges::count_if(request.tags, [](auto& tag) { return tag.starts_with(kTraceTag); });
  if (std::ssize(request.tags) - traces > std::ptrdiff_t{kCommandTagsMax})
    return bad_field("command.too_many_tags", std::to_string(request.tags.size()), "tags", std::to_string(kCommandTagsMax) + " at most");
  command.tags = request.tags;
  for (auto [text, field] : {std::pair{&request.actor, "actor"}, {&request.reason_code, "reason"}, {&request.reason_text, "reason"}})
    if (!is_utf8(*text)) return bad_field("command.bad_utf8", "…", field, "UTF-8");
  if (!request.actor.empty()) command.actor = request.actor;
  command.reason_code = request.reason_code;
  command.reason_text = request.reason_text;
  command.source.channel = request.channel;
  return command;
}

std::string LocalStore::Impl::receipt_text(const Receipt& receipt) const {
  std::string out;
  append_receipt(receipt, store->head().position, out);
  return out;
}

Result<std::string> LocalStore::command(const CommandRequest& request) {
  kj::Array<capnp::word> body;
  auto command = impl_->command_of(request, body);
  if (!command) return std::move(command).error();
  auto receipt = impl_->gateway->submit(*command);
  if (!receipt) return std::move(receipt).error();
  return impl_->receipt_text(*receipt);
}

std::vector<Result<std::string>> LocalStore::commands_together(std::span<const CommandRequest> requests) {
  std::vector<kj::Array<capnp::word>> bodies(requests.size());
  std::vector<Command> commands;
  std::vector<std::optional<Error>> refused(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    auto command = impl_->command_of(requests[i], bodies[i]);
    if (command) commands.push_back(*command);
    else refused[i] = std::move(command).error();
  }
  auto receipts = impl_->gateway->submit_together(commands);
  std::vector<Result<std::string>> answers;
  auto receipt = receipts.begin();
  for (auto& error : refused) {
    if (error) answers.emplace_back(std::move(*error));
    else if (auto& own = *receipt++; own) answers.emplace_back(impl_->receipt_text(*own));
    else answers.emplace_back(std::move(own).error());
  }
  return answers;
}

Result<void> LocalStore::events(const EventsRequest& request, const LineSink& line, std::stop_token stop) {
  if (auto known = check_event_type(request.type); !known) return known;
  auto filter = filter_of(request);
  if (!filter) return std::move(filter).error();
  if (request.backward && request.follow)
    return bad_field("events.backward_ends", "follow", "direction", "forward, to go on with new events");
  ReadQuery query{.from = {request.from}, .to = {request.to}, .stream = request.stream, .filter = std::move(*filter)};
  if (request.backward) {
    query.direction = Direction::kBackward;
    query.from = request.to == EventsRequest{}.to ? Position{} : Position{request.to};
  }
  auto reader = impl_->store->read(query);
  std::string text;
  auto left = request.limit.value_or(~std::uint64_t{0});
  while (left && !stop.stop_requested()) {
    auto head = impl_->store->head().position;
    auto event = reader->next();
    if (!event) return std::move(event).error();
    if (!*event) {
      if (!request.follow) return {};
      impl_->store->wait_past(head, std::chrono::milliseconds(500), stop);
      continue;
    }
    // A stream is read by versions: positions still bound it.
    auto position = (*event)->position.value;
    if (request.backward ? position > request.to : position < request.from) continue;
    if (request.backward ? position < request.from : position > request.to) return {};
    text.clear();
    if (auto written = append_event(**event, impl_->keys.get(), text); !written) return written;
    if (!line(text)) return {};
    --left;
  }
  return {};
}

}  // namespace rapport
