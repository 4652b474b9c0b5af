// Keys of data subjects in memory, for tests and dry runs. What they seal is gone with the process.
#pragma once
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "eventstore/subject_keys.h"

namespace rapport {

// Safe for concurrent use.
class MemorySubjectKeys final : public SubjectKeys {
 public:
  MemorySubjectKeys();                               // a random secret
  explicit MemorySubjectKeys(std::string_view seed);  // the same digests in every run; keys stay random

  Result<std::optional<std::string>> open(std::string_view sealed) const override;
  bool erased(std::uint64_t key_id) const override;
  Result<Key> key_for(std::string_view subject) override;
  Result<void> sync() override { return {}; }
  Result<std::optional<NamedKey>> find(std::uint64_t id) const override;
  Result<void> restore(const NamedKey& key) override;
  Result<std::uint64_t> current_key(std::string_view subject) const override;
  Result<void> destroy(std::span<const Erasure> erasures) override;
  Position erased_up_to() const override;
  Hash keyed_digest(std::string_view purpose, std::string_view bytes) const override;

 private:
  Hash secret_;  // constant after construction
  mutable std::mutex mutex_;
  std::uint64_t last_id_ = 0;                                // guarded by mutex_
  std::unordered_map<std::string, Key> keys_;          // by subject: what seals from now on; guarded by mutex_
  std::unordered_map<std::uint64_t, NamedKey> by_id_;  // what opens; guarded by mutex_
  std::unordered_set<std::uint64_t> erased_;           // guarded by mutex_
  Position erased_up_to_;                              // guarded by mutex_
};

}  // namespace rapport
