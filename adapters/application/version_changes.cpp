// A view's changed version, recorded in the log exactly once. The rows of both versions on disk say that one took the other's
// place; the log says whether that is known. So a process that dies in between leaves nothing behind that the next does not find.
#include "adapters/application/version_changes.h"

#include "adapters/application/command_ids.h"
#include "adapters/application/wiring.h"
#include "domain/batch.h"
#include "domain/fold.h"

namespace rapport {
namespace {

std::string batch_of(const projections::ViewHost& view) { return std::string(kViewBatch) + view.type().name; }

// The version that the log names last; nothing if it names none.
Result<std::optional<std::uint32_t>> recorded_version(const EventStore& log, const projections::ViewHost& view) {
  FoldOf<batch::Decider> changes;
  auto events = log.read({.stream = stream_name("batch", batch_of(view))});
  for (auto event = events->next();; event = events->next()) {
    if (!event) return std::move(event).error();
    if (!*event) break;
    if (changes.apply((*event)->payload) == Applied::kCorrupt)
      return Error{.code = ErrorCode::kCorrupt,
                   .reason = "event.damaged",
                   .message = "the event at position " + std::to_string((*event)->position.value) + " cannot be read",
                   .hint = "rapport verify"};
  }
  auto& state = changes.state();
  return state.status == batch::Status::kView ? std::optional(state.view_version) : std::nullopt;
}

}  // namespace

Result<bool> LocalStore::Impl::lacks_version_change(const projections::ViewHost& view) const {
  if (!view.replaced_version()) return false;
  auto recorded = recorded_version(*store, view);
  if (!recorded) return std::move(recorded).error();
  return *recorded != view.type().version;
}

Result<bool> LocalStore::Impl::record_version_change(projections::ViewHost& view) {
  auto replaced = view.replaced_version();
  if (!replaced) return false;
  auto recorded = recorded_version(*store, view);
  if (!recorded) return std::move(recorded).error();
  if (*recorded == view.type().version) return false;
  auto digests = view.digests();
  if (!digests) return std::move(digests).error();
  auto id = batch_of(view), digest = to_hex(digests->rows), history = to_hex(digests->checkpoint.history);
  EventBuffer buffer;
  batch::ChangeViewVersion change{.view = view.type().name,
                                  .from = recorded->value_or(*replaced),
                                  .to = view.type().version,
                                  .position = digests->checkpoint.position.value,
                                  .digest = digest,
                                  .history_digest = history};
  auto body = buffer.append<batch::wire::Command>([&](auto command) { change.write_member(command); });
  auto receipt = gateway->submit({.aggregate = "batch",
                                  .id = id,
                                  .body = body,
                                  .command_id = new_command_id(clock.now()),
                                  .actor = "rapport.views",
                                  .actor_kind = ActorKind::SERVICE});
  if (!receipt) return std::move(receipt).error();
  return true;
}

Result<void> LocalStore::Impl::record_version_changes() {
  bool any = false;
  for (auto& view : views->all()) {
    auto recorded = record_version_change(*view);
    if (!recorded) return std::move(recorded).error();
    any = any || *recorded;
  }
  return any ? views->catch_up() : Result<void>();
}

}  // namespace rapport
