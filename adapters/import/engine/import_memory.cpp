#include "adapters/import/engine/import_memory.h"

#include <openssl/sha.h>

namespace rapport::import {

namespace {

// Kinds of entries, the first byte of their keys.
constexpr char kImport = 'i', kShape = 's', kRecord = 'r', kGroup = 'g', kSnapshot = 'k',
               kBefore = 'b', kEpoch = 'e', kLoaded = 'l';

Error damaged(const std::string& what) {
  return {ErrorCode::kCorrupt,
          "import.memory_lost",
          "the memory of imports is damaged: " + what,
          {},
          {},
          "remove the folder imports of the data directory and import the earlier files again, all "
          "of them: that restores it and adds no event"};
}

// No subject's key: one row may speak of several, and snapshots are compared, not shown.
SubjectKeys::Key memory_key(const SubjectKeys& keys) {
  return {.id = 1, .secret = keys.keyed_digest("import-memory", "")};
}

std::string entry_key(char kind, std::string_view prefix, const Id16& id) {
  std::string key(1, kind);
  key += prefix;
  key.append(reinterpret_cast<const char*>(id.data()), id.size());
  return key;
}
// The snapshot that an import found, kept as long as the import can be reverted.
std::string before_key(std::string_view prefix, const Id16& id, std::uint32_t import) {
  auto key = entry_key(kBefore, prefix, id);
  BytesOut(key).u32(import);
  return key;
}
std::string text_key(char kind, std::string_view mapping, std::string_view text) {
  return std::string(1, kind) + std::string(mapping) + '\0' + std::string(text);
}

bool decode(std::string_view bytes, KnownImport& to) {
  BytesIn in(bytes);
  to.number = in.u32();
  to.completed = in.u8();
  to.reverted = in.u8();
  return in.at_end();
}
bool decode(std::string_view bytes, KnownRecord& to) {
  BytesIn in(bytes);
  to.key = in.id();
  to.import = in.u32();
  return in.at_end();
}
bool decode(std::string_view bytes, KnownGroup& to) {
  BytesIn in(bytes);
  to.record = in.id();
  to.import = in.u32();
  return in.at_end();
}
// A snapshot with its texts still sealed.
struct SealedSnapshot : Snapshot {
  std::string sealed;
};
bool decode(std::string_view bytes, SealedSnapshot& to) {
  BytesIn in(bytes);
  to.sealed = in.text();
  to.content = in.id();
  to.import = in.u32();
  to.changes = in.u64();
  to.position = in.u64();
  if (in.u8()) to.at = in.i64();
  auto count = in.u32();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    auto stream = in.u64();
    to.streams.emplace_back(stream, in.u64());
  }
  return in.at_end();
}

template <class T>
Result<std::optional<T>> decoded(Result<std::optional<std::string>> bytes, const char* what) {
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<T>();
  T out{};
  if (!decode(**bytes, out)) return damaged(what);
  return std::optional<T>(std::move(out));
}

}  // namespace

ImportMemory::ImportMemory(KeyValue& store, const SubjectKeys& keys, std::string mapping)
    : store_(store), key_(memory_key(keys)), mapping_(std::move(mapping)) {}

std::string ImportMemory::prefix_of(std::string_view table) const {
  auto name = mapping_ + '\0' + std::string(table);
  Hash hash;
  SHA256(reinterpret_cast<const unsigned char*>(name.data()), name.size(), hash.data());
  return {reinterpret_cast<const char*>(hash.data()), 8};
}

void ImportMemory::open_table(std::string_view table) {
  prefix_ = prefix_of(table);
  has_epochs_ = false;
  auto looked =
      store_.each(kEpoch + prefix_, [&](auto, auto) { return has_epochs_ = true, false; });
  if (!looked) has_epochs_ = true;  // the error comes up again when an epoch is read
}

Result<std::optional<std::string>> ImportMemory::get(const std::string& key) const {
  if (auto found = pending_.find(key); found != pending_.end()) return found->second;
  return store_.get(key);
}

Result<std::vector<KnownImport>> ImportMemory::imports() const {
  std::vector<KnownImport> out;
  bool good = true;
  auto prefix = text_key(kImport, mapping_, "");
  auto read = store_.each(prefix, [&](std::string_view key, std::string_view value) {
    KnownImport import{.id = std::string(key.substr(prefix.size()))};
    good &= decode(value, import);
    out.push_back(std::move(import));
    return good;
  });
  if (!read) return read.error();
  if (!good) return damaged("its list of imports");
  return out;
}

Result<std::optional<std::string>> ImportMemory::shape(std::string_view table) const {
  return get(text_key(kShape, mapping_, table));
}

Result<void> ImportMemory::save(const KnownImport& import,
                                const std::vector<std::pair<std::string, std::string>>& shapes) {
  std::string value;
  BytesOut(value).u32(import.number).u8(import.completed).u8(import.reverted);
  std::vector<KeyValue::Change> changes{{text_key(kImport, mapping_, import.id), std::move(value)}};
  for (const auto& [table, shape] : shapes)
    changes.push_back({text_key(kShape, mapping_, table), shape});
  return store_.write(changes, true);
}

Result<std::optional<KnownRecord>> ImportMemory::record(const Id16& id) const {
  return decoded<KnownRecord>(get(entry_key(kRecord, prefix_, id)), "a record");
}
Result<std::optional<KnownGroup>> ImportMemory::group(const Id16& key) const {
  return decoded<KnownGroup>(get(entry_key(kGroup, prefix_, key)), "a group");
}
Result<std::optional<Snapshot>> ImportMemory::snapshot(const std::string& prefix,
                                                       const Id16& key) const {
  auto stored =
      decoded<SealedSnapshot>(get(entry_key(kSnapshot, prefix, key)), "a snapshot");
  if (!stored) return stored.error();
  if (!*stored) return std::optional<Snapshot>();
  auto texts = unseal(key_, (*stored)->sealed);
  if (!texts) return damaged("a snapshot that this store did not seal");
  BytesIn in(*texts);
  in.texts((*stored)->texts);
  if (!in.at_end()) return damaged("a snapshot");
  return std::optional<Snapshot>(std::move(**stored));
}

Result<std::uint32_t> ImportMemory::epoch(const Id16& key) const {
  if (!has_epochs_) return 0u;
  auto bytes = get(entry_key(kEpoch, prefix_, key));
  if (!bytes) return bytes.error();
  if (!*bytes) return 0u;
  BytesIn in(**bytes);
  auto epoch = in.u32();
  if (!in.at_end()) return damaged("an epoch");
  return epoch;
}

void ImportMemory::put_record(const Id16& id, const KnownRecord& record) {
  std::string value;
  BytesOut(value).id(record.key).u32(record.import);
  put(entry_key(kRecord, prefix_, id), std::move(value));
}

void ImportMemory::put_group(const Id16& key, const KnownGroup& group) {
  std::string value;
  BytesOut(value).id(group.record).u32(group.import);
  put(entry_key(kGroup, prefix_, key), std::move(value));
}

Result<std::vector<std::string>> ImportMemory::tables() const {
  std::vector<std::string> out;
  auto prefix = text_key(kShape, mapping_, "");
  auto read = store_.each(prefix, [&](std::string_view key, std::string_view) {
    return out.emplace_back(key.substr(prefix.size())), true;
  });
  if (!read) return read.error();
  return out;
}

void ImportMemory::put_snapshot(const Id16& key, const Snapshot& snapshot, const Snapshot* before) {
  put(entry_key(kSnapshot, prefix_, key), encode(snapshot));
  if (before && before->import != snapshot.import)
    put(before_key(prefix_, key, snapshot.import), encode(*before));
}

std::string ImportMemory::encode(const Snapshot& snapshot) const {
  std::string texts, value;
  BytesOut(texts).texts(snapshot.texts);
  BytesOut out(value);
  out.text(seal(key_, texts))
      .id(snapshot.content)
      .u32(snapshot.import)
      .u64(snapshot.changes)
      .u64(snapshot.position)
      .u8(snapshot.at.has_value());
  if (snapshot.at) out.i64(*snapshot.at);
  out.u32(static_cast<std::uint32_t>(snapshot.streams.size()));
  for (const auto& [stream, version] : snapshot.streams) out.u64(stream).u64(version);
  return value;
}

Result<std::vector<std::pair<Id16, Id16>>> ImportMemory::records_of(std::uint32_t import) const {
  std::vector<std::pair<Id16, Id16>> out;
  bool good = true;
  auto prefix = kRecord + prefix_;
  auto read = store_.each(prefix, [&](std::string_view key, std::string_view value) {
    KnownRecord record;
    good &= decode(value, record) && key.size() == prefix.size() + sizeof(Id16);
    if (good && record.import == import)
      out.emplace_back(BytesIn(key.substr(prefix.size())).id(), record.key);
    return good;
  });
  if (!read) return read.error();
  if (!good) return damaged("a record");
  return out;
}

Result<void> ImportMemory::forget(const Id16& record, const Id16& key, std::uint32_t import,
                                  bool raise_epoch) {
  has_epochs_ = true;
  if (raise_epoch) {
    auto now = epoch(key);
    if (!now) return now.error();
    std::string value;
    BytesOut(value).u32(*now + 1);
    put(entry_key(kEpoch, prefix_, key), std::move(value));
  }
  put(entry_key(kRecord, prefix_, record), std::nullopt);
  put(entry_key(kGroup, prefix_, key), std::nullopt);
  auto last = snapshot(key);
  if (!last) return last.error();
  if (!*last || (*last)->import != import) return {};
  auto before = get(before_key(prefix_, key, import));
  if (!before) return before.error();
  put(entry_key(kSnapshot, prefix_, key), std::move(*before));
  put(before_key(prefix_, key, import), std::nullopt);
  return {};
}

Result<void> ImportMemory::commit() {
  if (pending_.empty()) return {};
  std::vector<KeyValue::Change> changes;
  changes.reserve(pending_.size());
  for (auto& [key, value] : pending_) changes.push_back({key, std::move(value)});
  pending_.clear();
  return store_.write(changes, false);
}

namespace {

Result<Position> loaded_until(const KeyValue& memory) {
  auto stored = memory.get(std::string(1, kLoaded));
  if (!stored) return stored.error();
  return Position{*stored ? BytesIn(**stored).u64() : 0};
}

Result<void> verify_imports(const KeyValue& memory, const EventStore& log) {
  auto loaded = loaded_until(memory);
  if (!loaded) return damaged(loaded.error().message);
  ReadQuery query;
  query.filter = Term::type("batch.importStarted");
  query.from = Position{loaded->value + 1};
  auto reader = log.read(query);
  for (;;) {
    auto event = reader->next();
    if (!event) return event.error();
    if (!*event) return {};
    auto mapping = read_text((*event)->metadata.getSource().getClient());
    auto known = memory.get(text_key(kImport, mapping, (*event)->stream_id));
    if (!known) return damaged(known.error().message);
    if (!*known) return damaged("the log has import " + std::string((*event)->stream_id) + ", it has not");
  }
}

}  // namespace

Result<void> note_load(KeyValue& memory, const EventStore& log) {
  std::string value;
  BytesOut(value).u64(log.head().position.value);
  return memory.write({{std::string(1, kLoaded), std::move(value)}}, true);
}

Result<void> verify_memory(const KeyValue& memory, const EventStore& log) {
  if (auto checked = memory.verify(); !checked) return damaged(checked.error().message);
  std::string wrong;
  auto read = memory.each("", [&](std::string_view key, std::string_view value) {
    KnownImport import;
    KnownRecord record;
    KnownGroup group;
    SealedSnapshot snapshot;
    bool good = false;
    switch (key.empty() ? 0 : key[0]) {
      case kImport:
        good = decode(value, import);
        break;
      case kShape:
        good = !value.empty();
        break;
      case kRecord:
        good = decode(value, record);
        break;
      case kGroup:
        good = decode(value, group);
        break;
      case kBefore:
      case kSnapshot:
        good = decode(value, snapshot);
        break;
      case kEpoch:
        good = value.size() == sizeof(std::uint32_t);
        break;
      case kLoaded:
        good = value.size() == sizeof(std::uint64_t);
        break;
      default:
        break;
    }
    if (!good) wrong = "an entry of kind " + std::string(key.substr(0, 1));
    return good;
  });
  if (!read) return damaged(read.error().message);
  if (!wrong.empty()) return damaged(wrong);
  return verify_imports(memory, log);
}

}  // namespace rapport::import
