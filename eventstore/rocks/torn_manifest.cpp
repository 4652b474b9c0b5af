#include "eventstore/rocks/torn_manifest.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <boost/crc.hpp>
#include <cstring>
#include <map>
#include <set>

#include "eventstore/rocks/files.h"
#include "eventstore/rocks/silent_logger.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;

// RocksDB's log format: blocks with records, each a masked crc32c, a size, a type, and bytes; little-endian.
constexpr std::size_t kBlock = 32'768, kHeader = 7;
enum Part : std::uint8_t { kWhole = 1, kFirst, kMiddle, kLast };

std::uint32_t masked_crc(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  auto sum = static_cast<std::uint32_t>(crc.checksum());
  return (sum >> 15 | sum << 17) + 0xa282ead8;
}

// Where the last of the whole records ends that stand before the first that is not.
std::size_t whole_records(std::string_view bytes) {
  std::size_t whole = 0;
  bool within = false;
  for (std::size_t at = 0; at < bytes.size();) {
    auto room = kBlock - at % kBlock;
    if (room < kHeader) {
      at += room;
      continue;
    }
    if (bytes.size() - at < kHeader) break;
    std::uint32_t crc;
    std::uint16_t size;
    std::memcpy(&crc, bytes.data() + at, sizeof crc);
    std::memcpy(&size, bytes.data() + at + 4, sizeof size);
    auto part = static_cast<std::uint8_t>(bytes[at + 6]);
    if (size > room - kHeader || size > bytes.size() - at - kHeader || masked_crc(bytes.substr(at + 6, size + 1u)) != crc) break;
    auto begins = part == kWhole || part == kFirst;
    if (part < kWhole || part > kLast || begins == within) break;
    within = part == kFirst || part == kMiddle;
    at += kHeader + size;
    if (!within) whole = at;
  }
  return whole;
}

// A file that is in memory.
class KeptFile final : public rocksdb::FSSequentialFile {
 public:
  explicit KeptFile(std::string_view bytes) : rest_(bytes) {}
  rocksdb::IOStatus Read(std::size_t size, const rocksdb::IOOptions&, rocksdb::Slice* result, char* scratch, rocksdb::IODebugContext*) override {
    size = std::min(size, rest_.size());
    std::memcpy(scratch, rest_.data(), size);
    rest_.remove_prefix(size);
    *result = {scratch, size};
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Skip(std::uint64_t size) override {
    rest_.remove_prefix(std::min<std::size_t>(size, rest_.size()));
    return rocksdb::IOStatus::OK();
  }

 private:
  std::string_view rest_;
};

// The files as they are, but for one.
class WithManifest final : public rocksdb::FileSystemWrapper {
 public:
  WithManifest(std::string name, std::string_view bytes)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), name_(std::move(name)), bytes_(bytes) {}
  const char* Name() const override { return "rapport.with_manifest"; }
  rocksdb::IOStatus NewSequentialFile(const std::string& file, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* result, rocksdb::IODebugContext* debug) override {
    if (fs::path(file).filename() != name_) return FileSystemWrapper::NewSequentialFile(file, options, result, debug);
    *result = std::make_unique<KeptFile>(bytes_);
    return rocksdb::IOStatus::OK();
  }

 private:
  const std::string name_;
  const std::string_view bytes_;
};

// A database as it would be with another manifest, to be read.
class Tried final {
 public:
  Tried(const fs::path& path, const std::string& manifest, std::string_view bytes)
      : path_(path), env_(rocksdb::NewCompositeEnv(std::make_shared<WithManifest>(manifest, bytes))) {
    options_.env = env_.get();
    options_.info_log = std::make_shared<SilentLogger>();
    options_.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  }
  ~Tried() {
    for (auto& [name, handle] : families_) db_->DestroyColumnFamilyHandle(handle);
  }
  Tried(const Tried&) = delete;
  Tried& operator=(const Tried&) = delete;

  bool open(const std::vector<std::string>& wanted) {
    std::vector<std::string> names;
    if (!rocksdb::DB::ListColumnFamilies(options_, path_.string(), &names).ok()) return false;
    auto there = [&](const std::string& family) { return std::ranges::find(names, family) != names.end(); };
    if (!std::ranges::all_of(wanted, there) && !holds_nothing()) return false;
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (auto& name : names) families.emplace_back(name, options_);
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    if (!rocksdb::DB::OpenForReadOnly(options_, path_.string(), families, &handles, &db).ok()) return false;
    db_.reset(db);
    for (auto* handle : handles) families_[handle->GetName()] = handle;
    return true;
  }
  // Not even in its logs: whoever made it was cut off.
  bool holds_nothing() const {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(path_, error))
      if (entry.path().extension() == ".sst" || (entry.path().extension() == ".log" && entry.file_size(error) > 0)) return false;
    return !error;
  }
  // A table that cannot be read may hold anything.
  bool has_all_tables(HeldAs held) const {
    std::vector<rocksdb::LiveFileMetaData> live;
    db_->GetLiveFilesMetaData(&live);
    std::set<std::string> known;
    for (auto& file : live) known.insert(fs::path(file.name).filename().string());
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(path_, error))
      if (entry.path().extension() == ".sst" && !known.contains(entry.path().filename().string()) && !has_all_of(entry.path(), held)) return false;
    return !error;
  }

 private:
  bool has_all_of(const fs::path& table, HeldAs held) const {
    rocksdb::SstFileReader reader(options_);
    if (!reader.Open(table.string()).ok() || !reader.VerifyChecksum().ok()) return false;
    auto family = families_.find(reader.GetTableProperties()->column_family_name);
    if (family == families_.end()) return false;
    std::unique_ptr<rocksdb::Iterator> entries(reader.NewIterator({}));
    std::string value;
    for (entries->SeekToFirst(); entries->Valid(); entries->Next())
      if (!db_->Get({}, family->second, entries->key(), &value).ok() || (held == HeldAs::kSame && entries->value() != value)) return false;
    return entries->status().ok();
  }

  const fs::path path_;
  const std::unique_ptr<rocksdb::Env> env_;
  rocksdb::Options options_;
  std::unique_ptr<rocksdb::DB> db_;
  std::map<std::string, rocksdb::ColumnFamilyHandle*> families_;
};

}  // namespace

Result<bool> mend_manifest(const fs::path& database, const std::vector<std::string>& families, HeldAs held, bool read_only) {
  auto current = read_file(database / "CURRENT");
  if (!current) return false;
  auto name = current->substr(0, current->find('\n'));
  if (!name.starts_with("MANIFEST-")) return false;
  auto manifest = read_file(database / name);
  if (!manifest) return false;
  auto whole = whole_records(*manifest);
  if (whole == 0 || whole == manifest->size()) return false;
  manifest->resize(whole);
  Tried tried(database, name, *manifest);
  if (!tried.open(families) || !tried.has_all_tables(held)) return false;
  if (read_only)
    return Error{ErrorCode::kUnavailable, "store.manifest_torn", (database / name).string() + " has to be mended after a power cut", {}, {},
                 "open the store for writing once"};
  if (auto written = write_file_durably(database / name, *manifest); !written) return written.error();
  return true;
}

}  // namespace rapport
