#include "eventstore/rocks/key_database.h"

#include <rocksdb/file_checksum.h>

#include "eventstore/rocks/empty_logs.h"
#include "eventstore/rocks/files.h"
#include "eventstore/rocks/key_swap.h"
#include "eventstore/rocks/rocks_status.h"
#include "eventstore/rocks/silent_logger.h"
#include "eventstore/rocks/torn_manifest.h"

namespace rapport {
namespace {

constexpr std::size_t kMemtableBytes = 4u << 20, kCopyBytes = 1u << 20;

Error stopped() {
  return {ErrorCode::kUnavailable, "keys.stopped", "the keys stopped after a failed write", {}, {},
          "see to the disk and open the store again"};
}

Result<std::unique_ptr<rocksdb::DB>> open_at(const std::filesystem::path& path, bool create, bool read_only) {
  rocksdb::Options options;
  options.create_if_missing = create;
  options.write_buffer_size = kMemtableBytes;
  options.info_log = std::make_shared<SilentLogger>();
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  rocksdb::DB* db = nullptr;
  auto open = [&] { return read_only ? rocksdb::DB::OpenForReadOnly(options, path.string(), &db) : rocksdb::DB::Open(options, path.string(), &db); };
  auto status = open();
  if (status.IsCorruption()) {
    auto mended = mend_manifest(path, {rocksdb::kDefaultColumnFamilyName}, HeldAs::kKeyAlone, read_only);  // a subject's key and the counts are written anew
    if (!mended) return mended.error();
    if (*mended) status = open();
  }
  if (!status.ok()) return from_status(status, "cannot open " + path.string());
  if (!read_only) remove_empty_logs(path.string());
  return std::unique_ptr<rocksdb::DB>(db);
}

// In tables, none of it in a write-ahead log.
Result<void> write_unlogged(rocksdb::DB& db, rocksdb::WriteBatch& batch) {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  auto status = db.Write(options, &batch);
  if (!status.ok()) return from_status(status, "cannot write the keys");
  batch.Clear();
  return {};
}

}  // namespace

Result<std::unique_ptr<KeyDatabase>> KeyDatabase::open(const std::filesystem::path& keys, bool create, bool read_only) {
  if (!read_only)
    if (auto recovered = recover_key_swap(keys); !recovered) return recovered.error();
  std::unique_ptr<KeyDatabase> database(new KeyDatabase(keys, read_only));
  if (auto opened = database->open_there(create); !opened) return opened.error();
  return database;
}

Result<void> KeyDatabase::open_there(bool create) {
  auto db = open_at(keys_ / key_files::kDatabase, create, read_only_);
  if (!db) return db.error();
  db_ = std::move(*db);
  return {};
}

Result<std::optional<std::string>> KeyDatabase::get(std::string_view entry) const {
  if (!db_) return stopped();
  std::string value;
  auto status = db_->Get({}, entry, &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return from_status(status, "cannot read the keys");
  return std::optional(std::move(value));
}

Result<std::optional<std::string>> KeyDatabase::last(char letter) const {
  if (!db_) return stopped();
  std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
  it->SeekForPrev(std::string(1, letter) + std::string(sizeof(std::uint64_t), '\xff'));
  if (!it->status().ok()) return from_status(it->status(), "cannot read the keys");
  if (!it->Valid() || !it->key().starts_with({&letter, 1})) return std::optional<std::string>();
  return std::optional(it->key().ToString());
}

Result<void> KeyDatabase::each(std::string_view prefix, const Each& each) const {
  if (!db_) return stopped();
  std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next())
    if (auto done = each(it->key().ToStringView(), it->value().ToStringView()); !done) return done;
  if (!it->status().ok()) return from_status(it->status(), "cannot read the keys");
  return {};
}

Result<void> KeyDatabase::write(rocksdb::WriteBatch& batch, bool sync) {
  if (!db_ || failed_) return stopped();
  rocksdb::WriteOptions options;
  options.sync = sync;
  auto status = db_->Write(options, &batch);
  if (status.ok()) return {};
  failed_ = true;
  return from_status(status, "cannot write the keys");
}

Result<void> KeyDatabase::sync() {
  if (!db_ || failed_) return stopped();
  auto status = db_->SyncWAL();
  if (status.ok()) return {};
  failed_ = true;
  return from_status(status, "cannot sync the keys");
}

Result<void> KeyDatabase::verify_files() const {
  if (!db_) return stopped();
  auto status = db_->VerifyFileChecksums({});
  return status.ok() ? Result<void>() : Result<void>(from_status(status, "a table file of keys/db"));
}

Result<void> KeyDatabase::close() {
  if (!db_ || failed_) return stopped();
  auto status = read_only_ ? rocksdb::Status::OK() : db_->Flush({});
  if (status.ok()) status = db_->Close();
  db_.reset();
  return status.ok() ? Result<void>() : Result<void>(from_status(status, "cannot close the keys"));
}

Result<void> KeyDatabase::copy_to(rocksdb::DB& next, const Keep& keep, rocksdb::WriteBatch& more) const {
  rocksdb::WriteBatch batch;
  auto copied = each("", [&](std::string_view entry, std::string_view value) -> Result<void> {
    std::string kept(value);
    auto comes_along = keep(entry, kept);
    if (!comes_along) return comes_along.error();
    if (*comes_along) batch.Put(entry, kept);
    return batch.GetDataSize() < kCopyBytes ? Result<void>() : write_unlogged(next, batch);
  });
  if (!copied) return copied;
  for (auto* rest : {&batch, &more})
    if (auto written = write_unlogged(next, *rest); !written) return written;
  auto status = next.Flush({});
  if (status.ok()) status = next.Close();
  return status.ok() ? Result<void>() : Result<void>(from_status(status, "cannot write the keys"));
}

Result<void> KeyDatabase::replace(const Keep& keep, rocksdb::WriteBatch& more) {
  if (!db_ || failed_) return stopped();
  failed_ = true;  // until it is done
  auto path = keys_ / key_files::kNextDatabase;
  if (auto gone = wipe_folder(path); !gone) return gone;
  {
    auto next = open_at(path, true, false);
    if (!next) return next.error();
    if (auto copied = copy_to(**next, keep, more); !copied) return copied;
  }
  if (auto synced = sync_folder(keys_); !synced) return synced;
  auto status = db_->Close();
  db_.reset();
  if (!status.ok()) return from_status(status, "cannot close the keys");
  if (auto swapped = swap_keys(keys_); !swapped) return swapped;
  if (auto opened = open_there(false); !opened) return opened;
  failed_ = false;
  return {};
}

}  // namespace rapport
