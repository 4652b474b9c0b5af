#include "eventstore/memory/memory_subject_keys.h"

#include <sodium.h>

namespace rapport {

MemorySubjectKeys::MemorySubjectKeys() { randombytes_buf(secret_.data(), secret_.size()); }
MemorySubjectKeys::MemorySubjectKeys(std::string_view seed) : secret_(sha256({bytes_of(seed)})) {}

Result<std::optional<std::string>> MemorySubjectKeys::open(std::string_view sealed) const {
  auto id = sealing_key(sealed);
  if (id == 0) return Error{ErrorCode::kCorrupt, "keys.not_sealed", "bytes that are no sealed text"};
  std::lock_guard lock(mutex_);
  auto subject = subjects_.find(id);
  if (subject == subjects_.end()) return std::optional<std::string>();
  auto text = unseal(keys_.at(subject->second), sealed);
  if (!text) return Error{ErrorCode::kCorrupt, "keys.altered", "a sealed text was altered"};
  return text;
}

Result<SubjectKeys::Key> MemorySubjectKeys::key_for(std::string_view subject) {
  std::lock_guard lock(mutex_);
  std::string name(subject);
  auto found = keys_.find(name);
  if (found != keys_.end()) return found->second;
  Key key{++last_id_, {}};
  randombytes_buf(key.secret.data(), key.secret.size());
  subjects_.emplace(key.id, name);
  keys_.emplace(std::move(name), key);
  return key;
}

Hash MemorySubjectKeys::keyed_digest(std::string_view purpose, std::string_view bytes) const {
  auto key = hmac_sha256(secret_, {bytes_of(purpose)});
  return hmac_sha256(key, {bytes_of(bytes)});
}

void MemorySubjectKeys::forget(std::string_view subject) {
  std::lock_guard lock(mutex_);
  auto found = keys_.find(std::string(subject));
  if (found == keys_.end()) return;
  subjects_.erase(found->second.id);
  keys_.erase(found);
}

}  // namespace rapport
