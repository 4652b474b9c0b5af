// The keys of data subjects, durable: a RocksDB of their own, each key wrapped by the master key. FORMAT.md, "keys/".
#pragma once
#include <memory>

#include "eventstore/rocks/store_directory.h"
#include "eventstore/subject_keys.h"

namespace rapport {

// Safe for concurrent use.
class RocksSubjectKeys final : public SubjectKeys {
 public:
  // The master key comes from RAPPORT_MASTER_KEY (64 hex digits) or keys/master.key, which is made with a new store. kCorrupt:
  // "keys.master_key_wrong", "keys.master_key_missing", "keys.tail_lost", "keys.damaged".
  static Result<std::unique_ptr<RocksSubjectKeys>> open(StoreDirectory& directory);
  ~RocksSubjectKeys() override;

  Result<std::optional<std::string>> open(std::string_view sealed) const override;
  Result<Key> key_for(std::string_view subject) override;
  Result<void> sync() override;
  Result<std::optional<NamedKey>> find(std::uint64_t id) const override;
  Result<void> restore(const NamedKey& key) override;  // kInvalid: "keys.id_taken"
  Hash keyed_digest(std::string_view purpose, std::string_view bytes) const override;

  // What keyed_digest rests on, for `dump`; and, in a store that has used it for nothing yet, that of another store, for `load`.
  Hash secret() const;
  Result<void> restore_secret(const Hash& secret);

  // Unwraps every key and compares indexes and witness. kCorrupt names what is wrong.
  Result<void> verify() const;
  std::uint64_t count() const;

 private:
  class Impl;
  explicit RocksSubjectKeys(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rapport
