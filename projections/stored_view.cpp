#include "projections/stored_view.h"

namespace rapport::projections {

Query bound(Query query, const ViewType& type, std::optional<Timestamp> as_of) {
  query.asked.append(1, '\0').append(type.store_name());
  if (as_of) query.asked.append(" as of ").append(std::to_string(as_of->micros));
  return query;
}

Result<const Report*> find_report(const ViewType& type, std::string_view name) {
  if (auto* report = type.find_report(name)) return report;
  std::string known;
  for (auto& report : type.reports) known.append(known.empty() ? "one of " : ", ").append(report.name);
  return Error{.code = ErrorCode::kNotFound,
               .reason = "view.unknown_report",
               .message = "view " + type.name + " has no report \"" + std::string(name) + "\"",
               .field = "report",
               .expected = known};
}

Result<Digests> digests_of(const RowStore& store) {
  auto snapshot = store.snapshot();
  if (!snapshot) return std::move(snapshot).error();
  auto rows = rows_digest(**snapshot);
  if (!rows) return std::move(rows).error();
  return Digests{(*snapshot)->checkpoint(), *rows};
}

Result<std::unique_ptr<StoredView>> StoredView::open(const ViewType& type, RowStores& stores, RowChanges* changes) {
  auto store = stores.open(type.store_name(), type.declaration, StoreUse::kLive);
  if (!store) return std::move(store).error();
  return std::unique_ptr<StoredView>(new StoredView(type, std::move(*store), changes));
}

StoredView::StoredView(const ViewType& type, std::unique_ptr<RowStore> store, RowChanges* changes)
    : type_(type), store_(std::move(store)), changes_(changes), position_(store_->checkpoint().position.value) {}
StoredView::~StoredView() = default;

Result<void> StoredView::settled(Result<void> folded) {
  if (!folded) folder_.reset();
  position_.store(store_->checkpoint().position.value, std::memory_order_release);
  return folded;
}

Result<void> StoredView::fold(const RecordedEvent& event) {
  if (!folder_) folder_ = type_.make_folder(*store_, {.changes = changes_});
  return settled(folder_->fold(event));
}
Result<void> StoredView::commit() {
  if (!folder_) return {};
  return settled(folder_->commit());
}

Result<Answer> StoredView::query(std::string_view report_name, const Query& query) const {
  auto snapshot = store_->snapshot();
  if (!snapshot) return std::move(snapshot).error();
  return answer(type_, **snapshot, report_name, query);
}

Result<Answer> answer(const ViewType& type, const RowSnapshot& rows, std::string_view report_name, const Query& query) {
  auto report = find_report(type, report_name);
  if (!report) return std::move(report).error();
  auto lines = (*report)->run(rows, bound(query, type));
  if (!lines) return std::move(lines).error();
  auto checkpoint = rows.checkpoint();
  auto known_at = query.known_at;
  if (!query.cursor.empty()) known_at = *cursor_position(query.cursor);  // it has been read: the report ran
  auto position = std::min(known_at, checkpoint.position);
  auto policies = policies_behind(rows, position);
  if (!policies) return std::move(policies).error();
  return Answer{std::move(*lines), position, query.reference.value_or(checkpoint.recorded_at), std::move(*policies)};
}

Result<Digests> StoredView::digests() const { return digests_of(*store_); }

}  // namespace rapport::projections
