// What imports remember of the records that they brought. It is written after the commands' append,
// never before: after a crash it lags, the rows are decided again, and their commands are in the
// log already. It is no cache: without it a later part of a history would be read as openings.
#pragma once
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "adapters/import/engine/bytes.h"
#include "adapters/import/key_value.h"
#include "eventstore/event_store.h"

namespace rapport::import {

// The last state of a key in modes state and history.
struct Snapshot {
  SourceTexts texts;               // of the source columns; personal ones as their hashes
  Id16 content{};                  // of the row that left it
  std::uint32_t import = 0;        // which import that was
  std::uint64_t changes = 0;       // how often the state changed before
  std::uint64_t position = 0;      // of the log after its commands
  std::optional<std::int64_t> at;  // the row's time
  // The streams that its records touched, by a hash of their names, and their versions afterwards:
  // whether somebody else changed them since is seen without reading them.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> streams;
};

// Of a record id: which key it has, which import brought it.
struct KnownRecord {
  Id16 key{};
  std::uint32_t import = 0;
};
// Of a group's key.
struct KnownGroup {
  Id16 record{};
  std::uint32_t import = 0;
};

// An import of the mapping, as its memory knows it.
struct KnownImport {
  std::string id;
  std::uint32_t number = 0;  // from 1, within the mapping
  bool completed = false;
  bool reverted = false;
};

// One thread. Of one mapping. What is put is kept back until commit().
class ImportMemory final {
 public:
  // What the source said is sealed under a key of the store's own.
  ImportMemory(KeyValue& store, const SubjectKeys& keys, std::string mapping);

  Result<std::vector<KnownImport>> imports() const;
  Result<std::optional<std::string>> shape(std::string_view table) const;
  Result<std::vector<std::string>> tables() const;  // of the earlier imports
  // At the start and the end of an import and of a revert; durable at once.
  Result<void> save(const KnownImport& import,
                    const std::vector<std::pair<std::string, std::string>>& shapes);

  void open_table(std::string_view table);  // of which the following speak
  Result<std::optional<KnownRecord>> record(const Id16& id) const;
  Result<std::optional<KnownGroup>> group(const Id16& key) const;
  Result<std::optional<Snapshot>> snapshot(const Id16& key) const { return snapshot(prefix_, key); }
  Result<std::optional<Snapshot>> snapshot_of(std::string_view table, const Id16& key) const {
    return snapshot(prefix_of(table), key);
  }
  Result<std::uint32_t> epoch(const Id16& key) const;
  void put_record(const Id16& id, const KnownRecord& record);
  void put_group(const Id16& key, const KnownGroup& group);
  // `before`: the snapshot that it takes the place of; null if there was none.
  void put_snapshot(const Id16& key, const Snapshot& snapshot, const Snapshot* before = nullptr);
  // The records that an import brought, with their keys.
  Result<std::vector<std::pair<Id16, Id16>>> records_of(std::uint32_t import) const;
  // A revert of an import: the record is new again, its key's records get ids of a higher epoch if
  // it is raised, and the key's snapshot is what it was before that.
  Result<void> forget(const Id16& record, const Id16& key, std::uint32_t import, bool raise_epoch);

  // Writes what was put since the last commit.
  Result<void> commit();
  std::size_t pending() const { return pending_.size(); }
  Result<void> settle() { return store_.settle(); }
  // Under which an import seals whatever a source said that it puts on a disk.
  const SubjectKeys::Key& sealing_key() const { return key_; }

 private:
  std::string prefix_of(std::string_view table) const;
  std::string encode(const Snapshot& snapshot) const;
  Result<std::optional<Snapshot>> snapshot(const std::string& prefix, const Id16& key) const;
  Result<std::optional<std::string>> get(const std::string& key) const;
  void put(std::string key, std::optional<std::string> value) {
    pending_.insert_or_assign(std::move(key), std::move(value));
  }

  KeyValue& store_;
  const SubjectKeys::Key key_;
  std::string mapping_, prefix_;
  bool has_epochs_ = false;
  std::unordered_map<std::string, std::optional<std::string>> pending_;
};

// Of a log that was just loaded from a dump: what its imports remembered stayed in the store that they
// ran in.
Result<void> note_load(KeyValue& memory, const EventStore& log);

// Checks the whole memory: every entry must be readable, and every import that the log names be
// there, those apart that came with a load. kCorrupt "import.memory_lost".
Result<void> verify_memory(const KeyValue& memory, const EventStore& log);

}  // namespace rapport::import
