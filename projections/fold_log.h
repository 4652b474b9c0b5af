// Folding the log into a store in bulk: a rebuild, a verification, or an as-of answer.
#pragma once
#include "eventstore/event_store.h"
#include "projections/view_host.h"

namespace rapport::projections {

// A store that is dropped with its folder when the question is answered.
class ScratchStore final {
 public:
  ScratchStore(RowStores& stores, std::string name) : stores_(stores), name_(std::move(name)) {}
  ~ScratchStore();
  ScratchStore(const ScratchStore&) = delete;
  Result<void> open(const ViewType& type, StoreUse use);
  RowStore& operator*() { return *store_; }
  RowStore* operator->() { return store_.get(); }
  const std::string& name() const { return name_; }
  // Closes it and leaves it where it is.
  void keep();

 private:
  RowStores& stores_;
  const std::string name_;
  std::unique_ptr<RowStore> store_;
  bool kept_ = false;
};

Error stopped(std::string_view view);

// Folds events after the store's checkpoint up to `target`; with as_of only those that hold then. Commits at the end.
Result<void> fold_log(const ViewType& type, const EventStore& log, RowStore& store, Position target,
                      std::optional<Timestamp> as_of, const ProgressCall& progress, const std::stop_token& stop);

// Compares all that two stores of one view hold; kCorrupt "view.differs" names the first difference.
Result<void> compare_stores(const ViewType& type, const RowStore& kept, const RowStore& fresh);

}  // namespace rapport::projections
