#include "projections/rocks/rocks_row_store.h"

#include <rocksdb/memtablerep.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/write_buffer_manager.h>

#include <thread>

#include "eventstore/rocks/empty_logs.h"
#include "eventstore/rocks/rocks_status.h"
#include "eventstore/rocks/silent_logger.h"
#include "eventstore/rocks/table_options.h"
#include "projections/row.h"

namespace rapport::projections {
namespace {

rocksdb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }
std::string_view view(rocksdb::Slice s) { return {s.data(), s.size()}; }

constexpr const char* kCheckpointKey = "checkpoint";
constexpr const char* kDeclarationKey = "declaration";
constexpr const char* kSourceKey = "source";

std::string bytes_of(const Checkpoint& c) {
  std::string out;
  put_key(out, c.position.value);
  put_key(out, c.recorded_at);
  put_key(out, c.past_versions);
  out.append(reinterpret_cast<const char*>(c.history.data()), c.history.size());
  return out;
}
bool parse(std::string_view bytes, Checkpoint& c) {
  Reader in(bytes);
  get_key(in, c.position.value);
  get_key(in, c.recorded_at);
  get_key(in, c.past_versions);
  auto history = in.bytes(c.history.size());
  if (!in.ok || in.at != in.end) return false;
  std::memcpy(c.history.data(), history.data(), history.size());
  return true;
}

class Snapshot final : public RowSnapshot {
 public:
  Snapshot(const std::string& name, rocksdb::DB& db, rocksdb::ColumnFamilyHandle* rows, rocksdb::ColumnFamilyHandle* history)
      : name_(name), db_(db), rows_(rows), history_(history) {
    options_.snapshot = db_.GetSnapshot();
    options_.fill_cache = false;  // a scan would push out what the fold reads
  }
  ~Snapshot() override { db_.ReleaseSnapshot(options_.snapshot); }

  Result<void> read_checkpoint(rocksdb::ColumnFamilyHandle* meta) {
    std::string bytes;
    auto status = db_.Get(options_, meta, kCheckpointKey, &bytes);
    if (status.IsNotFound()) return {};
    if (!status.ok()) return rocks_error(name_, status);
    if (!parse(bytes, checkpoint_)) return damaged_row(kCheckpointKey);
    return {};
  }
  Checkpoint checkpoint() const override { return checkpoint_; }

  Result<bool> get(std::string_view key, Position p, std::string& body) const override {
    rocksdb::PinnableSlice stored;
    auto status = db_.Get(options_, rows_, slice(key), &stored);
    if (status.IsNotFound()) return false;
    if (!status.ok()) return rocks_error(name_, status);
    auto row = StoredRow::parse(view(stored));
    if (row.created > p) return false;
    if (row.since <= p) {
      body = row.body;
      return !body.empty();
    }
    std::unique_ptr<rocksdb::Iterator> past(db_.NewIterator(options_, history_));
    auto found = seek_past(*past, key, p);
    if (!found) return std::move(found).error();
    body = found->body;
    return !body.empty();
  }

  Result<void> scan(std::string_view prefix, std::string_view after, Position p, const Visit& visit) const override {
    std::unique_ptr<rocksdb::Iterator> row(db_.NewIterator(options_, rows_)), past;
    row->Seek(slice(std::max(prefix, after)));
    if (!after.empty() && row->Valid() && view(row->key()) == after) row->Next();
    for (; row->Valid() && view(row->key()).starts_with(prefix); row->Next()) {
      auto stored = StoredRow::parse(view(row->value()));
      if (!stored.since.value) return damaged_row(view(row->key()));
      if (stored.created > p) continue;
      if (stored.since > p) {  // only rows that lived at p and changed since cost a look into history
        if (!past) past.reset(db_.NewIterator(options_, history_));
        auto found = seek_past(*past, view(row->key()), p);
        if (!found) return std::move(found).error();
        stored = *found;
      }
      if (!stored.body.empty() && !visit(view(row->key()), stored.body)) return {};
    }
    if (!row->status().ok()) return rocks_error(name_, row->status());
    return {};
  }

  Result<void> scan_stored(Family family, std::string_view after, const Visit& visit) const override {
    std::unique_ptr<rocksdb::Iterator> row(db_.NewIterator(options_, family == Family::kRows ? rows_ : history_));
    row->Seek(slice(after));
    if (!after.empty() && row->Valid() && view(row->key()) == after) row->Next();
    for (; row->Valid(); row->Next())
      if (!visit(view(row->key()), view(row->value()))) return {};
    if (!row->status().ok()) return rocks_error(name_, row->status());
    return {};
  }

  Result<void> get_stored(std::string_view key, std::string& stored) const override {
    auto status = db_.Get(options_, rows_, slice(key), &stored);
    if (status.IsNotFound()) stored.clear();
    else if (!status.ok()) return rocks_error(name_, status);
    return {};
  }

 private:
  // The version that held at p, of a row that is known to have changed since.
  Result<StoredRow> seek_past(rocksdb::Iterator& past, std::string_view key, Position p) const {
    std::string sought(key);
    put_key(sought, p.value + 1);
    past.Seek(sought);
    if (past.Valid() && view(past.key()).starts_with(key)) return StoredRow::parse(view(past.value()));
    if (!past.status().ok()) return rocks_error(name_, past.status());
    return damaged_row(key);
  }

  const std::string& name_;
  rocksdb::DB& db_;
  rocksdb::ColumnFamilyHandle *rows_, *history_;
  rocksdb::ReadOptions options_;
  Checkpoint checkpoint_;
};

struct Families {
  rocksdb::ColumnFamilyOptions rows, history;
};
Families families(const RocksRowStoreOptions& o) {
  Families f;
  f.rows.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(o.cache)));
  f.rows.compression = rocksdb::kLZ4Compression;
  f.rows.write_buffer_size = o.write_buffer_bytes;
  f.rows.max_write_buffer_number = 3;
  f.rows.memtable_prefix_bloom_size_ratio = 0.1;
  f.rows.memtable_whole_key_filtering = true;
  f.rows.memtable_insert_with_hint_prefix_extractor.reset(
      rocksdb::NewFixedPrefixTransform(1));  // a batch's rows of one table ascend
  f.history = f.rows;
  if (o.use != StoreUse::kLive) {
    // Nothing reads history while it is rebuilt: appended to a vector, sorted at flush, merged once at the end.
    f.history.memtable_factory.reset(new rocksdb::VectorRepFactory);
    f.history.disable_auto_compactions = true;
    f.history.level0_slowdown_writes_trigger = f.history.level0_stop_writes_trigger = 1 << 20;
  }
  return f;
}

// RocksDB has no code for a lock that is taken.
bool in_use(const rocksdb::Status& status) {
  auto text = status.IsIOError() ? status.ToString() : "";
  return text.find("While lock file") != text.npos || text.find("lock hold by current process") != text.npos;
}

// Somebody else may write meanwhile, whose files come and go while they are opened; once they are open they stay.
rocksdb::Status open_to_read(rocksdb::DBOptions options, const std::string& path, const std::vector<rocksdb::ColumnFamilyDescriptor>& families,
                             std::vector<rocksdb::ColumnFamilyHandle*>& handles, rocksdb::DB*& db) {
  constexpr int kLooksMax = 5;
  options.max_open_files = -1;
  rocksdb::Status status;
  for (int look = 0; look < kLooksMax; ++look) {
    if (look > 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    status = rocksdb::DB::OpenForReadOnly(options, path, families, &handles, &db);
    if (status.ok()) break;
  }
  return status;
}

}  // namespace

Error rocks_error(const std::string& name, const rocksdb::Status& status) {
  auto view_name = name.substr(0, name.find('.'));
  if (no_room(status)) return from_status(status, "cannot write the rows of view " + name);
  bool lost = status.IsPathNotFound();  // a table file that is not there counts as an I/O error, too
  if ((status.IsIOError() && !lost) || status.IsBusy() || status.IsTimedOut())
    return {.code = ErrorCode::kUnavailable,
            .reason = "view.unavailable",
            .message = "the rows of view " + name + " cannot be reached: " + status.ToString()};
  return {.code = ErrorCode::kCorrupt,
          .reason = "view.damaged",
          .message = "the rows of view " + name + " are damaged: " + status.ToString(),
          .hint = "rapport rebuild " + view_name};
}

Result<std::unique_ptr<RowStore>> RocksRowStore::open(const RocksRowStoreOptions& o, const std::string& declaration) {
  rocksdb::DBOptions db_options;
  db_options.create_if_missing = db_options.create_missing_column_families = true;
  db_options.max_background_jobs = 2;
  db_options.write_buffer_manager = o.write_buffers;
  db_options.info_log = std::make_shared<SilentLogger>();
  db_options.max_open_files = 512;
  db_options.max_total_wal_size = 16u << 20;
  if (o.use != StoreUse::kLive) db_options.allow_concurrent_memtable_write = false;  // vectors cannot
  auto f = families(o);
  std::unique_ptr<RocksRowStore> store(new RocksRowStore);
  store->name_ = o.name;
  store->use_ = o.use;
  store->read_only_ = o.read_only;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const std::vector<rocksdb::ColumnFamilyDescriptor> described{{"default", {}}, {"rows", f.rows}, {"history", f.history}};
  auto status = o.read_only ? open_to_read(db_options, o.path, described, handles, db)
                            : rocksdb::DB::Open(db_options, o.path, described, &handles, &db);
  if (in_use(status))
    return Error{.code = ErrorCode::kUnavailable,
                 .reason = "view.in_use",
                 .message = "another process holds the rows of view " + o.name + " in " + o.path,
                 .hint = "wait until it ends or stop it"};
  if (!status.ok()) return rocks_error(o.name, status);
  if (!o.read_only) remove_empty_logs(o.path);
  store->db_.reset(db);
  store->meta_ = handles[0];
  store->rows_ = handles[1];
  store->history_ = handles[2];
  store->write_options_.disableWAL = o.use != StoreUse::kLive;
  if (auto head = store->read_head(declaration); !head) return std::move(head).error();
  return std::unique_ptr<RowStore>(std::move(store));
}

Result<void> RocksRowStore::read_head(const std::string& declaration) {
  std::string bytes;
  auto status = db_->Get({}, meta_, kDeclarationKey, &bytes);
  if (status.IsNotFound() && read_only_)
    return Error{.code = ErrorCode::kUnavailable, .reason = "view.not_built", .message = "view " + name_ + " has not been built yet"};
  if (status.IsNotFound()) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    status = db_->Put(synced, meta_, kDeclarationKey, declaration);
    bytes = declaration;
  }
  if (!status.ok()) return rocks_error(name_, status);
  if (bytes != declaration)
    return Error{.code = ErrorCode::kCorrupt,
                 .reason = "view.other_declaration",
                 .message = "the rows of view " + name_ + " were written by another declaration of the view",
                 .hint = "rapport rebuild " + name_.substr(0, name_.find('.'))};
  status = db_->Get({}, meta_, kSourceKey, &source_);
  if (!status.ok() && !status.IsNotFound()) return rocks_error(name_, status);
  status = db_->Get({}, meta_, kCheckpointKey, &bytes);
  if (status.IsNotFound()) return {};
  if (!status.ok()) return rocks_error(name_, status);
  if (!parse(bytes, checkpoint_)) return damaged_row(kCheckpointKey);
  return {};
}

RocksRowStore::~RocksRowStore() {
  // What stays in the write-ahead log is not covered by the checksums of table files, and every open would replay it.
  if (db_ && use_ == StoreUse::kLive && !read_only_) static_cast<void>(db_->Flush({}, {meta_, rows_, history_}).ok());
  for (auto* handle : {meta_, rows_, history_})
    if (handle) db_->DestroyColumnFamilyHandle(handle);
}

Result<void> RocksRowStore::load(std::string_view key, std::string& stored) {
  rocksdb::PinnableSlice found;
  auto status = db_->Get({}, rows_, slice(key), &found);
  if (status.IsNotFound()) {
    stored.clear();
    return {};
  }
  if (!status.ok()) return rocks_error(name_, status);
  stored.assign(found.data(), found.size());
  return {};
}
void RocksRowStore::put(std::string_view key, std::string_view stored) { batch_.Put(rows_, slice(key), slice(stored)); }
void RocksRowStore::put_past(std::string_view key, Position until, std::string_view stored) {
  key_.assign(key);
  put_key(key_, until.value);
  batch_.Put(history_, key_, slice(stored));
}
Result<void> RocksRowStore::commit(const Checkpoint& checkpoint) {
  batch_.Put(meta_, kCheckpointKey, bytes_of(checkpoint));
  if (open_source_) batch_.Put(meta_, kSourceKey, *open_source_);
  auto status = db_->Write(write_options_, &batch_);
  batch_.Clear();
  auto source = std::exchange(open_source_, std::nullopt);
  if (!status.ok()) return rocks_error(name_, status);
  checkpoint_ = checkpoint;
  if (source) source_ = std::move(*source);
  return {};
}

Result<std::unique_ptr<RowSnapshot>> RocksRowStore::snapshot() const {
  auto snapshot = std::make_unique<Snapshot>(name_, *db_, rows_, history_);
  if (auto read = snapshot->read_checkpoint(meta_); !read) return std::move(read).error();
  return std::unique_ptr<RowSnapshot>(std::move(snapshot));
}

Result<void> RocksRowStore::settle() {
  auto status = db_->Flush({}, {meta_, rows_, history_});
  rocksdb::CompactRangeOptions all;
  if (status.ok() && use_ != StoreUse::kLive) {
    status = db_->CompactRange(all, rows_, nullptr, nullptr);
    if (status.ok()) status = db_->CompactRange(all, history_, nullptr, nullptr);
  }
  if (!status.ok()) return rocks_error(name_, status);
  return {};
}

Result<void> RocksRowStore::verify_bytes() const {
  auto status = db_->VerifyChecksum();
  if (!status.ok()) return rocks_error(name_, status);
  return {};
}

}  // namespace rapport::projections
