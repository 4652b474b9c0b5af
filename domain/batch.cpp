#include "domain/batch.h"

#include <algorithm>

namespace rapport::batch {
namespace {

bool is_import(const State& state) { return state.status != Status::kNone && state.status != Status::kView; }

bool same(const State& state, const StartImport& start) {
  auto equal = [](const ImportedFile& known, const File& file) {
    return known.name == file.name && known.sha256 == file.sha256 && known.bytes == file.bytes;
  };
  return is_import(state) && state.mapping == start.mapping && state.mapping_sha256 == start.mapping_sha256 &&
         std::ranges::equal(state.files, start.files, equal);
}

Decision check_started(const State& state, const Context& context) {
  if (!is_import(state)) return reject("batch.not_found");
  if (context.as_fact) return accepted;
  if (state.status == Status::kCompleted) return reject("batch.already_completed");
  if (state.status == Status::kReverted) return reject("batch.already_reverted");
  return accepted;
}

}  // namespace

Decision decide(const State& state, const StartImport& start, const Context&, Events<Event>& events) {
  if (same(state, start)) return unchanged;
  if (state.status != Status::kNone) return reject("batch.exists");
  return events.emit(
      ImportStarted{.mapping = start.mapping, .mapping_sha256 = start.mapping_sha256, .files = start.files});
}

Decision decide(const State& state, const RejectRow& row, const Context& context, Events<Event>& events) {
  if (auto checked = check_started(state, context); !checked.accepted()) return checked;
  return events.emit(
      ImportRowRejected{.file = row.file, .line = row.line, .column = row.column, .code = row.code});
}

Decision decide(const State& state, const CompleteImport& complete, const Context& context,
                Events<Event>& events) {
  ImportCompleted totals{
      .rows = complete.rows,
      .accepted = complete.accepted,
      .rejected = complete.rejected,
      .already = complete.already,
  };
  if (state.status == Status::kCompleted && state.totals == totals) return unchanged;
  if (auto checked = check_started(state, context); !checked.accepted()) return checked;
  if (Wide{totals.accepted} + totals.rejected + totals.already != totals.rows)
    return reject("batch.totals_differ", "rows");
  return events.emit(totals);
}

Decision decide(const State& state, const RevertImport& revert, const Context& context,
                Events<Event>& events) {
  ImportReverted outcome{.compensated = revert.compensated, .left = revert.left};
  if (!is_import(state)) return reject("batch.not_found");
  if (state.status == Status::kReverted && state.reverted == outcome) return unchanged;
  if (!context.as_fact && state.status == Status::kReverted) return reject("batch.already_reverted");
  return events.emit(outcome);
}

Decision decide(const State& state, const ChangeViewVersion& change, const Context& context,
                Events<Event>& events) {
  if (is_import(state)) return reject("batch.not_a_view");
  if (change.from == change.to) return reject("batch.view_version_same", "to");
  if (state.status == Status::kView) {
    if (state.view != change.view) return reject("batch.view_differs", "view");
    if (state.view_version == change.to) return unchanged;
    if (!context.as_fact && state.view_version != change.from)
      return reject("batch.view_version_differs", "from");
  }
  return events.emit(ViewVersionChanged{
      .view = change.view,
      .from = change.from,
      .to = change.to,
      .position = change.position,
      .digest = change.digest,
      .history_digest = change.history_digest,
  });
}

Decision decide(const State& state, const Correct& correct, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("batch.not_found");
  if (auto checked = check_approver(context, correct.approver_id, "batch.approver_missing"); !checked.accepted())
    return checked;
  auto corrected = change(Details{.note = state.note}, correct.new_);
  if (!corrected.any) return unchanged;
  return events.emit(CorrectionRecorded{
      .target = correct.target,
      .old = corrected.old,
      .new_ = corrected.new_,
      .approver_id = correct.approver_id,
  });
}

void evolve(State& state, const ImportStarted& started) {
  state.status = Status::kStarted;
  state.mapping = started.mapping;
  state.mapping_sha256 = started.mapping_sha256;
  for (auto& file : started.files)
    state.files.push_back({std::string(file.name), std::string(file.sha256), file.bytes});
}
// Rows are not remembered: there may be millions of them, and their commands' ids tell them apart.
void evolve(State&, const ImportRowRejected&) {}
void evolve(State& state, const ImportCompleted& completed) {
  state.status = Status::kCompleted;
  state.totals = completed;
}
void evolve(State& state, const ImportReverted& reverted) {
  state.status = Status::kReverted;
  state.reverted = reverted;
}
void evolve(State& state, const ViewVersionChanged& changed) {
  state.status = Status::kView;
  state.view = changed.view;
  state.view_version = changed.to;
}
void evolve(State& state, const CorrectionRecorded& correction) { patch(state.note, correction.new_.note); }

}  // namespace rapport::batch
