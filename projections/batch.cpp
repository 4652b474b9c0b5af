#include "projections/batch.h"

#include <openssl/evp.h>

#include "projections/row.h"

namespace rapport::projections {

Batch::Batch(RowStore& store, std::size_t cached_rows_max)
    : store_(store), cached_rows_max_(cached_rows_max), checkpoint_(store.checkpoint()), sha_(EVP_MD_CTX_new()) {
  RAPPORT_ASSERT(sha_ != nullptr);
  RAPPORT_ASSERT(EVP_DigestInit_ex(sha_, EVP_sha256(), nullptr) == 1);
  store_.discard();  // what a failed fold before this one had staged
}
Batch::~Batch() { EVP_MD_CTX_free(sha_); }

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
  std::string head;
  put_key(head, checkpoint_.position.value);
  auto& chain = checkpoint_.history;
  bool done = EVP_DigestInit_ex(sha_, nullptr, nullptr) == 1 && EVP_DigestUpdate(sha_, chain.data(), chain.size()) == 1 &&
              EVP_DigestUpdate(sha_, head.data(), head.size()) == 1 &&
              EVP_DigestUpdate(sha_, closed_.data(), closed_.size()) == 1 &&
              EVP_DigestFinal_ex(sha_, chain.data(), nullptr) == 1;
  RAPPORT_ASSERT(done);
  closed_.clear();
}

Result<void> Batch::commit() {
  link();
  ++number_;
  if (failed_) {
    store_.discard();
    return *failed_;
  }
  return store_.commit(checkpoint_);
}

}  // namespace rapport::projections
