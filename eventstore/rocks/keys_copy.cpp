#include "eventstore/rocks/keys_copy.h"

#include <fcntl.h>
#include <rocksdb/db.h>
#include <rocksdb/file_checksum.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "eventstore/rocks/files.h"
#include "eventstore/rocks/rocks_status.h"
#include "eventstore/rocks/silent_logger.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kFirstLine = "rapport-keys 1\n";
constexpr const char *kList = "rapport-keys", *kDatabase = "db", *kErased = "erased";
constexpr unsigned kOwnerOnly = 0600;

Error io(const fs::path& path, const char* what, const std::error_code& error) {
  errno = error.value();
  return io_error(path, what);
}

Result<void> make_private_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) fs::permissions(path, fs::perms::owner_all, error);
  return error ? io(path, "cannot make", error) : Result<void>();
}

Result<void> copy_one(const fs::path& from, const fs::path& to) {
  if (auto made = make_private_folder(to.parent_path()); !made) return made;
  auto bytes = read_file(from);
  if (!bytes) return bytes.error();
  return write_file_durably(to, *bytes, kOwnerOnly);
}

// Everything in the folder but the list itself and what RocksDB writes for people, in order of names.
std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (it->is_regular_file(error) && it->path().filename() != kList) files.push_back(fs::relative(it->path(), folder, error).string());
  std::sort(files.begin(), files.end());
  return files;
}

Result<void> copy_database(const RocksSubjectKeys& keys, const fs::path& path) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.info_log = std::make_shared<SilentLogger>();
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  rocksdb::DB* raw = nullptr;
  auto status = rocksdb::DB::Open(options, path.string(), &raw);
  if (!status.ok()) return from_status(status, "cannot make " + path.string());
  std::unique_ptr<rocksdb::DB> db(raw);
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  auto read = keys.each_entry([&](std::string_view key, std::string_view value) {
    status = db->Put(unlogged, {key.data(), key.size()}, {value.data(), value.size()});
    return status.ok();
  });
  if (!read) return read;
  if (status.ok()) status = db->Flush({});
  if (status.ok()) status = db->Close();
  return status.ok() ? Result<void>() : from_status(status, "cannot write " + path.string());
}

std::string list_text(const std::string& store_id, Position at, const std::vector<BackupFile>& files) {
  auto lines = std::string(kFirstLine) + "store " + store_id + "\nposition " + std::to_string(at.value) + '\n';
  for (const auto& file : files) lines += "file " + std::to_string(file.size) + ' ' + to_hex(file.hash) + ' ' + file.path + '\n';
  return with_checksum(lines);
}

Result<std::vector<BackupFile>> measure_all(const fs::path& folder) {
  std::vector<BackupFile> files;
  for (const auto& name : files_in(folder)) {
    auto file = measure(folder, name);
    if (!file) return file.error();
    files.push_back(std::move(*file));
  }
  return files;
}

struct KeysList {
  std::string text, store_id;
  Position at;
};
Result<KeysList> read_list(const fs::path& folder) {
  auto text = read_file(folder / kList);
  if (!text && text.error().code == ErrorCode::kNotFound)
    return Error{ErrorCode::kNotFound, "keys.copy_missing", folder.string() + " has no copy of keys", {}, {},
                 "name a folder that `rapport backup --keys` filled"};
  if (!text) return text.error();
  KeysList list{*text, {}, {}};
  constexpr std::string_view kStore = "\nstore ", kPosition = "\nposition ";
  auto store = text->find(kStore), position = text->find(kPosition);
  if (!without_checksum(*text) || !text->starts_with(kFirstLine) || store == text->npos || position == text->npos)
    return Error{ErrorCode::kCorrupt, "keys.copy_damaged", (folder / kList).string() + " is damaged", {}, {}, "use another copy"};
  list.store_id = text->substr(store + kStore.size(), position - store - kStore.size());
  auto digits = text->data() + position + kPosition.size();
  std::from_chars(digits, text->data() + text->size(), list.at.value);
  return list;
}

// The new copy in place of the one before; where the file system cannot exchange two folders there is a moment between two renames.
Result<void> exchange(const fs::path& fresh, const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder / kList, error)) {
    fs::remove(folder, error);  // empty, or not there
    fs::rename(fresh, folder, error);
    return error ? io(folder, "cannot rename to", error) : sync_folder(folder.parent_path());
  }
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, folder.c_str(), RENAME_EXCHANGE) != 0) {
    auto old = folder;
    old += ".old";
    fs::rename(folder, old, error);
    if (!error) fs::rename(fresh, folder, error);
    if (!error) fs::rename(old, fresh, error);
    if (error) return io(folder, "cannot rename to", error);
  }
  if (auto synced = sync_folder(folder.parent_path()); !synced) return synced;
  fs::remove_all(fresh, error);
  return {};
}

}  // namespace

Result<void> copy_keys(const RocksSubjectKeys& keys, const StoreDirectory& directory, Position at, const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::exists(folder / kList, error) && !fs::is_empty(folder, error))
    return Error{ErrorCode::kConflict, "keys.not_ours", folder.string() + " has other things in it than a copy of keys", {}, {},
                 "name a new or an empty folder"};
  if (auto earlier = read_list(folder); earlier && earlier->store_id != directory.store_id())
    return Error{ErrorCode::kConflict, "keys.other_store", folder.string() + " has the keys of store " + earlier->store_id, {}, {},
                 "name another folder"};
  auto fresh = folder;
  fresh += ".new";
  fs::remove_all(fresh, error);
  if (auto made = make_private_folder(fresh); !made) return at_backup(made.error());
  auto from = directory.path() / "keys";
  // Before the database: its witness must not know of keys that came later.
  for (const auto& name : files_in(from)) {
    if (name.starts_with(std::string(kDatabase) + '/') || name == kErased) continue;
    if (auto copied = copy_one(from / name, fresh / name); !copied) return at_backup(copied.error());
  }
  if (auto copied = copy_database(keys, fresh / kDatabase); !copied) return at_backup(copied.error());
  // Behind the database, which must not know of erasures that the register lacks.
  if (fs::exists(from / kErased, error))
    if (auto copied = copy_one(from / kErased, fresh / kErased); !copied) return at_backup(copied.error());
  auto files = measure_all(fresh);
  if (!files) return files.error();
  if (auto written = write_file_durably(fresh / kList, list_text(directory.store_id(), at, *files), kOwnerOnly); !written)
    return at_backup(written.error());
  return exchange(fresh, folder);
}

Result<void> restore_keys(const fs::path& folder, const std::string& store_id, Position until, const fs::path& store) {
  auto list = read_list(folder);
  if (!list) return list.error();
  if (list->store_id != store_id)
    return Error{ErrorCode::kConflict, "keys.other_store", folder.string() + " has the keys of store " + list->store_id, {}, {},
                 "the backup is of store " + store_id};
  if (list->at < until)
    return Error{ErrorCode::kConflict, "keys.older",
                 folder.string() + " was copied at position " + std::to_string(list->at.value) + ": keys of later events may be missing", {}, {},
                 "use a later copy of the keys, or restore --to " + std::to_string(list->at.value)};
  auto files = measure_all(folder);
  if (!files) return files.error();
  if (list_text(list->store_id, list->at, *files) != list->text)
    return Error{ErrorCode::kCorrupt, "keys.copy_damaged", folder.string() + " is not as it was written", {}, {}, "use another copy"};
  auto keys = store / "keys";
  if (auto made = make_private_folder(keys / kDatabase); !made) return made;
  for (const auto& file : *files)
    if (auto copied = copy_one(folder / file.path, keys / file.path); !copied) return copied;
  return {};
}

}  // namespace rapport
