#include "eventstore/memory/memory_subject_keys.h"

#include <sodium.h>

namespace rapport {

MemorySubjectKeys::MemorySubjectKeys() { randombytes_buf(secret_.data(), secret_.size()); }
MemorySubjectKeys::MemorySubjectKeys(std::string_view seed) : secret_(sha256({bytes_of(seed)})) {}

Result<std::optional<std::string>> MemorySubjectKeys::open(std::string_view sealed) const {
  auto id = sealing_key(sealed);
  if (id == 0) return Error{ErrorCode::kCorrupt, "keys.not_sealed", "bytes that are no sealed text"};
  std::lock_guard lock(mutex_);
  auto named = by_id_.find(id);
  if (named == by_id_.end()) return std::optional<std::string>();
  auto text = unseal(named->second.key, sealed);
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
  by_id_.emplace(key.id, NamedKey{name, key});
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
  std::erase_if(by_id_, [&](auto& named) { return named.second.subject == subject; });
  keys_.erase(found);
}

Result<std::optional<SubjectKeys::NamedKey>> MemorySubjectKeys::find(std::uint64_t id) const {
  std::lock_guard lock(mutex_);
  auto named = by_id_.find(id);
  return named == by_id_.end() ? std::optional<NamedKey>() : std::optional(named->second);
}

Result<void> MemorySubjectKeys::restore(const NamedKey& named) {
  std::lock_guard lock(mutex_);
  by_id_.emplace(named.key.id, named);
  keys_.emplace(named.subject, named.key);
  last_id_ = std::max(last_id_, named.key.id);
  return {};
}

}  // namespace rapport
