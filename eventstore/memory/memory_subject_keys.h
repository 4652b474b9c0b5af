// Keys of data subjects in memory, for tests and dry runs. Erasure can be tried with forget().
#pragma once
#include <mutex>
#include <unordered_map>

#include "eventstore/subject_keys.h"

namespace rapport {

// Safe for concurrent use.
class MemorySubjectKeys final : public SubjectKeys {
 public:
  MemorySubjectKeys();                               // a random secret
  explicit MemorySubjectKeys(std::string_view seed);  // the same digests in every run; keys stay random

  Result<std::optional<std::string>> open(std::string_view sealed) const override;
  Result<Key> key_for(std::string_view subject) override;
  Result<void> sync() override { return {}; }
  Result<std::optional<NamedKey>> find(std::uint64_t id) const override;
  Result<void> restore(const NamedKey& key) override;
  Hash keyed_digest(std::string_view purpose, std::string_view bytes) const override;

  // Destroys the subject's key: what it sealed can be opened no more.
  void forget(std::string_view subject);

 private:
  Hash secret_;  // constant after construction
  mutable std::mutex mutex_;
  std::uint64_t last_id_ = 0;                                // guarded by mutex_
  std::unordered_map<std::string, Key> keys_;          // by subject: what seals from now on; guarded by mutex_
  std::unordered_map<std::uint64_t, NamedKey> by_id_;  // what opens; guarded by mutex_
};

}  // namespace rapport
