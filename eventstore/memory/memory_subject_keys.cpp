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

bool MemorySubjectKeys::erased(std::uint64_t key_id) const {
  std::lock_guard lock(mutex_);
  return erased_.contains(key_id);
}

Result<std::uint64_t> MemorySubjectKeys::current_key(std::string_view subject) const {
  std::lock_guard lock(mutex_);
  auto found = keys_.find(std::string(subject));
  return found == keys_.end() ? 0 : found->second.id;
}

Result<void> MemorySubjectKeys::destroy(std::span<const Erasure> erasures) {
  std::lock_guard lock(mutex_);
  for (auto& erasure : erasures) {
    by_id_.erase(erasure.key_id);
    std::erase_if(keys_, [&](auto& key) { return key.second.id == erasure.key_id; });
    erased_.insert(erasure.key_id);
    erased_up_to_ = erasure.position;
    last_id_ = std::max(last_id_, erasure.key_id);
  }
  return {};
}

Position MemorySubjectKeys::erased_up_to() const {
  std::lock_guard lock(mutex_);
  return erased_up_to_;
}

Result<std::optional<SubjectKeys::NamedKey>> MemorySubjectKeys::find(std::uint64_t id) const {
  std::lock_guard lock(mutex_);
  auto named = by_id_.find(id);
  return named == by_id_.end() ? std::optional<NamedKey>() : std::optional(named->second);
}

Result<void> MemorySubjectKeys::restore(const NamedKey& named) {
  std::lock_guard lock(mutex_);
  if (erased_.contains(named.key.id)) return {};
  by_id_.emplace(named.key.id, named);
  keys_.emplace(named.subject, named.key);
  last_id_ = std::max(last_id_, named.key.id);
  return {};
}

}  // namespace rapport
