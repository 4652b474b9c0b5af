#include "projections/view_host.h"

#include <algorithm>

#include "projections/fold_log.h"
#include "projections/memory/memory_row_store.h"

namespace rapport::projections {
namespace {

// Up to here an as-of fold stays in memory, and a view without rows is simply caught up.
constexpr std::uint64_t kSmallLogEvents = 500'000;
constexpr std::uint64_t kNewSmallViewEvents = 20'000;
constexpr std::chrono::milliseconds kLiveWait{500}, kYield{1};
// Events that come one by one are folded several at once, unless somebody waits for one: each fold costs a write.
constexpr std::chrono::milliseconds kGather{25};

Error no_rows(const ViewType& type) {
  return {.code = ErrorCode::kUnavailable,
          .reason = "view.not_built",
          .message = "view " + type.name + " has not been built yet"};
}

std::string published_tables(const ViewType& type) {
  std::string tables;
  for (auto& rows : type.published) tables += rows.table;
  return tables;
}

}  // namespace

Result<Timestamp> recorded_at(const EventStore& log, Position position) {
  if (position == Position{}) return Timestamp{0};
  auto reader = log.read({.from = position, .to = position});
  auto event = reader->next();
  if (!event) return std::move(event).error();
  if (!*event)
    return Error{.code = ErrorCode::kInvalid,
                 .reason = "log.no_such_position",
                 .message = "the log has no position " + std::to_string(position.value)};
  return (*event)->recorded_at;
}

ViewHost::ViewHost(const ViewType& type, const EventStore& log, RowStores& stores)
    : type_(type), log_(log), stores_(stores), changes_(published_tables(type)) {}
ViewHost::~ViewHost() {
  live_.request_stop();
  if (live_.joinable()) live_.join();
}

std::unique_ptr<ViewHost> ViewHost::open(const ViewType& type, const EventStore& log, RowStores& stores) {
  std::unique_ptr<ViewHost> host(new ViewHost(type, log, stores));
  host->recover_swap();
  auto names = stores.names();
  if (std::find(names.begin(), names.end(), type.store_name()) != names.end()) host->open_rows();
  return host;
}

// A swap renames the view away and then the rebuilt one into its place: where the view is missing, a rebuilt one was whole.
void ViewHost::recover_swap() {
  auto name = type_.store_name();
  auto names = stores_.names();
  auto has = [&](const std::string& n) { return std::find(names.begin(), names.end(), n) != names.end(); };
  Result<void> done;
  if (!has(name) && has(name + ".old")) done = stores_.rename(name + (has(name + ".rebuild") ? ".rebuild" : ".old"), name);
  for (auto& n : stores_.names())
    if (done && n.starts_with(name + ".")) done = stores_.drop(n);
  if (!done) set_failure(done.error());
}

void ViewHost::open_rows() {
  auto view = StoredView::open(type_, stores_, &changes_);
  if (!view) {
    set_failure(std::move(view).error());
    return;
  }
  std::unique_lock lock(rows_);
  view_ = std::move(*view);
  position_.store(view_->position().value, std::memory_order_release);
}

void ViewHost::set_failure(std::optional<Error> failure) {
  std::lock_guard lock(state_);
  failure_ = std::move(failure);
  moved_.notify_all();
}
Result<void> ViewHost::health() const {
  std::lock_guard lock(state_);
  if (failure_) return *failure_;
  return {};
}

std::optional<std::uint32_t> ViewHost::replaced_version() const {
  std::optional<std::uint32_t> found;
  for (auto& name : stores_.names()) {
    if (!name.starts_with(type_.name + ".v")) continue;
    auto version = parse_integer(std::string_view(name).substr(type_.name.size() + 2));
    if (version && *version < type_.version) found = std::max(found.value_or(0), static_cast<std::uint32_t>(*version));
  }
  return found;
}

Result<void> ViewHost::fold_on(StoredView& view, Position target, const ProgressCall& progress, std::stop_token stop) {
  const auto from = view.position();
  auto reader = log_.read({.from = {from.value + 1}});
  for (std::uint64_t folded = 0;;) {
    auto event = reader->next();
    if (!event) return std::move(event).error();
    if (!*event || (*event)->position > target) break;
    if (auto done = view.fold(**event); !done) return done;
    if (++folded % 4'096) continue;
    position_.store(view.position().value, std::memory_order_release);
    if (stop.stop_requested()) return stopped(type_.name);
    if (progress) progress({type_.name, from, (*event)->position, target});
  }
  if (auto done = view.commit(); !done) return done;
  position_.store(view.position().value, std::memory_order_release);
  std::lock_guard lock(state_);  // pairs with wait_for, which looks and then waits
  moved_.notify_all();
  return {};
}

Result<void> ViewHost::catch_up(const ProgressCall& progress, std::stop_token stop) {
  if (auto healthy = health(); !healthy) return std::move(healthy).error();
  if (!view_ && (replaced_version() || log_.head().position.value > kNewSmallViewEvents))
    if (auto built = rebuild(progress, stop); !built) return std::move(built).error();
  auto lock = take_writer();
  if (!view_) open_rows();
  if (auto healthy = health(); !healthy) return std::move(healthy).error();
  return fold_on(*view_, log_.head().position, progress, stop);
}

std::unique_lock<std::mutex> ViewHost::take_writer() {
  ++want_writer_;
  std::unique_lock lock(writer_);
  --want_writer_;
  return lock;
}

void ViewHost::follow() {
  if (!live_.joinable()) live_ = std::jthread([this](std::stop_token stop) { live(stop); });
}

void ViewHost::live(std::stop_token stop) {
  while (!stop.stop_requested()) {
    if (!health()) {
      std::unique_lock lock(state_);
      moved_.wait_for(lock, kLiveWait);  // until rebuild() mends it
      continue;
    }
    if (want_writer_) {
      std::this_thread::sleep_for(kYield);
      continue;
    }
    if (!log_.wait_past(position(), kLiveWait, stop)) continue;
    gather(stop);
    std::lock_guard lock(writer_);
    if (!view_ || !health()) continue;
    auto folded = fold_on(*view_, log_.head().position, {}, stop);
    folded_at_ = std::chrono::steady_clock::now();
    if (!folded && folded.error().reason != "view.stopped") set_failure(std::move(folded).error());
  }
}

void ViewHost::gather(const std::stop_token& stop) {
  std::unique_lock lock(state_);
  wanted_.wait_until(lock, stop, folded_at_ + kGather, [&] { return waiting_ > 0; });
}

bool ViewHost::wait_for(Position position, std::chrono::milliseconds timeout_ms) const {
  std::unique_lock lock(state_);
  ++waiting_;
  wanted_.notify_all();
  moved_.wait_for(lock, timeout_ms, [&] { return failure_ || this->position() >= position; });
  --waiting_;
  return !failure_ && this->position() >= position;
}

Result<Answer> ViewHost::query(std::string_view report_name, Query query, std::optional<Timestamp> as_of,
                               const ProgressCall& progress, std::stop_token stop) const {
  if (!query.cursor.empty()) {
    auto position = cursor_position(query.cursor);
    if (!position) return std::move(position).error();
    query.known_at = std::min(query.known_at, *position);
  }
  if (!as_of) {
    if (auto healthy = health(); !healthy) return std::move(healthy).error();
    std::shared_lock lock(rows_);
    if (!view_) return no_rows(type_);
    if (!query.reference && query.known_at < position()) {
      auto at = recorded_at(log_, query.known_at);
      if (!at) return std::move(at).error();
      query.reference = *at;
    }
    return view_->query(report_name, query);
  }
  auto report = find_report(type_, report_name);
  if (!report) return std::move(report).error();
  auto target = std::min(query.known_at, log_.head().position);
  MemoryRowStores in_memory;
  RowStores& stores = target.value <= kSmallLogEvents ? in_memory : stores_;
  ScratchStore scratch(stores, type_.store_name() + ".asof." + std::to_string(++scratch_number_));
  if (auto opened = scratch.open(type_, StoreUse::kScratch); !opened) return std::move(opened).error();
  if (auto folded = fold_log(type_, log_, *scratch, target, as_of, progress, stop); !folded) return std::move(folded).error();
  query.known_at = kNow;
  auto reference = query.reference.value_or(*as_of);
  query.reference = reference;
  auto snapshot = scratch->snapshot();
  if (!snapshot) return std::move(snapshot).error();
  auto lines = (*report)->run(**snapshot, bound(std::move(query), type_, as_of));
  if (!lines) return std::move(lines).error();
  auto policies = policies_behind(**snapshot, kNow);
  if (!policies) return std::move(policies).error();
  return Answer{std::move(*lines), target, reference, std::move(*policies)};
}

Result<Digests> ViewHost::digests() const {
  if (auto healthy = health(); !healthy) return std::move(healthy).error();
  std::shared_lock lock(rows_);
  if (!view_) return no_rows(type_);
  return view_->digests();
}

Result<void> ViewHost::with_rows(const std::function<Result<void>(const RowSnapshot&)>& look) const {
  if (auto healthy = health(); !healthy) return healthy;
  std::shared_lock lock(rows_);
  if (!view_) return no_rows(type_);
  auto snapshot = view_->store().snapshot();
  if (!snapshot) return std::move(snapshot).error();
  return look(**snapshot);
}

Result<std::string> ViewHost::edition() const {
  if (auto healthy = health(); !healthy) return std::move(healthy).error();
  std::shared_lock lock(rows_);
  if (!view_) return no_rows(type_);
  return view_->store().source();
}

// Rows that are the same stay the same edition, so that whoever published them has nothing to do.
Result<void> ViewHost::note_edition(RowStore& built, const Rebuilt& rebuilt) const {
  if (rebuilt.same()) built.put_source(view_->store().source());
  else built.put_source(to_hex(rebuilt.after.rows) + "@" + std::to_string(rebuilt.after.checkpoint.position.value));
  if (auto committed = built.commit(built.checkpoint()); !committed) return committed;
  return built.settle();
}

Result<void> ViewHost::swap_in(const std::string& built) {
  auto name = type_.store_name();
  std::unique_lock lock(rows_);
  view_.reset();
  auto names = stores_.names();
  bool had = std::find(names.begin(), names.end(), name) != names.end();
  Result<void> done;
  if (had) done = stores_.rename(name, name + ".old");
  if (done) done = stores_.rename(built, name);
  if (done && had) done = stores_.drop(name + ".old");
  return done;
}

Result<Rebuilt> ViewHost::rebuild(const ProgressCall& progress, std::stop_token stop) {
  auto began = std::chrono::steady_clock::now();
  ScratchStore beside(stores_, type_.store_name() + ".rebuild");
  if (auto opened = beside.open(type_, StoreUse::kRebuild); !opened) return std::move(opened).error();
  if (auto folded = fold_log(type_, log_, *beside, log_.head().position, {}, progress, stop); !folded)
    return std::move(folded).error();
  if (auto settled = beside->settle(); !settled) return std::move(settled).error();

  auto lock = take_writer();  // the live thread waits from here on
  Rebuilt out{.view = type_.name, .before = {}, .after = {}};
  if (view_ && health()) {
    // Both at one position, so that they can be compared.
    auto target = std::max(position(), beside->checkpoint().position);
    if (auto folded = fold_log(type_, log_, *beside, target, {}, {}, stop); !folded) return std::move(folded).error();
    if (auto folded = fold_on(*view_, target, {}, stop)) {
      if (auto before = view_->digests()) out.before = *before;
    }
  }
  if (auto settled = beside->settle(); !settled) return std::move(settled).error();
  auto after = digests_of(*beside);
  if (!after) return std::move(after).error();
  out.after = *after;
  if (auto noted = note_edition(*beside, out); !noted) return std::move(noted).error();
  beside.keep();
  if (auto swapped = swap_in(beside.name()); !swapped) {
    set_failure(swapped.error());
    return std::move(swapped).error();
  }
  set_failure({});
  open_rows();
  if (!out.same()) changes_.replaced();
  if (auto healthy = health(); !healthy) return std::move(healthy).error();
  out.seconds = std::chrono::steady_clock::now() - began;
  return out;
}

Result<void> ViewHost::verify(const ProgressCall& progress, std::stop_token stop) {
  auto lock = take_writer();
  if (auto healthy = health(); !healthy) return healthy;
  if (!view_) return no_rows(type_);
  if (auto whole = view_->store().verify_bytes(); !whole) return whole;
  ScratchStore fresh(stores_, type_.store_name() + ".verify");
  if (auto opened = fresh.open(type_, StoreUse::kRebuild); !opened) return opened;
  if (auto folded = fold_log(type_, log_, *fresh, view_->position(), {}, progress, stop); !folded) return folded;
  return compare_stores(type_, view_->store(), *fresh);
}

}  // namespace rapport::projections
