// The keys of data subjects, durable: a RocksDB of their own, each key wrapped by the master key. FORMAT.md, "keys/".
#pragma once
#include <functional>
#include <memory>

#include "eventstore/rocks/master_key.h"
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
  bool erased(std::uint64_t key_id) const override;
  Result<Key> key_for(std::string_view subject) override;
  Result<void> sync() override;
  Result<std::optional<NamedKey>> find(std::uint64_t id) const override;
  Result<void> restore(const NamedKey& key) override;  // kInvalid: "keys.id_taken"
  Result<std::uint64_t> current_key(std::string_view subject) const override;
  Result<void> destroy(std::span<const Erasure> erasures) override;
  Position erased_up_to() const override;
  Hash keyed_digest(std::string_view purpose, std::string_view bytes) const override;

  // What keyed_digest rests on, for `dump`; and, in a store that has used it for nothing yet, that of another store, for `load`.
  Hash secret() const;
  Result<void> restore_secret(const Hash& secret);

  // Wraps every key, and the store's secret, by another master key; afterwards the old one opens nothing. Where the old one is in
  // keys/master.key, the new one takes its place; else whoever sets RAPPORT_MASTER_KEY sets it to the new one. Cut off at any
  // moment, either the old one or the new one opens them. kInvalid "keys.master_key_same".
  Result<void> rotate(const MasterKey& next);
  bool master_key_in_file() const;
  // Every entry of the database as it is at one moment, wrapped, in order, until `take` answers false: for a backup.
  Result<void> each_entry(const std::function<bool(std::string_view key, std::string_view value)>& take) const;

  // Unwraps every key and compares indexes and witness. kCorrupt names what is wrong.
  Result<void> verify() const;
  // Keys that were ever made or taken over here, destroyed ones included.
  std::uint64_t count() const;

 private:
  class Impl;
  explicit RocksSubjectKeys(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rapport
