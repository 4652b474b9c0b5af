#include "eventstore/rocks/rocks_subject_keys.h"

#include <sodium.h>

#include <condition_variable>
#include <mutex>

#include "eventstore/rocks/bounded_cache.h"
#include "eventstore/rocks/erasure_register.h"
#include "eventstore/rocks/files.h"
#include "eventstore/rocks/key_database.h"
#include "eventstore/rocks/key_entries.h"
#include "eventstore/rocks/key_swap.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kCheckPurpose = "rapport master key 1", kErasurePurpose = "erasure";
constexpr std::size_t kKeysCached = 64u << 10;

// Whether the log's own witness has ever been written.
bool log_has_events(const fs::path& store) {
  auto witness = read_file(store / "witness");
  return witness && witness->find_first_not_of('\0') != witness->npos;
}

Error opened_to_read() { return {ErrorCode::kUnavailable, "store.read_only", "the store was opened for reading"}; }
void wipe(SubjectKeys::Key& key) { sodium_memzero(key.secret.data(), key.secret.size()); }

}  // namespace

class RocksSubjectKeys::Impl final {
 public:
  Impl(StoreDirectory& directory, MasterKey master, std::unique_ptr<KeyDatabase> db)
      : directory_(directory), keys_(directory.path() / "keys"), master_(std::move(master)), db_(std::move(db)),
        erased_(keys_ / "erased", [this](std::string_view line) { return keyed_digest(kErasurePurpose, line); }) {}

  Result<void> start(bool fresh);
  void close();
  // From the database, past the caches.
  Result<std::optional<NamedKey>> load(std::uint64_t id) const;
  Result<std::optional<NamedKey>> current(std::string_view subject) const;
  Result<std::optional<NamedKey>> by_id(std::uint64_t id);
  Result<void> put(const NamedKey& named, bool seals);
  Result<void> sync();
  // The same for those who come together; keys can be made and read meanwhile.
  Result<void> sync_together(std::unique_lock<std::mutex>& lock);
  // For what must not meet a sync: nobody syncs as long as it is held.
  std::unique_lock<std::mutex> lock_idle() {
    std::unique_lock lock(mutex_);
    sync_ended_.wait(lock, [this] { return !syncing_; });
    return lock;
  }
  Result<void> destroy(std::span<const Erasure> erasures);
  Result<void> rotate(const MasterKey& next);
  Result<void> verify() const;
  Hash keyed_digest(std::string_view purpose, std::string_view bytes) const {
    auto key = hmac_sha256(secret_, {bytes_of(purpose)});
    return hmac_sha256(key, {bytes_of(bytes)});
  }

  StoreDirectory& directory_;
  const fs::path keys_;

  std::mutex mutex_;  // guards all below
  std::condition_variable sync_ended_;
  bool syncing_ = false;  // one of those who come together does, without the mutex
  MasterKey master_;
  const std::unique_ptr<KeyDatabase> db_;
  Hash secret_{};
  std::unique_ptr<SlotFile> witness_;
  ErasureRegister erased_;
  std::uint64_t count_ = 0, synced_ = 0, last_id_ = 0;  // keys that were ever here; those that are durable; the greatest id
  std::uint64_t dropped_ = 0;                                 // keys that were here and are destroyed
  std::uint64_t applied_ = 0;                                 // lines of the register that the database has heard of
  BoundedCache<Key> by_subject_{kKeysCached};                 // what each seals with
  BoundedCache<std::optional<NamedKey>> by_id_{kKeysCached};  // by id_entry; nothing: no such key

 private:
  Result<void> start_secret(bool fresh);
  Result<void> start_count();
  Result<void> start_erasures();
  // Destroys what the register has and the database has not heard of.
  Result<void> apply_register();
  Result<void> drop_keys(const std::unordered_set<std::uint64_t>& ids, rocksdb::WriteBatch& more);
  Result<std::string> rewrapped(std::string_view entry, const std::string& value, const MasterKey& next) const;
  std::string erased_value(std::uint64_t dropped) const { return count_value(dropped) + count_value(erased_.all().size()); }
  void forget_keys();
};

Result<void> RocksSubjectKeys::Impl::start_secret(bool fresh) {
  auto check = db_->get(kCheckEntry);
  if (!check) return check.error();
  auto expected = master_.digest(kCheckPurpose);
  if (!*check && fresh) {
    randombytes_buf(secret_.data(), secret_.size());
    rocksdb::WriteBatch batch;
    batch.Put(kCheckEntry, text_of(expected));
    batch.Put(kSecretEntry, master_.wrap(secret_, kSecretEntry));
    return db_->write(batch, true);
  }
  if (!*check) return damaged_keys("the check value is missing");
  if (**check != text_of(expected))
    return Error{ErrorCode::kCorrupt, "keys.master_key_wrong", "the master key is not the one that these keys are wrapped with",
                 {}, {}, "restore keys/master.key, or set RAPPORT_MASTER_KEY to the right one"};
  auto wrapped = db_->get(kSecretEntry);
  if (!wrapped) return wrapped.error();
  if (!*wrapped || !master_.unwrap(**wrapped, kSecretEntry, secret_)) return damaged_keys("the store's secret");
  return {};
}

Result<void> RocksSubjectKeys::Impl::start_count() {
  auto count = db_->get(kCountEntry);
  if (!count) return count.error();
  if (*count && (*count)->size() != sizeof(std::uint64_t)) return damaged_keys("the count of keys");
  if (*count) count_ = read_be<8>(**count);
  synced_ = count_;
  auto last = db_->last('i');
  if (!last) return last.error();
  if (*last) last_id_ = id_of(**last);
  auto witnessed = witness_->value().empty() ? 0 : read_be<8>(witness_->value());
  if (witness_->value().empty() && !witness_->damage().empty()) return damaged_keys(witness_->damage());
  if (count_ >= witnessed) return {};
  return Error{ErrorCode::kCorrupt, "keys.tail_lost",
               std::to_string(count_) + " keys are left of " + std::to_string(witnessed), {}, {}, "restore a backup of keys/"};
}

Result<void> RocksSubjectKeys::Impl::start_erasures() {
  auto erased = db_->get(kErasedEntry);
  if (!erased) return erased.error();
  if (*erased && (*erased)->size() != 2 * sizeof(std::uint64_t)) return damaged_keys("the count of destroyed keys");
  if (*erased) {
    dropped_ = read_be<8>(**erased);
    applied_ = read_be<8>(std::string_view(**erased).substr(sizeof(std::uint64_t)));
  }
  if (auto read = erased_.read(); !read) return read;
  if (erased_.all().size() < applied_) return damaged_keys("the register of erasures has lost its end");
  for (const auto& erasure : erased_.all()) last_id_ = std::max(last_id_, erasure.key_id);
  return directory_.read_only() ? Result<void>() : apply_register();
}

Result<void> RocksSubjectKeys::Impl::start(bool fresh) {
  if (auto started = start_secret(fresh); !started) return started;
  auto form = key_witness_form(master_);
  auto witness = fresh ? SlotFile::create(keys_ / key_files::kWitness, form) : SlotFile::open(keys_ / key_files::kWitness, form);
  if (!witness) return witness.error();
  witness_ = std::move(*witness);
  if (auto counted = start_count(); !counted) return counted;
  return start_erasures();
}

void RocksSubjectKeys::Impl::close() {
  if (!witness_) return;
  auto synced = directory_.read_only() ? Result<void>() : sync();
  auto closed = db_->close();
  if (synced && closed && witness_->sync()) directory_.part_closed();
  forget_keys();
  sodium_memzero(secret_.data(), secret_.size());
}

void RocksSubjectKeys::Impl::forget_keys() {
  by_subject_.clear([](Key& key) { wipe(key); });
  by_id_.clear([](std::optional<NamedKey>& named) {
    if (named) wipe(named->key);
  });
}

Result<std::optional<SubjectKeys::NamedKey>> RocksSubjectKeys::Impl::load(std::uint64_t id) const {
  auto entry = id_entry(id);
  auto value = db_->get(entry);
  if (!value) return value.error();
  if (!*value) return std::optional<NamedKey>();
  if ((*value)->size() < kWrappedBytes) return damaged_keys("the entry of key " + std::to_string(id));
  NamedKey named{(*value)->substr(kWrappedBytes), {id, {}}};
  if (!master_.unwrap((*value)->substr(0, kWrappedBytes), entry + named.subject, named.key.secret))
    return damaged_keys("key " + std::to_string(id) + " does not unwrap");
  return std::optional(std::move(named));
}

Result<std::optional<SubjectKeys::NamedKey>> RocksSubjectKeys::Impl::current(std::string_view subject) const {
  auto id = db_->get(subject_entry(subject));
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
  if (auto written = db_->write(batch, false); !written) return written;
  ++count_;
  last_id_ = std::max(last_id_, named.key.id);
  if (seals) by_subject_.put(named.subject, named.key);
  by_id_.put(entry, named);
  return {};
}

Result<std::optional<SubjectKeys::NamedKey>> RocksSubjectKeys::Impl::by_id(std::uint64_t id) {
  if (erased_.has(id)) return std::optional<NamedKey>();  // whatever an older copy of the database still has
  auto entry = id_entry(id);
  if (auto cached = by_id_.find(entry)) return *cached;
  auto named = load(id);
  if (named) by_id_.put(entry, *named);
  return named;
}

Result<void> RocksSubjectKeys::Impl::sync() {
  if (synced_ == count_) return {};
  if (auto synced = db_->sync(); !synced) return synced;
  synced_ = count_;
  return witness_->write(count_value(count_));
}

// One syncs for all whose keys are there when it begins; who comes meanwhile waits for the next.
Result<void> RocksSubjectKeys::Impl::sync_together(std::unique_lock<std::mutex>& lock) {
  const auto wanted = count_;
  while (synced_ < wanted) {
    if (syncing_) {
      sync_ended_.wait(lock);
      continue;
    }
    syncing_ = true;
    const auto count = count_;
    lock.unlock();
    auto synced = db_->sync();
    if (synced) synced = witness_->write(count_value(count));
    lock.lock();
    syncing_ = false;
    sync_ended_.notify_all();
    if (!synced) return synced;
    synced_ = count;
  }
  return {};
}

// The register comes first: from there on a crash is followed by the destruction at the next open.
Result<void> RocksSubjectKeys::Impl::destroy(std::span<const Erasure> erasures) {
  if (auto synced = sync(); !synced) return synced;
  if (!erasures.empty())
    if (auto registered = erased_.append(erasures); !registered) return registered;
  for (const auto& erasure : erasures) last_id_ = std::max(last_id_, erasure.key_id);
  return apply_register();
}

Result<void> RocksSubjectKeys::Impl::apply_register() {
  if (applied_ == erased_.all().size()) return {};
  std::unordered_set<std::uint64_t> ids;
  for (auto i = applied_; i < erased_.all().size(); ++i) {
    auto there = db_->get(id_entry(erased_.all()[i].key_id));
    if (!there) return there.error();
    if (*there) ids.insert(erased_.all()[i].key_id);
  }
  auto dropped = dropped_ + ids.size();
  auto applied = erased_.all().size();
  forget_keys();
  rocksdb::WriteBatch batch;
  batch.Put(kErasedEntry, erased_value(dropped));
  auto done = ids.empty() ? db_->write(batch, true) : drop_keys(ids, batch);
  if (!done) return done;
  dropped_ = dropped;
  applied_ = applied;
  return {};
}

Result<void> RocksSubjectKeys::Impl::drop_keys(const std::unordered_set<std::uint64_t>& ids, rocksdb::WriteBatch& more) {
  auto stays = [&](std::string_view entry, std::string& value) -> Result<bool> {
    if (entry.starts_with('i')) return !ids.contains(id_of(entry));
    return !entry.starts_with('s') || value.size() != sizeof(std::uint64_t) || !ids.contains(read_be<8>(value));
  };
  return db_->replace(stays, more);
}

Result<std::string> RocksSubjectKeys::Impl::rewrapped(std::string_view entry, const std::string& value, const MasterKey& next) const {
  if (value.size() < kWrappedBytes) return damaged_keys("a wrapped entry");
  auto wrapped = value.substr(0, kWrappedBytes), rest = value.substr(kWrappedBytes);
  auto bound = std::string(entry) + rest;
  Hash secret{};
  if (!master_.unwrap(wrapped, bound, secret)) return damaged_keys("a wrapped entry does not unwrap");
  wrapped = next.wrap(secret, bound);
  sodium_memzero(secret.data(), secret.size());
  return wrapped + rest;
}

// The witness and the key's own file are written first; they follow the database when it is swapped.
Result<void> RocksSubjectKeys::Impl::rotate(const MasterKey& next) {
  if (next.digest(kCheckPurpose) == master_.digest(kCheckPurpose))
    return Error{ErrorCode::kInvalid, "keys.master_key_same", "the new master key is the one in use", {}, "another key",
                 "openssl rand -hex 32 makes one"};
  if (auto synced = sync(); !synced) return synced;
  auto form = key_witness_form(next);
  auto witness = SlotFile::create(keys_ / key_files::kNextWitness, form);
  if (!witness) return witness.error();
  if (auto written = (*witness)->write(count_value(count_)); !written) return written;
  if (auto synced = (*witness)->sync(); !synced) return synced;
  if (master_.in_file())
    if (auto written = write_file_durably(keys_ / key_files::kNextMaster, next.to_text(), 0600); !written) return written;
  auto rewrap = [&](std::string_view entry, std::string& value) -> Result<bool> {
    if (entry != kSecretEntry && !entry.starts_with('i')) return true;
    auto wrapped = rewrapped(entry, value, next);
    if (!wrapped) return wrapped.error();
    value = std::move(*wrapped);
    return true;
  };
  rocksdb::WriteBatch check;
  check.Put(kCheckEntry, text_of(next.digest(kCheckPurpose)));
  if (auto replaced = db_->replace(rewrap, check); !replaced) return replaced;
  bool in_file = master_.in_file();
  master_ = next.copy();
  if (in_file) master_.keep_in_file();
  auto opened = SlotFile::open(keys_ / key_files::kWitness, form);
  if (!opened) return opened.error();
  witness_ = std::move(*opened);
  return {};
}

Result<void> RocksSubjectKeys::Impl::verify() const {
  if (auto held = db_->verify_files(); !held) return damaged_keys(held.error().message);
  if (!witness_->damage().empty()) return damaged_keys(witness_->damage());
  std::uint64_t keys = 0;
  auto held = db_->each("i", [&](std::string_view entry, std::string_view) -> Result<void> {
    ++keys;
    if (erased_.has(id_of(entry))) return damaged_keys("key " + std::to_string(id_of(entry)) + " was destroyed and is there");
    auto named = load(id_of(entry));
    return named ? Result<void>() : Result<void>(named.error());
  });
  if (!held) return held;
  held = db_->each("s", [&](std::string_view entry, std::string_view) -> Result<void> {
    auto named = current(entry.substr(1));
    return named ? Result<void>() : Result<void>(named.error());
  });
  if (!held) return held;
  ErasureRegister written(keys_ / "erased", [this](std::string_view line) { return keyed_digest(kErasurePurpose, line); });
  if (auto read = written.read(); !read) return read;
  if (written.all().size() != erased_.all().size()) return damaged_keys("the register of erasures has lost its end");
  if (keys + dropped_ == count_) return {};
  return damaged_keys(std::to_string(keys) + " keys and " + std::to_string(dropped_) + " destroyed ones, but " +
                      std::to_string(count_) + " were made");
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
  auto fresh = !fs::exists(keys / key_files::kWitness, error);
  if (fresh && log_has_events(directory.path()))
    return Error{ErrorCode::kCorrupt, "keys.missing", keys.string() + " has lost its keys", {}, {}, "restore a backup of keys/"};
  // First: it may put the new master key where it belongs.
  auto db = KeyDatabase::open(keys, fresh, directory.read_only());
  if (!db) return db.error();
  auto master = MasterKey::load(keys, fresh);
  if (!master) return master.error();
  auto impl = std::make_unique<Impl>(directory, std::move(*master), std::move(*db));
  if (auto started = impl->start(fresh); !started) return started.error();
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
  if (impl_->directory_.read_only()) return opened_to_read();
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
  if (impl_->erased_.has(named.key.id)) return {};
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
  std::unique_lock lock(impl_->mutex_);
  return impl_->sync_together(lock);
}

bool RocksSubjectKeys::erased(std::uint64_t key_id) const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->erased_.has(key_id);
}

Result<std::uint64_t> RocksSubjectKeys::current_key(std::string_view subject) const {
  std::lock_guard lock(impl_->mutex_);
  auto kept = impl_->current(subject);
  if (!kept) return kept.error();
  return *kept ? (*kept)->key.id : 0;
}

Result<void> RocksSubjectKeys::destroy(std::span<const Erasure> erasures) {
  auto lock = impl_->lock_idle();
  if (impl_->directory_.read_only()) return opened_to_read();
  return impl_->destroy(erasures);
}

Position RocksSubjectKeys::erased_up_to() const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->erased_.all().empty() ? Position{} : impl_->erased_.all().back().position;
}

Result<void> RocksSubjectKeys::rotate(const MasterKey& next) {
  auto lock = impl_->lock_idle();
  if (impl_->directory_.read_only()) return opened_to_read();
  return impl_->rotate(next);
}

bool RocksSubjectKeys::master_key_in_file() const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->master_.in_file();
}

Hash RocksSubjectKeys::keyed_digest(std::string_view purpose, std::string_view bytes) const {
  return impl_->keyed_digest(purpose, bytes);
}

Hash RocksSubjectKeys::secret() const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->secret_;
}

Result<void> RocksSubjectKeys::restore_secret(const Hash& secret) {
  std::lock_guard lock(impl_->mutex_);
  rocksdb::WriteBatch batch;
  batch.Put(kSecretEntry, impl_->master_.wrap(secret, kSecretEntry));
  if (auto written = impl_->db_->write(batch, true); !written) return written;
  impl_->secret_ = secret;
  return {};
}

std::uint64_t RocksSubjectKeys::count() const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->count_;
}

Result<void> RocksSubjectKeys::each_entry(const std::function<bool(std::string_view, std::string_view)>& take) const {
  std::lock_guard lock(impl_->mutex_);
  bool more = true;
  return impl_->db_->each("", [&](std::string_view entry, std::string_view value) -> Result<void> {
    more = more && take(entry, value);
    return {};
  });
}

Result<void> RocksSubjectKeys::verify() const {
  auto lock = impl_->lock_idle();
  return impl_->verify();
}

}  // namespace rapport
