#include "projections/batch.h"

#include "projections/row.h"

namespace rapport::projections {

Batch::Batch(RowStore& store, std::size_t cached_rows_max, RowChanges* changes)
    : store_(store), cached_rows_max_(cached_rows_max), changes_(changes), checkpoint_(store.checkpoint()) {
  store_.discard();  // what a failed fold before this one had staged
  if (changes_) changes_->discarded();
}

void Batch::begin(const RecordedEvent& event) {
  link();
  checkpoint_.position = event.position;
  checkpoint_.recorded_at = event.recorded_at;
}

void Batch::fail(Error error) {
  if (!failed_) failed_ = std::make_unique<Error>(std::move(error));
}

void Batch::close(std::string_view key, std::string_view stored) {
  store_.put_past(key, now(), stored);
  ++checkpoint_.past_versions;
  put_varint(closed_, key.size());
  closed_.append(key);
  put_varint(closed_, stored.size());
  closed_.append(stored);
}

// A chain, not a sum: a sum of short hashes can be forged by choosing rows. One link an event, so that it is the same
// however events were batched.
void Batch::link() {
  if (closed_.empty()) return;
  auto& chain = checkpoint_.history;
  sha_.add({reinterpret_cast<const char*>(chain.data()), chain.size()});
  std::string position;
  put_key(position, checkpoint_.position.value);
  sha_.add(position);
  sha_.add(closed_);
  chain = sha_.finish();
  closed_.clear();
}

Result<void> Batch::commit() {
  link();
  ++number_;
  if (failed_) {
    store_.discard();
    return *failed_;
  }
  auto committed = store_.commit(checkpoint_);
  if (committed && changes_) changes_->committed();
  return committed;
}

}  // namespace rapport::projections
