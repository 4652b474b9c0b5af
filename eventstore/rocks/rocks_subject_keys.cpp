#include "eventstore/rocks/rocks_subject_keys.h"

#include <rocksdb/db.h>
#include <rocksdb/file_checksum.h>
#include <sodium.h>

#include <mutex>

#include "eventstore/byte_order.h"
#include "eventstore/rocks/bounded_cache.h"
#include "eventstore/rocks/empty_logs.h"
#include "eventstore/rocks/files.h"
#include "eventstore/rocks/master_key.h"
#include "eventstore/rocks/rocks_status.h"
#include "eventstore/rocks/silent_logger.h"
#include "eventstore/rocks/slot_file.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kCheckEntry = "c", kSecretEntry = "d", kCountEntry = "n", kCheckPurpose = "rapport master key 1";
constexpr std::size_t kKeysCached = 64u << 10;
constexpr std::size_t kMemtableBytes = 4u << 20;

std::string subject_entry(std::string_view subject) { return "s" + std::string(subject); }
std::string id_entry(std::uint64_t id) {
  std::string entry = "i";
  append_be<8>(entry, id);
  return entry;
}
std::uint64_t id_of(const rocksdb::Slice& entry) { return read_be<8>({entry.data() + 1, sizeof(std::uint64_t)}); }
Error damaged_keys(std::string what) {
  return {ErrorCode::kCorrupt, "keys.damaged", "the keys are damaged: " + std::move(what), {}, {}, "restore a backup of keys/"};
}

SlotFile::Form key_witness_form(const MasterKey& master) {
  return {"RPKEYW01", sizeof(std::uint64_t),
          [seal = master.digest("rapport key witness")](Bytes bytes) { return hmac_sha256(seal, {bytes}); }};
}
std::string count_value(std::uint64_t count) {
  std::string value;
  append_be<8>(value, count);
  return value;
}

// Whether the log's own witness has ever been written.
bool log_has_events(const fs::path& store) {
  auto witness = read_file(store / "witness");
  return witness && witness->find_first_not_of('\0') != witness->npos;
}

Result<std::unique_ptr<rocksdb::DB>> open_database(const fs::path& path, bool create, bool read_only) {
  rocksdb::Options options;
  options.create_if_missing = create;
  options.write_buffer_size = kMemtableBytes;
  options.info_log = std::make_shared<SilentLogger>();
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  rocksdb::DB* db = nullptr;
  auto status = read_only ? rocksdb::DB::OpenForReadOnly(options, path.string(), &db) : rocksdb::DB::Open(options, path.string(), &db);
  if (!status.ok()) return from_status(status, "cannot open " + path.string());
  if (!read_only) remove_empty_logs(path.string());
  return std::unique_ptr<rocksdb::DB>(db);
}

}  // namespace

class RocksSubjectKeys::Impl final {
 public:
  Impl(StoreDirectory& directory, MasterKey master, std::unique_ptr<rocksdb::DB> db)
      : directory_(directory), master_(std::move(master)), db_(std::move(db)) {}

  Result<void> start(const fs::path& keys, bool fresh);
  void close();
  // From the database, past the caches.
  Result<std::optional<NamedKey>> load(std::uint64_t id) const;
  Result<std::optional<NamedKey>> current(std::string_view subject) const;
  Result<std::optional<NamedKey>> by_id(std::uint64_t id);
  Result<void> put(const NamedKey& named, bool seals);
  Result<void> sync();

  StoreDirectory& directory_;
  const MasterKey master_;
  const std::unique_ptr<rocksdb::DB> db_;

  std::mutex mutex_;  // guards all below
  Hash secret_{};
  std::unique_ptr<SlotFile> witness_;
  std::uint64_t count_ = 0, synced_ = 0, last_id_ = 0;
  BoundedCache<Key> by_subject_{kKeysCached};                 // what each seals with
  BoundedCache<std::optional<NamedKey>> by_id_{kKeysCached};  // by id_entry; nothing: no such key
  bool failed_ = false;

 private:
  Result<std::optional<std::string>> get(std::string_view entry) const;
  Result<void> start_secret(bool fresh);
  Result<void> start_count();
};

Result<std::optional<std::string>> RocksSubjectKeys::Impl::get(std::string_view entry) const {
  std::string value;
  auto status = db_->Get({}, entry, &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return from_status(status, "cannot read the keys");
  return std::optional(std::move(value));
}

Result<void> RocksSubjectKeys::Impl::start_secret(bool fresh) {
  auto check = get(kCheckEntry);
  if (!check) return check.error();
  auto expected = master_.digest(kCheckPurpose);
  if (!*check && fresh) {
    randombytes_buf(secret_.data(), secret_.size());
    rocksdb::WriteBatch batch;
    batch.Put(kCheckEntry, text_of(expected));
    batch.Put(kSecretEntry, master_.wrap(secret_, kSecretEntry));
    rocksdb::WriteOptions options;
    options.sync = true;
    auto status = db_->Write(options, &batch);
    if (!status.ok()) return from_status(status, "cannot write the keys");
    return {};
  }
  if (!*check) return damaged_keys("the check value is missing");
  if (**check != text_of(expected))
    return Error{ErrorCode::kCorrupt, "keys.master_key_wrong", "the master key is not the one that these keys are wrapped with",
                 {}, {}, "restore keys/master.key, or set RAPPORT_MASTER_KEY to the right one"};
  auto wrapped = get(kSecretEntry);
  if (!wrapped) return wrapped.error();
  if (!*wrapped || !master_.unwrap(**wrapped, kSecretEntry, secret_)) return damaged_keys("the store's secret");
  return {};
}

Result<void> RocksSubjectKeys::Impl::start_count() {
  auto count = get(kCountEntry);
  if (!count) return count.error();
  if (*count && (*count)->size() != sizeof(std::uint64_t)) return damaged_keys("the count of keys");
  if (*count) count_ = read_be<8>(**count);
  synced_ = count_;
  std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
  it->SeekForPrev(id_entry(~std::uint64_t{0}));
  if (!it->status().ok()) return from_status(it->status(), "cannot read the keys");
  if (it->Valid() && it->key().starts_with("i")) last_id_ = id_of(it->key());
  auto witnessed = witness_->value().empty() ? 0 : read_be<8>(witness_->value());
  if (witness_->value().empty() && !witness_->damage().empty()) return damaged_keys(witness_->damage());
  if (count_ >= witnessed) return {};
  return Error{ErrorCode::kCorrupt, "keys.tail_lost",
               std::to_string(count_) + " keys are left of " + std::to_string(witnessed), {}, {}, "restore a backup of keys/"};
}

Result<void> RocksSubjectKeys::Impl::start(const fs::path& keys, bool fresh) {
  if (auto started = start_secret(fresh); !started) return started;
  auto form = key_witness_form(master_);
  auto witness = fresh ? SlotFile::create(keys / "witness", form) : SlotFile::open(keys / "witness", form);
  if (!witness) return witness.error();
  witness_ = std::move(*witness);
  return start_count();
}

void RocksSubjectKeys::Impl::close() {
  if (!witness_) return;
  bool read_only = directory_.read_only();
  auto synced = read_only ? Result<void>() : sync();
  auto flushed = read_only ? rocksdb::Status::OK() : db_->Flush({});
  if (synced && witness_->sync() && flushed.ok() && db_->Close().ok()) directory_.part_closed();
  sodium_memzero(secret_.data(), secret_.size());
}

Result<std::optional<SubjectKeys::NamedKey>> RocksSubjectKeys::Impl::load(std::uint64_t id) const {
  auto entry = id_entry(id);
  auto value = get(entry);
  if (!value) return value.error();
  if (!*value) return std::optional<NamedKey>();
  if ((*value)->size() < kWrappedBytes) return damaged_keys("the entry of key " + std::to_string(id));
  NamedKey named{(*value)->substr(kWrappedBytes), {id, {}}};
  if (!master_.unwrap((*value)->substr(0, kWrappedBytes), entry + named.subject, named.key.secret))
    return damaged_keys("key " + std::to_string(id) + " does not unwrap");
  return std::optional(std::move(named));
}

Result<std::optional<SubjectKeys::NamedKey>> RocksSubjectKeys::Impl::current(std::string_view subject) const {
  auto id = get(subject_entry(subject));
  if (!id) return id.error();
  if (!*id) return std::optional<NamedKey>();
  if ((*id)->size() != sizeof(std::uint64_t)) return damaged_keys("the entry of a subject");
  auto named = load(read_be<8>(**id));
  if (named && (!*named || (*named)->subject != subject)) return damaged_keys("the key of a subject");
  return named;
}

// seals: the subject seals with it from now on.
Result<void> RocksSubjectKeys::Impl::put(const NamedKey& named, bool seals) {
  rocksdb::WriteBatch batch;
  auto entry = id_entry(named.key.id);
  batch.Put(entry, master_.wrap(named.key.secret, entry + named.subject) + named.subject);
  if (seals) batch.Put(subject_entry(named.subject), entry.substr(1));
  batch.Put(kCountEntry, count_value(count_ + 1));
  auto status = db_->Write({}, &batch);
  if (!status.ok()) {
    failed_ = true;
    return from_status(status, "cannot write a key");
  }
  ++count_;
  last_id_ = std::max(last_id_, named.key.id);
  if (seals) by_subject_.put(named.subject, named.key);
  by_id_.put(entry, named);
  return {};
}

Result<std::optional<SubjectKeys::NamedKey>> RocksSubjectKeys::Impl::by_id(std::uint64_t id) {
  auto entry = id_entry(id);
  if (auto cached = by_id_.find(entry)) return *cached;
  auto named = load(id);
  if (named) by_id_.put(entry, *named);
  return named;
}

Result<void> RocksSubjectKeys::Impl::sync() {
  if (failed_)
    return Error{ErrorCode::kUnavailable, "keys.stopped", "the keys stopped after a failed write", {}, {},
                 "see to the disk and open the store again"};
  if (synced_ == count_) return {};
  auto status = db_->SyncWAL();
  failed_ = !status.ok();
  if (failed_) return from_status(status, "cannot sync the keys");
  synced_ = count_;
  return witness_->write(count_value(count_));
}

Result<std::unique_ptr<RocksSubjectKeys>> RocksSubjectKeys::open(StoreDirectory& directory) {
  directory.part_opened();  // an open that fails on the way leaves files that nobody synced
  auto keys = directory.path() / "keys";
  std::error_code error;
  fs::create_directory(keys, error);
  if (!error) fs::permissions(keys, fs::perms::owner_all, error);
  if (error) {
    errno = error.value();
    return io_error(keys, "cannot make");
  }
  // The witness is made last: without it the first open was cut off, or the keys of a log with events are gone.
  auto fresh = !fs::exists(keys / "witness", error);
  if (fresh && log_has_events(directory.path()))
    return Error{ErrorCode::kCorrupt, "keys.missing", keys.string() + " has lost its keys", {}, {}, "restore a backup of keys/"};
  auto master = MasterKey::load(keys, fresh);
  if (!master) return master.error();
  auto db = open_database(keys / "db", fresh, directory.read_only());
  if (!db) return db.error();
  auto impl = std::make_unique<Impl>(directory, std::move(*master), std::move(*db));
  if (auto started = impl->start(keys, fresh); !started) return started.error();
  return std::unique_ptr<RocksSubjectKeys>(new RocksSubjectKeys(std::move(impl)));
}

RocksSubjectKeys::RocksSubjectKeys(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RocksSubjectKeys::~RocksSubjectKeys() { impl_->close(); }

Result<std::optional<std::string>> RocksSubjectKeys::open(std::string_view sealed) const {
  auto id = sealing_key(sealed);
  if (id == 0) return Error{ErrorCode::kCorrupt, "keys.not_sealed", "bytes that are no sealed text"};
  auto key = [&] {
    std::lock_guard lock(impl_->mutex_);
    return impl_->by_id(id);
  }();
  if (!key) return key.error();
  if (!*key) return std::optional<std::string>();
  auto text = unseal((*key)->key, sealed);
  if (!text) return Error{ErrorCode::kCorrupt, "keys.altered", "a sealed text was altered"};
  return text;
}

Result<SubjectKeys::Key> RocksSubjectKeys::key_for(std::string_view subject) {
  std::lock_guard lock(impl_->mutex_);
  if (auto cached = impl_->by_subject_.find(subject)) return *cached;
  auto kept = impl_->current(subject);
  if (!kept) return kept.error();
  if (*kept) {
    impl_->by_subject_.put(subject, (*kept)->key);
    return (*kept)->key;
  }
  if (impl_->directory_.read_only()) return Error{ErrorCode::kUnavailable, "store.read_only", "the store was opened for reading"};
  NamedKey fresh{std::string(subject), {impl_->last_id_ + 1, {}}};
  randombytes_buf(fresh.key.secret.data(), fresh.key.secret.size());
  if (auto put = impl_->put(fresh, true); !put) return put.error();
  return fresh.key;
}

Result<std::optional<SubjectKeys::NamedKey>> RocksSubjectKeys::find(std::uint64_t id) const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->by_id(id);
}

Result<void> RocksSubjectKeys::restore(const NamedKey& named) {
  std::lock_guard lock(impl_->mutex_);
  auto taken = impl_->by_id(named.key.id);
  if (!taken) return taken.error();
  if (*taken && (*taken)->subject == named.subject && (*taken)->key.secret == named.key.secret) return {};
  if (*taken || named.key.id == 0)
    return Error{ErrorCode::kInvalid, "keys.id_taken", "this store has another key " + std::to_string(named.key.id)};
  auto kept = impl_->current(named.subject);
  if (!kept) return kept.error();
  return impl_->put(named, !*kept);
}

Result<void> RocksSubjectKeys::sync() {
  std::lock_guard lock(impl_->mutex_);
  return impl_->sync();
}

Hash RocksSubjectKeys::keyed_digest(std::string_view purpose, std::string_view bytes) const {
  auto key = hmac_sha256(impl_->secret_, {bytes_of(purpose)});
  return hmac_sha256(key, {bytes_of(bytes)});
}

Hash RocksSubjectKeys::secret() const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->secret_;
}

Result<void> RocksSubjectKeys::restore_secret(const Hash& secret) {
  std::lock_guard lock(impl_->mutex_);
  rocksdb::WriteOptions options;
  options.sync = true;
  auto status = impl_->db_->Put(options, kSecretEntry, impl_->master_.wrap(secret, kSecretEntry));
  if (!status.ok()) return from_status(status, "cannot write the keys");
  impl_->secret_ = secret;
  return {};
}

std::uint64_t RocksSubjectKeys::count() const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->count_;
}

Result<void> RocksSubjectKeys::verify() const {
  auto status = impl_->db_->VerifyFileChecksums({});
  if (!status.ok()) return damaged_keys(status.ToString());
  std::lock_guard lock(impl_->mutex_);
  if (!impl_->witness_->damage().empty()) return damaged_keys(impl_->witness_->damage());
  std::uint64_t keys = 0;
  std::unique_ptr<rocksdb::Iterator> it(impl_->db_->NewIterator({}));
  for (it->Seek("i"); it->Valid() && it->key().starts_with("i"); it->Next(), ++keys)
    if (auto named = impl_->load(id_of(it->key())); !named) return named.error();
  for (it->Seek("s"); it->Valid() && it->key().starts_with("s"); it->Next())
    if (auto named = impl_->current({it->key().data() + 1, it->key().size() - 1}); !named) return named.error();
  if (!it->status().ok()) return from_status(it->status(), "cannot read the keys");
  if (keys != impl_->count_) return damaged_keys(std::to_string(keys) + " keys, but " + std::to_string(impl_->count_) + " were made");
  return {};
}

}  // namespace rapport
