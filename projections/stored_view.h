// One view's rows with the fold that writes them and the reports that read them. Where the events come from is the caller's
// business: the local log (ViewHost) or Kafka (a worker).
#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "projections/digest.h"
#include "projections/policy_use.h"
#include "projections/views.h"

namespace rapport::projections {

struct Digests {
  Checkpoint checkpoint;  // with the digest over past versions
  Hash rows{};            // over current rows in key order
};

struct Answer {
  Lines lines;
  Position position;    // what the answer knows of the log
  Timestamp reference;  // the instant that it was given for
  std::vector<PolicyUse> policies;  // behind its rows
};

// One thread folds; any thread asks.
class StoredView final {
 public:
  // Opens or makes the rows of the type's store_name(). `changes`, if any, is told of those that change; borrowed. Errors as
  // RowStores::open.
  static Result<std::unique_ptr<StoredView>> open(const ViewType& type, RowStores& stores, RowChanges* changes = nullptr);
  ~StoredView();

  const ViewType& type() const { return type_; }
  // Of the last commit. Any thread.
  Position position() const { return {position_.load(std::memory_order_acquire)}; }

  // As Folder. After an error the next event must be the one after position().
  Result<void> fold(const RecordedEvent& event);
  Result<void> commit();

  // As answer(), of the rows as they are now.
  Result<Answer> query(std::string_view report, const Query& query) const;
  Result<Digests> digests() const;
  RowStore& store() { return *store_; }
  const RowStore& store() const { return *store_; }

 private:
  StoredView(const ViewType& type, std::unique_ptr<RowStore> store, RowChanges* changes);
  Result<void> settled(Result<void> folded);

  const ViewType& type_;
  const std::unique_ptr<RowStore> store_;
  RowChanges* const changes_;
  std::unique_ptr<Folder> folder_;  // null after an error, until the next event
  std::atomic<std::uint64_t> position_;
};

// Asks a view's report of its rows. kNotFound "view.unknown_report" names those there are.
Result<Answer> answer(const ViewType& type, const RowSnapshot& rows, std::string_view report, const Query& query);

// The question with what binds its cursors to this view's version and instant.
Query bound(Query query, const ViewType& type, std::optional<Timestamp> as_of = {});
Result<const Report*> find_report(const ViewType& type, std::string_view name);
Result<Digests> digests_of(const RowStore& store);

}  // namespace rapport::projections
