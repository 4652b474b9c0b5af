// The open batch of one view: where the fold stands, the digest chain over past versions, and what went wrong.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "projections/digest.h"
#include "projections/row_changes.h"
#include "projections/row_store.h"

namespace rapport::projections {

// One thread. Borrows its store.
class Batch final {
 public:
  // Rows that all tables together keep at hand between batches: about 400 bytes each.
  static constexpr std::size_t kCachedRowsMax = 100'000;

  // `changes`, if any, is told of every row that is put; borrowed, as the store is.
  explicit Batch(RowStore& store, std::size_t cached_rows_max = kCachedRowsMax, RowChanges* changes = nullptr);
  Batch(const Batch&) = delete;

  // Ends the event before and begins this one.
  void begin(const RecordedEvent& event);
  // Position of the event at hand.
  Position now() const { return checkpoint_.position; }
  RowStore& store() { return store_; }

  // Handlers cannot fail, so a row that cannot be read is remembered here, and commit refuses.
  void fail(Error error);

  // Stages a row as it is now.
  void put(std::string_view key, std::string_view stored) {
    store_.put(key, stored);
    if (changes_) changes_->note(key);
  }
  // Puts a row's version into history that the event at hand ends.
  void close(std::string_view key, std::string_view stored);
  Result<void> commit();

  std::size_t cached_rows = 0;  // in all tables
  bool crowded() const { return cached_rows > cached_rows_max_; }
  // Counts commits: tables tell by it what they have not used for long.
  std::uint64_t number() const { return number_; }

 private:
  void link();

  RowStore& store_;
  const std::size_t cached_rows_max_;
  RowChanges* const changes_;
  Checkpoint checkpoint_;
  std::uint64_t number_ = 0;
  std::unique_ptr<Error> failed_;
  std::string closed_;  // frames of the versions that the event at hand ended
  Sha256 sha_;
};

}  // namespace rapport::projections
